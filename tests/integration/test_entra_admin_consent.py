"""entra_admin_consent and its read-only twin against the sandbox, judged by the tenant's state."""

from __future__ import annotations

from typing import Any

import pytest
from module_runner import Modules, without_ids
from sandbox_fixture import RunningSandbox

GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE = "Office 365 Exchange Online"
SEND = [{"resource": "Microsoft Graph", "application": ["Mail.Send"]}]
MANY = [
    {"resource": "Microsoft Graph", "application": ["Mail.Send", "Mail.Read"], "delegated": ["User.Read", "Mail.Read"]},
    {"resource": EXCHANGE, "application": ["IMAP.AccessAsApp"]},
]


class Client:
    """An application in the tenant, and what it was granted there."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        made = modules.ok("entra_application", unique_name="contracts-mail", display_name="Contracts mail")
        self.app_id: str = made["application"]["app_id"]

    def roles(self) -> set[tuple[str, str]]:
        """(resource, role) of every app role assignment."""
        tenant = self.modules.tenant()
        resources = tenant["service_principals"]
        names = {role["id"]: role["value"] for one in resources.values() for role in one["appRoles"]}
        clients = {one["id"] for one in resources.values() if one["appId"] == self.app_id}
        held = [one for one in tenant["app_role_assignments"].values() if one["principalId"] in clients]
        found = [(resources[one["resourceId"]]["displayName"], names[one["appRoleId"]]) for one in held]
        assert len(found) == len(set(found))
        return set(found)

    def scopes(self) -> dict[str, set[str]]:
        """The scopes that are granted for all users, by resource."""
        tenant = self.modules.tenant()
        resources = tenant["service_principals"]
        clients = {one["id"] for one in resources.values() if one["appId"] == self.app_id}
        return {
            resources[one["resourceId"]]["displayName"]: set(one["scope"].split())
            for one in tenant["oauth2_permission_grants"].values()
            if one["clientId"] in clients and one["consentType"] == "AllPrincipals"
        }


@pytest.fixture
def client(clean: RunningSandbox) -> Client:
    return Client(Modules(clean))


def test_grants_application_and_delegated_permissions(client: Client) -> None:
    predicted, done = client.modules.four_runs("entra_admin_consent", app_id=client.app_id, permissions=MANY)
    assert client.roles() == {
        ("Microsoft Graph", "Mail.Send"), ("Microsoft Graph", "Mail.Read"), (EXCHANGE, "IMAP.AccessAsApp"),
    }
    assert client.scopes() == {"Microsoft Graph": {"User.Read", "Mail.Read"}}
    (principal,) = client.modules.objects("service_principals", appId=client.app_id)
    assert principal["tags"] == ["WindowsAzureActiveDirectoryIntegratedApp"]
    assert done["service_principal"] == {"object_id": principal["id"], "app_id": client.app_id}
    assert predicted["service_principal"]["object_id"] is None
    assert without_ids(predicted["diff"]) == without_ids(done["diff"])


def test_merges_into_what_is_granted_already(client: Client) -> None:
    client.modules.ok("entra_admin_consent", app_id=client.app_id, permissions=MANY)
    before = client.modules.tenant()["app_role_assignments"]
    client.modules.four_runs("entra_admin_consent", app_id=client.app_id, permissions=[
        {"resource": "Microsoft Graph", "application": ["Mail.Send", "User.Read.All"], "delegated": ["Mail.Send"]},
    ])
    assert client.modules.tenant()["app_role_assignments"].items() >= before.items()
    assert ("Microsoft Graph", "User.Read.All") in client.roles()
    assert len(client.roles()) == 4
    assert client.scopes() == {"Microsoft Graph": {"User.Read", "Mail.Read", "Mail.Send"}}


def test_purge_leaves_exactly_what_is_named(client: Client) -> None:
    client.modules.ok("entra_admin_consent", app_id=client.app_id, permissions=MANY)
    _, done = client.modules.four_runs("entra_admin_consent", app_id=client.app_id, purge=True, permissions=SEND)
    assert client.roles() == {("Microsoft Graph", "Mail.Send")}
    assert client.scopes() == {}
    assert {"resource": EXCHANGE, "application": ["IMAP.AccessAsApp"], "delegated": []} in (
        done["diff"]["before"]["granted"]
    )


def test_absent_revokes_what_is_named_and_with_purge_all(client: Client) -> None:
    client.modules.ok("entra_admin_consent", app_id=client.app_id, permissions=MANY)
    client.modules.four_runs("entra_admin_consent", app_id=client.app_id, state="absent", permissions=[
        {"resource": "Microsoft Graph", "application": ["Mail.Read"], "delegated": ["User.Read"]},
    ])
    assert client.roles() == {("Microsoft Graph", "Mail.Send"), (EXCHANGE, "IMAP.AccessAsApp")}
    assert client.scopes() == {"Microsoft Graph": {"Mail.Read"}}
    client.modules.four_runs("entra_admin_consent", app_id=client.app_id, state="absent", purge=True)
    assert client.roles() == set()
    assert client.scopes() == {}
    assert len(client.modules.objects("service_principals", appId=client.app_id)) == 1


def test_absent_without_a_service_principal_changes_nothing(client: Client) -> None:
    before = client.modules.tenant()
    result = client.modules.ok("entra_admin_consent", app_id=client.app_id, state="absent", permissions=SEND)
    assert result["changed"] is False
    assert result["service_principal"] is None
    assert client.modules.tenant() == before


@pytest.mark.parametrize("check", [True, False])
def test_refuses_names_that_do_not_exist(client: Client, check: bool) -> None:
    before = client.modules.tenant()
    result = client.modules.run("entra_admin_consent", check=check, app_id=client.app_id, permissions=[
        {"resource": EXCHANGE, "application": ["IMAP.AccesAsApp"]},
    ])
    assert result["msg"].startswith(f"{EXCHANGE} has no application permission IMAP.AccesAsApp. Nearest: ")
    assert "IMAP.AccessAsApp" in result["remedy"]
    assert client.modules.tenant() == before


@pytest.mark.parametrize(("roles", "action", "needed"), [
    (["Application.Read.All"], 'create the service principal of "Contracts mail"', "Application.ReadWrite.OwnedBy"),
    (
        ["Application.Read.All", "Application.ReadWrite.All"],
        'grant Mail.Send (application) on Microsoft Graph to "Contracts mail"', "AppRoleAssignment.ReadWrite.All",
    ),
])
def test_a_missing_permission_of_the_caller_is_named(
    client: Client, roles: list[str], action: str, needed: str
) -> None:
    caller: dict[str, Any] = client.modules.sandbox.control(
        "POST", "/tenant/applications", {"displayName": "Caller", "secret": True, "roles": {GRAPH: roles}}
    )
    client.modules.environment |= {"AZURE_CLIENT_ID": caller["appId"], "AZURE_CLIENT_SECRET": caller["secret"]}
    result = client.modules.run("entra_admin_consent", app_id=client.app_id, permissions=SEND)
    assert result["msg"].startswith(f"Could not {action}: Insufficient privileges")
    assert needed in result["remedy"]
    assert client.roles() == set()


def test_a_delegated_read_without_permission_names_it(client: Client) -> None:
    caller: dict[str, Any] = client.modules.sandbox.control("POST", "/tenant/applications", {
        "displayName": "Caller", "secret": True, "roles": {GRAPH: ["Application.Read.All"]},
    })
    client.modules.environment |= {"AZURE_CLIENT_ID": caller["appId"], "AZURE_CLIENT_SECRET": caller["secret"]}
    result = client.modules.run("entra_admin_consent_info", app_id=client.app_id)
    assert "DelegatedPermissionGrant.Read.All or Directory.Read.All" in result["remedy"]


def test_requests_of_a_first_and_of_an_unchanged_run(client: Client) -> None:
    client.modules.count("graph")
    client.modules.ok("entra_admin_consent", app_id=client.app_id, permissions=MANY)
    assert client.modules.count("graph") == 4  # reads, the service principal, a batch of grants, reads of the outcome
    client.modules.ok("entra_admin_consent", app_id=client.app_id, permissions=MANY)
    assert client.modules.count("graph") == 1


def test_info_shows_everything_by_name(client: Client) -> None:
    nothing = client.modules.ok("entra_admin_consent_info", app_id=client.app_id)
    assert nothing["service_principal"] is None
    assert nothing["granted"] == []
    done = client.modules.ok("entra_admin_consent", app_id=client.app_id, permissions=MANY)
    found = client.modules.ok("entra_admin_consent_info", app_id=client.app_id)
    assert found["service_principal"] == done["service_principal"]
    assert found["granted"] == done["granted"] == [
        {
            "resource": "Microsoft Graph", "application": ["Mail.Read", "Mail.Send"],
            "delegated": ["Mail.Read", "User.Read"],
        },
        {"resource": EXCHANGE, "application": ["IMAP.AccessAsApp"], "delegated": []},
    ]
