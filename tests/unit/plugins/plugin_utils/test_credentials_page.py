# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The page about credentials: whatever a name holds, it stays text."""

from __future__ import annotations

import re
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import report
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._credentials_page import credentials_page as page
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.credentials.credentials_world import (
    APP_ID,
    VALUE,
    application,
    credential,
    report_of,
    slot,
    stamp,
    world,
)
from hypothesis import example, given
from hypothesis import strategies as st

VOID = {"meta", "input"}


class Reader(HTMLParser):
    """What a browser would make of a page: its tags with the names of their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.values: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _value in attrs)))
        self.values += [value or "" for _name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def told(name: str, title: str, host: str, failure: str) -> dict[str, Any]:
    entry = {
        "current": slot("c", 100), "pending": slot("n", 170, failure=failure), "awaiting": [host],
        "lock": {"run": name, "host": host, "until": stamp(1)},
    }
    found = application(credential("c", 100), credential("h", 5, None, display_name=title))
    return report(**world(entry, found, name=name, hosts=(host,)))


HOSTILE = "</title></style></svg><script>alert(1)</script>\"'><img src=x onerror=alert(1)><!-- &lt; \x00\ud800"


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
@example(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_name_becomes_markup(name: str, title: str, host: str, failure: str) -> None:
    plain = Reader(page(told("Name", "Title", "host", "failure")))
    hostile = Reader(page(told(name, title, host, failure)))
    assert hostile.open == []
    assert hostile.tags == plain.tags
    hostile_page = page(told(name, title, host, failure))
    hostile_page.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", hostile_page)


def test_a_name_is_shown_as_it_is() -> None:
    name = "<Contracts & \"mail\"> 'é'"
    reader = Reader(page(told(name, "t", "h", "f")))
    assert name in reader.texts


def test_it_needs_no_other_file_and_holds_no_value() -> None:
    text = page(told("Name", "Title", "host", "failure"))
    assert VALUE not in text
    assert not re.search(r"(src|href)=|url\(|@import|<script .|<link|https?:", text)


def test_the_time_line_says_every_credential_in_words() -> None:
    reader = Reader(page(report_of(
        {"current": slot("c", 20)}, credential("c", 20), credential("h", 5, None), credential("x", -5, None),
        credential("far", 20000, None),
    )))
    text = " ".join("".join(reader.texts).split())
    assert "Contracts mail (prod), current 20 d, 2031-05-21" in text
    assert "! 5 d, 2031-05-06" in text
    assert "\N{MULTIPLICATION SIGN} expired 2031-04-26" in text
    places = [float(one) for value in reader.values for one in re.findall(r"(?:left|width): (\S+)%", value)]
    assert min(places) == 0
    assert max(places) == 100


def test_a_day_is_never_broken() -> None:
    text = page(report_of({"current": slot("c", 9)}, credential("c", 9)))
    shown = re.sub(r"<time[^>]*>[^<]*</time>|<[^>]*>", "", text[text.index("<main>"):])
    assert "The current secret ends in 9 days, on ." in shown
    assert not re.search(r"\d{4}-\d{2}-\d{2}", shown)


def test_what_no_host_uses_is_listed() -> None:
    told = {"unique_name": "old", "environment": "prod", "told": "The store holds <old>."}
    shown = page(report(**{**world({}, application()), "unused": [told]}))
    assert "The store holds <old>." in Reader(shown).texts


def test_a_users_template_may_change_a_block_alone(tmp_path: Path) -> None:
    own = tmp_path / "credentials.html.j2"
    own.write_text(
        '{% extends "credentials.html.j2" %}{% block heading %}<h1>{{ report.applications[0].name }}</h1>{% endblock %}'
    )
    found = report_of({}, name="<Contoso>")
    assert "<h1>&lt;Contoso&gt;</h1>" in page(found, own)
    assert page(found, own).replace("&lt;Contoso&gt;</h1>", "Credentials of mail applications</h1>") == page(found)


@pytest.mark.parametrize(("text", "told"), [
    ("{{ report.nothing }}", r"page\.j2: .*has no attribute 'nothing'"),
    ("{% if %}", r"page\.j2, line 1: "),
    ("{{ report.state + 1 }}", r"page\.j2: "),
    ("{% include 'other.j2' %}", r"page\.j2: there is no template other\.j2"),
    (None, r"page\.j2 cannot be read \(No such file"),
])
def test_a_wrong_template_is_told(tmp_path: Path, text: str | None, told: str) -> None:
    own = tmp_path / "page.j2"
    if text is not None:
        own.write_text(text)
    with pytest.raises(InputError, match=f"mail_credentials_template: .*{told}"):
        page(report_of({}), own)


@pytest.mark.parametrize("entry", [{}, {"current": slot("c", 20)}])
def test_an_estate_without_credentials_has_a_page(entry: dict[str, Any]) -> None:
    assert "no credential" in page(report_of(entry))


def test_nothing_was_asked_for() -> None:
    empty = {"moment": None, "due_within": "14d", "state": "ok", "sign_ins": [], "unused": [], "applications": []}
    assert "0 applications" in page(empty)
    assert APP_ID not in page(empty)


def test_a_sign_in_is_listed_and_stays_text() -> None:
    sign_in = asdict(SignIn("the port", "<is>", "a@contoso.example", "Click <here>."))
    shown = page(report(**{**world({}, application()), "sign_ins": {"is-1": [sign_in]}}))
    assert "is-1: authorization required for the port <is> of a@contoso.example: Click <here>." in Reader(shown).texts
    assert "<here>" not in shown
