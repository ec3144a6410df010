"""/applications: bodies, rules, alternate keys, upsert, secrets, certificates, ownership."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from graph_client import (
    ALL,
    DENIED,
    GRAPH_APP_ID,
    OWNED_BY,
    Graph,
    bad,
    body,
    done,
    names,
    not_found,
    refusal,
    unknown,
)
from sandbox_fixture import RunningSandbox

UPSERT = {"Prefer": "create-if-missing"}
CONFLICT = "A conflicting object with one or more of the specified property values is present in the directory."
ENABLED = (
    400, "CannotDeleteOrUpdateEnabledEntitlement",
    "Permission (scope or role) cannot be deleted or updated unless disabled first.",
)
ROLE_ID = "11111111-1111-4111-8111-111111111111"
SCOPE_ID = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def graph(clean: RunningSandbox) -> Iterator[Graph]:
    with Graph(clean, *ALL) as caller:
        yield caller


def stored(graph: Graph, identifier: str) -> dict[str, Any]:
    """The application as the tenant keeps it."""
    found: dict[str, Any] = graph.sandbox.control("GET", "/tenant")["collections"]["applications"][identifier]
    return found


def certificate(days: int = 30) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "probe")])
    start = datetime.now(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )


def key_credential(cert: x509.Certificate, **properties: Any) -> dict[str, Any]:
    der = cert.public_bytes(serialization.Encoding.DER)
    return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(der).decode(), **properties}


def test_full_default_body(graph: Graph) -> None:
    application = graph.application(displayName="Fresh")
    assert list(application)[:30] == [
        "@odata.context", "id", "deletedDateTime", "isFallbackPublicClient", "appId", "applicationTemplateId",
        "identifierUris", "createdDateTime", "description", "displayName", "isDeviceOnlyAuthSupported",
        "groupMembershipClaims", "optionalClaims", "addIns", "publisherDomain", "samlMetadataUrl", "signInAudience",
        "tags", "tokenEncryptionKeyId", "api", "appRoles", "info", "keyCredentials", "parentalControlSettings",
        "passwordCredentials", "publicClient", "requiredResourceAccess", "verifiedPublisher", "web", "spa",
    ]
    assert application["@odata.context"] == f"{graph.base_url}$metadata#applications/$entity"
    assert application["signInAudience"] == "AzureADMyOrg"
    assert application["isFallbackPublicClient"] is None
    assert application["web"] == {
        "homePageUrl": None, "logoutUrl": None, "redirectUris": [],
        "implicitGrantSettings": {"enableIdTokenIssuance": False, "enableAccessTokenIssuance": False},
        "redirectUriSettings": [],
    }
    assert application["parentalControlSettings"] == {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"}
    assert application["createdByAppId"] == graph.app_id
    assert len({application["id"], application["appId"]}) == 2
    read = body(graph.get(f"/applications/{application['id']}"))
    assert read == application
    assert graph.values("/servicePrincipals?$filter=appId eq '{}'".format(application["appId"])) == []


def test_every_address_of_an_application(graph: Graph) -> None:
    made = graph.patch("/applications(uniqueName='it''s/one')", json={"displayName": "One"}, headers=UPSERT)
    application = body(made, 201)
    for address in (
        application["id"], application["id"].upper(),
    ):
        assert body(graph.get(f"/applications/{address}"))["id"] == application["id"]
    for key in (f"appId='{application['appId']}'", "uniqueName='it''s%2Fone'", "uniqueName='it''s/one'"):
        assert body(graph.get(f"/applications({key})"))["id"] == application["id"]
        assert body(graph.get(f"/applications({key})/owners"))["value"][0]["appId"] == graph.app_id
        assert body(graph.post(f"/applications({key})/addPassword", json={}))["keyId"]
        done(graph.patch(f"/applications({key})", json={"notes": key}))
        assert stored(graph, application["id"])["notes"] == key
    missing = unknown()
    assert refusal(graph.get(f"/applications/{missing}")) == not_found(missing)
    assert refusal(graph.get("/applications(uniqueName='two')")) == not_found("two")
    assert refusal(graph.patch(f"/applications/{missing}", json={"notes": "x"})) == not_found(missing)
    assert refusal(graph.delete(f"/applications(appId='{missing}')")) == not_found(missing)


def test_upsert(graph: Graph) -> None:
    path = "/applications(uniqueName='mailops')"
    assert refusal(graph.patch(path, json={"displayName": "A"})) == not_found("mailops")
    assert refusal(graph.patch(path, json={"notes": "x"}, headers=UPSERT)) == bad(
        "A value is required for property 'displayName' of resource 'Application'."
    )
    made = graph.patch(path, json={"displayName": "A"}, headers=UPSERT)
    application = body(made, 201)
    assert application["uniqueName"] == "mailops"
    assert made.headers["location"].endswith(application["id"])
    done(graph.patch(path, json={"displayName": "B"}, headers=UPSERT))
    done(graph.patch(path, json={"notes": "n"}))
    assert (stored(graph, application["id"])["displayName"], stored(graph, application["id"])["notes"]) == ("B", "n")
    assert len(graph.values("/applications?$filter=startswith(displayName,'B')")) == 1
    read_only = bad("Property 'uniqueName' is read-only and cannot be set.")
    assert refusal(graph.patch(path, json={"uniqueName": "other"})) == read_only
    assert refusal(graph.post("/applications", json={"displayName": "x", "uniqueName": "y"})) == read_only


def test_upsert_in_the_face_of_lag_makes_no_second_application(graph: Graph) -> None:
    path = "/applications(uniqueName='mailops')"
    body(graph.patch(path, json={"displayName": "A"}, headers=UPSERT), 201)
    graph.sandbox.control("POST", "/faults", {"face": "graph", "kind": "replication_lag", "seconds": 600})
    done(graph.patch(path, json={"displayName": "B"}, headers=UPSERT))
    graph.sandbox.control("DELETE", "/faults")
    assert names(graph.values("/applications?$filter=displayName in ('A','B')")) == ["B"]


@pytest.mark.parametrize(("content", "expected"), [
    ({}, "A value is required for property 'displayName' of resource 'Application'."),
    ({"displayName": None}, "A value is required for property 'displayName' of resource 'Application'."),
    ({"displayName": ""}, "Invalid value specified for property 'displayName' of resource 'Application'."),
    ({"displayName": "x" * 257}, "Invalid value specified for property 'displayName' of resource 'Application'."),
    ({"nonsense": 1}, "Invalid property 'nonsense'."),
    ({"web": {"nonsense": 1}}, "Invalid property 'nonsense'."),
    ({"web": {"implicitGrantSettings": {"nonsense": 1}}}, "Invalid property 'nonsense'."),
    ({"appId": unknown()}, "Property 'appId' is read-only and cannot be set."),
    ({"id": unknown()}, "Property 'id' is read-only and cannot be set."),
    ({"passwordCredentials": [{"displayName": "x"}]},
     "New password credentials must be generated using service actions."),
    ({"signInAudience": "Everybody"},
     "Invalid value specified for property 'signInAudience' of resource 'Application'."),
    ({"isFallbackPublicClient": "true"},
     "Cannot convert a primitive value to the expected type 'Edm.Boolean'. See the inner exception for more details."),
    ({"displayName": 1},
     "Cannot convert a primitive value to the expected type 'Edm.String'. See the inner exception for more details."),
    ({"api": {"requestedAccessTokenVersion": True}},
     "Cannot convert a primitive value to the expected type 'Edm.Int32'. See the inner exception for more details."),
    ({"tokenEncryptionKeyId": "x"},
     "Cannot convert a primitive value to the expected type 'Edm.Guid'. See the inner exception for more details."),
    ({"tags": "x"}, "An unexpected 'PrimitiveValue' node was found when reading from the JSON reader. A 'StartArray' "
                    "node was expected."),
    ({"tags": None}, "Invalid value specified for property 'tags' of resource 'Application'."),
    ({"web": []}, "An unexpected 'StartArray' node was found when reading from the JSON reader. A 'StartObject' node "
                  "was expected."),
    ({"displayName": {}}, "An unexpected 'StartObject' node was found when reading from the JSON reader. A "
                          "'PrimitiveValue' node was expected."),
    ({"signInAudience": "AzureADandPersonalMicrosoftAccount"},
     "Property api.requestedAccessTokenVersion is invalid."),
    ({"requiredResourceAccess": [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": []}]},
     "Property requiredResourceAccess.resourceAccess value is required but is empty or missing."),
    ({"requiredResourceAccess": [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": [{"id": ROLE_ID, "type": "R"}]}]},
     "Property requiredResourceAccess.resourceAccess is invalid."),
    ({"requiredResourceAccess": [{"resourceAppId": "Graph", "resourceAccess": [{"id": ROLE_ID, "type": "Role"}]}]},
     "Property requiredResourceAccess.resourceAppId is invalid."),
    ({"appRoles": [{"id": ROLE_ID, "displayName": "r", "value": "r"}]},
     "Property appRoles.allowedMemberTypes value is required but is empty or missing."),
])
def test_refused_bodies_change_nothing(graph: Graph, content: dict[str, Any], expected: str) -> None:
    start = {} if "displayName" in content or not content else {"displayName": "Refused"}
    before = graph.sandbox.control("GET", "/tenant")
    assert refusal(graph.post("/applications", json={**start, **content})) == bad(expected)
    assert graph.sandbox.control("GET", "/tenant") == before


def test_patch_merges_complex_values_and_replaces_collections(graph: Graph) -> None:
    access = [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": [{"id": ROLE_ID, "type": "Role"}]}]
    application = graph.application(
        web={"redirectUris": ["https://a", "https://b"], "homePageUrl": "https://home"}, tags=["a", "b"],
        requiredResourceAccess=access,
    )
    path = f"/applications/{application['id']}"
    done(graph.patch(path, json={
        "web": {"redirectUris": ["https://c"]}, "tags": ["c"], "isFallbackPublicClient": True,
        "requiredResourceAccess": [],
    }))
    after = body(graph.get(path))
    assert after["web"]["redirectUris"] == ["https://c"]
    assert after["web"]["homePageUrl"] == "https://home"
    assert after["tags"] == ["c"]
    assert after["requiredResourceAccess"] == []
    changed = {name for name, value in after.items() if value != application[name]}
    assert changed == {"web", "tags", "isFallbackPublicClient", "requiredResourceAccess"}


def test_two_applications_may_share_a_name_but_not_an_identifier_uri(graph: Graph) -> None:
    graph.application(displayName="Twin", identifierUris=["api://twin"])
    second = graph.application(displayName="Twin")
    response = graph.patch(f"/applications/{second['id']}", json={"identifierUris": ["API://TWIN"]})
    assert refusal(response) == (400, "Request_MultipleObjectsWithSameKeyValue", CONFLICT)
    assert response.json()["error"]["details"][0]["code"] == "ConflictingObjects"
    assert len(graph.values("/applications?$filter=displayName eq 'twin'")) == 2
    assert len(graph.values("/applications?$filter=identifierUris/any(u:u eq 'api://twin')")) == 1


def test_enabled_roles_and_scopes_must_be_disabled_first(graph: Graph) -> None:
    role = {"id": ROLE_ID, "displayName": "r", "description": "r", "value": "r", "allowedMemberTypes": ["Application"]}
    scope = {"id": SCOPE_ID, "value": "s", "adminConsentDisplayName": "s", "type": "Admin"}
    application = graph.application(appRoles=[role], api={"oauth2PermissionScopes": [scope]})
    path = f"/applications/{application['id']}"
    roles, scopes = application["appRoles"], application["api"]["oauth2PermissionScopes"]
    assert roles[0]["isEnabled"] is scopes[0]["isEnabled"] is True
    done(graph.patch(path, json={"appRoles": roles}))
    assert refusal(graph.patch(path, json={"appRoles": []})) == ENABLED
    assert refusal(graph.patch(path, json={"appRoles": [{**roles[0], "value": "other"}]})) == ENABLED
    assert refusal(graph.patch(path, json={"api": {"oauth2PermissionScopes": []}})) == ENABLED
    done(graph.patch(path, json={"appRoles": [{**roles[0], "isEnabled": False}]}))
    done(graph.patch(path, json={"appRoles": []}))
    done(graph.patch(path, json={"api": {"oauth2PermissionScopes": [{**scopes[0], "isEnabled": False}]}}))
    done(graph.patch(path, json={"api": {"oauth2PermissionScopes": []}}))
    assert stored(graph, application["id"])["appRoles"] == []


def test_secret_is_shown_once_and_kept_as_a_digest(graph: Graph) -> None:
    application = graph.application()
    path = f"/applications/{application['id']}"
    made = body(graph.post(f"{path}/addPassword", json={"passwordCredential": {"displayName": "first"}}))
    assert len(made["secretText"]) == 40
    assert made["hint"] == made["secretText"][:3]
    lifetime = datetime.fromisoformat(made["endDateTime"]) - datetime.fromisoformat(made["startDateTime"])
    assert lifetime == timedelta(days=730)
    listed = body(graph.get(path))["passwordCredentials"]
    assert listed == [{**{k: v for k, v in made.items() if not k.startswith("@")}, "secretText": None}]
    tenant = graph.sandbox.control("GET", "/tenant")["collections"]
    assert tenant["credential_digests"][made["keyId"]] == {
        "digest": hashlib.sha256(made["secretText"].encode()).hexdigest()
    }
    assert made["secretText"] not in (graph.sandbox.directory / "state.json").read_text("utf-8")


def test_secret_periods_and_refusals(graph: Graph) -> None:
    application = graph.application()
    path = f"/applications/{application['id']}"
    wanted = {"startDateTime": "2030-01-01T01:00:00+01:00", "endDateTime": "2030-02-01T00:00:00Z"}
    made = body(graph.post(f"{path}/addPassword", json={"passwordCredential": wanted}))
    assert (made["startDateTime"], made["endDateTime"]) == ("2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z")
    for content, message in (
        ({"passwordCredential": {"secretText": "mine"}}, "Property 'secretText' is read-only and cannot be set."),
        ({"passwordCredential": {"nonsense": 1}}, "Invalid property 'nonsense'."),
        ({"displayName": "x"}, "Invalid property 'displayName'."),
        ({"passwordCredential": {"endDateTime": "2001-01-01T00:00:00Z"}},
         "Invalid value specified for property 'endDateTime' of resource 'PasswordCredential'."),
    ):
        assert refusal(graph.post(f"{path}/addPassword", json=content)) == bad(message)
    assert len(stored(graph, application["id"])["passwordCredentials"]) == 1


def test_remove_password(graph: Graph) -> None:
    application = graph.application()
    path = f"/applications/{application['id']}"
    first, second = (body(graph.post(f"{path}/addPassword", json={}))["keyId"] for _ in range(2))
    done(graph.post(f"{path}/removePassword", json={"keyId": first}))
    assert [one["keyId"] for one in stored(graph, application["id"])["passwordCredentials"]] == [second]
    assert first not in graph.sandbox.control("GET", "/tenant")["collections"]["credential_digests"]
    assert refusal(graph.post(f"{path}/removePassword", json={"keyId": first})) == bad(
        f"No password credential found with keyId '{first}'."
    )


def test_certificates(graph: Graph) -> None:
    application = graph.application()
    path = f"/applications/{application['id']}"
    first, second = certificate(), certificate()
    done(graph.patch(path, json={"keyCredentials": [key_credential(first, displayName="x" * 91)]}))
    [kept] = body(graph.get(path))["keyCredentials"]
    assert kept["key"] is None
    assert kept["customKeyIdentifier"] == first.fingerprint(hashes.SHA1()).hex().upper()
    assert kept["displayName"] == "x" * 90
    assert datetime.fromisoformat(kept["endDateTime"]) == first.not_valid_after_utc
    assert [one["key"] for one in body(graph.get(f"{path}?$select=keyCredentials"))["keyCredentials"]] == [
        key_credential(first)["key"]
    ]
    for listed in graph.values("/applications?$select=keyCredentials"):
        assert all(one["key"] is None for one in listed["keyCredentials"])
    done(graph.patch(path, json={"keyCredentials": [kept, key_credential(second)]}))
    assert len(stored(graph, application["id"])["keyCredentials"]) == 2
    assert stored(graph, application["id"])["keyCredentials"][0]["key"] == key_credential(first)["key"]
    done(graph.patch(path, json={"keyCredentials": [key_credential(second)]}))
    assert [one["key"] for one in stored(graph, application["id"])["keyCredentials"]] == [
        key_credential(second)["key"]
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_certificate_in_lines_is_kept_on_one(graph: Graph, line_end: str) -> None:
    sent = key_credential(certificate())
    lines = line_end.join(re.findall(".{1,64}", sent["key"])) + line_end
    made = graph.application(keyCredentials=[{**sent, "key": lines}])
    assert stored(graph, made["id"])["keyCredentials"][0]["key"] == sent["key"]
    path = f"/applications/{made['id']}"
    assert refusal(graph.patch(path, json={"keyCredentials": [{**sent, "key": f"{sent['key']}!"}]}))[0] == 400


def test_refused_certificates(graph: Graph) -> None:
    application = graph.application()
    path = f"/applications/{application['id']}"
    cert = certificate()
    late = (cert.not_valid_after_utc + timedelta(days=1)).isoformat()

    def sent(**properties: Any) -> tuple[int, str, str]:
        return refusal(graph.patch(path, json={"keyCredentials": [key_credential(cert, **properties)]}))

    assert sent(key=base64.b64encode(b"none").decode()) == bad(
        "Invalid value specified for property 'key' of resource 'KeyCredential'."
    )
    assert sent(keyId=unknown(), key=None) == bad(
        "Invalid value specified for property 'key' of resource 'KeyCredential'."
    )
    assert sent(endDateTime=late) == (400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid.")
    assert stored(graph, application["id"])["keyCredentials"] == []


def test_owned_by_reaches_its_own_applications_only(clean: RunningSandbox) -> None:
    with Graph(clean, OWNED_BY) as owner, Graph(clean, OWNED_BY) as other:
        application = owner.application(displayName="Mine")
        path = f"/applications/{application['id']}"
        assert clean.control("GET", "/tenant")["collections"]["owners"][application["id"]] == {
            "ids": [owner.object_id]
        }
        done(owner.patch(path, json={"notes": "mine"}))
        assert names(owner.values("/applications")) == ["Mine"]
        assert other.values("/applications") == []
        for response in (
            other.get(path), other.patch(path, json={"notes": "x"}), other.delete(path),
            other.post(f"{path}/addPassword", json={}),
            other.post("/servicePrincipals", json={"appId": application["appId"]}),
        ):
            assert refusal(response) == DENIED
        assert clean.control("GET", "/tenant")["collections"]["applications"][application["id"]]["notes"] == "mine"
        principal = owner.service_principal(application["appId"])
        assert refusal(other.patch(f"/servicePrincipals/{principal['id']}", json={"notes": "x"})) == DENIED
        done(owner.delete(path))
        assert other.values("/directory/deletedItems/microsoft.graph.application") == []
        assert refusal(other.post(f"/directory/deletedItems/{application['id']}/restore")) == DENIED
        assert refusal(other.delete(f"/directory/deletedItems/{application['id']}")) == DENIED
        done(owner.delete(f"/directory/deletedItems/{application['id']}"))


def test_reading_everything_with_the_role_for_it(clean: RunningSandbox) -> None:
    with Graph(clean, OWNED_BY, "Application.Read.All") as caller:
        foreign = next(one for one in caller.values("/applications") if one["displayName"] == "Mail reader")
        assert refusal(caller.patch(f"/applications/{foreign['id']}", json={"notes": "x"})) == DENIED


def test_expand_owners(graph: Graph) -> None:
    application = graph.application()
    expanded = body(graph.get(f"/applications/{application['id']}?$expand=owners&$select=id"))
    assert set(expanded) == {"@odata.context", "id", "owners"}
    assert [owner["id"] for owner in expanded["owners"]] == [graph.object_id]
    assert expanded["owners"][0]["@odata.type"] == "#microsoft.graph.servicePrincipal"
