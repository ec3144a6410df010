"""Client access of mailboxes, the organisation's settings, authentication policies, lists of recipients."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_client import ADMINISTRATOR, Exchange
from sandbox_fixture import RunningSandbox

PROBE = "probe@contoso.example"


@pytest.fixture
def exchange(clean: RunningSandbox) -> Exchange:
    return Exchange(clean, ADMINISTRATOR)


def unchanged(identity: str) -> list[str]:
    return [f"The command completed successfully but no settings of '{identity}' have been modified."]


def test_defaults_of_a_mailbox(exchange: Exchange) -> None:
    row, = exchange.run("Get-CASMailbox", Identity=PROBE)
    assert {name: row[name] for name in (
        "ActiveSyncEnabled", "OWAEnabled", "PopEnabled", "ImapEnabled", "MAPIEnabled",
        "SmtpClientAuthenticationDisabled",
    )} == {
        "ActiveSyncEnabled": True, "OWAEnabled": True, "PopEnabled": True, "ImapEnabled": True, "MAPIEnabled": True,
        "SmtpClientAuthenticationDisabled": None,
    }


@pytest.mark.parametrize("value", [True, False])
def test_smtp_of_a_mailbox_has_three_values(exchange: Exchange, value: bool) -> None:
    def current() -> Any:
        return exchange.run("Get-CASMailbox", Identity=PROBE)[0]["SmtpClientAuthenticationDisabled"]

    exchange.run("Set-CASMailbox", Identity=PROBE, SmtpClientAuthenticationDisabled=value)
    assert current() is value
    exchange.run("Set-CASMailbox", Identity=PROBE, SmtpClientAuthenticationDisabled=None)
    assert current() is None


def test_setting_what_is_set_is_a_warning(exchange: Exchange) -> None:
    name = exchange.run("Get-Mailbox", Identity=PROBE)[0]["Identity"]
    before = exchange.tenant("mailboxes")
    for parameters in ({}, {"ImapEnabled": True}, {"SmtpClientAuthenticationDisabled": None}):
        response = exchange.invoke("Set-CASMailbox", {"Identity": PROBE, **parameters})
        assert (response.status_code, response.json()["value"]) == (200, None)
        assert response.json()["@adminapi.warnings"] == unchanged(name)
    assert exchange.tenant("mailboxes") == before


def test_switches_are_those_of_the_mail_faces(exchange: Exchange) -> None:
    exchange.run("Set-CASMailbox", Identity=PROBE, ImapEnabled=False, PopEnabled=False, OWAEnabled=False)
    mailbox, = exchange.run("Get-Mailbox", Identity=PROBE)
    stored = exchange.tenant("mailboxes")[mailbox["ExternalDirectoryObjectId"]]
    assert (stored["ImapEnabled"], stored["PopEnabled"], stored["OWAEnabled"]) == (False, False, False)
    assert "ExchangeGuid" not in stored


def test_lists_take_hashtables(exchange: Exchange) -> None:
    table = {"@odata.type": "#Exchange.GenericHashTable"}
    exchange.run("Set-CASMailbox", Identity=PROBE, EwsAllowList=["a", "b"])
    exchange.run("Set-CASMailbox", Identity=PROBE, EwsAllowList={**table, "Add": ["c"], "Remove": "a"})
    assert exchange.run("Get-CASMailbox", Identity=PROBE)[0]["EwsAllowList"] == ["b", "c"]


def test_organisation_switches_smtp(exchange: Exchange) -> None:
    assert exchange.run("Get-TransportConfig")[0]["SmtpClientAuthenticationDisabled"] is True
    exchange.run("Set-TransportConfig", SmtpClientAuthenticationDisabled=False)
    assert exchange.run("Get-TransportConfig")[0]["SmtpClientAuthenticationDisabled"] is False
    state = exchange.sandbox.control("GET", "/tenant")
    assert state["transport_config"]["SmtpClientAuthenticationDisabled"] is False
    _, warnings = exchange.run_warned("Set-TransportConfig", SmtpClientAuthenticationDisabled=False)
    assert warnings == unchanged("Transport Settings")


def test_authentication_policies(exchange: Exchange) -> None:
    assert exchange.run("Get-AuthenticationPolicy") == []
    created, = exchange.run("New-AuthenticationPolicy", Name="Block legacy", AllowBasicAuthSmtp=True)
    assert (created["AllowBasicAuthSmtp"], created["AllowBasicAuthImap"]) == (True, False)
    assert exchange.run("Get-AuthenticationPolicy", Identity="block legacy") == [created]
    exchange.run("Set-User", Identity=PROBE, AuthenticationPolicy="Block legacy")
    exchange.run("Set-OrganizationConfig", DefaultAuthenticationPolicy="block legacy")
    assert exchange.run("Get-User", Identity=PROBE)[0]["AuthenticationPolicy"] == "Block legacy"
    assert exchange.run("Get-User", Identity="admin")[0]["AuthenticationPolicy"] is None
    assert exchange.run("Get-OrganizationConfig")[0]["DefaultAuthenticationPolicy"] == "Block legacy"
    assert exchange.refusal("New-AuthenticationPolicy", Name="BLOCK LEGACY")[0] == 400
    assert exchange.refusal("Set-User", Identity=PROBE, AuthenticationPolicy="none")[0] == 404


def test_mailboxes_by_kind_and_filter(exchange: Exchange) -> None:
    def aliases(cmdlet: str, **parameters: Any) -> list[str]:
        return [row["Alias"] for row in exchange.run(cmdlet, **parameters)]

    assert aliases("Get-Mailbox", RecipientTypeDetails="SharedMailbox") == ["shared", "support"]
    assert aliases("Get-Mailbox", RecipientTypeDetails=["SharedMailbox", "UserMailbox"]) == [
        "contracts", "contracts-test", "tickets", "tickets-test", "cmo", "cmo-test", "cmo-actions", "cmo-actions-test",
        "cmo-documents", "cmo-documents-test", "director", "probe", "admin", "shared", "integration-prod",
        "integration-test", "support-test", "support", "agent",
    ]
    assert aliases("Get-Mailbox", Filter="PrimarySmtpAddress -like 'contracts*'") == ["contracts", "contracts-test"]
    assert aliases("Get-Recipient", Filter="EmailAddresses -eq 'SMTP:probe@contoso.example'") == ["probe"]
    assert aliases("Get-Mailbox", Anr="cont", SortBy="Alias") == ["contracts", "contracts-test"]
    assert "unlicensed" in aliases("Get-User")
    assert "unlicensed" not in aliases("Get-Recipient")
    assert exchange.refusal("Get-Mailbox", Filter="Alias -eq")[0] == 400


def test_exo_mailbox_prints_a_minimum(exchange: Exchange) -> None:
    row, = exchange.run("Get-EXOMailbox", UserPrincipalName=PROBE)
    assert (row["PrimarySmtpAddress"], "ProhibitSendQuota" in row["Name"]) == (PROBE, False)
    whole, = exchange.run("Get-EXOMailbox", Identity=PROBE, PropertySets="All")
    assert whole["IsMailboxEnabled"] is True
    assert exchange.refusal("Get-EXOMailbox", Identity=PROBE, Properties=["Nonsense"])[0] == 400


def test_set_mailbox_keeps_custom_attributes(exchange: Exchange) -> None:
    exchange.run("Set-Mailbox", Identity=PROBE, CustomAttribute1="mail", MessageCopyForSentAsEnabled=True)
    row, = exchange.run("Get-Mailbox", Filter="CustomAttribute1 -eq 'mail'")
    assert (row["PrimarySmtpAddress"], row["MessageCopyForSentAsEnabled"]) == (PROBE, True)
    _, warnings = exchange.run_warned("Set-Mailbox", Identity=PROBE, CustomAttribute1="mail")
    assert warnings == unchanged(row["Identity"])


@pytest.mark.parametrize(("given", "printed"), [
    ("10MB", "10 MB (10,485,760 bytes)"), ("1.5 GB", "1.5 GB (1,610,612,736 bytes)"), (4096, "4 KB (4,096 bytes)"),
    ("35 MB (36,700,160 bytes)", None), ("unlimited", "Unlimited"), ("12 MB (12,582,912 bytes)", None),
])
def test_set_mailbox_limits_the_size(exchange: Exchange, given: str | int, printed: str | None) -> None:
    exchange.run_warned("Set-Mailbox", Identity=PROBE, MaxSendSize=given)
    row, = exchange.run("Get-Mailbox", Identity=PROBE)
    assert row["MaxSendSize"] == (printed or given)
    status, text = exchange.refusal("Set-Mailbox", Identity=PROBE, MaxSendSize="much")
    assert (status, "'much' is no size" in text) == (400, True)


def test_groups_and_their_members(exchange: Exchange) -> None:
    group, = exchange.run("New-DistributionGroup", Name="Mail apps", Type="Security", Members=[PROBE])
    assert (group["PrimarySmtpAddress"], group["RecipientTypeDetails"]) == (
        "Mailapps@contoso.example", "MailUniversalSecurityGroup",
    )
    exchange.run("Add-DistributionGroupMember", Identity="Mail apps", Member="shared")
    members = exchange.run("Get-DistributionGroupMember", Identity=group["PrimarySmtpAddress"])
    assert [row["Alias"] for row in members] == ["probe", "shared"]
    status, text = exchange.refusal("Add-DistributionGroupMember", Identity="Mail apps", Member="shared")
    assert (status, "is already a member of the group" in text) == (400, True)
    exchange.run("Remove-DistributionGroupMember", Identity="Mail apps", Member="shared", Confirm=False)
    by_group = exchange.run("Get-Recipient", Filter=f"MemberOfGroup -eq '{group['DistinguishedName']}'")
    assert [row["Alias"] for row in by_group] == ["probe"]
    assert exchange.refusal("New-DistributionGroup", Name="mail APPS")[0] == 400
    assert exchange.refusal("New-DistributionGroup", Name="Other", PrimarySmtpAddress=PROBE)[0] == 400
    exchange.run("Remove-DistributionGroup", Identity="Mail apps", Confirm=False)
    assert exchange.run("Get-DistributionGroup") == []
