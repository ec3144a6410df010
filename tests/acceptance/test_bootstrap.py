"""An administrator makes an inventory's caller and reader; the main job then runs as that caller, and only so."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msal
import requests
from administrators import DIRECTOR, ICI, PROBE, TICKETS, Administrator, bare, graph, told
from estates import GRAPH, Estate, Footprint, Run

CALLER, READER = "mailops-caller", "mailops-proof-reader"
LEAST = {"Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All"}
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
AWAY = re.compile(r"To take it all away again, with the other options of this run:\n\s+(ansible-playbook .*)\n")


def granted(now: Footprint, unique_name: str) -> set[str]:
    """The names of the application permissions that an application was granted."""
    [application] = now.applications(unique_name)
    return roles_of(now, application["appId"])


def roles_of(now: Footprint, app_id: str) -> set[str]:
    """The same by client id."""
    principal = principal_of(now, app_id)
    names = {role["id"]: role["value"] for one in now.objects("service_principals") for role in one["appRoles"]}
    return {
        names[one["appRoleId"]] for one in now.objects("app_role_assignments") if one["principalId"] == principal["id"]
    }


def principal_of(now: Footprint, app_id: str) -> dict[str, Any]:
    [principal] = [one for one in now.objects("service_principals") if one["appId"] == app_id]
    return principal


def directory_roles(now: Footprint, unique_name: str) -> list[str]:
    [application] = now.applications(unique_name)
    principal = principal_of(now, application["appId"])
    held = now.objects("directory_role_assignments")
    return [one["roleDefinitionId"] for one in held if one["principalId"] == principal["id"]]


def away(run: Run) -> list[str]:
    """The command that takes both away again, as the run said."""
    [said] = AWAY.findall(run.output)
    return shlex.split(said)


def lasting(now: Footprint) -> dict[str, Any]:
    """What a run may change for good; signing in leaves traces of its own."""
    names = (
        "applications", "service_principals", "deleted_items", "app_role_assignments", "oauth2_permission_grants",
        "directory_role_assignments", "federated_identity_credentials",
    )
    return {**{name: now.objects(name) for name in names}, **now.administered(), **now.files}


def home_files(estate: Estate) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((estate.home / ".mailops").glob("*"))}


def test_the_two_are_made_and_taken_away(administrator: Administrator, estate: Estate) -> None:
    before = estate.footprint()
    both = estate.hosts(**bare(estate, ICI, TICKETS))
    predicted = administrator.run("--check", "--diff", *both)
    assert (predicted.code, predicted.changed) == (0, 1), predicted.output
    assert set(predicted.output.split()) >= LEAST
    assert lasting(estate.footprint()) == lasting(before)
    assert home_files(estate) == {}

    # A limit takes nothing from the others.
    done = administrator.run(*both, "--limit", ICI)
    assert done.code == 0, done.output
    now = estate.footprint()
    assert granted(now, CALLER) == {*LEAST, "User.ReadBasic.All", "Exchange.ManageAsApp"}
    assert directory_roles(now, CALLER) == [EXCHANGE_ADMINISTRATOR]
    assert granted(now, READER) == set()
    pem = estate.home / ".mailops" / f"{CALLER}.pem"
    assert pem.stat().st_mode & 0o777 == 0o600
    key = pem.read_text().partition("PRIVATE KEY-----\n")[2][:60]
    assert key not in done.output

    # What the inventory needs no more goes.
    one = estate.hosts(**bare(estate, ICI))
    shorter = administrator.run(*one)
    assert (shorter.code, shorter.changed) == (0, 1), shorter.output
    now = estate.footprint()
    assert granted(now, CALLER) == LEAST
    assert directory_roles(now, CALLER) == []
    again = administrator.run("--diff", *one)
    assert (again.code, again.changed) == (0, 0), again.output
    checked = administrator.run("--check", *one)
    assert (checked.code, checked.changed) == (0, 0), checked.output
    assert lasting(estate.footprint()) == lasting(now)
    the_reader_reads_one_mailbox(estate, told(shorter)["mail_verify"]["receive"]["client_id"])

    held = pem.read_bytes()
    pem.unlink()
    lost = administrator.run(*one)
    assert lost.code == 2
    assert f"Copy {pem} from the machine on which this was run before" in " ".join(lost.output.split())
    pem.write_bytes(held)

    gone = administrator.execute(away(shorter))
    assert (gone.code, gone.changed) == (0, 1), gone.output
    assert {**lasting(estate.footprint()), "deleted_items": None} == {**lasting(before), "deleted_items": None}
    assert home_files(estate) == {}
    nothing = administrator.execute(away(shorter))
    assert (nothing.code, nothing.changed) == (0, 0), nothing.output
    # Entra gives the deleted ones back, and nobody has their keys any more.
    back = administrator.run(*one)
    assert (back.code, back.changed) == (0, 1), back.output
    assert granted(estate.footprint(), CALLER) == LEAST
    the_reader_reads_one_mailbox(estate, told(back)["mail_verify"]["receive"]["client_id"])


def the_reader_reads_one_mailbox(estate: Estate, client_id: str) -> None:
    token = token_of(estate, client_id, certificate(estate.home / ".mailops" / f"{READER}.pem"))
    assert token is not None
    assert graph(estate, token, f"/users/{PROBE}/messages").status_code == 200
    assert graph(estate, token, f"/users/{DIRECTOR}/messages").status_code == 403
    assert graph(estate, token, "/users").status_code == 403


def test_it_signs_in_in_one_way(administrator: Administrator, estate: Estate) -> None:
    further = [*estate.hosts(**bare(estate, ICI)), "-e"]
    secret = json.dumps({"mail_caller": {"secret_path": "~/.mailops/caller.json"}})
    kept = administrator.run(*further, secret)
    assert kept.code == 0, kept.output
    [application] = estate.footprint().applications(CALLER)
    assert (len(application["passwordCredentials"]), application["keyCredentials"]) == (1, [])
    file = estate.home / ".mailops" / "caller.json"
    assert (file.stat().st_mode & 0o777, sorted(home_files(estate))) == (0o600, ["caller.json", f"{READER}.pem"])
    value = json.loads(file.read_text())["client_secret"]
    assert value.startswith(application["passwordCredentials"][0]["hint"])
    assert value not in kept.output
    again = administrator.run("--diff", *further, secret)
    assert (again.code, again.changed) == (0, 0), again.output
    assert value not in again.output

    issuer, subject = estate.sandbox.env["M365_SANDBOX_ISSUER_URL"], "repo:contoso/mail:environment:production"
    trusted = json.dumps({"mail_caller": {"federated": {"issuer": issuer, "subject": subject}}})
    done = administrator.run(*further, trusted, "-e", "mail_administrator=device_code")
    assert done.code == 0, done.output
    now = estate.footprint()
    for name in (CALLER, READER):
        [application] = now.applications(name)
        assert (application["passwordCredentials"], application["keyCredentials"]) == ([], [])
    assert len(now.objects("federated_identity_credentials")) == 2
    # Of a file that nobody names any more nothing is known, and what is in it opens nothing.
    assert sorted(home_files(estate)) == ["caller.json"]
    client_id = told(done)["mail_entra"]["client_id"]
    for claimed, is_trusted in ((subject, True), (f"{subject}-2", False)):
        token = estate.sandbox.control("POST", "/issuer/tokens", {"subject": claimed})["token"]
        assertion = {"client_assertion": partial(str, token)}
        assert (token_of(estate, client_id, assertion) is not None) is is_trusted


def test_a_managed_identity_keeps_what_it_had(administrator: Administrator, estate: Estate) -> None:
    machine = estate.sandbox.control("POST", "/tenant/applications", {
        "displayName": "Machine", "roles": {GRAPH: ["Organization.Read.All"]},
    })
    before = estate.footprint()
    given = json.dumps({"mail_caller": {"managed_identity": machine["appId"]}})
    further = [*estate.hosts(**bare(estate, TICKETS)), "-e", given]
    done = administrator.run(*further)
    assert done.code == 0, done.output
    now = estate.footprint()
    assert now.applications(CALLER) == []
    assert roles_of(now, machine["appId"]) > roles_of(before, machine["appId"]) == {"Organization.Read.All"}
    assert told(done)["mail_entra"] == {
        "tenant_id": now.tenant["tenant_id"], "auth_source": "managed_identity",
        "managed_identity_client_id": machine["appId"],
    }
    gone = administrator.run("-e", "mail_bootstrap_state=absent", *further)
    assert gone.code == 0, gone.output
    after = estate.footprint()
    assert {**lasting(after), "deleted_items": None} == {**lasting(before), "deleted_items": None}


def test_one_caller_is_for_one_tenant(administrator: Administrator, estate: Estate) -> None:
    before = lasting(estate.footprint())
    variables = bare(estate, ICI, TICKETS)
    elsewhere = {**variables["tas_test_1"]["mail_entra"], "tenant_id": "00000000-0000-4000-8000-000000000000"}
    variables["tas_test_1"]["mail_entra"] = elsewhere
    run = administrator.run(*estate.hosts(**variables))
    assert run.code != 0
    assert "ici-prod-1 and tas-test-1 are not in the same tenant" in " ".join(run.output.split())
    assert lasting(estate.footprint()) == before


def token_of(estate: Estate, client_id: str, credential: Mapping[str, Any]) -> str | None:
    """What Entra ID gives whoever has the credential, if anything."""
    env = estate.sandbox.env
    http = requests.Session()
    # What the machine says of authorities would count for more than the sandbox's.
    http.trust_env = False
    http.verify = estate.sandbox.ca
    client = msal.ConfidentialClientApplication(
        client_id, credential, instance_discovery=False, http_client=http,
        authority=f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}",
    )
    found: str | None = client.acquire_token_for_client(["https://graph.microsoft.com/.default"]).get("access_token")
    return found


def certificate(path: Path) -> dict[str, str]:
    """What a file of a certificate and its key holds."""
    key, begin, rest = path.read_text().partition("-----BEGIN CERTIFICATE-----")
    return {"private_key": key, "public_certificate": begin + rest}
