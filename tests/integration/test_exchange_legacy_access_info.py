"""exchange_legacy_access_info against the sandbox: what it calls open looks at passwords, and nothing else does."""

from __future__ import annotations

import smtplib
from typing import Any

from exchange_world import CONTRACTS, PROBE, SHARED, ExchangeModules, on_every_transport
from sandbox_fixture import RunningSandbox

MODULE = "exchange_legacy_access_info"
# The seed has SMTP AUTH on for this one alone.
DIRECTOR = "director@contoso.example"
SMTP = "SmtpClientAuthenticationDisabled"
APP_IDS = ("11111111-1111-4111-8111-111111111111", "00000000-0000-4000-8000-000000000000")


def cmdlet(modules: ExchangeModules, name: str, **parameters: Any) -> None:
    modules.ok("exchange_powershell", cmdlet=name, parameters=parameters)


def refusal(sandbox: RunningSandbox, address: str) -> str:
    """What the submission port says to a password, a wrong one."""
    with smtplib.SMTP(sandbox.env["M365_SANDBOX_HOST"], int(sandbox.env["M365_SANDBOX_SMTP_PORT"])) as device:
        device.starttls(context=sandbox.tls)
        try:
            device.login(address, "wrong")
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_error.decode()
    raise AssertionError("a wrong password was taken")


def test_what_is_open_is_what_looks_at_a_password(exchange: ExchangeModules) -> None:
    assert [one["mailbox"] for one in exchange.ok(MODULE)["mailboxes"]] == [DIRECTOR]
    exchange.sandbox.control("PATCH", "/tenant/organization-config", {"BasicAuthenticationBlocked": False})
    exchange.ok("exchange_client_access", mailboxes=[CONTRACTS], smtp_auth="enabled")
    exchange.ok("exchange_client_access", mailboxes=[SHARED], smtp_auth="disabled")
    assert exchange.ok(MODULE)["mailboxes"] == [
        {"mailbox": address, "type": "UserMailbox", "smtp_auth": "enabled", "authentication_policy": None}
        for address in (CONTRACTS, DIRECTOR)
    ]
    exchange.ok("exchange_client_access", organization_smtp_auth="enabled")
    found = exchange.ok(MODULE)
    looked_at = {address: "SmtpClientAuthentication is disabled" not in refusal(exchange.sandbox, address)
                 for address in (CONTRACTS, SHARED, PROBE)}
    assert looked_at == {CONTRACTS: True, SHARED: False, PROBE: True}
    assert {address: address in [one["mailbox"] for one in found["mailboxes"]] for address in looked_at} == looked_at
    assert len(found["mailboxes"]) == found["number_of_mailboxes"] - 1


def test_policies_close_what_switches_leave_open(exchange: ExchangeModules) -> None:
    exchange.ok("exchange_client_access", organization_smtp_auth="enabled")
    cmdlet(exchange, "New-AuthenticationPolicy", Name="None at all")
    cmdlet(exchange, "New-AuthenticationPolicy", Name="Old printers", AllowBasicAuthSmtp=True)
    cmdlet(exchange, "Set-OrganizationConfig", DefaultAuthenticationPolicy="None at all")
    cmdlet(exchange, "Set-User", Identity=CONTRACTS, AuthenticationPolicy="Old printers")
    found = exchange.ok(MODULE)
    assert [(one["mailbox"], one["smtp_auth"], one["authentication_policy"]) for one in found["mailboxes"]] == [
        (CONTRACTS, "inherit", "Old printers")
    ]
    assert found["organization"]["authentication_policies"] == [
        {"name": "None at all", "allowed": []}, {"name": "Old printers", "allowed": ["Smtp"]},
    ]


def test_ews_and_the_applications_that_may_use_it(exchange: ExchangeModules) -> None:
    organization = exchange.ok(MODULE)["organization"]
    assert (organization["ews"], organization["ews_allowed_app_ids"]) == ("unset", None)
    cmdlet(exchange, "Set-OrganizationConfig", EwsEnabled=True, EwsAllowedAppIDs=", ".join(APP_IDS))
    organization = exchange.ok(MODULE)["organization"]
    assert (organization["ews"], organization["ews_allowed_app_ids"]) == ("enabled", sorted(APP_IDS))


def test_results_are_the_same_on_every_transport(sandbox: RunningSandbox) -> None:
    def runs(modules: ExchangeModules) -> Any:
        modules.ok("exchange_client_access", mailboxes=[CONTRACTS], smtp_auth="enabled")
        cmdlet(modules, "Set-OrganizationConfig", EwsEnabled=False)
        return modules.ok(MODULE)

    found = on_every_transport(sandbox, runs)
    assert found["organization"]["ews"] == "disabled"
    assert [one["mailbox"] for one in found["mailboxes"]] == [CONTRACTS, DIRECTOR]
