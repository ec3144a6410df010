"""An administrator makes an inventory's caller and reader; the main job then runs as that caller, and only so."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msal
import pytest
import requests
import yaml
from device_tool import AZURE_CLI, Tool, enter
from estates import GRAPH, INVENTORY, Estate, Footprint, Run

#: One that needs nothing of Exchange, and one whose mailbox Exchange opens and another is refused.
ICI, TICKETS = "ici-prod-1", "tas-test-1"
PROBE, DIRECTOR = "probe@contoso.example", "director@contoso.example"
CALLER, READER = "mailops-caller", "mailops-proof-reader"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
ROLES = "/roleManagement/directory/roleAssignments"
CODE = re.compile(r"open the page (\S+) and enter the code (\w+)")


class Administrator:
    """Who has signed in with the Azure CLI, and enters the codes that a run shows."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.tools = estate.home / "administrator"
        self.tools.mkdir(exist_ok=True)
        self.token = Tool(estate.sandbox, AZURE_CLI).token("https://graph.microsoft.com/.default")
        (self.tools / "token.json").write_text(json.dumps({"accessToken": self.token}))
        az = self.tools / "az"
        az.write_text(f"#!/bin/sh\nexec cat {self.tools}/token.json\n")
        az.chmod(0o700)

    def run(self, *arguments: str) -> Run:
        """The playbook, with everything that a person has to do done."""
        environment = self.estate.environment()
        environment["PATH"] = f"{self.tools}:{environment['PATH']}"
        command = self.estate.command(*arguments, playbook="bootstrap")
        process = subprocess.Popen(
            command, env=environment, cwd=self.estate.home, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        lines, people = [], []
        for line in process.stdout:
            lines.append(line)
            if (shown := CODE.search(line)) is not None:
                people.append(threading.Thread(target=self._enter, args=shown.groups()))
                people[-1].start()
        for person in people:
            person.join()
        return Run(process.wait(timeout=600), "".join(lines))

    @contextmanager
    def without(self, path: str, principal: str, role: str) -> Iterator[None]:
        """Take an assignment of a role from a service principal, by hand, and give it back."""
        [taken] = [
            one for one in graph(self.estate, self.token, "GET", path).json()["value"]
            if one["principalId"] == principal and role in (one.get("appRoleId"), one.get("roleDefinitionId"))
        ]
        assert graph(self.estate, self.token, "DELETE", f"{path}/{taken['id']}").status_code == 204
        yield
        names = {"principalId", "resourceId", "appRoleId", "roleDefinitionId", "directoryScopeId"} & set(taken)
        given = graph(self.estate, self.token, "POST", path, {name: taken[name] for name in names})
        assert given.status_code == 201

    def _enter(self, page: str, code: str) -> None:
        person = enter(self.estate.sandbox, page, code)
        if "Permissions requested" in person.text:
            person.press("Accept")


def graph(estate: Estate, token: str, method: str, path: str, content: Any = None) -> requests.Response:
    """A request to Microsoft Graph."""
    return requests.request(
        method, f"{estate.sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0{path}", json=content, verify=estate.sandbox.ca,
        timeout=30, headers={"Authorization": f"Bearer {token}"},
    )


def bare(estate: Estate, *hosts: str) -> dict[str, dict[str, Any]]:
    """What the inventory says before the caller is known: no more than where the services are, and what is wanted."""
    only(estate, *hosts)
    entra = {name: f"{{{{ sandbox.{value} }}}}" for name, value in {
        "tenant_id": "AZURE_TENANT_ID", "authority_host": "AZURE_AUTHORITY_HOST",
        "graph_endpoint": "MAILOPS_GRAPH_ENDPOINT", "ca_path": "MAILOPS_CA_FILE",
    }.items()}
    verify = {"recipient": PROBE, "receive": {"transport": "graph"}}
    return {
        host.replace("-", "_"): {
            "mail_entra": entra,
            "mail_verify": {**verify, **({"refused_mailbox": DIRECTOR} if host == TICKETS else {})},
        } for host in hosts
    }


def only(estate: Estate, *hosts: str) -> None:
    """Let the inventory have these hosts and no others."""
    estate.inventory = estate.home / "inventory"
    shutil.rmtree(estate.inventory, ignore_errors=True)
    shutil.copytree(INVENTORY, estate.inventory)
    file = estate.inventory / "hosts.yml"
    tree = yaml.safe_load(file.read_text())
    prune(tree["all"], hosts)
    file.write_text(yaml.safe_dump(tree))


def prune(group: dict[str, Any], hosts: tuple[str, ...]) -> None:
    if group.get("hosts"):
        group["hosts"] = {host: own for host, own in group["hosts"].items() if host in hosts}
    for child in (group.get("children") or {}).values():
        prune(child or {}, hosts)


def filled(variables: dict[str, dict[str, Any]], run: Run) -> dict[str, dict[str, Any]]:
    """The same with what the run said goes into the inventory."""
    said = told(run)
    return {
        host: {
            "mail_entra": {**own["mail_entra"], **said["mail_entra"]},
            "mail_verify": {
                **own["mail_verify"], "receive": {**own["mail_verify"]["receive"], **said["mail_verify"]["receive"]},
            },
        } for host, own in variables.items()
    }


def told(run: Run) -> dict[str, Any]:
    """What goes into the inventory, as a person would copy it."""
    text = run.output.partition("Into the inventory, beside what is there:\n")[2].partition("\n\n")[0]
    lines = [line for line in text.splitlines() if line.strip()]
    margin = len(lines[0]) - len(lines[0].lstrip())
    found: dict[str, Any] = yaml.safe_load("\n".join(line[margin:] for line in lines))
    return found


def granted(now: Footprint, unique_name: str) -> set[str]:
    """The names of the application permissions that an application was granted."""
    [application] = now.applications(unique_name)
    return roles_of(now, application["appId"])


def roles_of(now: Footprint, app_id: str) -> set[str]:
    """The same by client id."""
    principal = principal_of(now, app_id)
    names = {role: name for name, role in roles_named(now).items()}
    return {
        names[one["appRoleId"]] for one in now.objects("app_role_assignments") if one["principalId"] == principal["id"]
    }


def roles_named(now: Footprint) -> dict[str, str]:
    """The ids of the application permissions that the caller may have, by name."""
    resources = {"Microsoft Graph": "", "Office 365 Exchange Online": "Exchange.ManageAsApp"}
    return {
        role["value"]: role["id"] for one in now.objects("service_principals") if one["displayName"] in resources
        for role in one["appRoles"] if resources[one["displayName"]] in ("", role["value"])
    }


def principal_of(now: Footprint, app_id: str) -> dict[str, Any]:
    [principal] = [one for one in now.objects("service_principals") if one["appId"] == app_id]
    return principal


def directory_roles(now: Footprint, unique_name: str) -> list[str]:
    [application] = now.applications(unique_name)
    principal = principal_of(now, application["appId"])
    held = now.objects("directory_role_assignments")
    return [one["roleDefinitionId"] for one in held if one["principalId"] == principal["id"]]


def lasting(now: Footprint) -> dict[str, Any]:
    """What a run may change for good; signing in leaves traces of its own."""
    names = (
        "applications", "service_principals", "deleted_items", "app_role_assignments", "oauth2_permission_grants",
        "directory_role_assignments", "federated_identity_credentials",
    )
    return {**{name: now.objects(name) for name in names}, **now.administered(), **now.files}


def home_files(estate: Estate) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((estate.home / ".mailops").glob("*"))}


