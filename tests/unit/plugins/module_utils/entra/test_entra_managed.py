"""Managed credentials: which are ours, which are due, which are orphans."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import (
    SECRET,
    Registration,
    duration,
    is_due,
    is_managed,
    must_be_managed,
    orphans,
    shown,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 5, 0, 0, tzinfo=UTC)


def credential(key_id: str, name: str = "mailops.modern_auth: mail (0123abcd)", **more: Any) -> dict[str, Any]:
    return {"keyId": key_id, "displayName": name, **more}


def registration(*credentials: dict[str, Any]) -> Registration:
    return Registration(SECRET, "/applications/1", '"Mail"', credentials, NOW)


@pytest.mark.parametrize(("text", "length"), [
    ("180d", timedelta(days=180)), ("24h", timedelta(days=1)), ("26w", timedelta(days=182)),
    (" 1d ", timedelta(days=1)),
])
def test_lengths_of_time(text: str, length: timedelta) -> None:
    assert duration("lifetime", text) == length


@given(st.text())
def test_any_other_text_is_refused_by_name(text: str) -> None:
    if re.fullmatch("[0-9]{1,5}[hdw]", text.strip()) is None:
        with pytest.raises(InputError, match="lifetime: "):
            duration("lifetime", text)


@pytest.mark.parametrize("text", ["0d", "-1d", "1.5d", "d", "1y", "1", "9999999d", ""])
def test_no_lengths_of_time(text: str) -> None:
    with pytest.raises(InputError):
        duration("renew_within", text)


@pytest.mark.parametrize(("title", "name", "ours"), [
    ("mailops.modern_auth: mail (0123abcd)", None, True),
    ("mailops.modern_auth: mail (0123abcd)", "mail", True),
    ("mailops.modern_auth: mail (0123abcd)", "ma.l", False),
    ("mailops.modern_auth: mail (0123abcd)", "mai", False),
    ("mailops.modern_auth: mail archive (0123abcd)", "mail", False),
    ("mailops.modern_auth: mail", "mail", False),
    ("made by hand", None, False),
    ("not mailops.modern_auth: mail (0123abcd)", None, False),
    (None, None, False),
])
def test_managed_is_what_says_so(title: str | None, name: str | None, ours: bool) -> None:
    assert is_managed({"keyId": "1", "displayName": title}, name) is ours


def test_only_managed_ones_may_be_removed() -> None:
    must_be_managed(registration(), credential("1"))
    with pytest.raises(InputError, match="did not make it"):
        must_be_managed(registration(), credential("1", "made by hand"))


@pytest.mark.parametrize(("end", "due"), [
    ("2026-12-22T05:00:01Z", False), ("2026-12-22T05:00:00Z", True), ("2026-12-22T04:59:59.1234567Z", True),
    ("2020-01-01T00:00:00Z", True),
])
def test_due_is_what_has_no_more_left(end: str, due: bool) -> None:
    assert is_due(credential("1", endDateTime=end), NOW, timedelta(days=30)) is due


def test_orphans_are_managed_of_that_name_and_known_to_nobody() -> None:
    seen = registration(
        credential("K1"), credential("K2"), credential("K3"),
        credential("K4", "mailops.modern_auth: archive (0123abcd)"), credential("K5", "made by hand"),
    )
    assert [one["keyId"] for one in orphans(seen, "mail", "k1", ["k2"])] == ["K3"]
    assert [one["keyId"] for one in orphans(seen, "mail", None, [])] == ["K1", "K2", "K3"]
    assert orphans(seen, "mail", "k1", None) == []


def test_nothing_of_the_value_is_shown() -> None:
    made = credential("1", secretText="abc8Q~value", hint="abc", startDateTime="s", endDateTime="e")
    assert shown(made) == {
        "key_id": "1", "display_name": made["displayName"], "start_date_time": "s", "end_date_time": "e",
    }


def test_ids_are_found_whatever_their_case() -> None:
    assert registration(credential("ABC")).find("abc") is not None
    assert registration(credential("ABC")).find(None) is None
