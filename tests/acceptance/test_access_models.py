"""How an application may be given its mailboxes, changed from one way to the other; judged by Exchange's state."""

from __future__ import annotations

import json

from estates import Estate, Footprint

PROBE = "probe@contoso.example"
DIRECTOR = "director@contoso.example"
# The product's files do not matter here.
RIGHTS = ("--tags", "identity,access", "--skip-tags", "preflight")
RBAC = ("--limit", "tas-test-1", "-e", json.dumps({"mail_access": {"model": "rbac"}}))


def principal_without_permissions(now: Footprint, unique_name: str) -> str:
    """The id of an application's service principal, to which Entra has granted nothing."""
    [application] = now.applications(unique_name)
    [principal] = [one["id"] for one in now.objects("service_principals") if one["appId"] == application["appId"]]
    assert [one for one in now.objects("app_role_assignments") if one["principalId"] == principal] == []
    return str(principal)


def test_the_model_can_be_changed_and_changed_back(estate: Estate) -> None:
    before = estate.footprint().administered()
    assert estate.set_up("--limit", "tas-test-1", *RIGHTS).code == 0
    with_rights = estate.footprint().administered()
    assert with_rights["mailbox_permissions"] != before["mailbox_permissions"]

    done = estate.set_up(*RBAC, "--tags", "identity,access,delivery", "--skip-tags", "preflight")
    assert done.code == 0, done.output
    row = done.table["tas-test-1"]
    assert (row["application"], row["result"]) == ("Tickets mail (test)", "delivered")
    assert "permissions granted" not in row
    assert row["granted in Exchange"] == "SMTP AUTH, Application SMTP.SendAsApp"
    assert row["refused for others"] == "smtp; no permission: graph, reading imap"
    now = estate.footprint()
    principal = principal_without_permissions(now, "tickets-mail-test")
    assert now.administered()["mailbox_permissions"] == before["mailbox_permissions"]
    [role] = now.objects("management_role_assignments")
    assert (role["Role"], role["App"]) == ("Application SMTP.SendAsApp", principal)
    again = estate.set_up(*RBAC, *RIGHTS)
    assert again.changed == 0, again.output

    back = estate.set_up("--limit", "tas-test-1", *RIGHTS)
    assert back.code == 0, back.output
    assert estate.footprint().administered() == with_rights


def test_a_scope_takes_the_place_of_the_permission_for_everybody(estate: Estate) -> None:
    assert estate.set_up("--limit", "ici-test-1", "--tags", "identity", "--skip-tags", "preflight").code == 0
    env = estate.sandbox.env
    scoped = {
        "mail_access": {"scope": "mailboxes"},
        "mail_verify": {
            "recipient": PROBE, "refused_mailbox": DIRECTOR,
            "receive": {
                "transport": "graph", "tenant_id": env["AZURE_TENANT_ID"],
                "client_id": env["M365_SANDBOX_READER_CLIENT_ID"],
                "client_secret": env["M365_SANDBOX_READER_CLIENT_SECRET"],
            },
        },
    }
    done = estate.set_up("--limit", "ici-test-1", "-e", json.dumps(scoped))
    assert done.code == 0, done.output
    row = done.table["ici-test-1"]
    assert row["result"] == "delivered"
    assert row["granted in Exchange"] == "Application Mail.Send"
    assert row["refused for others"] == "graph; no permission: reading graph"
    principal_without_permissions(estate.footprint(), "contracts-mail-test")
    again = estate.set_up("--limit", "ici-test-1", "-e", json.dumps(scoped), *RIGHTS)
    assert again.changed == 0, again.output
