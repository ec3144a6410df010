# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The keys of Google's service accounts in the report: a P12's end counts as a secret's does, a JSON file has none."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import report
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.service_account import unread
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.table import table
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import ServiceAccountKey, parse
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._credentials_page import credentials_page
from ansible_collections.mailops.modern_auth.tests.unit.google_keys import ACCOUNT, as_json, pem
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.credentials.credentials_world import (
    MOMENT,
    SOURCE,
    application,
    credential,
    p12_key,
    read,
    report_of_google,
    slot,
    stamp,
    world,
)

JSON = parse(as_json(), "here")
BY_HAND = (
    "It is replaced by hand. Make a new key in Google Cloud's console under IAM & Admin, Service Accounts, Keys, give "
    "its file, and run mailops.modern_auth.setup_mail; then delete the old key there."
)


def only(told: dict[str, Any]) -> dict[str, Any]:
    (one,) = told["applications"]
    return one


@pytest.mark.parametrize(("days", "state", "reason", "life"), [
    (100, "ok", None, "3550 days old, its certificate ends on 2031-08-09"),
    (9, "due", "ends in 9 days, on 2031-05-10", "3641 days old, its certificate ends on 2031-05-10"),
    (-1, "expired", "expired on 2031-04-30", "3651 days old, its certificate ended on 2031-04-30"),
])
def test_the_end_of_a_p12_counts_as_a_secrets_does(days: int, state: str, reason: str | None, life: str) -> None:
    key = p12_key(days)
    told = report_of_google(read(key))
    one = only(told)
    reasons = [f'The P12 key "{ACCOUNT}" made by hand {reason}.'] if reason else []
    assert (told["state"], told["moment"], one["state"], one["reasons"]) == (state, stamp(0), state, reasons)
    assert one["notes"] == [f"The P12 key {key.key_id} of {ACCOUNT} ({SOURCE}): {life}. {BY_HAND}"]
    assert one["credentials"] == [{
        "key_id": key.key_id, "kind": "P12 key", "display_name": ACCOUNT, "managed": False, "name": None,
        "start": stamp(days - 3650), "end": stamp(days), "days_left": days, "status": state,
        "source": SOURCE, "slot": None, "origin": "by hand", "next": None,
    }]


def test_a_json_key_has_no_expiry_and_no_age() -> None:
    told = report_of_google(read(JSON))
    (key,) = only(told)["credentials"]
    assert (told["state"], only(told)["reasons"], key["kind"]) == ("ok", [], "JSON key")
    assert [key[name] for name in ("start", "end", "days_left")] == [None] * 3
    lines = table(told)
    assert lines[2].split() == [
        "prod", "CMO", "Google", "JSON", "key", "-", "by", "hand", "no", "expiry", "-", "ok", "cmo-1,", "cmo-2", "-",
    ]
    assert lines[3:] == [
        f"CMO Google (prod): The JSON key {JSON.key_id} of {ACCOUNT} ({SOURCE}): no expiry. {BY_HAND}",
    ]


@pytest.mark.parametrize(("key", "in_the_time_line"), [(p12_key(9), True), (JSON, False)])
def test_the_page_tells_the_same_and_nothing_shows_the_key(key: ServiceAccountKey, in_the_time_line: bool) -> None:
    told = report_of_google(read(key))
    shown = credentials_page(told)
    assert only(told)["notes"][0] in unescape(re.sub("</?time>", "", shown))
    assert ("CMO Google" in shown[shown.index("<ol"):shown.index("</ol>")]) is in_the_time_line
    assert ("<td>no expiry</td>" in shown) is not in_the_time_line
    body = pem().splitlines()[1]
    assert not [text for text in (json.dumps(told), "\n".join(table(told)), shown) if body in text or "PRIVATE" in text]


def test_a_key_that_cannot_be_read_is_due_and_not_left_out() -> None:
    problem = "mail_google.key_file: k.p12 cannot be read (No such file or directory)."
    told = report_of_google(unread(problem, MOMENT))
    assert (told["state"], only(told)["hosts"]) == ("due", ["cmo-1", "cmo-2"])
    assert table(told)[-1] == f"CMO Google (prod): {problem}"
    assert "no credential" in credentials_page(told)


def test_it_stands_beside_those_of_entra_and_what_ends_first_comes_first() -> None:
    given = world({"current": slot("c", 100)}, application(credential("c", 100)))
    (planned,) = given["applications"]
    google = {**planned, "name": "google/cmo", "display_name": "CMO Google"}
    told = report(**{**given, "applications": [google, planned], "keys": {google["name"]: read(JSON)}})
    assert [one["name"] for one in told["applications"]] == ["Contracts mail", "CMO Google"]
