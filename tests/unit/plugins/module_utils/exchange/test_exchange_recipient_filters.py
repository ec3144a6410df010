from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.recipient_filters import (
    are_same,
    of_group,
    of_mailboxes,
    shown,
)
from hypothesis import given
from hypothesis import strategies as st

ADDRESS = st.text(min_size=1, max_size=30)


@pytest.mark.parametrize(
    "other",
    [
        "(PrimarySmtpAddress -eq 'b@x') -or (PrimarySmtpAddress -eq 'a@x')",
        "((PrimarySmtpAddress -eq 'A@X') -or (PrimarySmtpAddress -eq 'b@x'))",
        "primarysmtpaddress -EQ 'a@x' -OR PrimarySmtpAddress -eq 'b@x'",
        "(((PrimarySmtpAddress -eq 'a@x'))-or((PrimarySmtpAddress -eq 'b@x')))",
    ],
)
def test_forms_that_exchange_may_give_back(other: str) -> None:
    assert are_same(of_mailboxes(["a@x", "b@x"]), other)


@pytest.mark.parametrize(
    "other",
    [
        "PrimarySmtpAddress -eq 'a@x'",
        "(PrimarySmtpAddress -eq 'a@x') -and (PrimarySmtpAddress -eq 'b@x')",
        "(PrimarySmtpAddress -eq 'a@x') -or (PrimarySmtpAddress -ne 'b@x')",
        "(PrimarySmtpAddress -eq 'a@x') -or (Alias -eq 'b@x')",
        "-not(PrimarySmtpAddress -eq 'a@x') -or (PrimarySmtpAddress -eq 'b@x')",
        "(PrimarySmtpAddress -eq 'a@x') -or (PrimarySmtpAddress -eq 'b@x') -or ",
        "",
    ],
)
def test_filters_that_say_something_else(other: str) -> None:
    assert not are_same(of_mailboxes(["a@x", "b@x"]), other)
    assert not are_same(other, of_mailboxes(["a@x", "b@x"]))


def test_other_kinds_are_compared_by_their_words() -> None:
    assert are_same("Department  -like 'S*'", "Department -like 'S*'")
    assert not are_same("Department -like 'S*'", "Department -like 'T*'")


@given(st.sets(ADDRESS, min_size=1, max_size=5))
def test_what_is_written_is_understood(addresses: set[str]) -> None:
    wanted = sorted({address.casefold() for address in addresses})
    assert shown(of_mailboxes(addresses)) == {"mailboxes": wanted, "group": None, "filter": None}


@given(ADDRESS)
def test_a_group_is_understood(name: str) -> None:
    assert shown(of_group(name)) == {"mailboxes": None, "group": name.casefold(), "filter": None}


@given(st.text(max_size=60))
def test_any_other_text_is_shown_as_it_is(text: str) -> None:
    assert are_same(text, text)
    assert shown(f"Department -like '{text}'")["filter"] == f"Department -like '{text}'"
