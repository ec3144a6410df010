"""What an administrator does with Microsoft's own clients: the Azure CLI, Graph's and Exchange's command line tools."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from device_tool import ADMIN, AZURE_CLI, EXCHANGE_POWERSHELL, GRAPH_TOOLS, Tool, enter
from person_fixture import CONTRACTS, GRAPH, OUTLOOK, claims, refused
from sandbox_fixture import RunningSandbox

EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
ROLES = "/roleManagement/directory/roleAssignments"


def graph(sandbox: RunningSandbox, token: str, method: str, path: str, content: Any = None) -> requests.Response:
    return requests.request(
        method, f"{sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0{path}", json=content, verify=sandbox.ca, timeout=30,
        headers={"Authorization": f"Bearer {token}"},
    )


def mailboxes(sandbox: RunningSandbox, token: str) -> requests.Response:
    return requests.post(
        f"{sandbox.env['MAILOPS_EXCHANGE_ENDPOINT']}/adminapi/beta/{sandbox.env['AZURE_TENANT_ID']}/InvokeCommand",
        json={"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {}}}, verify=sandbox.ca, timeout=30,
        headers={"Authorization": f"Bearer {token}", "X-CmdletName": "Get-Mailbox"},
    )


def test_the_azure_cli_does_in_the_directory_what_its_user_may(clean: RunningSandbox) -> None:
    tool = Tool(clean, AZURE_CLI)
    token = tool.token(f"{GRAPH}/.default")
    assert (claims(token)["appid"], claims(token)["upn"], claims(token)["appidacr"]) == (AZURE_CLI, ADMIN, "0")
    assert "Directory.AccessAsUser.All" in claims(token)["scp"].split()
    made = graph(clean, token, "POST", "/applications", {"displayName": "Caller"})
    assert made.status_code == 201, made.text
    assert graph(clean, token, "GET", "/policies/defaultAppManagementPolicy").status_code == 403
    theirs = tool.token(f"{GRAPH}/.default", user=CONTRACTS)
    refusal = graph(clean, theirs, "POST", "/applications", {"displayName": "Caller"})
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


def test_the_azure_cli_is_not_preauthorized_for_exchange(clean: RunningSandbox) -> None:
    tool = Tool(clean, AZURE_CLI)
    flow = tool.flow(f"{OUTLOOK}/.default")
    assert "AADSTS65002" in enter(clean, flow["verification_uri"], flow["user_code"]).text


def test_graphs_tools_ask_an_administrator_for_what_they_need(clean: RunningSandbox) -> None:
    tool = Tool(clean, GRAPH_TOOLS)
    scope = f"{GRAPH}/Application.ReadWrite.All {GRAPH}/RoleManagement.ReadWrite.Directory"
    names = set(claims(tool.token(scope, "Accept"))["scp"].split())
    assert {"Application.ReadWrite.All", "RoleManagement.ReadWrite.Directory"} <= names
    assert "Directory.AccessAsUser.All" not in names


def test_who_administers_exchange_signs_in_with_its_powershell(clean: RunningSandbox) -> None:
    tool = Tool(clean, EXCHANGE_POWERSHELL)
    answer = mailboxes(clean, tool.token(f"{OUTLOOK}/.default"))
    assert answer.status_code == 200, answer.text
    assert "contracts@contoso.example" in answer.text
    assert mailboxes(clean, tool.token(f"{OUTLOOK}/.default", user=CONTRACTS)).status_code == 403
    refused(tool.post("devicecode", scope=f"{OUTLOOK}/.default", client_id=clean.env["AZURE_TENANT_ID"]), 700016,
            "unauthorized_client")


@pytest.fixture
def administrator(clean: RunningSandbox) -> str:
    return Tool(clean, AZURE_CLI).token(f"{GRAPH}/.default")


def test_a_directory_role_comes_and_goes(clean: RunningSandbox, administrator: str) -> None:
    added = clean.control("POST", "/tenant/applications", {"displayName": "Caller"})
    assignment = {
        "principalId": added["servicePrincipalId"], "roleDefinitionId": EXCHANGE_ADMINISTRATOR, "directoryScopeId": "/",
    }
    made = graph(clean, administrator, "POST", ROLES, assignment)
    assert made.status_code == 201, made.text
    twice = graph(clean, administrator, "POST", ROLES, assignment)
    assert (twice.status_code, twice.json()["error"]["code"]) == (400, "Request_BadRequest")
    own = f"{ROLES}?$filter=principalId eq '{added['servicePrincipalId']}'"
    [found] = graph(clean, administrator, "GET", own).json()["value"]
    assert found == {**assignment, "id": made.json()["id"]}
    assert graph(clean, administrator, "DELETE", f"{ROLES}/{found['id']}").status_code == 204
    assert graph(clean, administrator, "GET", own).json()["value"] == []


@pytest.mark.parametrize("change", [
    {"principalId": "00000000-0000-0000-0000-000000000000"},
    {"roleDefinitionId": "00000000-0000-0000-0000-000000000000"},
    {"directoryScopeId": "/administrativeUnits/00000000-0000-0000-0000-000000000000"},
])
def test_a_role_that_cannot_be(clean: RunningSandbox, administrator: str, change: dict[str, str]) -> None:
    added = clean.control("POST", "/tenant/applications", {"displayName": "Caller"})
    before = clean.control("GET", "/tenant")["collections"]["directory_role_assignments"]
    answer = graph(clean, administrator, "POST", ROLES, {
        "principalId": added["servicePrincipalId"], "roleDefinitionId": EXCHANGE_ADMINISTRATOR, "directoryScopeId": "/",
        **change,
    })
    assert 400 <= answer.status_code < 500
    assert clean.control("GET", "/tenant")["collections"]["directory_role_assignments"] == before
