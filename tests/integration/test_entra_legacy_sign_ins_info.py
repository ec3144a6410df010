"""entra_legacy_sign_ins_info against the sandbox's log of sign-ins."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from module_runner import Modules
from sandbox_fixture import RunningSandbox

GRAPH = "https://graph.microsoft.com"
USER = "legacy@contoso.example"
PASSWORD = "Legacy-pass-2026"


@pytest.fixture
def modules(clean: RunningSandbox) -> Modules:
    clean.control("POST", "/tenant/users", {"userPrincipalName": USER, "password": PASSWORD})
    return Modules(clean)


def reader(sandbox: RunningSandbox, *roles: str) -> dict[str, str]:
    wanted = {"displayName": "Log reader", "secret": True, "roles": {GRAPH: list(roles)}}
    made = sandbox.control("POST", "/tenant/applications", wanted)
    return {"client_id": made["appId"], "client_secret": made["secret"]}


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def add(sandbox: RunningSandbox, *entries: dict[str, Any]) -> None:
    sandbox.control("POST", "/tenant/sign-ins", {"value": [{"user": USER, **entry} for entry in entries]})


def sign_in(sandbox: RunningSandbox, password: str) -> int:
    """By SMTP with a password, as an old device does; gives back the code of the answer."""
    host, port = sandbox.env["M365_SANDBOX_HOST"], int(sandbox.env["M365_SANDBOX_SMTP_PORT"])
    with smtplib.SMTP(host, port) as device:
        device.starttls(context=sandbox.tls)
        try:
            return device.login(USER, password)[0]
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_code


def test_a_device_that_signs_in_with_a_password_is_found(clean: RunningSandbox, modules: Modules) -> None:
    assert sign_in(clean, PASSWORD) == 535
    clean.control("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": False})
    clean.control("PATCH", "/tenant/organization-config", {"BasicAuthenticationBlocked": False})
    caller = reader(clean, "AuditLog.Read.All")
    # What Exchange turned away itself, Entra never saw.
    assert modules.ok("entra_legacy_sign_ins_info", **caller)["clients"] == []
    assert [sign_in(clean, PASSWORD), sign_in(clean, "wrong"), sign_in(clean, PASSWORD)] == [235, 535, 235]
    (client,) = modules.ok("entra_legacy_sign_ins_info", **caller)["clients"]
    assert client | {"first": "", "last": ""} == {
        "protocol": "smtp", "client_app": "Authenticated SMTP", "user_principal_name": USER,
        "application": "Office 365 Exchange Online", "ip_address": "127.0.0.1", "succeeded": 2, "failed": 1,
        "errors": {"50126": 1}, "first": "", "last": "",
    }


def test_thousands_of_entries_on_several_pages(clean: RunningSandbox, modules: Modules) -> None:
    add(clean, *(
        {"clientAppUsed": "IMAP4", "ipAddress": f"192.0.2.{number % 3}", "createdDateTime": ago(minutes=number)}
        for number in range(2050)
    ))
    add(
        clean,
        {"clientAppUsed": "Exchange Web Services", "signInEventTypes": ["nonInteractiveUser"]},
        {"clientAppUsed": "Browser"}, {"clientAppUsed": "Mobile Apps and Desktop clients"},
        {"clientAppUsed": "POP3", "createdDateTime": ago(days=8)}, {"clientAppUsed": "Other clients"},
    )
    found = modules.ok("entra_legacy_sign_ins_info", days=7, **reader(clean, "AuditLog.Read.All"))
    assert found["readable"]
    assert [(one["protocol"], one["ip_address"], one["succeeded"]) for one in found["clients"]] == [
        ("imap", "192.0.2.0", 684), ("imap", "192.0.2.1", 683), ("imap", "192.0.2.2", 683), ("ews", "127.0.0.1", 1),
    ]
    others = modules.ok(
        "entra_legacy_sign_ins_info", protocols=["other", "pop3"], **reader(clean, "AuditLog.Read.All")
    )["clients"]
    assert {(one["protocol"], one["client_app"]) for one in others} == {("other", "Other clients"), ("pop3", "POP3")}


def test_a_tenant_without_the_licence_says_nothing_about_clients(clean: RunningSandbox, modules: Modules) -> None:
    clean.control("PATCH", "/tenant/licences", {"EntraPremium": False})
    add(clean, {"clientAppUsed": "Authenticated SMTP"})
    found = modules.ok("entra_legacy_sign_ins_info", **reader(clean, "AuditLog.Read.All"))
    assert (found["readable"], found["clients"]) == (False, [])
    assert "P1 or P2" in found["reason"]


def test_a_caller_who_may_not_read_it_is_told_what_it_needs(clean: RunningSandbox, modules: Modules) -> None:
    failed = modules.run("entra_legacy_sign_ins_info", **reader(clean, "User.Read.All"))
    assert failed["failed"]
    assert failed["code"] == "Authentication_MSGraphPermissionMissing"
    assert "AuditLog.Read.All on Microsoft Graph" in failed["remedy"]


def test_throttling_is_waited_for(clean: RunningSandbox, modules: Modules) -> None:
    add(clean, {"clientAppUsed": "POP3"})
    clean.control("POST", "/faults", {"face": "graph", "kind": "throttle", "count": 2, "retry_after": "1"})
    found = modules.ok("entra_legacy_sign_ins_info", protocols=["pop3"], **reader(clean, "AuditLog.Read.All"))
    assert [one["protocol"] for one in found["clients"]] == ["pop3"]
    assert [entry["status"] for entry in clean.requests("graph")].count(429) == 2


@pytest.mark.parametrize("days", [0, 31, -1])
def test_days_that_the_log_does_not_have(modules: Modules, days: int) -> None:
    assert "not between 1 and 30" in modules.run("entra_legacy_sign_ins_info", days=days)["msg"]
