# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which credentials count as unused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.credential_activity import unused
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.credentials import Reading

NOW = datetime(2026, 11, 29, 5, tzinfo=UTC)
KEY = "AAAAAAAA-0000-4000-8000-000000000000"


def ago(days: float) -> str:
    return (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def reading(start: str | None, end: str, kind: str = "passwordCredentials") -> Reading:
    credential: dict[str, Any] = {"keyId": KEY, "displayName": "old", "startDateTime": start, "endDateTime": end}
    return Reading([{"appId": "app", "displayName": "Old mailer", kind: [credential]}], [], NOW)


@pytest.mark.parametrize(("start", "end", "last", "expected"), [
    (ago(100), ago(-100), None, True),
    (ago(100), ago(-100), ago(30), True),
    (ago(100), ago(-100), ago(29), False),
    (ago(29), ago(-100), None, False),
    (None, ago(-100), None, True),
    (ago(100), ago(1), None, False),
])
def test_valid_old_and_without_a_sign_in(start: str | None, end: str, last: str | None, expected: bool) -> None:
    found = unused(reading(start, end), {KEY.lower(): last} if last else {}, 30)
    assert [one["last"] for one in found] == ([last] if expected else [])


def test_what_is_told_of_it() -> None:
    assert unused(reading(ago(100), ago(-100), "keyCredentials"), {}, 30) == [{
        "application": "Old mailer", "app_id": "app", "kind": "certificate", "display_name": "old", "key_id": KEY,
        "last": None,
    }]


def test_nothing_read_is_nothing_unused() -> None:
    assert unused(Reading([], [], None), {}, 30) == []