@pytest.fixture
def administrator(estate: Estate) -> Iterator[Administrator]:
    yield Administrator(estate)
    for path in (estate.home / ".mailops").glob("*"):
        path.unlink()


def test_the_caller_of_a_small_inventory(administrator: Administrator, estate: Estate) -> None:
    variables = bare(estate, ICI)
    further = [*estate.hosts(**variables)]
    before = estate.footprint()
    predicted = administrator.run("--check", "--diff", *further)
    assert predicted.code == 0, predicted.output
    assert predicted.changed == 1
    assert "Application.ReadWrite.OwnedBy" in predicted.output
    assert lasting(estate.footprint()) == lasting(before)
    assert home_files(estate) == {}

    done = administrator.run(*further)
    assert done.code == 0, done.output
    now = estate.footprint()
    assert granted(now, CALLER) == {
        "Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All",
    }
    assert directory_roles(now, CALLER) == []
    assert granted(now, READER) == set()
    pem = (estate.home / ".mailops" / f"{CALLER}.pem")
    assert pem.stat().st_mode & 0o777 == 0o600
    key = pem.read_text().partition("PRIVATE KEY-----\n")[2][:60]
    assert key not in done.output

    again = administrator.run("--diff", *further)
    assert again.code == 0, again.output
    assert (again.changed, lasting(estate.footprint())) == (0, lasting(now))
    checked = administrator.run("--check", *further)
    assert (checked.code, checked.changed) == (0, 0), checked.output

    set_up = estate.set_up(*estate.hosts(**filled(variables, done)))
    assert set_up.code == 0, set_up.output
    assert set_up.results == {ICI: "delivered"}
    assert estate.footprint().objects("applications")


