"""The three transports give the same rows, the same errors, and carry whatever a name may contain unchanged."""

from __future__ import annotations

import asyncio
import json

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    CmdletUnavailableError,
    ExchangeNotFoundError,
    InputError,
    ModernAuthError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import Call, Rows
from engine_fixtures import Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_fixtures import Transport

HOSTILE = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from([
            "'", '"', "$(whoami)", "`", "`n", "\0", "\x1b[2J", "--%", "; exit 1", "| Out-Null", "@{a=1}", "%PATH%",
            "&& calc", "\r\n", "\u2019", "\u201d", "😀", ":", "2024-01-01T00:00:00Z", "/Date(0)/", "$null",
            "#", "-WhatIf",
        ]),
        max_size=12,
    ).map("".join),
)


def test_rows_are_the_same(transport: Transport, place: Place, runner: asyncio.Runner) -> None:
    async def ask() -> Rows:
        async with transport.session() as session:
            return await session.invoke("Set-CASMailbox", {
                "Identity": "m", "SmtpClientAuthenticationDisabled": None, "EmailAddresses": {"Add": ["smtp:x"]},
            })

    rows = runner.run(ask())
    sent = (
        '{"EmailAddresses": {"@odata.type": "#Exchange.GenericHashTable", "Add": ["smtp:x"]}, '
        '"Identity": "m", "SmtpClientAuthenticationDisabled": null}'
    )
    assert rows == [{
        "Cmdlet": "Set-CASMailbox", "S": "2026-01-02T03:04:05Z", "Id": "00000000-0000-0000-0000-00000000000a",
        "Params": sent, "When": "2026-01-02T03:04:05.0000000Z",
    }]
    assert rows.warnings == ("no settings of 'x' have been modified.",)


def test_pages_are_put_together(transport: Transport, runner: asyncio.Runner) -> None:
    async def ask() -> Rows:
        async with transport.session() as session:
            return await session.invoke("Get-ServicePrincipal", {"Identity": "pages"})

    first, second = runner.run(ask())
    assert first == {"n": 1}
    assert second["Cmdlet"] == "Get-ServicePrincipal"


def test_a_missing_object_is_the_same_error(transport: Transport, runner: asyncio.Runner) -> None:
    async def ask() -> None:
        async with transport.session() as session:
            await session.invoke("Get-ServicePrincipal", {"Identity": "missing"})

    with pytest.raises(ExchangeNotFoundError) as caught:
        runner.run(ask())
    assert caught.value.result() == {
        "msg": "Get-ServicePrincipal failed: The operation couldn't be performed because object 'missing' couldn't be "
        "found on 'X'. Check the name; what was just created needs time until Exchange knows it.",
        "code": "ManagementObjectNotFoundException", "request_id": "rid",
        "remedy": "Check the name; what was just created needs time until Exchange knows it.",
        "cmdlet": "Get-ServicePrincipal", "exchange_error": "Ex6F9304",
    }


def test_many_calls_on_one_connection(transport: Transport, place: Place, runner: asyncio.Runner) -> None:
    calls = [
        Call("Get-ServicePrincipal", {"Identity": "missing" if number == 7 else f"mailbox {number}"})
        for number in range(50)
    ]

    async def ask() -> list[Rows | ModernAuthError]:
        async with transport.session() as session:
            return list(await session.invoke_many(calls))

    place.api.requests.clear()
    results = runner.run(ask())
    assert isinstance(results[7], ExchangeNotFoundError)
    for number, result in enumerate(results):
        if number != 7:
            assert isinstance(result, Rows)
            assert json.loads(result[0]["Params"]) == {"Identity": f"mailbox {number}"}
    if transport.name == "rest":
        assert place.api.requests == ["POST $batch"] * 5
    else:
        assert place.api.requests == ["GET EXOModuleFile"] + ["POST InvokeCommand"] * 50


def test_a_refused_token(transport: Transport, runner: asyncio.Runner) -> None:
    async def ask() -> None:
        async with transport.session(exchange_access_token="none") as session:
            await session.invoke("Get-ServicePrincipal")

    with pytest.raises(AuthenticationError) as caught:
        runner.run(ask())
    assert "Exchange.ManageAsApp" in (caught.value.remedy or "")


def test_an_application_without_a_role(transport: Transport, runner: asyncio.Runner) -> None:
    async def ask() -> None:
        async with transport.session(exchange_access_token="norole") as session:
            await session.invoke("Get-ServicePrincipal")

    with pytest.raises((AuthenticationError, CmdletUnavailableError)) as caught:
        runner.run(ask())
    assert "directory role" in (caught.value.remedy or "")


def test_what_no_transport_could_carry_is_refused_before(
    transport: Transport, place: Place, runner: asyncio.Runner
) -> None:
    async def ask() -> None:
        async with transport.session() as session:
            place.api.requests.clear()
            for cmdlet, parameters in (
                ("Get-ServicePrincipal; whoami", {}),
                ("Get-ServicePrincipal", {"ErrorVariable": "x"}),
                ("Get-ServicePrincipal", {"outv": "script:Nonce"}),
                ("Get-ServicePrincipal", {"Identity": "\ud800"}),
            ):
                with pytest.raises(InputError):
                    await session.invoke(cmdlet, parameters)

    runner.run(ask())
    assert place.api.requests == []


def test_hostile_text_arrives_unchanged_and_runs_nothing(
    transport: Transport, place: Place, runner: asyncio.Runner
) -> None:
    session = transport.session()
    runner.run(session.open())

    @settings(database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(HOSTILE, HOSTILE, HOSTILE)
    def carry(mailbox: str, name: str, query: str) -> None:
        sent = {"Identity": f"a{mailbox}", "Filter": f"Name -eq '{query}'"}
        found = runner.run(session.invoke("Get-ServicePrincipal", sent))
        assert json.loads(found[0]["Params"]) == sent
        made = {"AppId": "a", "ObjectId": "o", "DisplayName": name}
        found = runner.run(session.invoke("New-ServicePrincipal", made))
        assert json.loads(found[0]["Params"]) == made

    try:
        carry()
    finally:
        runner.run(session.close())


def test_long_text_arrives_unchanged(transport: Transport, runner: asyncio.Runner) -> None:
    text = "ä😀\"'" * 60_000

    async def ask() -> Rows:
        async with transport.session() as session:
            return await session.invoke("Get-ServicePrincipal", {"Identity": text})

    assert json.loads(runner.run(ask())[0]["Params"]) == {"Identity": text}
