"""From the identity platform's answers to errors."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import (
    REMEDIES,
    authentication_error,
    is_for_a_person,
    quoted,
)

TEXT = "AADSTS7000222: The provided client secret keys for app 'x' are expired."


@pytest.mark.parametrize("gap", ["\r\n", " "])
def test_text_number_identifiers_and_remedy_go_to_their_places(gap: str) -> None:
    error = authentication_error({
        "error": "invalid_client", "error_codes": [7000222], "trace_id": "t-1", "correlation_id": "c-1",
        "error_description": gap.join((TEXT, "Trace ID: t-1", "Correlation ID: c-1", "Timestamp: 2026-01-01 00:00Z")),
    }, "client x in tenant y")
    assert error.message == f"The identity platform refused client x in tenant y: {TEXT}"
    assert error.code == "AADSTS7000222"
    assert error.request_id == "trace t-1, correlation c-1"
    assert error.remedy == REMEDIES[7000222]


def test_the_number_and_identifiers_are_found_in_text_too() -> None:
    error = authentication_error({"error_description": "ERROR: AADSTS50999: New. Trace ID: t Correlation ID: c"}, "az")
    assert error.code == "AADSTS50999"
    assert error.request_id == "trace t, correlation c"
    assert error.remedy is None


def test_an_answer_without_a_number_keeps_its_error() -> None:
    error = authentication_error({"error": "temporarily_unavailable"}, "client x")
    assert error.code == "temporarily_unavailable"
    assert error.request_id is None
    assert "temporarily_unavailable" in error.message


def test_an_empty_answer_is_an_error_too() -> None:
    assert "no explanation" in authentication_error({}, "client x").message


@pytest.mark.parametrize(("error", "person"), [
    ("invalid_grant", True), ("interaction_required", True), ("consent_required", True), ("login_required", True),
    ("invalid_client", False), ("unauthorized_client", False), (None, False),
])
def test_whether_a_person_is_needed_is_told_by_oauths_own_word(error: str | None, person: bool) -> None:
    assert authentication_error({"error": error, "error_description": TEXT}, "somebody").needs_person is person


def test_what_somebody_else_repeats_is_known_by_its_number() -> None:
    assert quoted("Error: invalid_grant, AADSTS50173: The provided grant has expired") == 50173
    assert quoted("535 5.7.3 Authentication unsuccessful") is None
    assert is_for_a_person(50173)
    assert not is_for_a_person(7000222)
    assert not is_for_a_person(None)


def test_what_is_no_sign_in_service_may_answer_in_another_shape() -> None:
    error = authentication_error({"error": {"code": "Unauthorized"}}, "client 1")
    assert (error.code, error.needs_person) == (None, False)
    assert "no explanation" in error.message
