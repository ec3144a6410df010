"""Role-based access control for applications, and application access policies."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_client import ADMINISTRATOR, Exchange, not_found
from m365_sandbox.exchange.roles import APPLICATION_ROLES
from sandbox_fixture import RunningSandbox

PROBE, SHARED = "probe@contoso.example", "shared@contoso.example"
SEND = "Application Mail.Send"


@pytest.fixture
def exchange(clean: RunningSandbox) -> Exchange:
    return Exchange(clean, ADMINISTRATOR)


@pytest.fixture
def app(exchange: Exchange) -> dict[str, Any]:
    """An application that Exchange knows: the row of its pointer."""
    added = exchange.sandbox.control("POST", "/tenant/applications", {"displayName": "CMO mail"})
    row, = exchange.run(
        "New-ServicePrincipal", AppId=added["appId"], ObjectId=added["servicePrincipalId"], DisplayName="CMO mail"
    )
    return row


def scope(exchange: Exchange, name: str = "Probe only", restriction: str = f"PrimarySmtpAddress -eq '{PROBE}'") -> Any:
    row, = exchange.run("New-ManagementScope", Name=name, RecipientRestrictionFilter=restriction)
    return row


def text_of(refusal: tuple[int, str]) -> tuple[int, str]:
    return refusal[0], refusal[1].rpartition("|")[2]


# -- scopes -----------------------------------------------------------------------------------------------------------


def test_new_scope_prints_the_filter_in_its_normal_form(exchange: Exchange) -> None:
    row = scope(exchange, restriction=f'primarysmtpaddress -eq "{PROBE}" -or alias -eq shared')
    assert {name: row[name] for name in (
        "Name", "ScopeRestrictionType", "Exclusive", "RecipientRoot", "RecipientFilter",
    )} == {
        "Name": "Probe only", "ScopeRestrictionType": "RecipientScope", "Exclusive": False, "RecipientRoot": None,
        "RecipientFilter": f"((PrimarySmtpAddress -eq '{PROBE}') -or (Alias -eq 'shared'))",
    }
    assert exchange.run("Get-ManagementScope", Identity="probe ONLY") == [row]
    assert exchange.run("Get-ManagementScope", Identity=row["Guid"]) == [row]


def test_a_second_scope_with_the_same_filter_is_refused(exchange: Exchange) -> None:
    scope(exchange)
    status, text = text_of(exchange.refusal(
        "New-ManagementScope", Name="Other", RecipientRestrictionFilter=f"(PRIMARYSMTPADDRESS -eq '{PROBE.upper()}')",
    ))
    assert status == 400
    assert text.endswith("Use the existing management scope instead of creating a new one.")
    assert len(exchange.tenant("management_scopes")) == 1


def test_names_of_scopes(exchange: Exchange) -> None:
    scope(exchange)
    response = exchange.invoke(
        "New-ManagementScope", {"Name": "probe only", "RecipientRestrictionFilter": "Alias -eq 'x'"}
    )
    assert "ADObjectAlreadyExistsException" in response.json()["error"]["details"][0]["message"]
    assert exchange.refusal("New-ManagementScope", Name="x" * 65, RecipientRestrictionFilter="Alias -eq 'x'")[0] == 400


def test_filters_that_are_none(exchange: Exchange) -> None:
    for restriction, words in (("Nonsense -eq 'x'", "is not a recognized filterable property"),
                               ("Alias -eq", "Invalid filter syntax")):
        status, text = exchange.refusal("New-ManagementScope", Name="x", RecipientRestrictionFilter=restriction)
        assert (status, words in text) == (400, True)
    assert exchange.tenant("management_scopes") == {}


def test_set_and_remove_scope(exchange: Exchange, app: dict[str, Any]) -> None:
    scope(exchange)
    changes = {"RecipientRestrictionFilter": "Alias -eq 'shared'", "Name": "S"}
    exchange.run("Set-ManagementScope", Identity="Probe only", **changes)
    row, = exchange.run("Get-ManagementScope")
    assert (row["Name"], row["RecipientFilter"]) == ("S", "Alias -eq 'shared'")
    same = {"RecipientRestrictionFilter": "alias -eq shared"}
    _, warnings = exchange.run_warned("Set-ManagementScope", Identity="S", **same)
    assert len(warnings) == 1
    exchange.run("New-ManagementRoleAssignment", App=app["AppId"], Role=SEND, CustomResourceScope="S")
    assert exchange.run("Get-ManagementScope", Orphan=True) == []
    status, text = text_of(exchange.refusal("Remove-ManagementScope", Identity="S", Confirm=False))
    assert (status, "can't be removed" in text) == (400, True)
    assignment, = exchange.run("Get-ManagementRoleAssignment")
    exchange.run("Remove-ManagementRoleAssignment", Identity=assignment["Name"], Confirm=False)
    exchange.run("Remove-ManagementScope", Identity="S", Confirm=False)
    assert exchange.run("Get-ManagementScope") == []
    assert exchange.refusal("Remove-ManagementScope", Identity="S") == not_found("S")


# -- assignments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ObjectId", "AppId", "DisplayName", "Identity"])
def test_assignment_to_an_application(exchange: Exchange, app: dict[str, Any], name: str) -> None:
    scope(exchange)
    row, = exchange.run(
        "New-ManagementRoleAssignment", App=app[name], Role="application mail.send", CustomResourceScope="probe only"
    )
    assert {key: row[key] for key in (
        "Role", "RoleAssigneeName", "RoleAssigneeType", "AssignmentMethod", "CustomResourceScope", "Enabled",
    )} == {
        "Role": SEND, "RoleAssigneeName": app["ObjectId"], "RoleAssigneeType": "ServicePrincipal",
        "AssignmentMethod": "Direct", "CustomResourceScope": "Probe only", "Enabled": True,
    }
    assert row["Name"] == f"{SEND}-{app['ObjectId']}"[:64]
    assert exchange.run("Get-ManagementRoleAssignment", RoleAssignee=app[name]) == [row]
    assert exchange.run("Get-ManagementRoleAssignment", Role=SEND) == [row]
    assert exchange.run("Get-ManagementRoleAssignment", Role="Application Mail.Read") == []


def test_asking_by_app_fails(exchange: Exchange, app: dict[str, Any]) -> None:
    status, text = exchange.refusal("Get-ManagementRoleAssignment", App=app["AppId"])
    assert status == 400
    assert text.startswith("Parameter set cannot be resolved using the specified named parameters")


def test_second_assignment(exchange: Exchange, app: dict[str, Any]) -> None:
    scope(exchange)
    first, = exchange.run("New-ManagementRoleAssignment", App=app["AppId"], Role=SEND, CustomResourceScope="Probe only")
    response = exchange.invoke(
        "New-ManagementRoleAssignment", {"App": app["AppId"], "Role": SEND, "CustomResourceScope": "Probe only"}
    )
    assert response.status_code == 400
    assert first["DistinguishedName"] in response.json()["error"]["details"][0]["message"]
    wider, = exchange.run("New-ManagementRoleAssignment", App=app["AppId"], Role=SEND)
    assert wider["CustomResourceScope"] is None
    assert wider["Name"] != first["Name"]
    assert len(wider["Name"]) <= 64


@pytest.mark.parametrize(("change", "missing"), [
    ({"App": "nobody"}, "nobody"), ({"Role": "Application IMAP.AccessAsApp"}, "Application IMAP.AccessAsApp"),
    ({"CustomResourceScope": "none"}, "none"), ({"RecipientGroupScope": "none"}, "none"),
    ({"RecipientAdministrativeUnitScope": "unit"}, "unit"),
])
def test_assignment_of_what_is_not_there(
    exchange: Exchange, app: dict[str, Any], change: dict[str, Any], missing: str
) -> None:
    parameters = {"App": app["AppId"], "Role": SEND, **change}
    assert exchange.refusal("New-ManagementRoleAssignment", **parameters) == not_found(missing)


def test_two_scopes_at_once(exchange: Exchange, app: dict[str, Any]) -> None:
    assert exchange.refusal(
        "New-ManagementRoleAssignment", App=app["AppId"], Role=SEND, CustomResourceScope="a", RecipientGroupScope="b"
    )[0] == 400


def test_set_assignment(exchange: Exchange, app: dict[str, Any]) -> None:
    scope(exchange)
    name = exchange.run("New-ManagementRoleAssignment", App=app["AppId"], Role=SEND)[0]["Name"]
    exchange.run("Set-ManagementRoleAssignment", Identity=name, CustomResourceScope="Probe only")
    assert exchange.run("Get-ManagementRoleAssignment", Identity=name)[0]["CustomResourceScope"] == "Probe only"
    exchange.run("Set-ManagementRoleAssignment", Identity=name, Enabled=False)
    assert exchange.run("Get-ManagementRoleAssignment", Enabled=True) == []
    assert exchange.run("Test-ServicePrincipalAuthorization", Identity=app["AppId"]) == []
    _, warnings = exchange.run_warned("Set-ManagementRoleAssignment", Identity=name, Enabled=False)
    assert len(warnings) == 1


# -- what an application may do ---------------------------------------------------------------------------------------


def test_authorization(exchange: Exchange, app: dict[str, Any]) -> None:
    scope(exchange)
    exchange.run("New-ManagementRoleAssignment", App=app["AppId"], Role=SEND, CustomResourceScope="Probe only")
    exchange.run("New-ManagementRoleAssignment", App=app["AppId"], Role="Application Mail Full Access")

    def scopes(**parameters: Any) -> list[tuple[str, str, str, str, str]]:
        rows = exchange.run("Test-ServicePrincipalAuthorization", Identity=app["DisplayName"], **parameters)
        assert all(list(row) == [
            "RoleName", "GrantedPermissions", "AllowedResourceScope", "ScopeType", "InScope",
        ] for row in rows)
        return [tuple(row.values()) for row in rows]

    limited, wide = (SEND, "Mail.Send", "Probe only", "CustomRecipientScope"), (
        "Application Mail Full Access", "Mail.ReadWrite, Mail.Send", "Organization", "Organization",
    )
    assert scopes() == [(*limited, "Not Run"), (*wide, "Not Run")]
    assert scopes(Resource=PROBE) == [(*limited, "True"), (*wide, "True")]
    assert scopes(Resource=SHARED) == [(*limited, "False"), (*wide, "True")]
    assert exchange.refusal(
        "Test-ServicePrincipalAuthorization", Identity=app["AppId"], Resource="unlicensed@contoso.example"
    ) == not_found("unlicensed@contoso.example")


def test_authorization_by_group(exchange: Exchange, app: dict[str, Any]) -> None:
    group, = exchange.run("New-DistributionGroup", Name="Mail apps", Type="Security", Members=[PROBE])
    scope(exchange, "Members", f"MemberOfGroup -eq '{group['DistinguishedName']}'")
    exchange.run("New-ManagementRoleAssignment", App=app["AppId"], Role=SEND, CustomResourceScope="Members")
    exchange.run(
        "New-ManagementRoleAssignment", App=app["AppId"], Role="Application Mail.Read", RecipientGroupScope="Mail apps"
    )

    def in_scope(mailbox: str) -> list[str]:
        rows = exchange.run("Test-ServicePrincipalAuthorization", Identity=app["AppId"], Resource=mailbox)
        return [row["InScope"] for row in rows]

    assert (in_scope(PROBE), in_scope(SHARED)) == (["True", "True"], ["False", "False"])
    exchange.run("Add-DistributionGroupMember", Identity="Mail apps", Member=SHARED)
    assert in_scope(SHARED) == ["True", "True"]


def test_roles_are_the_documented_ones() -> None:
    assert len(APPLICATION_ROLES) == 24
    assert APPLICATION_ROLES["Application MailboxItem.Export"] == ("MailboxItem.Export.All",)
    assert APPLICATION_ROLES["Application SMTP.SendAsApp"] == ("SMTP.SendAsApp",)
    assert not any("IMAP" in name or "POP" in name for name in APPLICATION_ROLES)


# -- application access policies --------------------------------------------------------------------------------------


@pytest.fixture
def group(exchange: Exchange) -> dict[str, Any]:
    row, = exchange.run("New-DistributionGroup", Name="Mail apps", Type="Security", Members=[PROBE])
    return row


def policy(exchange: Exchange, app: dict[str, Any], right: str, scope_group: str = "Mail apps") -> dict[str, Any]:
    row, = exchange.run(
        "New-ApplicationAccessPolicy", AccessRight=right, AppId=app["AppId"], PolicyScopeGroupId=scope_group
    )
    return row


def test_policy_prints_what_is_recorded(exchange: Exchange, app: dict[str, Any], group: dict[str, Any]) -> None:
    row = policy(exchange, app, "RestrictAccess")
    raw = f"{group['Sid']};{group['ExternalDirectoryObjectId']}"
    assert row == {
        "ScopeName": "Mail apps", "ScopeIdentity": "Mail apps",
        "Identity": f"{exchange.sandbox.env['AZURE_TENANT_ID']}\\{app['AppId']}:{raw}", "AppId": app["AppId"],
        "ScopeIdentityRaw": raw,
        "Description": (
            f"AppId: {app['AppId']};ScopeIdentitySid: {group['Sid']};ScopeIdentityOid: "
            f"{group['ExternalDirectoryObjectId']};AccessRight: RestrictAccess; ShardType: All"
        ),
        "AccessRight": "RestrictAccess", "ShardType": "All", "IsValid": True, "ObjectState": "Unchanged",
    }
    assert exchange.run("Get-ApplicationAccessPolicy") == [row]
    exchange.run("Set-ApplicationAccessPolicy", Identity=row["Identity"], Description="Ours")
    assert exchange.run("Get-ApplicationAccessPolicy", Identity=row["Identity"])[0]["Description"] == "Ours"
    exchange.run("Remove-ApplicationAccessPolicy", Identity=row["Identity"], Confirm=False)
    assert exchange.run("Get-ApplicationAccessPolicy") == []


@pytest.mark.parametrize(("rights", "probe", "shared"), [
    ([], "Granted", "Granted"), (["RestrictAccess"], "Granted", "Denied"), (["DenyAccess"], "Denied", "Granted"),
])
def test_decision(
    exchange: Exchange, app: dict[str, Any], group: dict[str, Any], rights: list[str], probe: str, shared: str
) -> None:
    for right in rights:
        policy(exchange, app, right)

    def result(mailbox: str) -> str:
        row, = exchange.run("Test-ApplicationAccessPolicy", Identity=mailbox, AppId=app["AppId"])
        assert list(row) == ["AppId", "Mailbox", "MailboxId", "MailboxSid", "AccessCheckResult"]
        return str(row["AccessCheckResult"])

    assert (result(PROBE), result(SHARED)) == (probe, shared)


def test_deny_beats_restrict(exchange: Exchange, app: dict[str, Any], group: dict[str, Any]) -> None:
    exchange.run("New-DistributionGroup", Name="Kept out", Members=[PROBE])
    policy(exchange, app, "RestrictAccess")
    policy(exchange, app, "DenyAccess", "Kept out")
    row, = exchange.run("Test-ApplicationAccessPolicy", Identity=PROBE, AppId=app["AppId"])
    assert row["AccessCheckResult"] == "Denied"


def test_policy_needs_a_group(exchange: Exchange, app: dict[str, Any]) -> None:
    assert exchange.refusal(
        "New-ApplicationAccessPolicy", AccessRight="DenyAccess", AppId=app["AppId"], PolicyScopeGroupId=PROBE
    )[0] == 400
