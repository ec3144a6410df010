"""What Graph answers from a replica that trails: the transient errors that follow a write.

The face runs inside the test, because a replica's view depends on the age of objects: here a test makes them old by
loading the tenant anew, as a restart would.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from graph_client import bad, body, done, names, not_found, refusal
from m365_sandbox.graph.app import graph_app
from m365_sandbox.identity.tokens import issue_app_token
from m365_sandbox.mail.exchange_online import SYSTEM
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.store import MailStore
from m365_sandbox.state.catalog import load_catalog
from m365_sandbox.state.certificates import load_or_create_tls
from m365_sandbox.state.credentials import Credentials
from m365_sandbox.state.entities import new_application, new_service_principal
from m365_sandbox.state.faults import Faults
from m365_sandbox.state.history import Collection
from m365_sandbox.state.keys import ENTRA_FILE, ISSUER_FILE, SigningKeys
from m365_sandbox.state.request_log import RequestLog
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.seal import SEAL_FILE, Seal
from m365_sandbox.state.seed import add_application, sow
from m365_sandbox.state.tenant import Tenant

GRAPH = "https://graph.microsoft.com"
ROLES = (
    "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
)
ROLE_ID = "11111111-1111-4111-8111-111111111111"
ROLE = {"id": ROLE_ID, "displayName": "r", "value": "r", "allowedMemberTypes": ["Application"]}


class Replica:
    """A client whose requests are answered by a replica that trails, from ``trail`` on."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        caller = new_application("Caller")
        principal = new_service_principal(caller["appId"], "Caller", sandbox.tenant.tenant_id)
        add_application(sandbox.tenant, caller, principal, {GRAPH: list(ROLES)})
        token = issue_app_token(
            sandbox.tenant, sandbox.keys, service_principal=principal, resource=GRAPH, auth_method="secret"
        )
        self._app = graph_app(sandbox, PostOffice(sandbox.tenant, MailStore(sandbox.directory), SYSTEM))
        self._headers = {"Authorization": f"Bearer {token}"}

    def age(self) -> None:
        """Make everything that was written until now old."""
        self.sandbox.tenant.save()
        self.sandbox.tenant = Tenant(self.sandbox.tenant.path)

    def trail(self) -> None:
        """Answer as of a minute ago."""
        self.sandbox.faults.add({"face": "graph", "kind": "replication_lag", "seconds": 60})

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport, base_url="https://127.0.0.1/v1.0/", headers=self._headers
            ) as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)

    def create(self, path: str, **content: Any) -> dict[str, Any]:
        return body(self.post(path, json=content), 201)


@pytest.fixture
def replica(tmp_path: Path) -> Replica:
    tenant, catalog, credentials = (
        Tenant(tmp_path / "state.json"), load_catalog(), Credentials.load_or_create(tmp_path)
    )
    sow(tenant, catalog, credentials)
    sandbox = Sandbox(
        directory=tmp_path, tenant=tenant, keys=SigningKeys.load_or_create(tmp_path / ENTRA_FILE),
        issuer_keys=SigningKeys.load_or_create(tmp_path / ISSUER_FILE), google_keys={}, faults=Faults(),
        requests=RequestLog(),
        catalog=catalog, credentials=credentials, ports={}, tls=load_or_create_tls(tmp_path),
        seal=Seal.load_or_create(tmp_path / SEAL_FILE),
    )
    return Replica(sandbox)


def test_every_replica_has_what_was_always_there_however_far_it_trails() -> None:
    """Also on a machine that was started a minute ago."""
    collection = Collection({"one": {"is": "old"}})
    collection.put("one", {"is": "new"})
    assert collection.get("one", lag=1e9) == {"is": "old"}


def test_a_new_application_is_missing(replica: Replica) -> None:
    application = replica.create("/applications", displayName="New")
    path = f"/applications/{application['id']}"
    replica.trail()
    for response in (
        replica.get(path), replica.patch(path, json={"notes": "x"}), replica.delete(path),
        replica.post(f"{path}/addPassword", json={}), replica.get(f"{path}/owners"),
    ):
        assert refusal(response) == not_found(application["id"])
    assert replica.get("/applications?$filter=displayName eq 'New'").json()["value"] == []
    replica.sandbox.faults.clear()
    assert body(replica.get(path))["notes"] is None
    assert body(replica.get(path))["passwordCredentials"] == []


