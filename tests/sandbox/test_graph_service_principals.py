"""/servicePrincipals, their grants, and owners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graph_client import (
    ALL,
    DENIED,
    EXCHANGE_APP_ID,
    GRAPH_APP_ID,
    OWNED_BY,
    Graph,
    bad,
    body,
    done,
    not_found,
    refusal,
    unknown,
)
from sandbox_fixture import RunningSandbox

UPSERT = {"Prefer": "create-if-missing"}


@pytest.fixture
def graph(clean: RunningSandbox) -> Iterator[Graph]:
    with Graph(clean, *ALL) as caller:
        yield caller


def assignment(client: dict[str, Any], resource: dict[str, Any], value: str) -> dict[str, str]:
    [role] = [one["id"] for one in resource["appRoles"] if one["value"] == value]
    return {"principalId": client["id"], "resourceId": resource["id"], "appRoleId": role}


def test_first_party_resources_have_their_permissions_and_cannot_be_changed(graph: Graph) -> None:
    resource = graph.resource()
    roles = {role["value"]: role["id"] for role in resource["appRoles"]}
    scopes = {scope["value"] for scope in resource["oauth2PermissionScopes"]}
    assert roles["Mail.Send"] == "b633e1c5-b582-4048-a93e-9f11b44c7e96"
    assert {"Mail.Send", "User.Read", "offline_access"} <= scopes
    assert "IMAP.AccessAsApp" in [role["value"] for role in graph.resource(EXCHANGE_APP_ID)["appRoles"]]
    path = f"/servicePrincipals(appId='{GRAPH_APP_ID}')"
    assert refusal(graph.delete(path)) == DENIED
    assert refusal(graph.patch(path, json={"notes": "x"})) == DENIED
    assert refusal(graph.post("/servicePrincipals", json={"appId": GRAPH_APP_ID}))[:2] == (
        409, "Request_MultipleObjectsWithSameKeyValue",
    )


def test_create(graph: Graph) -> None:
    application = graph.application(
        displayName="Mine", identifierUris=["api://mine"], web={"redirectUris": ["https://mine"]},
    )
    # The type as azure.azcollection sends it.
    made = graph.post("/servicePrincipals", json={
        "appId": application["appId"], "tags": ["t"], "servicePrincipalType": "application",
    })
    principal = body(made, 201)
    assert made.headers["location"] == f"{graph.base_url}servicePrincipals/{principal['id']}"
    assert principal["id"] not in (application["id"], application["appId"])
    expected = {
        "accountEnabled": True, "displayName": "Mine", "appDisplayName": "Mine", "tags": ["t"],
        "servicePrincipalNames": [application["appId"], "api://mine"], "servicePrincipalType": "Application",
        "appOwnerOrganizationId": graph.sandbox.env["AZURE_TENANT_ID"], "replyUrls": ["https://mine"],
        "signInAudience": "AzureADMyOrg",
    }
    assert expected.items() <= principal.items()
    done(graph.patch(f"/servicePrincipals/{principal['id']}", json={"accountEnabled": False, "notes": "off"}))
    done(graph.patch(f"/applications/{application['id']}", json={"displayName": "Renamed"}))
    after = body(graph.get(f"/servicePrincipals(appId='{application['appId']}')"))
    assert (after["accountEnabled"], after["notes"], after["displayName"]) == (False, "off", "Renamed")


def test_the_type_of_a_new_service_principal_may_be_named(graph: Graph) -> None:
    made = {"appId": graph.application(displayName="Typed")["appId"], "servicePrincipalType": "Application"}
    for wrong in ("ManagedIdentity", "Nonsense", 1):
        assert refusal(graph.post("/servicePrincipals", json={**made, "servicePrincipalType": wrong}))[0] == 400
    principal = body(graph.post("/servicePrincipals", json=made), 201)
    assert principal["servicePrincipalType"] == "Application"
    path = f"/servicePrincipals/{principal['id']}"
    assert refusal(graph.patch(path, json={"servicePrincipalType": "Application"}))[0] == 400


def test_create_refusals(graph: Graph) -> None:
    missing = unknown()
    response = graph.post("/servicePrincipals", json={"appId": missing})
    message = f"The appId '{missing}' of the service principal does not reference a valid application object."
    assert refusal(response) == bad(message)
    assert response.json()["error"]["details"] == [
        {"code": "NoBackingApplicationObject", "target": "appId", "message": message}
    ]
    assert refusal(graph.post("/servicePrincipals", json={})) == bad(
        "A value is required for property 'appId' of resource 'ServicePrincipal'."
    )
    principal = graph.service_principal()
    response = graph.post("/servicePrincipals", json={"appId": principal["appId"]})
    assert refusal(response) == (
        409, "Request_MultipleObjectsWithSameKeyValue",
        "The service principal cannot be created, updated, or restored because the service principal name "
        f"{principal['appId']} is already in use.",
    )
    assert response.json()["error"]["details"][0]["code"] == "ObjectConflict"
    for content in ({"appRoles": []}, {"appId": missing}, {"appDisplayName": "x"}):
        assert refusal(graph.patch(f"/servicePrincipals/{principal['id']}", json=content)) == bad(
            f"Property '{next(iter(content))}' is read-only and cannot be set."
        )


def test_an_owner_hears_a_403_when_the_application_is_missing(clean: RunningSandbox) -> None:
    with Graph(clean, OWNED_BY) as owner:
        application = owner.application()
        clean.control("POST", "/faults", {"face": "graph", "kind": "replication_lag", "seconds": 600})
        for app_id in (application["appId"], unknown()):
            assert refusal(owner.post("/servicePrincipals", json={"appId": app_id})) == (
                403, "Authorization_RequestDenied",
                "When using this permission, the backing application of the service principal being created must in "
                "the local tenant",
            )


def test_upsert(graph: Graph) -> None:
    application = graph.application()
    path = f"/servicePrincipals(appId='{application['appId']}')"
    assert refusal(graph.patch(path, json={"notes": "a"})) == not_found(application["appId"])
    made = body(graph.patch(path, json={"notes": "a"}, headers=UPSERT), 201)
    done(graph.patch(path, json={"notes": "b"}, headers=UPSERT))
    assert body(graph.get(f"/servicePrincipals/{made['id']}"))["notes"] == "b"
    assert refusal(graph.patch(f"/servicePrincipals(appId='{unknown()}')", json={}, headers=UPSERT))[0] == 400


def test_consent_to_application_permissions(graph: Graph) -> None:
    client, resource = graph.service_principal(), graph.resource()
    mine, theirs = (
        f"/servicePrincipals/{client['id']}/appRoleAssignments",
        f"/servicePrincipals/{resource['id']}/appRoleAssignedTo",
    )
    made = graph.post(mine, json=assignment(client, resource, "Mail.Send"))
    grant = body(made, 201)
    assert made.headers["location"] == f"{str(graph.base_url).rstrip('/')}{mine}/{grant['id']}"
    assert {
        "principalId": client["id"], "principalType": "ServicePrincipal", "resourceDisplayName": "Microsoft Graph",
        "resourceId": resource["id"], "deletedDateTime": None, "principalDisplayName": client["displayName"],
    }.items() <= grant.items()
    second = body(graph.post(theirs, json=assignment(client, resource, "Mail.Read")), 201)
    assert [one["id"] for one in graph.values(mine)] == [grant["id"], second["id"]]
    assert second["id"] in [one["id"] for one in graph.values(theirs)]
    assert len(graph.values(f"{mine}?$filter=resourceId eq {resource['id']}")) == 2
    assert refusal(graph.post(mine, json=assignment(client, resource, "Mail.Send"))) == bad(
        "Permission being assigned already exists on the object"
    )
    done(graph.delete(f"{mine}/{grant['id']}"))
    done(graph.delete(f"{theirs}/{second['id']}"))
    assert graph.values(mine) == []
    assert refusal(graph.delete(f"{mine}/{grant['id']}")) == not_found(grant["id"])


def test_refused_assignments(graph: Graph) -> None:
    client, resource = graph.service_principal(), graph.resource()
    path = f"/servicePrincipals/{client['id']}/appRoleAssignments"
    good = assignment(client, resource, "Mail.Send")
    missing = unknown()
    assert refusal(graph.post(path, json={**good, "appRoleId": missing})) == bad(
        f"Permission being assigned was not found on application '{GRAPH_APP_ID}'"
    )
    assert refusal(graph.post(path, json={**good, "resourceId": missing})) == not_found(missing)
    assert refusal(graph.post(path, json={**good, "principalId": resource["id"]}))[0] == 400
    for name in good:
        partial = {other: value for other, value in good.items() if other != name}
        assert refusal(graph.post(path, json=partial)) == bad(
            f"A value is required for property '{name}' of resource 'AppRoleAssignment'."
        )
    assert graph.values(path) == []


def test_assigning_needs_both_permissions(clean: RunningSandbox) -> None:
    with Graph(clean, *ALL) as administrator:
        client, resource = administrator.service_principal(), administrator.resource()
    path = f"/servicePrincipals/{client['id']}/appRoleAssignments"
    content = assignment(client, resource, "Mail.Send")
    for roles in (("AppRoleAssignment.ReadWrite.All",), ("Application.Read.All",), (OWNED_BY, "Application.Read.All")):
        with Graph(clean, *roles) as caller:
            assert refusal(caller.post(path, json=content)) == DENIED
    with Graph(clean, "AppRoleAssignment.ReadWrite.All", "Application.Read.All") as caller:
        body(caller.post(path, json=content), 201)


def test_consent_to_delegated_permissions(graph: Graph) -> None:
    client, resource = graph.service_principal(), graph.resource()
    [user] = graph.values("/users?$filter=userPrincipalName eq 'admin@contoso.example'")
    content = {
        "clientId": client["id"], "consentType": "AllPrincipals", "principalId": None, "resourceId": resource["id"],
        "scope": "openid Mail.Send",
    }
    grant = body(graph.post("/oauth2PermissionGrants", json=content), 201)
    assert content.items() <= grant.items()
    assert refusal(graph.post("/oauth2PermissionGrants", json={**content, "scope": "x"})) == (
        409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.",
    )
    personal = {**content, "consentType": "Principal", "principalId": user["id"]}
    body(graph.post("/oauth2PermissionGrants", json=personal), 201)
    path = f"/oauth2PermissionGrants/{grant['id']}"
    done(graph.patch(path, json={"scope": "openid"}))
    found = graph.values(f"/oauth2PermissionGrants?$filter=clientId eq '{client['id']}' and "
                         "consentType eq 'AllPrincipals'")
    assert [one["scope"] for one in found] == ["openid"]
    assert len(graph.values(f"/servicePrincipals/{client['id']}/oauth2PermissionGrants")) == 2
    assert refusal(graph.patch(path, json={"clientId": client["id"]})) == bad(
        "Property 'clientId' is read-only and cannot be set."
    )
    done(graph.delete(path))
    assert refusal(graph.get(path)) == not_found(grant["id"])
    assert len(graph.values("/oauth2PermissionGrants")) == 1


@pytest.mark.parametrize(("change", "message"), [
    ({"consentType": "Everybody"}, "Invalid value specified for property 'consentType' of resource "
                                   "'OAuth2PermissionGrant'."),
    ({"consentType": "Principal"}, "Invalid value specified for property 'principalId' of resource "
                                   "'OAuth2PermissionGrant'."),
    ({"principalId": "11111111-1111-4111-8111-111111111111"},
     "Invalid value specified for property 'principalId' of resource 'OAuth2PermissionGrant'."),
    ({"clientId": None}, "A value is required for property 'clientId' of resource 'OAuth2PermissionGrant'."),
    ({"startTime": "2030-01-01T00:00:00Z"}, "Invalid property 'startTime'."),
])
def test_refused_delegated_grants(graph: Graph, change: dict[str, Any], message: str) -> None:
    resource = graph.resource()
    content = {"clientId": resource["id"], "consentType": "AllPrincipals", "resourceId": resource["id"], "scope": "a"}
    assert refusal(graph.post("/oauth2PermissionGrants", json={**content, **change})) == bad(message)


def test_owners(graph: Graph) -> None:
    application = graph.application()
    path = f"/applications/{application['id']}/owners"
    [user] = graph.values("/users?$filter=userPrincipalName eq 'admin@contoso.example'")

    def reference(identifier: str) -> dict[str, str]:
        return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{identifier}"}

    done(graph.post(f"{path}/$ref", json=reference(user["id"])))
    assert [(owner["@odata.type"], owner["id"]) for owner in graph.values(path)] == [
        ("#microsoft.graph.servicePrincipal", graph.object_id), ("#microsoft.graph.user", user["id"]),
    ]
    assert refusal(graph.post(f"{path}/$ref", json=reference(user["id"]))) == bad(
        "One or more added object references already exist for the following modified properties: 'owners'."
    )
    done(graph.delete(f"{path}/{user['id']}/$ref"))
    assert refusal(graph.delete(f"{path}/{user['id']}/$ref")) == bad(
        "One or more removed object references do not exist for the following modified properties: 'owners'."
    )
    missing = unknown()
    assert refusal(graph.post(f"{path}/$ref", json=reference(missing))) == not_found(missing)
    assert refusal(graph.post(f"{path}/$ref", json=reference(application["id"])))[0] == 400
    assert refusal(graph.post(f"{path}/$ref", json={})) == bad("Invalid object identifier 'None'.")


def test_owned_by_alone_cannot_name_another_owner(clean: RunningSandbox) -> None:
    with Graph(clean, OWNED_BY) as caller, Graph(clean, OWNED_BY, "Directory.Read.All") as reader:
        mine, theirs = caller.application(), reader.application()
        other = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{reader.object_id}"}
        assert refusal(caller.post(f"/applications/{mine['id']}/owners/$ref", json=other)) == DENIED
        another = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{caller.object_id}"}
        done(reader.post(f"/applications/{theirs['id']}/owners/$ref", json=another))
        done(caller.patch(f"/applications/{theirs['id']}", json={"notes": "now mine too"}))


def test_expand_grants(graph: Graph) -> None:
    client, resource = graph.service_principal(), graph.resource()
    body(graph.post(f"/servicePrincipals/{client['id']}/appRoleAssignments",
                    json=assignment(client, resource, "Mail.Send")), 201)
    shown = body(graph.get(f"/servicePrincipals/{client['id']}?$expand=appRoleAssignments"))
    assert [one["resourceId"] for one in shown["appRoleAssignments"]] == [resource["id"]]
