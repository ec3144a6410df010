"""When to try again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import (
    ATTEMPTS,
    LONGEST_PAUSE,
    Attempts,
    pause,
    retry_after,
    watched_by,
)
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


def test_what_the_service_asks_for_is_waited_for_and_told() -> None:
    told: list[str] = []
    attempts = Attempts("Microsoft Graph")
    with watched_by(told.append):
        assert [attempts.pause(asked) for asked in (2.128, 0.0, 9.9)] == [2.128, 0.0, 9.9]
        assert told == []
        assert attempts.pause(315.0) == 315.0
    assert told == ["Microsoft Graph asks for 315 s; waiting."]
    assert attempts.pause(100.0) == 100.0
    assert told == ["Microsoft Graph asks for 315 s; waiting."]


@pytest.mark.parametrize(("asked", "granted"), [(600.0, True), (600.1, False), (86400.0, False)])
def test_nobody_waits_for_ever(asked: float, granted: bool) -> None:
    told: list[str] = []
    with watched_by(told.append):
        assert (Attempts("Exchange").pause(asked) == asked) is granted
    assert bool(told) is granted


def test_all_pauses_of_a_request_count() -> None:
    attempts = Attempts("Exchange")
    assert [attempts.pause(200.0) for _number in range(4)] == [200.0, 200.0, 200.0, None]


def test_attempts_end() -> None:
    attempts = Attempts("Exchange")
    pauses = [attempts.pause(0.0) for _number in range(ATTEMPTS)]
    assert pauses == [0.0] * (ATTEMPTS - 1) + [None]
    assert attempts.made == ATTEMPTS


def test_a_long_pause_that_nobody_asked_for_is_told_as_one() -> None:
    told: list[str] = []
    attempts = Attempts("Exchange")
    with watched_by(told.append):
        pauses = [attempts.pause() for _number in range(7)]
    assert len(told) == len([pause for pause in pauses if pause is not None and pause >= 10])
    assert told[-1].startswith("Exchange does not answer as it should; trying again in ")
