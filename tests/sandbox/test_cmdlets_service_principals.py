"""Exchange's pointers to service principals."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_client import ADMINISTRATOR, Exchange, not_found
from graph_client import ALL, Graph, unknown
from sandbox_fixture import RunningSandbox

VALIDATION = "Microsoft.Exchange.Management.Tasks.ValidationException"


@pytest.fixture
def exchange(clean: RunningSandbox) -> Exchange:
    return Exchange(clean, ADMINISTRATOR)


@pytest.fixture
def application(clean: RunningSandbox) -> dict[str, Any]:
    """id, appId and servicePrincipalId of an application that Exchange does not know yet."""
    added: dict[str, Any] = clean.control("POST", "/tenant/applications", {"displayName": "CMO mail"})
    return added


def register(exchange: Exchange, application: dict[str, Any], **options: Any) -> dict[str, Any]:
    row, = exchange.run(
        "New-ServicePrincipal", AppId=application["appId"], ObjectId=application["servicePrincipalId"], **options
    )
    return row


def test_created_pointer_is_found_by_every_name(exchange: Exchange, application: dict[str, Any]) -> None:
    created = register(exchange, application, DisplayName="CMO mail")
    assert (created["AppId"], created["ObjectId"], created["DisplayName"]) == (
        application["appId"], application["servicePrincipalId"], "CMO mail",
    )
    assert created["RecipientTypeDetails"] == "ServicePrinciple"
    for name in ("AppId", "ObjectId", "DisplayName", "Identity", "Guid", "DistinguishedName", "Sid"):
        assert exchange.run("Get-ServicePrincipal", Identity=created[name].upper()) == [created], name
    assert created in exchange.run("Get-ServicePrincipal")
    stored = exchange.tenant("exchange_service_principals")[application["appId"]]
    assert (stored["ObjectId"], stored["Sid"]) == (application["servicePrincipalId"], created["Sid"])


def test_unknown_identity_is_an_error_and_no_empty_list(exchange: Exchange) -> None:
    for cmdlet in ("Get-ServicePrincipal", "Set-ServicePrincipal", "Remove-ServicePrincipal"):
        assert exchange.refusal(cmdlet, Identity="nobody") == not_found("nobody")


def test_object_id_of_the_registration_is_refused(exchange: Exchange, application: dict[str, Any]) -> None:
    status, text = exchange.refusal("New-ServicePrincipal", AppId=application["appId"], ObjectId=application["id"])
    assert (status, text.split("|")[1:]) == (400, [VALIDATION, (
        f"There's no service principal with the object ID '{application['id']}' and the application ID "
        f"'{application['appId']}' in Microsoft Entra ID."
    )])
    assert application["appId"] not in exchange.tenant("exchange_service_principals")


@pytest.mark.parametrize(("app_id", "object_id", "name"), [("x", None, "AppId"), (None, "x", "ObjectId")])
def test_ids_are_guids(
    exchange: Exchange, application: dict[str, Any], app_id: str | None, object_id: str | None, name: str
) -> None:
    status, text = exchange.refusal(
        "New-ServicePrincipal", AppId=app_id or application["appId"],
        ObjectId=object_id or application["servicePrincipalId"],
    )
    assert (status, text.rpartition("|")[2]) == (400, f"The value 'x' of the parameter {name} isn't a GUID.")


def test_exchange_of_2022_takes_anything(exchange: Exchange, application: dict[str, Any]) -> None:
    exchange.sandbox.control("PATCH", "/tenant/exchange-behaviour", {"ChecksServicePrincipals": False})
    row, = exchange.run("New-ServicePrincipal", AppId=application["appId"], ObjectId=application["id"])
    assert row["ObjectId"] == application["id"]
    assert exchange.run("Get-ServicePrincipal", Identity=application["appId"]) == [row]


def test_former_name_of_the_object_id_warns(exchange: Exchange, application: dict[str, Any]) -> None:
    rows, warnings = exchange.run_warned(
        "New-ServicePrincipal", AppId=application["appId"], ServiceId=application["servicePrincipalId"]
    )
    assert rows[0]["ObjectId"] == application["servicePrincipalId"]
    assert warnings == ["The ServiceId parameter is deprecated. Use the ObjectId parameter instead."]


def test_second_pointer_is_refused_in_the_recorded_shape(exchange: Exchange, application: dict[str, Any]) -> None:
    created = register(exchange, application)
    response = exchange.invoke(
        "New-ServicePrincipal", {"AppId": application["appId"], "ObjectId": application["servicePrincipalId"]}
    )
    detail, = response.json()["error"]["details"]
    assert (response.status_code, detail["code"]) == (400, "Context")
    assert detail["message"] == (
        f'{{"Message": "The object \'{created["DistinguishedName"]}\' already exists.", '
        '"TypeName": "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException", "StackTrace": null, '
        '"InnerError": null}'
    )


def test_set_changes_the_display_name_only(exchange: Exchange, application: dict[str, Any]) -> None:
    created = register(exchange, application, DisplayName="Old")
    assert exchange.run("Set-ServicePrincipal", Identity=created["AppId"], DisplayName="New") == []
    read, = exchange.run("Get-ServicePrincipal", Identity="New")
    assert {name for name in read if read[name] != created[name]} <= {"DisplayName", "WhenChanged", "WhenChangedUTC"}
    _, warnings = exchange.run_warned("Set-ServicePrincipal", Identity="New", DisplayName="New")
    assert warnings == [
        f"The command completed successfully but no settings of '{created['Identity']}' have been modified."
    ]
    assert exchange.refusal("Set-ServicePrincipal", Identity="New", ObjectId=unknown())[0] == 400


def test_removal_takes_the_role_assignments_along(exchange: Exchange, application: dict[str, Any]) -> None:
    register(exchange, application)
    exchange.run("New-ManagementRoleAssignment", App=application["appId"], Role="Application Mail.Send")
    exchange.run("Remove-ServicePrincipal", Identity=application["appId"], Confirm=False)
    assert exchange.refusal("Get-ServicePrincipal", Identity=application["appId"])[0] == 404
    assert exchange.tenant("management_role_assignments") == {}


def test_deletion_in_entra_removes_pointer_and_assignments_but_no_scope(
    exchange: Exchange, application: dict[str, Any]
) -> None:
    register(exchange, application)
    exchange.run("New-ManagementScope", Name="Probe", RecipientRestrictionFilter="Alias -eq 'probe'")
    exchange.run(
        "New-ManagementRoleAssignment", App=application["appId"], Role="Application Mail.Send",
        CustomResourceScope="Probe",
    )
    graph = Graph(exchange.sandbox, *ALL)
    assert graph.delete(f"/servicePrincipals/{application['servicePrincipalId']}").status_code == 204
    assert application["appId"] not in [row["AppId"] for row in exchange.run("Get-ServicePrincipal")]
    assert application["appId"] not in exchange.tenant("exchange_service_principals")
    assert exchange.run("Get-ManagementRoleAssignment") == []
    assert [row["Name"] for row in exchange.run("Get-ManagementScope")] == ["Probe"]


def test_two_pointers_of_one_name_are_ambiguous(exchange: Exchange, application: dict[str, Any]) -> None:
    other = exchange.sandbox.control("POST", "/tenant/applications", {"displayName": "Other"})
    for one in (application, other):
        register(exchange, one, DisplayName="Twin")
    status, text = exchange.refusal("Get-ServicePrincipal", Identity="twin")
    assert (status, text.partition("|")[0], text.endswith("matches multiple entries.")) == (400, "Ex9E65A2", True)
