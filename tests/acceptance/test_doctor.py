"""Faults planted all at once in the tenant, the store and on servers are all named, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import httpx
from estates import GRAPH, Estate, Run

HOSTS = "ici-prod-1,ici-prod-2,ici-test-1,ici-test-2,tas-test-1,tas-prod-1,cmo-test-1,cmo-google-1"
SET_UP = "ici-prod-1,ici-prod-2,ici-test-1,tas-test-1,cmo-test-1,cmo-google-1"
TICKETS, UNLICENSED = "tickets-test@contoso.example", "unlicensed@contoso.example"
PROOFS, POLICIES = "probe@contoso.example", "Policy.ReadWrite.ApplicationConfiguration"
#: What is wrong, by what it is about and the check, and what its remedy has to say.
WRONG = {
    ("controller", "caller_permissions"): "mailops.modern_auth.bootstrap",
    ("contracts-mail-test", "service_principal"): "Enable it",
    ("contracts-mail-prod", "permissions"): "setup_mail",
    ("tickets-mail-test", "secret"): "setup_mail",
    ("tickets-mail-test", "mailbox_rights"): "setup_mail",
    ("cmo-mail-test", "scope"): "setup_mail",
    (TICKETS, "smtp_auth"): "-SmtpClientAuthenticationDisabled $false",
    (UNLICENSED, "licence"): "Assign a licence",
    ("ici-prod-1", "targets"): "Check the path",
    ("ici-prod-2", "settings"): "--check --diff",
    ("ici-test-2", "server"): "ansible -m ping",
    ("tas-prod-1", "plan"): "Correct the variable",
    ("controller", "policies"): "mail_app.secret",
    ("ici-prod-2", "restart"): "mail_restart_command",
    (PROOFS, "reader"): "mailops.modern_auth.bootstrap",
}


def diagnosed(estate: Estate, *arguments: str) -> tuple[Run, dict[tuple[str, str], dict[str, Any]]]:
    """A run, and what it found that is wrong, by what it is about and the check."""
    file = estate.home / "diagnosis.json"
    run = estate.set_up("--limit", HOSTS, "-e", f"mail_report_file={file}", *arguments, playbook="doctor")
    assert file.is_file(), run.output
    found = json.loads(file.read_text())["findings"]
    return run, {(one["about"], one["check"]): one for one in found if one["state"] == "cross"}


def graph_paths(estate: Estate) -> list[str]:
    """What Graph was asked for, one by one, though it was in batches."""
    return [
        path for entry in estate.sandbox.requests("graph")
        for path in ([one["url"] for one in entry["batch"]] if entry["batch"] else [entry["path"]])
    ]


def limit_reader(estate: Estate) -> None:
    """Let a role of Exchange allow the reader to read the proofs by Graph, and Entra no longer."""
    now = estate.footprint()
    roles = {role["id"]: role["value"] for one in now.objects("service_principals") for role in one["appRoles"]}
    client_id = estate.sandbox.env["M365_SANDBOX_READER_CLIENT_ID"]
    [principal] = [one["id"] for one in now.objects("service_principals") if one["appId"] == client_id]
    with estate.administrator() as graph:
        path = f"/servicePrincipals/{principal}/appRoleAssignments"
        held = graph.get(path).json()["value"]
        [one] = [one["id"] for one in held if roles[one["appRoleId"]] == "Mail.ReadWrite"]
        graph.delete(f"{path}/{one}")
    if not [one for one in now.objects("exchange_service_principals") if one["AppId"] == client_id]:
        estate.exchange("New-ServicePrincipal", {"AppId": client_id, "ObjectId": principal})
    estate.exchange("New-ManagementScope", {
        "Name": "Proofs", "RecipientRestrictionFilter": f"PrimarySmtpAddress -eq '{PROOFS}'",
    })
    estate.exchange("New-ManagementRoleAssignment", {
        "App": principal, "Role": "Application Mail Full Access", "CustomResourceScope": "Proofs",
    })


def plant(estate: Estate) -> list[str]:
    """Break what the main job has made, by hand; gives the arguments that break the inventory."""
    now = estate.footprint()
    ids = {one["appId"]: one["id"] for one in now.objects("service_principals")}
    app = {name: now.applications(name)[0] for name in (
        "contracts-mail-test", "contracts-mail-prod", "tickets-mail-test", "cmo-mail-test",
    )}
    roles = {
        role["value"]: role["id"] for one in now.objects("service_principals") if one["appId"] == GRAPH
        for role in one["appRoles"]
    }
    with estate.administrator() as graph:
        for client_id, role in (
            (estate.sandbox.env["AZURE_CLIENT_ID"], "AppRoleAssignment.ReadWrite.All"),
            (app["contracts-mail-prod"]["appId"], "Mail.Send"),
        ):
            path = f"/servicePrincipals/{ids[client_id]}/appRoleAssignments"
            [one] = [one for one in graph.get(path).json()["value"] if one["appRoleId"] == roles[role]]
            graph.delete(f"{path}/{one['id']}")
        graph.patch(f"/servicePrincipals/{ids[app['contracts-mail-test']['appId']]}", json={"accountEnabled": False})
        tickets = app["tickets-mail-test"]
        [secret] = tickets["passwordCredentials"]
        graph.post(f"/applications/{tickets['id']}/removePassword", json={"keyId": secret["keyId"]})
    estate.exchange("Remove-MailboxPermission", {
        "Identity": TICKETS, "User": ids[app["tickets-mail-test"]["appId"]], "AccessRights": ["FullAccess"],
        "Confirm": False,
    })
    for assignment in now.objects("management_role_assignments"):
        estate.exchange("Remove-ManagementRoleAssignment", {"Identity": assignment["Name"], "Confirm": False})
    estate.sandbox.control("PATCH", f"/tenant/mailboxes/{TICKETS}", {"SmtpClientAuthenticationDisabled": True})
    estate.server_file("ici-prod-1").unlink()
    token = estate.sandbox.control("POST", "/tenant/tokens", {"resource": GRAPH, "appId": estate.sandbox.control(
        "POST", "/tenant/applications", {"displayName": "Policies", "roles": {GRAPH: [POLICIES]}},
    )["appId"]})
    with httpx.Client(verify=estate.sandbox.tls, trust_env=False) as http:
        http.patch(
            f"{estate.sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/policies/defaultAppManagementPolicy",
            headers={"Authorization": f"Bearer {token['access_token']}"},
            json={"isEnabled": True, "applicationRestrictions": {"passwordCredentials": [{
                "restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P90D",
            }]}},
        ).raise_for_status()
    file = estate.server_file("ici-prod-2")
    file.write_bytes(file.read_bytes().replace(b"contracts@contoso.example", b"someone@contoso.example"))
    return estate.hosts(
        ici_test_1={"mail_verify": {"recipient": UNLICENSED, "receive": estate.reader()}},
        ici_prod_2={"mail_restart_command": ["icictl", "restart"]},
        ici_test_2={"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
        tas_prod_1={"mail_sned": {}},
    )


def test_faults_of_many_kinds_are_named_at_once_with_their_remedies_and_nothing_else(estate: Estate) -> None:
    done = estate.set_up("--limit", SET_UP, "--skip-tags", "delivery")
    assert done.code == 0, done.output
    limit_reader(estate)
    well, seen = estate.footprint(), len(graph_paths(estate))
    run, wrong = diagnosed(estate, "--limit", SET_UP)
    assert wrong == {}, run.output
    assert run.code == 0, run.output
    assert estate.footprint() == well
    assert [path for path in graph_paths(estate)[seen:] if "olic" in path] == [
        "/policies/defaultAppManagementPolicy", "/policies/appManagementPolicies",
    ]

    further = plant(estate)
    before = estate.footprint()
    run, wrong = diagnosed(estate, *further)
    assert run.code != 0
    assert set(wrong) == set(WRONG), run.output
    for key, words in WRONG.items():
        assert words in wrong[key]["remedy"], wrong[key]
        assert f"{key[0]}: {key[1]}:" in run.output
    assert run.failed == sorted(HOSTS.split(",")), run.output
    assert estate.footprint() == before

    run, wrong = diagnosed(
        estate, "--limit", "tas-test-1", "-e",
        "mail_symptom='535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox'",
    )
    assert set(wrong) == {(TICKETS, "smtp_auth")}, run.output
    assert f"It is: {TICKETS}: smtp_auth: SMTP AUTH is switched off on the mailbox itself." in run.output
