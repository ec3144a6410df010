"""exchange_client_access against the sandbox, judged by the settings of mailboxes and organisation."""

from __future__ import annotations

from typing import Any

from exchange_world import CONTRACTS, PROBE, SHARED, ExchangeModules, on_every_transport
from sandbox_fixture import RunningSandbox

MODULE = "exchange_client_access"
SMTP = "SmtpClientAuthenticationDisabled"


def mailbox(modules: ExchangeModules, address: str) -> dict[str, Any]:
    found: dict[str, Any] = modules.tenant()["mailboxes"][modules.mailbox_id(address)]
    return found


def organization(modules: ExchangeModules) -> dict[str, Any]:
    found: dict[str, Any] = modules.sandbox.control("GET", "/tenant")["transport_config"]
    return found


def test_protocols_are_switched(exchange: ExchangeModules) -> None:
    before = organization(exchange)
    predicted, done = exchange.four_runs(
        MODULE, mailboxes=[CONTRACTS, SHARED], smtp_auth="enabled", imap=False, pop=False
    )
    assert predicted["diff"] == done["diff"]
    for address in (CONTRACTS, SHARED):
        assert {name: mailbox(exchange, address)[name] for name in (SMTP, "ImapEnabled", "PopEnabled")} == {
            SMTP: False, "ImapEnabled": False, "PopEnabled": False,
        }
    assert mailbox(exchange, PROBE).get("ImapEnabled", True) is True
    assert done["mailboxes"][0] == {
        "mailbox": CONTRACTS, "smtp_auth": "enabled", "smtp_auth_effective": "enabled", "imap": False, "pop": False,
    }
    assert organization(exchange) == before


def test_smtp_auth_follows_the_organisation_again(exchange: ExchangeModules) -> None:
    exchange.ok(MODULE, mailboxes=[CONTRACTS], smtp_auth="enabled")
    _, done = exchange.four_runs(MODULE, mailboxes=[CONTRACTS], smtp_auth="inherit")
    assert mailbox(exchange, CONTRACTS)[SMTP] is None
    assert done["mailboxes"][0]["smtp_auth"] == "inherit"
    assert done["mailboxes"][0]["smtp_auth_effective"] == done["organization"]["smtp_auth"] == "disabled"


def test_the_organisation_changes_only_when_asked(exchange: ExchangeModules) -> None:
    exchange.sandbox.control("PATCH", "/tenant/transport-config", {SMTP: True})
    exchange.ok(MODULE, mailboxes=[CONTRACTS], smtp_auth="enabled")
    assert organization(exchange)[SMTP] is True
    before = exchange.ok(MODULE, check=True, organization_smtp_auth="enabled")
    assert before["changed"] is True
    assert organization(exchange)[SMTP] is True
    done = exchange.ok(MODULE, organization_smtp_auth="enabled")
    assert done["diff"] == before["diff"]
    assert organization(exchange)[SMTP] is False
    for check in (True, False):
        assert exchange.ok(MODULE, check=check, organization_smtp_auth="enabled")["changed"] is False


def test_results_are_the_same_on_every_transport(sandbox: RunningSandbox) -> None:
    def runs(modules: ExchangeModules) -> Any:
        modules.ok("exchange_powershell", cmdlet="New-AuthenticationPolicy", parameters={
            "Name": "Old printers", "AllowBasicAuthSmtp": True,
        })
        modules.ok("exchange_powershell", cmdlet="Set-OrganizationConfig", parameters={
            "DefaultAuthenticationPolicy": "Old printers",
        })
        return [
            modules.four_runs(MODULE, mailboxes=[CONTRACTS], smtp_auth="enabled", pop=False),
            modules.four_runs(MODULE, mailboxes=[CONTRACTS, PROBE], smtp_auth="disabled"),
            modules.ok(MODULE, organization_smtp_auth="enabled"),
            modules.run(MODULE, mailboxes=["unlicensed@contoso.example"], imap=True),
        ]

    results = on_every_transport(sandbox, runs)
    assert results[2]["organization"] == {
        "smtp_auth": "enabled", "default_authentication_policy": "Old printers",
        "authentication_policies": [{"name": "Old printers", "allowed": ["Smtp"]}],
    }


def test_without_settings_it_only_reports(exchange_rest: ExchangeModules) -> None:
    before = exchange_rest.tenant()
    result = exchange_rest.ok(MODULE, mailboxes=[CONTRACTS, CONTRACTS.upper()])
    assert result["changed"] is False
    assert [one["mailbox"] for one in result["mailboxes"]] == [CONTRACTS]
    assert exchange_rest.tenant() == before


def test_a_mailbox_that_is_not_there_is_named_and_nothing_is_changed(exchange_rest: ExchangeModules) -> None:
    before = exchange_rest.sandbox.control("GET", "/tenant")
    result = exchange_rest.run(
        MODULE, mailboxes=[CONTRACTS, "nobody@contoso.example"], smtp_auth="enabled", organization_smtp_auth="enabled"
    )
    assert result["code"] == "no_mailbox"
    assert "nobody@contoso.example" in result["msg"]
    assert exchange_rest.sandbox.control("GET", "/tenant") == before


def test_what_a_stale_read_hid_is_no_change(exchange_rest: ExchangeModules) -> None:
    given = {"mailboxes": [CONTRACTS], "imap": False}
    exchange_rest.ok(MODULE, **given)
    exchange_rest.sandbox.control("POST", "/faults", {
        "face": "outlook", "kind": "replication_lag", "rate": 1, "seconds": 3600, "path": ".*/Get-CASMailbox",
    })
    exchange_rest.cmdlets()
    again = exchange_rest.ok(MODULE, **given)
    assert "Set-CASMailbox" in exchange_rest.cmdlets()
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"]


def test_fifty_mailboxes_take_two_cmdlets_each(exchange: ExchangeModules) -> None:
    addresses = [f"mailbox{number}@contoso.example" for number in range(50)]
    for address in addresses:
        exchange.sandbox.control("POST", "/tenant/users", {"userPrincipalName": address})
    exchange.sandbox.control("DELETE", "/requests")
    exchange.ok(MODULE, mailboxes=addresses, smtp_auth="enabled", imap=False, pop=False)
    requests = exchange.sandbox.requests("outlook")
    if exchange.transport == "rest":
        assert len(requests) == 6 + 5
    else:
        assert sum(one["path"].endswith("EXOModuleFile") for one in requests) == 1
    assert exchange.cmdlets() == [
        *["Get-CASMailbox"] * 50, "Get-TransportConfig", "Get-OrganizationConfig", "Get-AuthenticationPolicy",
        *["Set-CASMailbox"] * 50,
    ]