def test_nothing_stays(administrator: Administrator, estate: Estate) -> None:
    further = [*estate.hosts(**bare(estate, TICKETS))]
    before = estate.footprint()
    done = administrator.run(*further)
    assert done.code == 0, done.output
    away = ("-e", "mail_bootstrap_state=absent", *further)
    gone = administrator.run(*away)
    assert (gone.code, gone.changed) == (0, 1), gone.output
    now = estate.footprint()
    assert now.applications(CALLER) == now.applications(READER) == []
    assert {**lasting(now), "deleted_items": None} == {**lasting(before), "deleted_items": None}
    assert home_files(estate) == {}
    again = administrator.run(*away)
    assert (again.code, again.changed) == (0, 0), again.output


def test_a_limit_takes_nothing_from_the_others(administrator: Administrator, estate: Estate) -> None:
    further = estate.hosts(**bare(estate, ICI, TICKETS))
    done = administrator.run(*further, "--limit", ICI)
    assert done.code == 0, done.output
    now = estate.footprint()
    assert {"Exchange.ManageAsApp", "User.ReadBasic.All"} < granted(now, CALLER)
    # What the inventory needs no more goes.
    shorter = administrator.run(*estate.hosts(**bare(estate, ICI)))
    assert (shorter.code, shorter.changed) == (0, 1), shorter.output
    assert granted(estate.footprint(), CALLER) == {
        "Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All",
    }
    assert directory_roles(estate.footprint(), CALLER) == []


def test_each_permission_is_needed(administrator: Administrator, estate: Estate) -> None:
    variables = bare(estate, TICKETS)
    done = administrator.run(*estate.hosts(**variables))
    assert done.code == 0, done.output
    now = estate.footprint()
    names = granted(now, CALLER)
    assert names == {
        "Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All",
        "User.ReadBasic.All", "Exchange.ManageAsApp",
    }
    assert directory_roles(now, CALLER) == [EXCHANGE_ADMINISTRATOR]
    principal = principal_of(now, told(done)["mail_entra"]["client_id"])["id"]
    assignments = f"/servicePrincipals/{principal}/appRoleAssignments"
    main_job = [*estate.hosts(**filled(variables, done))]
    for name in sorted(names):
        with administrator.without(assignments, principal, roles_named(now)[name]):
            refused = estate.set_up(*main_job)
            assert refused.failed == [TICKETS], f"{name} is not needed\n{refused.output}"
    with administrator.without(ROLES, principal, EXCHANGE_ADMINISTRATOR):
        refused = estate.set_up(*main_job)
        assert refused.failed == [TICKETS], refused.output
    whole = estate.set_up(*main_job)
    assert whole.code == 0, whole.output
    assert whole.results == {TICKETS: "delivered"}


def test_it_signs_in_in_one_way(administrator: Administrator, estate: Estate) -> None:
    further = [*estate.hosts(**bare(estate, ICI)), "-e"]
    folder = estate.home / ".mailops"
    assert administrator.run(*further, "{}").code == 0
    secret = json.dumps({"mail_caller": {"secret_path": "~/.mailops/caller.json"}})
    kept = administrator.run(*further, secret)
    assert kept.code == 0, kept.output
    [application] = estate.footprint().applications(CALLER)
    assert (len(application["passwordCredentials"]), application["keyCredentials"]) == (1, [])
    file = folder / "caller.json"
    assert (file.stat().st_mode & 0o777, sorted(home_files(estate))) == (0o600, ["caller.json", f"{READER}.pem"])
    value = json.loads(file.read_text())["client_secret"]
    assert value.startswith(application["passwordCredentials"][0]["hint"])
    assert value not in kept.output
    again = administrator.run("--diff", *further, secret)
    assert (again.code, again.changed) == (0, 0), again.output
    assert value not in again.output
    set_up = estate.set_up(*estate.hosts(**filled(bare(estate, ICI), kept)))
    assert set_up.results == {ICI: "delivered"}, set_up.output

    trusted = {"federated": {"issuer": estate.sandbox.env["M365_SANDBOX_ISSUER_URL"], "subject": "job"}}
    done = administrator.run(*further, json.dumps({"mail_caller": trusted}))
    assert done.code == 0, done.output
    now = estate.footprint()
    for name in (CALLER, READER):
        [application] = now.applications(name)
        assert (application["passwordCredentials"], application["keyCredentials"]) == ([], [])
    assert len(now.objects("federated_identity_credentials")) == 2


