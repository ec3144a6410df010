"""exchange_powershell against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_world import CONTRACTS, SHARED, ExchangeModules, on_every_transport
from sandbox_fixture import RunningSandbox

MODULE = "exchange_powershell"
SENDERS = [
    {"cmdlet": "New-DistributionGroup", "parameters": {"Name": "Senders", "Type": "Security"}},
    {"cmdlet": "Add-DistributionGroupMember", "parameters": {"Identity": "Senders", "Member": CONTRACTS}},
    {"cmdlet": "Get-DistributionGroupMember", "parameters": {"Identity": "Senders"}},
]


def test_one_cmdlet_that_reads(exchange: ExchangeModules) -> None:
    result = exchange.ok(MODULE, cmdlet="Get-Mailbox", parameters={"RecipientTypeDetails": "SharedMailbox"})
    assert result["changed"] is False
    assert [row["PrimarySmtpAddress"] for row in result["rows"]] == [SHARED, "support@contoso.example"]


def test_a_list_runs_on_one_connection(exchange: ExchangeModules) -> None:
    exchange.cmdlets()
    result = exchange.ok(MODULE, commands=SENDERS)
    assert result["changed"] is True
    assert [row["PrimarySmtpAddress"] for row in result["rows"]] == [CONTRACTS]
    (group,) = exchange.objects("groups", Name="Senders")
    assert group["Members"] == [exchange.mailbox_id(CONTRACTS)]
    requests = exchange.sandbox.requests("outlook")
    assert sum(one["path"].endswith("EXOModuleFile") for one in requests) == (0 if exchange.transport == "rest" else 1)
    assert exchange.cmdlets() == [command["cmdlet"] for command in SENDERS]


def test_check_mode_reads_and_names_the_rest(exchange: ExchangeModules) -> None:
    before = exchange.tenant()
    result = exchange.ok(MODULE, check=True, commands=[
        {"cmdlet": "get-mailbox", "parameters": {"Identity": SHARED}}, *SENDERS[:2],
    ])
    assert result["changed"] is True
    assert result["would_run"] == ["New-DistributionGroup", "Add-DistributionGroupMember"]
    assert [one["ran"] for one in result["results"]] == [True, False, False]
    assert result["results"][0]["rows"][0]["PrimarySmtpAddress"] == SHARED
    assert exchange.tenant() == before


def test_the_list_ends_at_the_first_refusal(exchange: ExchangeModules) -> None:
    result = exchange.run(MODULE, commands=[
        SENDERS[0], {"cmdlet": "Get-Mailbox", "parameters": {"Identity": "nobody@contoso.example"}}, SENDERS[1],
    ])
    assert result["failed"] is True
    assert result["changed"] is True
    assert result["code"] == "ManagementObjectNotFoundException"
    assert [one["cmdlet"] for one in result["results"]] == ["New-DistributionGroup"]
    (group,) = exchange.objects("groups", Name="Senders")
    assert group["Members"] == []


def test_results_are_the_same_on_every_transport(sandbox: RunningSandbox) -> None:
    def runs(modules: ExchangeModules) -> Any:
        setting = {"Identity": CONTRACTS, "MessageCopyForSentAsEnabled": True, "Confirm": False}
        first = modules.ok(MODULE, cmdlet="Get-CASMailbox", parameters={"Identity": CONTRACTS})
        return [
            first, modules.ok(MODULE, cmdlet="Set-Mailbox", parameters=setting),
            modules.ok(MODULE, cmdlet="Set-Mailbox", parameters=setting),
        ]

    results = on_every_transport(sandbox, runs)
    assert "no settings of" in results[2]["results"][0]["warnings"][0]


@pytest.mark.parametrize("arguments", [
    {"cmdlet": "Get-Mailbox; whoami"},
    {"cmdlet": "Get-Mailbox", "parameters": {"ErrorAction": "Stop"}},
    {"cmdlet": "Get-Mailbox", "parameters": {"Identity": "a"}, "secret_parameters": {"Identity": "b"}},
    {"commands": SENDERS, "parameters": {"Identity": "a"}},
    {"cmdlet": "Get-Frobnication"},
    {"cmdlet": "Get-Mailbox", "parameters": {"Colour": "red"}},
    {"cmdlet": "New-DistributionGroup"},
    {"cmdlet": "New-DistributionGroup", "parameters": {"Name": "X", "Type": "Sports"}},
    {"cmdlet": "Get-Mailbox", "parameters": {"Filter": "Nonsense -eq 1"}},
])
def test_every_refusal_has_a_remedy(exchange: ExchangeModules, arguments: dict[str, Any]) -> None:
    before = exchange.tenant()
    result = exchange.run(MODULE, **arguments)
    assert result["failed"] is True
    assert result["remedy"]
    assert "defect" not in result["msg"]
    assert exchange.tenant() == before


def test_hostile_text_is_text(exchange: ExchangeModules) -> None:
    name = "a'; Remove-Mailbox $(whoami) `n \" {{ x }} | %PATH%"
    exchange.ok(MODULE, cmdlet="New-DistributionGroup", parameters={"Name": name, "Alias": "hostile"})
    (group,) = exchange.objects("groups", Alias="hostile")
    assert group["Name"] == name


def test_secret_parameters_are_not_shown(exchange: ExchangeModules) -> None:
    hidden = "Xk3-secret-forwarding"
    result = exchange.ok(
        MODULE, cmdlet="Set-Mailbox", parameters={"Identity": CONTRACTS, "Confirm": False},
        secret_parameters={"CustomAttribute1": hidden},
    )
    shown = exchange.ok(MODULE, cmdlet="Get-Mailbox", parameters={"Identity": CONTRACTS})
    refused = exchange.run(
        MODULE, cmdlet="Get-Mailbox", secret_parameters={"Identity": hidden},
    )
    assert hidden not in str(result)
    assert hidden not in str(refused)
    assert shown["rows"][0]["CustomAttribute1"] == hidden
