"""When to try again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import LONGEST_PAUSE, pause, retry_after
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 5, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(("header", "seconds"), [
    (None, None), ("", None), ("soon", None), ("nan", None), ("inf", None),
    ("7", 7.0), ("2.128", 2.128), ("0", 0.0), ("-3", 0.0),
    ("Sun, 22 Nov 2026 05:00:09 GMT", 9.0), ("Sun, 22 Nov 2026 04:59:00 GMT", 0.0),
    ("Sun, 22 Nov 2026 05:00:09 -0000", 9.0),
])
def test_retry_after_in_seconds_fractions_and_dates(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_no_header_makes_it_fail(header: str) -> None:
    seconds = retry_after(header, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(min_value=1, max_value=50))
def test_pauses_grow_and_end(attempt: int) -> None:
    assert 0.375 <= pause(attempt) <= LONGEST_PAUSE * 1.25


def test_what_the_service_asks_for_wins_within_reason() -> None:
    assert pause(1, 2.128) == 2.128
    assert pause(5, 0.0) == 0.0
    assert pause(1, 86400.0) == LONGEST_PAUSE
