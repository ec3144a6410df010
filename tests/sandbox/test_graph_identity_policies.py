"""Security defaults, Conditional Access and the report of credentials: who may read them, and what they do."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graph_client import Graph, body, not_found, refusal
from mail_client import submission, switch_smtp_on
from sandbox_fixture import ControlRefused, RunningSandbox

READ, READ_REPORTS = "Policy.Read.All", "AuditLog.Read.All"
DEFAULTS, POLICIES = "/policies/identitySecurityDefaultsEnforcementPolicy", "/identity/conditionalAccess/policies"
USER, OTHER = "contracts@contoso.example", "tickets@contoso.example"
FAILED = "535 5.7.139 Authentication unsuccessful, "


def add_policy(sandbox: RunningSandbox, **properties: Any) -> dict[str, Any]:
    return sandbox.control("POST", "/tenant/conditional-access-policies", {
        "displayName": "Block legacy authentication", "grantControls": {"builtInControls": ["block"]},
        "conditions": {
            "clientAppTypes": ["exchangeActiveSync", "other"], "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": ["All"]}, **properties.pop("conditions", {}),
        }, **properties,
    })


def log_in(sandbox: RunningSandbox, user: str = USER) -> str:
    """How a password by SMTP fares."""
    with submission(sandbox) as client:
        try:
            code, text = client.login(user, sandbox.env["M365_SANDBOX_USER_PASSWORD"])
        except smtplib.SMTPAuthenticationError as error:
            code, text = error.smtp_code, error.smtp_error
    return f"{code} {text.decode()}"


def test_they_are_shown_as_graph_has_them(clean: RunningSandbox) -> None:
    added = add_policy(clean)
    with Graph(clean, READ) as caller:
        defaults = body(caller.get(DEFAULTS))
        [policy] = caller.values(POLICIES)
        assert body(caller.get(f"{POLICIES}/{policy['id']}"))["displayName"] == "Block legacy authentication"
        assert refusal(caller.get(f"{POLICIES}/nobody")) == not_found("nobody")
    assert (defaults["displayName"], defaults["isEnabled"]) == ("Security Defaults", False)
    assert policy == added
    assert policy["grantControls"] == {
        "operator": "OR", "builtInControls": ["block"], "customAuthenticationFactors": [], "termsOfUse": [],
    }
    assert policy["conditions"]["users"]["excludeUsers"] == []
    assert policy["conditions"]["locations"] is None


@pytest.mark.parametrize("path", [DEFAULTS, POLICIES])
def test_who_may_not_read_policies(clean: RunningSandbox, path: str) -> None:
    with Graph(clean, "Directory.Read.All") as caller:
        assert refusal(caller.get(path)) == (
            403, "AccessDenied",
            "You cannot perform the requested operation, required scopes are missing in the token.",
        )


def test_they_refuse_a_password_by_smtp_and_the_log_says_so(clean: RunningSandbox) -> None:
    switch_smtp_on(clean)
    clean.control("PATCH", "/tenant/organization-config", {"BasicAuthenticationBlocked": False})
    assert log_in(clean) == "235 2.7.0 Authentication successful"
    add_policy(clean, state="enabledForReportingButNotEnforced")
    assert log_in(clean).startswith("235 ")
    with Graph(clean, "User.Read.All") as caller:
        excluded = body(caller.get(f"/users/{OTHER}"))["id"]
    added = add_policy(clean, conditions={"users": {"includeUsers": ["All"], "excludeUsers": [excluded]}})
    assert log_in(clean).startswith(
        f"{FAILED}the request did not meet the criteria to be authenticated successfully. Contact your administrator."
    )
    assert log_in(clean, OTHER).startswith("235 ")
    clean.control("PATCH", f"/tenant/conditional-access-policies/{added['id']}", {"state": "disabled"})
    assert log_in(clean).startswith("235 ")
    clean.control("PATCH", "/tenant/security-defaults", {"isEnabled": True})
    assert log_in(clean, OTHER).startswith(
        f"{FAILED}user is locked by your organization's security defaults policy. Contact your administrator."
    )
    with Graph(clean, READ_REPORTS) as caller:
        numbers = [one["status"]["errorCode"] for one in caller.values("/auditLogs/signIns")]
    assert sorted(numbers) == [0, 0, 0, 0, 53003, 530035]


def test_a_policy_that_makes_no_sense_is_not_added(clean: RunningSandbox) -> None:
    with pytest.raises(ControlRefused, match="clientAppTypes"):
        add_policy(clean, conditions={"clientAppTypes": ["imap"]})
    path = f"/tenant/conditional-access-policies/{add_policy(clean)['id']}"
    with pytest.raises(ControlRefused, match="state"):
        clean.control("PATCH", path, {"state": "off"})
    with pytest.raises(ControlRefused, match="no Conditional Access policy nobody"):
        clean.control("PATCH", "/tenant/conditional-access-policies/nobody", {"state": "disabled"})


def test_the_report_of_credentials(clean: RunningSandbox) -> None:
    app = clean.control("POST", "/tenant/applications", {"displayName": "Old mailer", "secret": True})
    moment = (datetime.now(UTC) - timedelta(days=200)).strftime("%Y-%m-%dT%H:%M:%SZ")
    clean.control("POST", "/tenant/credential-sign-ins", {"keyId": app["keyId"], "lastSignInDateTime": moment})
    report = f"{clean.env['MAILOPS_GRAPH_ENDPOINT']}/beta/reports/appCredentialSignInActivities"
    with Graph(clean, READ_REPORTS) as caller:
        [activity] = caller.values(report)
        assert caller.values(report, params={"$filter": "keyId eq '00000000-0000-0000-0000-000000000000'"}) == []
        assert refusal(caller.get("/reports/appCredentialSignInActivities"))[:2] == (400, "BadRequest")
    assert (activity["appId"], activity["keyId"], activity["keyType"]) == (app["appId"], app["keyId"], "clientSecret")
    assert activity["signInActivity"]["lastSignInDateTime"] == moment
    with Graph(clean, "Directory.Read.All") as caller:
        assert refusal(caller.get(report))[:2] == (403, "Authentication_MSGraphPermissionMissing")
    clean.control("PATCH", "/tenant/licences", {"EntraPremium": False})
    with Graph(clean, READ_REPORTS) as caller:
        assert refusal(caller.get(report))[:2] == (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
