from __future__ import annotations

import asyncio

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ExchangeNotFoundError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import mailbox_lookup
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import Call, Rows
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.exchange_script import Reply, Scripted

ID = "0b2a4a8e-5d4b-4a0e-9a7e-0f3d3c1f7a55"
ADA = {
    "Identity": "ada123", "PrimarySmtpAddress": "Ada@x", "EmailAddresses": ["SMTP:Ada@x", "smtp:countess@x"],
    "UserPrincipalName": "lovelace@x", "ExternalDirectoryObjectId": ID,
}


def directory(call: Call, time: int) -> Reply:
    if "Filter" in call.parameters:
        wanted = call.parameters["Filter"].lower()
        return Rows([ADA]) if "@x" in wanted or ID in wanted else Rows()
    if call.parameters["Identity"] in ("o'brien@x", "Front desk"):
        return Rows([{"Identity": call.parameters["Identity"]}])
    return ExchangeNotFoundError("no", cmdlet=call.cmdlet)


@pytest.mark.parametrize("name", ["ada@X", "countess@x", "Lovelace@x", ID, ID.upper()])
def test_one_question_finds_what_a_filter_can_name(name: str) -> None:
    session = Scripted(directory)
    assert asyncio.run(mailbox_lookup.find(session, [name])) == {name: ADA}
    assert len(session.calls) == 1


@pytest.mark.parametrize("name", ["o'brien@x", "Front desk"])
def test_what_a_filter_is_not_trusted_with_is_asked_for_by_itself(name: str) -> None:
    session = Scripted(directory)
    assert asyncio.run(mailbox_lookup.find(session, [name]))[name] == {"Identity": name}
    assert session.parameters("Get-Mailbox") == [{"Identity": name}]


def test_many_are_asked_for_together_and_every_missing_one_is_named() -> None:
    session = Scripted(directory)
    with pytest.raises(InputError) as raised:
        asyncio.run(mailbox_lookup.find(session, [*(f"m{number}@y" for number in range(21)), "ada@x"]))
    assert "m0@y, m1@y" in raised.value.message
    assert "ada@x" not in raised.value.message
    assert ["Filter" in given for given in session.parameters("Get-Mailbox")] == [True] * 2 + [False] * 21