def test_jobs_of_a_ci_system_sign_in_with_what_it_issues(administrator: Administrator, estate: Estate) -> None:
    issuer, subject = estate.sandbox.env["M365_SANDBOX_ISSUER_URL"], "repo:contoso/mail:environment:production"
    trusted = json.dumps({"mail_caller": {"federated": {"issuer": issuer, "subject": subject}}})
    variables = bare(estate, ICI)
    made = ["-e", trusted]
    done = administrator.run(*estate.hosts(**variables), *made, "-e", "mail_administrator=device_code")
    assert done.code == 0, done.output
    now = estate.footprint()
    assert [one["keyCredentials"] for name in (CALLER, READER) for one in now.applications(name)] == [[], []]
    assert home_files(estate) == {}
    token = estate.home / "token"
    token.write_text(estate.sandbox.control("POST", "/issuer/tokens", {"subject": subject})["token"])
    main_job = [*estate.hosts(**filled(variables, done))]
    set_up = estate.set_up(*main_job, AZURE_FEDERATED_TOKEN_FILE=str(token))
    assert set_up.results == {ICI: "delivered"}, set_up.output
    token.write_text(estate.sandbox.control("POST", "/issuer/tokens", {"subject": f"{subject}-2"})["token"])
    assert estate.set_up(*main_job, AZURE_FEDERATED_TOKEN_FILE=str(token)).failed == [ICI]


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


def test_what_cannot_be_told_is_refused_before_anything_is_made(administrator: Administrator, estate: Estate) -> None:
    before = lasting(estate.footprint())
    broken, elsewhere = bare(estate, ICI, TICKETS), bare(estate, ICI, TICKETS)
    broken["tas_test_1"]["mail_send"] = {"transport": "grph"}
    elsewhere["tas_test_1"]["mail_entra"] = {
        **elsewhere["tas_test_1"]["mail_entra"], "tenant_id": "00000000-0000-4000-8000-000000000000",
    }
    for variables, caller, words in (
        (broken, {}, "What tas-test-1 needs cannot be told"), (elsewhere, {}, "are not in the same tenant"),
        (bare(estate, ICI, TICKETS), {"gitlab": {"project": "contoso/mail"}}, "mail_caller.gitlab.branch: is required"),
    ):
        given = json.dumps({"mail_caller": caller})
        run = administrator.run(*estate.hosts(**variables), "-e", given)
        assert run.code != 0
        assert words in " ".join(run.output.split())
    assert lasting(estate.footprint()) == before


def test_the_reader_reads_the_mailbox_of_the_proof_and_no_other(administrator: Administrator, estate: Estate) -> None:
    done = administrator.run(*estate.hosts(**bare(estate, ICI)))
    assert done.code == 0, done.output
    signs_in = told(done)["mail_verify"]["receive"]
    token = token_of(estate, signs_in["client_id"], estate.home / ".mailops" / f"{READER}.pem")
    assert graph(estate, token, "GET", f"/users/{PROBE}/messages").status_code == 200
    assert graph(estate, token, "GET", f"/users/{DIRECTOR}/messages").status_code == 403
    assert graph(estate, token, "GET", "/users").status_code == 403


def token_of(estate: Estate, client_id: str, pem: Path) -> str:
    """What Entra ID gives whoever has the certificate."""
    env, content = estate.sandbox.env, pem.read_text()
    key, begin, certificate = content.partition("-----BEGIN CERTIFICATE-----")
    http = requests.Session()
    # What the machine says of authorities would count for more than the sandbox's.
    http.trust_env = False
    http.verify = estate.sandbox.ca
    client = msal.ConfidentialClientApplication(
        client_id, {"private_key": key, "public_certificate": begin + certificate}, instance_discovery=False,
        authority=f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}", http_client=http,
    )
    return str(client.acquire_token_for_client(["https://graph.microsoft.com/.default"])["access_token"])
