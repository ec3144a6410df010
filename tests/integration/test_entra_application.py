"""entra_application and its read-only twin against the sandbox, judged by the tenant's state."""

from __future__ import annotations

from typing import Any

import pytest
from module_runner import Modules, without_ids
from sandbox_fixture import RunningSandbox

GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
MAIL = {
    "unique_name": "contracts-mail",
    "display_name": "Contracts mail",
    "permissions": [{"resource": "Microsoft Graph", "application": ["Mail.Send"], "delegated": ["User.Read"]}],
}


@pytest.fixture
def modules(clean: RunningSandbox) -> Modules:
    return Modules(clean)


def permission_names(modules: Modules, application: dict[str, Any]) -> set[tuple[str, str, str]]:
    """The declared permissions of an application in the tenant, by name."""
    resources = {one["appId"]: one for one in modules.tenant()["service_principals"].values()}
    names = set()
    for entry in application["requiredResourceAccess"]:
        resource = resources[entry["resourceAppId"]]
        offered = {one["id"]: one["value"] for one in (*resource["appRoles"], *resource["oauth2PermissionScopes"])}
        names |= {(resource["displayName"], item["type"], offered[item["id"]]) for item in entry["resourceAccess"]}
    return names


def test_creates_with_permissions_by_name(modules: Modules) -> None:
    predicted, done = modules.four_runs("entra_application", **MAIL)
    (application,) = modules.objects("applications", uniqueName="contracts-mail")
    assert application["displayName"] == "Contracts mail"
    assert application["signInAudience"] == "AzureADMyOrg"
    assert permission_names(modules, application) == {
        ("Microsoft Graph", "Role", "Mail.Send"), ("Microsoft Graph", "Scope", "User.Read"),
    }
    assert done["application"]["app_id"] == application["appId"]
    assert done["application"]["object_id"] == application["id"]
    assert predicted["application"]["app_id"] is None
    assert without_ids(predicted["diff"]) == without_ids(done["diff"])


def test_writes_every_property_and_leaves_omitted_ones_alone(modules: Modules) -> None:
    everything: dict[str, Any] = {
        "redirect_uris": {
            "web": ["https://contracts.contoso.example/signin"], "spa": ["https://spa.contoso.example/"],
            "public_client": ["http://localhost"],
        },
        "public_client": True, "tags": ["mail", "managed"], "notes": "Ask the mail team.",
        "sign_in_audience": "AzureADMultipleOrgs",
    }
    modules.four_runs("entra_application", **MAIL, **everything)
    modules.four_runs(
        "entra_application", unique_name="contracts-mail", notes="", redirect_uris={"web": []}, tags=["mail"]
    )
    (application,) = modules.objects("applications", uniqueName="contracts-mail")
    assert not application["notes"]
    assert application["web"]["redirectUris"] == []
    assert application["spa"]["redirectUris"] == ["https://spa.contoso.example/"]
    assert application["publicClient"]["redirectUris"] == ["http://localhost"]
    assert application["isFallbackPublicClient"] is True
    assert application["tags"] == ["mail"]
    assert application["signInAudience"] == "AzureADMultipleOrgs"
    assert len(permission_names(modules, application)) == 2


def test_sets_one_resource_exactly_and_leaves_the_other_alone(modules: Modules) -> None:
    modules.ok("entra_application", **{**MAIL, "permissions": [
        {"resource": "Microsoft Graph", "application": ["Mail.Send", "Mail.Read"]},
        {"resource": EXCHANGE, "application": ["IMAP.AccessAsApp"]},
    ]})
    _, done = modules.four_runs(
        "entra_application", unique_name="contracts-mail",
        permissions=[{"resource": "Microsoft Graph", "application": ["Mail.ReadWrite"]}],
    )
    (application,) = modules.objects("applications", uniqueName="contracts-mail")
    assert permission_names(modules, application) == {
        ("Microsoft Graph", "Role", "Mail.ReadWrite"), ("Office 365 Exchange Online", "Role", "IMAP.AccessAsApp"),
    }
    assert done["application"]["permissions"][0] == {
        "resource": "Microsoft Graph", "application": ["Mail.ReadWrite"], "delegated": [],
    }


@pytest.mark.parametrize(("permission", "remedy"), [
    ({"resource": "Microsoft Graph", "application": ["Mail.Sned"]}, "Nearest: Mail.Send"),
    ({"resource": "Microsoft Graph", "delegated": ["Mail.ReadBasic.All"]}, "under application"),
    ({"resource": "Microsoft Graph", "application": ["IMAP.AccessAsUser.All"]}, "under delegated"),
    ({"resource": "Contoso Warehouse", "application": ["Stock.Read"]}, "Check the name"),
])
@pytest.mark.parametrize("check", [True, False])
def test_refuses_unknown_permissions_before_it_writes(
    modules: Modules, permission: dict[str, Any], remedy: str, check: bool
) -> None:
    before = modules.tenant()
    result = modules.run("entra_application", check=check, **{**MAIL, "permissions": [permission]})
    assert result["failed"]
    assert remedy in result["remedy"]
    assert remedy in result["msg"]
    assert modules.tenant() == before


def test_restores_a_deleted_one_with_its_service_principal(modules: Modules) -> None:
    created = modules.ok("entra_application", **MAIL)["application"]
    modules.ok("entra_admin_consent", app_id=created["app_id"])
    modules.four_runs("entra_application", unique_name="contracts-mail", state="absent")
    assert modules.objects("applications", uniqueName="contracts-mail") == []
    assert modules.objects("service_principals", appId=created["app_id"]) == []

    predicted, done = modules.four_runs("entra_application", **{**MAIL, "display_name": "Contracts again"})
    assert predicted["restored"] is done["restored"] is True
    assert without_ids(predicted["application"]) == without_ids(done["application"])
    assert done["application"]["object_id"] == created["object_id"]
    (application,) = modules.objects("applications", uniqueName="contracts-mail")
    assert application["displayName"] == "Contracts again"
    assert len(modules.objects("service_principals", appId=created["app_id"])) == 1
    assert modules.tenant()["deleted_items"] == {}


