# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is said of a way that mail takes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment import dates
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.verdict import is_microsoft, judged

TODAY = date(2026, 11, 29)


UNREAD: dict[str, Any] = {"exchange": {"readable": False}, "policies": {"readable": False}}
CRM = "crm@contoso.example"


def use(
    transport: str | None, authentication: str | None, host: str | None = None, user: str | None = CRM
) -> dict[str, Any]:
    return {"transport": transport, "authentication": authentication, "host": host, "user": user, "mailbox": None}


def tenant(*policies: dict[str, Any], defaults: bool = False, **switches: bool) -> dict[str, Any]:
    account = {
        "account": CRM, "mailbox": CRM, **dict.fromkeys(("smtp", "imap", "pop3", "ews", "password"), True), **switches,
    }
    return {
        "exchange": {"readable": True, "accounts": [account]},
        "policies": {"readable": True, "security_defaults": defaults, "policies": list(policies)},
    }


def policy(state: str = "enabled", *, everybody: bool = True) -> dict[str, Any]:
    return {"name": "Block", "state": state, "everybody": everybody}


@pytest.mark.parametrize(("one", "state", "switch_off"), [
    (use("smtp", "basic", "smtp.office365.com"), "ending", dates.SMTP_BASIC),
    (use("imap", "basic", "outlook.office365.com"), "refused", dates.MAILBOX_BASIC),
    (use("ews", "basic"), "refused", dates.MAILBOX_BASIC),
    (use("ews", "oauth2"), "refused", dates.EWS),
    (use("smtp", "basic", "mail.contoso.example"), "password", None),
    (use("smtp", "none", "smtp.office365.com"), "ok", None),
    (use("graph", "oauth2"), "ok", None),
    (use("imap", "google_service_account", "imap.gmail.com"), "ok", None),
    (use("mapi", None), "unknown", None),
    (use(None, None), "unknown", None),
])
def test_states(one: dict[str, Any], state: str, switch_off: dates.SwitchOff | None) -> None:
    found = judged(one, TODAY, UNREAD)
    assert found["state"] == state
    assert (found["since"], found["page"]) == (
        (switch_off.since.isoformat(), switch_off.page) if switch_off else (None, None)
    )


def test_it_is_refused_from_the_day_on() -> None:
    one = use("smtp", "basic", "smtp.office365.com")
    day = dates.SMTP_BASIC.since
    assert [judged(one, day - timedelta(days=ago), UNREAD)["state"] for ago in (1, 0)] == ["ending", "refused"]


@pytest.mark.parametrize(("host", "expected"), [
    ("SMTP.office365.com", True), ("outlook.office365.com.", True), ("smtp.partner.outlook.cn", True), (None, True),
    ("office365.com.evil.example", False), ("notoffice365.com", False), ("mail.contoso.example", False),
])
def test_whose_server_it_is(host: str | None, expected: bool) -> None:
    assert is_microsoft(host) is expected


SMTP, IMAP = use("smtp", "basic"), use("imap", "oauth2")


@pytest.mark.parametrize(("one", "what", "said"), [
    (SMTP, tenant(smtp=False, password=False), f"SMTP AUTH is off for {CRM}."),
    (use("smtp", "oauth2"), tenant(smtp=False, password=False), f"SMTP AUTH is off for {CRM}."),
    (SMTP, tenant(password=False), f"An authentication policy of Exchange refuses the password of {CRM}."),
    (SMTP, tenant(defaults=True), "The tenant's security defaults refuse passwords."),
    (SMTP, tenant(policy()), 'The Conditional Access policy "Block" refuses passwords.'),
    (IMAP, tenant(imap=False), f"IMAP is off for {CRM}."),
    (use("pop3", "oauth2", user=CRM.upper()), tenant(pop3=False), f"POP is off for {CRM}."),
    (use("ews", "basic"), tenant(ews=False), f"EWS is off for {CRM}."),
])
def test_what_the_tenant_refuses(one: dict[str, Any], what: dict[str, Any], said: str) -> None:
    found = judged(one, TODAY, what)
    assert found["state"] == "refused"
    assert found["words"].startswith(f"{said} ")
    elsewhere = judged({**one, "host": "mail.contoso.example"}, TODAY, what)
    assert said not in elsewhere["words"]


@pytest.mark.parametrize(("one", "what"), [
    (use("smtp", "oauth2"), tenant(policy(), defaults=True, password=False)),
    (IMAP, tenant(policy(), defaults=True, smtp=False, pop3=False)),
    (use("graph", "oauth2"), tenant(policy(), defaults=True, ews=False)),
    (SMTP, tenant(policy("enabledForReportingButNotEnforced"))),
    (use("smtp", "basic", user="nobody@contoso.example"), tenant(smtp=False)),
    (use("smtp", "basic", user=None), tenant(smtp=False)),
])
def test_what_it_does_not(one: dict[str, Any], what: dict[str, Any]) -> None:
    assert judged(one, TODAY, what) == judged(one, TODAY, UNREAD)


def test_a_policy_that_spares_some_may_refuse() -> None:
    found = judged(SMTP, TODAY, tenant(policy(everybody=False)))
    assert found["state"] == "ending"
    assert "refuses passwords to some, maybe to this one." in found["words"]