def test_reads_are_stale_and_writes_lose_nothing(replica: Replica) -> None:
    application = replica.create("/applications", displayName="Old", notes="old")
    path = f"/applications/{application['id']}"
    replica.age()
    done(replica.patch(path, json={"notes": "new"}))
    replica.trail()
    assert body(replica.get(path))["notes"] == "old"
    done(replica.patch(path, json={"tags": ["new"]}))
    replica.sandbox.faults.clear()
    after = body(replica.get(path))
    assert (after["notes"], after["tags"]) == ("new", ["new"])


def test_a_new_secret_is_unknown(replica: Replica) -> None:
    application = replica.create("/applications", displayName="Old")
    path = f"/applications/{application['id']}"
    replica.age()
    key_id = body(replica.post(f"{path}/addPassword", json={}))["keyId"]
    replica.trail()
    assert body(replica.get(path))["passwordCredentials"] == []
    refused = replica.post(f"{path}/removePassword", json={"keyId": key_id})
    assert refusal(refused) == bad(f"No password credential found with keyId '{key_id}'.")
    replica.sandbox.faults.clear()
    done(replica.post(f"{path}/removePassword", json={"keyId": key_id}))


def test_a_new_application_backs_no_service_principal(replica: Replica) -> None:
    application = replica.create("/applications", displayName="New")
    replica.trail()
    response = replica.post("/servicePrincipals", json={"appId": application["appId"]})
    assert response.json()["error"]["details"][0]["code"] == "NoBackingApplicationObject"
    replica.sandbox.faults.clear()
    replica.create("/servicePrincipals", appId=application["appId"])


def test_a_new_role_cannot_be_assigned(replica: Replica) -> None:
    application = replica.create("/applications", displayName="Old")
    principal = replica.create("/servicePrincipals", appId=application["appId"])
    replica.age()
    done(replica.patch(f"/applications/{application['id']}", json={"appRoles": [ROLE]}))
    path = f"/servicePrincipals/{principal['id']}/appRoleAssignments"
    content = {"principalId": principal["id"], "resourceId": principal["id"], "appRoleId": ROLE_ID}
    replica.trail()
    assert refusal(replica.post(path, json=content)) == bad(
        f"Permission being assigned was not found on application '{application['appId']}'"
    )
    replica.sandbox.faults.clear()
    replica.create(path, **content)
    replica.trail()
    # A grant that is there, only not seen yet, is a duplicate all the same once the role is known.
    assert body(replica.get(path))["value"] == []
    replica.age()
    assert refusal(replica.post(path, json=content)) == bad("Permission being assigned already exists on the object")


def test_a_new_service_principal_can_be_granted_nothing(replica: Replica) -> None:
    application = replica.create("/applications", displayName="Old")
    replica.age()
    principal = replica.create("/servicePrincipals", appId=application["appId"])
    resource = body(replica.get("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"))
    replica.trail()
    role = {
        "principalId": principal["id"], "resourceId": resource["id"], "appRoleId": resource["appRoles"][0]["id"],
    }
    for path in (f"/servicePrincipals/{principal['id']}/appRoleAssignments",
                 f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"):
        assert refusal(replica.post(path, json=role)) == not_found(principal["id"])
    response = replica.post("/oauth2PermissionGrants", json={
        "clientId": principal["id"], "consentType": "AllPrincipals", "resourceId": resource["id"], "scope": "openid",
    })
    assert refusal(response)[:2] == (404, "Directory_ObjectNotFound")
    assert replica.sandbox.tenant.find("app_role_assignments", principalId=principal["id"]) == []


def test_a_new_service_principal_can_own_nothing(replica: Replica) -> None:
    application = replica.create("/applications", displayName="Old")
    replica.age()
    principal = replica.create("/servicePrincipals", appId=application["appId"])
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{principal['id']}"}
    owners = f"/applications/{application['id']}/owners/$ref"
    replica.trail()
    assert refusal(replica.post(owners, json=reference)) == not_found(principal["id"])
    replica.sandbox.faults.clear()
    done(replica.post(owners, json=reference))


def test_deleted_objects_linger(replica: Replica) -> None:
    application = replica.create("/applications", displayName="Old")
    path = f"/applications/{application['id']}"
    replica.age()
    done(replica.delete(path))
    replica.trail()
    assert body(replica.get(path))["displayName"] == "Old"
    assert "Old" in names(body(replica.get("/applications"))["value"])
    assert refusal(replica.delete(path)) == not_found(application["id"])
    assert refusal(replica.get(f"/directory/deletedItems/{application['id']}")) == not_found(application["id"])
    assert refusal(replica.post(f"/directory/deletedItems/{application['id']}/restore")) == not_found(
        application["id"]
    )