def test_adopts_by_display_name_only_when_told_to(modules: Modules) -> None:
    made = modules.sandbox.control("POST", "/tenant/applications", {"displayName": "CMO mail"})
    modules.sandbox.control("POST", "/tenant/applications", {"displayName": "Twin"})
    modules.sandbox.control("POST", "/tenant/applications", {"displayName": "Twin"})
    before = modules.tenant()

    refused = modules.run("entra_application", display_name="CMO mail", notes="mine")
    assert "adopt: true" in refused["remedy"]
    assert made["appId"] in refused["msg"]
    ambiguous = modules.run("entra_application", display_name="Twin", adopt=True)
    for twin in modules.objects("applications", displayName="Twin"):
        assert twin["id"] in ambiguous["msg"]
        assert twin["appId"] in ambiguous["msg"]
    unknown = modules.run("entra_application", display_name="Nobody", adopt=True)
    assert "unique_name" in unknown["remedy"]
    assert modules.tenant() == before


def test_an_adopted_application_is_found_again(grown: Modules) -> None:
    _, done = grown.four_runs("entra_application", display_name="CMO mail", adopt=True, notes="mine")
    (application,) = grown.objects("applications", displayName="CMO mail")
    assert application["notes"] == "mine"
    assert done["application"]["object_id"] == application["id"]
    again = grown.ok(
        "entra_application", unique_name="cmo", display_name="CMO mail", adopt=True, notes="mine"
    )
    assert again["changed"] is False
    assert again["application"]["unique_name"] is None


@pytest.fixture
def grown(clean: RunningSandbox) -> Modules:
    """A tenant with an application that the operator owns, although somebody made it by hand."""
    modules = Modules(clean)
    made = clean.control("POST", "/tenant/applications", {
        "displayName": "Administrator", "secret": True,
        "roles": {GRAPH: ["Application.ReadWrite.All", "Directory.Read.All"]},
    })
    clean.control("POST", "/tenant/applications", {"displayName": "CMO mail"})
    modules.environment |= {"AZURE_CLIENT_ID": made["appId"], "AZURE_CLIENT_SECRET": made["secret"]}
    return modules


def test_a_unique_name_is_an_identity_of_its_own_beside_an_equal_display_name(modules: Modules) -> None:
    modules.sandbox.control("POST", "/tenant/applications", {"displayName": "Contracts mail"})
    modules.ok("entra_application", **MAIL)
    assert len(modules.objects("applications", displayName="Contracts mail")) == 2


def test_adds_owners_and_removes_none(modules: Modules) -> None:
    modules.ok("entra_application", **MAIL)
    _, done = modules.four_runs(
        "entra_application", unique_name="contracts-mail", owners=["admin@contoso.example"]
    )
    (application,) = modules.objects("applications", uniqueName="contracts-mail")
    (admin,) = modules.objects("users", userPrincipalName="admin@contoso.example")
    owners = modules.tenant()["owners"][application["id"]]["ids"]
    assert admin["id"] in owners
    assert len(owners) == 2
    assert done["application"]["owners"] == sorted(owners)
    unknown = modules.run("entra_application", unique_name="contracts-mail", owners=["nobody@contoso.example"])
    assert "nobody@contoso.example" in unknown["msg"]


def test_contradicting_identities_are_refused(modules: Modules) -> None:
    made = modules.ok("entra_application", **MAIL)["application"]
    result = modules.run("entra_application", app_id=made["app_id"], unique_name="other")
    assert "contracts-mail, not other" in result["msg"]


def test_a_missing_permission_of_the_caller_is_named(modules: Modules) -> None:
    caller = modules.sandbox.control("POST", "/tenant/applications", {
        "displayName": "Reader", "secret": True, "roles": {GRAPH: ["Application.Read.All"]},
    })
    before = modules.tenant()
    modules.environment |= {"AZURE_CLIENT_ID": caller["appId"], "AZURE_CLIENT_SECRET": caller["secret"]}
    result = modules.run("entra_application", **MAIL)
    assert result["msg"].startswith('Could not create the application "contracts-mail": Insufficient privileges')
    assert "Application.ReadWrite.OwnedBy" in result["remedy"]
    assert result["code"] == "Authorization_RequestDenied"
    assert result["request_id"]
    assert modules.tenant() == before


def test_requests_of_a_first_and_of_an_unchanged_run(modules: Modules) -> None:
    modules.count("graph")
    modules.ok("entra_application", **MAIL)
    assert modules.count("graph") == 3  # a batch of reads, the upsert, one read of the outcome
    modules.ok("entra_application", **MAIL)
    assert modules.count("graph") == 1


def test_info_names_permissions_and_secrets(modules: Modules) -> None:
    made = modules.ok("entra_application", **MAIL)["application"]
    secret = modules.ok("entra_application_secret", app_id=made["app_id"])
    for identity in ({"unique_name": "contracts-mail"}, {"app_id": made["app_id"]}, {"display_name": "Contracts mail"}):
        (found,) = modules.ok("entra_application_info", **identity)["applications"]
        assert found["object_id"] == made["object_id"]
        assert found["permissions"] == made["permissions"]
        assert found["secrets"] == [{**secret["secret"], "managed": True}]
        assert secret["secret_text"] not in str(found)
    assert modules.ok("entra_application_info", unique_name="nobody")["applications"] == []
