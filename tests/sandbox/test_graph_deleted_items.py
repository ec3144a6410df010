"""/directory/deletedItems: soft deletion, restoring, purging, and what a deleted object still holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from graph_client import ALL, EVENTUAL, Graph, body, done, names, not_found, refusal
from sandbox_fixture import RunningSandbox

UPSERT = {"Prefer": "create-if-missing"}
APPLICATIONS = "/directory/deletedItems/microsoft.graph.application"
PRINCIPALS = "/directory/deletedItems/microsoft.graph.servicePrincipal"


@pytest.fixture
def graph(clean: RunningSandbox) -> Iterator[Graph]:
    with Graph(clean, *ALL) as caller:
        yield caller


def test_deleting_an_application_takes_its_service_principal_and_grants_along(graph: Graph) -> None:
    application = graph.application(displayName="Gone")
    principal = graph.service_principal(application["appId"])
    resource = graph.resource()
    body(graph.post(f"/servicePrincipals/{principal['id']}/appRoleAssignments", json={
        "principalId": principal["id"], "resourceId": resource["id"], "appRoleId": resource["appRoles"][0]["id"],
    }), 201)
    body(graph.post("/oauth2PermissionGrants", json={
        "clientId": principal["id"], "consentType": "AllPrincipals", "resourceId": resource["id"], "scope": "openid",
    }), 201)
    done(graph.delete(f"/applications/{application['id']}"))
    collections = graph.sandbox.control("GET", "/tenant")["collections"]
    assert application["id"] not in collections["applications"]
    assert principal["id"] not in collections["service_principals"]
    assert set(collections["deleted_items"]) == {application["id"], principal["id"]}
    assert collections["oauth2_permission_grants"] == {}
    assert principal["id"] not in [one["principalId"] for one in collections["app_role_assignments"].values()]
    assert refusal(graph.get(f"/applications/{application['id']}")) == not_found(application["id"])


def test_lists_are_typed_and_filtered(graph: Graph) -> None:
    for name in ("One", "Two"):
        application = graph.application(displayName=name)
        graph.service_principal(application["appId"])
        done(graph.delete(f"/applications/{application['id']}"))
    listed = graph.values(APPLICATIONS)
    assert names(listed) == ["One", "Two"]
    assert {one["@odata.type"] for one in listed} == {"#microsoft.graph.application"}
    assert all(one["deletedDateTime"] for one in listed)
    assert names(graph.values(PRINCIPALS)) == ["One", "Two"]
    assert names(graph.values(f"{APPLICATIONS}?$filter=displayName eq 'two'")) == ["Two"]
    assert graph.get(f"{APPLICATIONS}/$count", headers=EVENTUAL).text == "2"


def test_restore_and_purge(graph: Graph) -> None:
    application = graph.application(displayName="Back")
    principal = graph.service_principal(application["appId"])
    secret = body(graph.post(f"/applications/{application['id']}/addPassword", json={}))
    done(graph.delete(f"/applications/{application['id']}"))
    assert body(graph.get(f"/directory/deletedItems/{application['id']}"))["displayName"] == "Back"

    restored = body(graph.post(f"/directory/deletedItems/{application['id']}/restore"))
    assert restored["@odata.type"] == "#microsoft.graph.application"
    now = body(graph.get(f"/applications/{application['id']}"))
    assert now["deletedDateTime"] is None
    assert [one["keyId"] for one in now["passwordCredentials"]] == [secret["keyId"]]
    # The service principal stays deleted until it is restored by itself.
    assert refusal(graph.get(f"/servicePrincipals/{principal['id']}")) == not_found(principal["id"])
    body(graph.post(f"/directory/deletedItems/{principal['id']}/restore"))
    assert body(graph.get(f"/servicePrincipals/{principal['id']}"))["id"] == principal["id"]

    done(graph.delete(f"/applications/{application['id']}"))
    for identifier in (application["id"], principal["id"]):
        done(graph.delete(f"/directory/deletedItems/{identifier}"))
        assert refusal(graph.get(f"/directory/deletedItems/{identifier}")) == not_found(identifier)
        assert refusal(graph.post(f"/directory/deletedItems/{identifier}/restore")) == not_found(identifier)
    collections = graph.sandbox.control("GET", "/tenant")["collections"]
    assert collections["deleted_items"] == {}
    assert not {application["id"], principal["id"]} & set(collections["owners"])
    assert secret["keyId"] not in collections["credential_digests"]


def test_a_deleted_application_keeps_its_unique_values(graph: Graph) -> None:
    path = "/applications(uniqueName='mailops')"
    first = body(graph.patch(path, json={"displayName": "A", "identifierUris": ["api://a"]}, headers=UPSERT), 201)
    done(graph.delete(path))
    assert refusal(graph.patch(path, json={"displayName": "A"})) == not_found("mailops")
    conflict = graph.patch(path, json={"displayName": "A"}, headers=UPSERT)
    assert refusal(conflict)[:2] == (400, "Request_MultipleObjectsWithSameKeyValue")
    assert conflict.json()["error"]["details"][0] | {"message": ""} == {
        "code": "ConflictingObjects", "target": "uniqueName", "message": "",
    }
    uri = graph.post("/applications", json={"displayName": "B", "identifierUris": ["api://a"]})
    assert uri.json()["error"]["details"][0]["target"] == "identifierUris"
    done(graph.delete(f"/directory/deletedItems/{first['id']}"))
    assert body(graph.patch(path, json={"displayName": "A"}, headers=UPSERT), 201)["id"] != first["id"]


def test_service_principals_cannot_be_restored_beside_another_or_without_an_application(graph: Graph) -> None:
    application = graph.application()
    first = graph.service_principal(application["appId"])
    done(graph.delete(f"/servicePrincipals/{first['id']}"))
    second = graph.service_principal(application["appId"])
    response = graph.post(f"/directory/deletedItems/{first['id']}/restore")
    assert refusal(response) == (
        409, "Request_MultipleObjectsWithSameKeyValue",
        "The service principal cannot be created, updated, or restored because the service principal name "
        f"{application['appId']} is already in use.",
    )
    done(graph.delete(f"/applications/{application['id']}"))
    response = graph.post(f"/directory/deletedItems/{second['id']}/restore")
    assert response.status_code == 400
    assert response.json()["error"]["details"][0]["code"] == "NoBackingApplicationObject"
