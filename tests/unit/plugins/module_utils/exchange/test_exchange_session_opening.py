from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ExchangeError,
    ExchangeNotFoundError,
    InputError,
    LostAnswerError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import (
    Call,
    ExchangeSession,
    Rows,
    check,
    reads_only,
)


class Fake(ExchangeSession):
    """Fails calls by the name in their Identity."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def open(self) -> None:
        self.log.append("open")

    async def close(self) -> None:
        self.log.append("close")

    async def _run(self, call: Call) -> Rows:
        self.log.append(call.cmdlet)
        match call.parameters.get("Identity"):
            case "missing":
                raise ExchangeNotFoundError("no", cmdlet=call.cmdlet)
            case "lost":
                raise LostAnswerError("gone", cmdlet=call.cmdlet)
        return Rows([dict(call.parameters)])


@pytest.mark.parametrize("name", ["Get-Mailbox", "Add-RecipientPermission", "Get-MessageTraceV2"])
def test_names_of_cmdlets(name: str) -> None:
    check(Call(name))


@pytest.mark.parametrize("name", ["", "Get-Mailbox; whoami", "Get-Mailbox\n", "& x", "Get_Mailbox", "Gét-Mailbox", "-"])
def test_what_is_no_name_of_a_cmdlet(name: str) -> None:
    with pytest.raises(InputError):
        check(Call(name))


@pytest.mark.parametrize(
    "parameters",
    [
        {"Identity": "a"}, {"Confirm": False, "WhatIf": True}, {"A": [1, 2.5, None, ["x"]]},
        {"EmailAddresses": {"Add": ["smtp:x"], "Remove": None}}, {"Identity": "\0\n'\"`$(1)"}, {"DB1": "x"},
    ],
)
def test_parameters_that_can_be_sent(parameters: dict[str, Any]) -> None:
    check(Call("Set-Mailbox", parameters))


@pytest.mark.parametrize(
    "parameters",
    [
        {"-Identity": "a"}, {"Identity ": "a"}, {"": 1},
        {"ErrorAction": "Ignore"}, {"erroraction": "Ignore"}, {"ErrorA": "Ignore"}, {"EA": 0}, {"outv": "x"},
        {"Identity": "a", "IDENTITY": "b"},
        {"Identity": "\ud800"}, {"A": {"\udfff": 1}}, {"A": {"": 1}}, {"A": {"x": 1, "X": 2}}, {"A": {1: 2}},
        {"A": b"bytes"}, {"A": [object()]}, {"A": float("nan")}, {"A": float("inf")},
    ],
)
def test_parameters_that_cannot(parameters: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        check(Call("Set-Mailbox", parameters))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Get-Mailbox", True), ("test-ServicePrincipalAuthorization", True), ("Set-Mailbox", False), ("Getx-A", False)],
)
def test_which_cmdlets_only_read(name: str, expected: bool) -> None:
    assert reads_only(name) is expected


def test_rows_of_bare_values() -> None:
    rows = Rows([{"A": 1}, "text", True], ["careful"])
    assert rows == [{"A": 1}, {"Value": "text"}, {"Value": True}]
    assert rows.warnings == ("careful",)


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def test_many_calls_keep_their_places() -> None:
    async def ask() -> list[Rows | ExchangeError]:
        async with Fake() as session:
            return await session.invoke_many([
                Call("Get-A", {"Identity": "1"}), Call("Get-A", {"Identity": "missing"}), Call("Get-A"),
            ])

    first, second, third = run(ask())
    assert first == [{"Identity": "1"}]
    assert isinstance(second, ExchangeNotFoundError)
    assert third == [{}]


def test_a_lost_answer_ends_many_calls() -> None:
    session = Fake()

    async def ask() -> None:
        async with session:
            await session.invoke_many([Call("Set-A", {"Identity": "lost"}), Call("Set-B")])

    with pytest.raises(LostAnswerError):
        run(ask())
    assert session.log == ["open", "Set-A", "close"]


def test_nothing_runs_if_one_of_many_cannot_be_sent() -> None:
    session = Fake()

    async def ask() -> None:
        async with session:
            await session.invoke_many([Call("Set-A"), Call("Set-B; x")])

    with pytest.raises(InputError):
        run(ask())
    assert session.log == ["open", "close"]


def test_a_session_that_does_not_open_is_closed() -> None:
    class Refusing(Fake):
        async def open(self) -> None:
            raise InputError("no")

    session = Refusing()

    async def ask() -> None:
        async with session:
            pass

    with pytest.raises(InputError):
        run(ask())
    assert session.log == ["close"]
