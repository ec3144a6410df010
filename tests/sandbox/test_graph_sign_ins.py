"""/auditLogs/signIns: what it shows, to whom, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from graph_client import Graph, body, refusal
from sandbox_fixture import RunningSandbox

USER = "contracts@contoso.example"


def add(sandbox: RunningSandbox, *entries: dict[str, Any]) -> None:
    sandbox.control("POST", "/tenant/sign-ins", {"value": [{"user": USER, **entry} for entry in entries]})


@pytest.fixture
def entries(clean: RunningSandbox) -> None:
    add(
        clean,
        {"clientAppUsed": "IMAP4", "createdDateTime": "2026-11-01T00:00:00Z"},
        {"clientAppUsed": "Authenticated SMTP", "createdDateTime": "2026-11-03T00:00:00Z", "errorCode": 50126},
        {
            "clientAppUsed": "Authenticated SMTP", "createdDateTime": "2026-11-02T00:00:00Z",
            "signInEventTypes": ["nonInteractiveUser"], "ipAddress": "192.0.2.7",
        },
    )


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(("condition", "count"), [
    ("clientAppUsed eq 'authenticated smtp' and status/errorCode eq 50126", 1),
    ("status/errorCode eq 0", 1),
    ("createdDateTime ge 2026-11-02T00:00:00Z", 1),
    ("createdDateTime le 2026-11-02T00:00:00Z", 1),
    (f"userPrincipalName eq '{USER}'", 2),
    ("startswith(ipAddress,'127.')", 2),
])
def test_filters(clean: RunningSandbox, condition: str, count: int) -> None:
    with Graph(clean, "AuditLog.Read.All") as caller:
        assert len(caller.values("/auditLogs/signIns", params={"$filter": condition})) == count


@pytest.mark.usefixtures("entries")
def test_newest_first_and_interactive_ones_alone(clean: RunningSandbox) -> None:
    with Graph(clean, "AuditLog.Read.All") as caller:
        shown = caller.values("/auditLogs/signIns")
        beta = f"{clean.env['MAILOPS_GRAPH_ENDPOINT']}/beta/auditLogs/signIns"
        others = "signInEventTypes/any(t: t eq 'nonInteractiveUser')"
        plain, asked = (caller.values(beta, params=query) for query in ({}, {"$filter": others}))
        pages = body(caller.get("/auditLogs/signIns?$top=1"))
        rest = body(caller.get(pages["@odata.nextLink"]))
    assert [one["clientAppUsed"] for one in shown] == ["Authenticated SMTP", "IMAP4"]
    assert shown[0]["status"] == {
        "errorCode": 50126, "additionalDetails": None,
        "failureReason": "Error validating credentials due to invalid username or password.",
    }
    assert "signInEventTypes" not in shown[0]
    assert [one["id"] for one in plain] == [one["id"] for one in shown]
    assert [(one["ipAddress"], one["signInEventTypes"]) for one in asked] == [("192.0.2.7", ["nonInteractiveUser"])]
    assert [one["id"] for one in (*pages["value"], *rest["value"])] == [one["id"] for one in shown]


@pytest.mark.parametrize(("query", "code"), [
    ("$orderby=createdDateTime", "Request_BadRequest"), ("$select=id", "Request_BadRequest"),
    ("$filter=isInteractive eq true", "Request_UnsupportedQuery"), ("$top=1001", "Request_UnsupportedQuery"),
    ("$filter=clientAppUsed ne 'Browser'", "Request_UnsupportedQuery"),
    ("$filter=signInEventTypes/any(t: t eq 'nonInteractiveUser')", "BadRequest"),
    ("$filter=status/code eq 0", "BadRequest"), ("$filter=id/code eq 0", "Request_UnsupportedQuery"),
])
def test_queries_that_it_does_not_run(clean: RunningSandbox, query: str, code: str) -> None:
    with Graph(clean, "AuditLog.Read.All") as caller:
        assert refusal(caller.get(f"/auditLogs/signIns?{query}"))[:2] == (400, code)


def test_who_may_not_read_it(clean: RunningSandbox) -> None:
    with Graph(clean, "Directory.Read.All") as caller:
        assert refusal(caller.get("/auditLogs/signIns")) == (
            403, "Authentication_MSGraphPermissionMissing",
            "Calling principal does not have required MSGraph permissions AuditLog.Read.All",
        )
    clean.control("PATCH", "/tenant/licences", {"EntraPremium": False})
    with Graph(clean, "AuditLog.Read.All") as caller:
        assert refusal(caller.get("/auditLogs/signIns"))[:2] == (
            403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
        )


def test_beta_has_nothing_else(clean: RunningSandbox) -> None:
    with Graph(clean, "User.Read.All") as caller:
        refused = refusal(caller.get(f"{clean.env['MAILOPS_GRAPH_ENDPOINT']}/beta/users"))
    assert refused == (400, "BadRequest", "Resource not found for the segment 'users'.")
