# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The probe: rendered, read back, recognised."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime
from email.policy import default

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import (
    headers_that_matter,
    new_probe,
)
from hypothesis import example, given
from hypothesis import strategies as st

MOMENT = datetime(2026, 11, 22, 5, 0, 0, tzinfo=UTC)
# What can stand in a subject. Surrogates cannot be encoded; white space at the ends is not kept by mail.
titles = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1
).map(lambda title: " ".join(title.split())).filter(bool)
names = st.from_regex(r"X-[A-Za-z0-9-]{1,30}", fullmatch=True).filter(
    lambda name: name.casefold() != "x-auto-response-suppress"
)


def without_lost_blanks(text: str) -> str:
    """Python loses a blank at which it folds between two encoded words: https://github.com/python/cpython/issues/92081."""
    return text if text.isascii() else "".join(text.split())


@given(title=titles, headers=st.dictionaries(names, titles, max_size=3))
@example(title="0", headers={"X-0000000000000000000000": "000¡¡¡¡¡¡¡ࠀ𐀀𐀀 ¡"})
def test_what_is_rendered_can_be_read_back(title: str, headers: dict[str, str]) -> None:
    if len({name.casefold() for name in headers}) != len(headers):
        return
    probe = new_probe("contracts@contoso.example", ("probe@contoso.example",), title, headers)
    source = probe.render(MOMENT)
    assert source.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", source)
    assert source.endswith(b"\r\n")
    read = headers_that_matter(source)
    assert without_lost_blanks(str(read.pop("subject"))) == without_lost_blanks(probe.subject)
    assert read == {
        "message_id": probe.message_id, "date": "Sun, 22 Nov 2026 05:00:00 +0000", "from": "contracts@contoso.example",
        "to": "probe@contoso.example", "authentication_results": [],
    }
    assert probe.is_this(source)
    message = email.message_from_bytes(source, policy=default)
    for name, value in headers.items():
        assert without_lost_blanks(str(message[name])) == without_lost_blanks(value)


def test_it_asks_for_no_automatic_answer() -> None:
    message = email.message_from_bytes(new_probe("a@b.example", ("c@d.example",), "Check", {}).render(MOMENT))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_the_message_id_is_new_each_time_and_in_the_senders_domain() -> None:
    first, second = (new_probe("a@b.example", ("c@d.example",), "Check", {}) for _number in range(2))
    assert first.message_id != second.message_id
    assert re.fullmatch(r"<[a-z0-9.-]+@b\.example>", first.message_id)


def test_it_is_recognised_after_its_message_id_was_replaced() -> None:
    probe = new_probe("a@b.example", ("c@d.example",), "Prüfung", {})
    renamed = probe.render(MOMENT).replace(probe.message_id.encode(), b"<DB7PR01@eurprd01.prod.outlook.com>")
    assert probe.message_id.encode() not in renamed
    assert probe.is_this(renamed)


def test_another_probe_is_not_this_one() -> None:
    one, other = (new_probe("a@b.example", ("c@d.example",), "Check", {}) for _number in range(2))
    assert not one.is_this(other.render(MOMENT))


@given(st.binary())
def test_anybodys_mail_can_be_looked_at(source: bytes) -> None:
    probe = new_probe("a@b.example", ("c@d.example",), "Check", {})
    assert probe.is_this(source) is False
    assert set(headers_that_matter(source)) == {
        "message_id", "date", "from", "to", "subject", "authentication_results",
    }


@given(st.text())
def test_malformed_encoded_words_are_kept_as_they_are(text: str) -> None:
    line = "".join(character for character in text if character not in "\r\n")
    source = b"Subject: =?utf-8?b?" + line.encode("utf-8", "replace") + b"?=\r\n\r\n"
    assert isinstance(headers_that_matter(source)["subject"], str)


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        ("Prüfung äöü".encode(), "Prüfung äöü"),
        (b"=?utf-8?b?UHLDvGZ1bmc=?= =?iso-8859-1?q?_=E4?= x", "Prüfung ä x"),
        (b"=?no-such-charset?q?abc?=", "=?no-such-charset?q?abc?="),
        (b"two\r\n lines", "two lines"),
    ],
)
def test_a_subject_is_decoded_however_it_is_written(raw: bytes, subject: str) -> None:
    assert headers_that_matter(b"Subject: " + raw + b"\r\n\r\n")["subject"] == subject


def test_authentication_results_are_all_kept_in_their_order() -> None:
    source = (
        b"Authentication-Results: spf=pass\r\n smtp.mailfrom=b.example\r\n"
        b"Authentication-Results: dkim=none\r\n\r\n"
    )
    assert headers_that_matter(source)["authentication_results"] == ["spf=pass smtp.mailfrom=b.example", "dkim=none"]


@pytest.mark.parametrize(
    ("title", "headers", "words"),
    [
        ("two\nlines", {}, "subject: "),
        ("Check", {"X-A": "two\r\nBcc: a@b.example"}, "headers.X-A: "),
        ("Check", {"Bad Name": "x"}, "headers: 'Bad Name'"),
        ("Check", {"": "x"}, "headers: ''"),
        ("Check", {"message-id": "<a@b>"}, "headers: message-id is set by the check itself"),
        ("Check", {"TO": "x@y.example"}, "headers: TO is set by the check itself"),
    ],
)
def test_what_cannot_stand_in_a_message_is_refused(title: str, headers: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        new_probe("a@b.example", ("c@d.example",), title, headers)
