"""Certificates on applications: the list in a PATCH, addKey and removeKey with their proof."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
from graph_client import ALL, DENIED, OWNED_BY, Graph, bad, body, done, refusal, token_of, unknown
from key_pairs import KeyPair, key_pair
from sandbox_fixture import RunningSandbox

MALFORMED = (401, "Authentication_MissingOrMalformed", "Access Token missing or malformed.")


@pytest.fixture
def graph(clean: RunningSandbox) -> Iterator[Graph]:
    with Graph(clean, *ALL) as caller:
        yield caller


@pytest.fixture(scope="module")
def pairs() -> list[KeyPair]:
    return [key_pair(30), key_pair(30)]


def proof(pair: KeyPair, identifier: str, **changes: Any) -> str:
    moment = int(time.time())
    claims = {
        "aud": "00000002-0000-0000-c000-000000000000", "iss": identifier, "nbf": moment, "exp": moment + 600, **changes,
    }
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, pair.key, "RS256")


def add_key(graph: Graph, path: str, pair: KeyPair, proved: str, **properties: Any) -> httpx.Response:
    content = {"keyCredential": pair.credential(**properties), "passwordCredential": None, "proof": proved}
    return graph.post(f"{path}/addKey", json=content)


def thumbprints(graph: Graph, path: str) -> list[str]:
    return [one["customKeyIdentifier"] for one in body(graph.get(path))["keyCredentials"]]


def thumbprint(pair: KeyPair) -> str:
    return pair.thumbprint("sha1").hex().upper()


@pytest.mark.parametrize("path", ["applications", "servicePrincipals"])
def test_a_key_is_added_and_removed_with_a_proof(graph: Graph, pairs: list[KeyPair], path: str) -> None:
    first, second = pairs
    owned = graph.application() if path == "applications" else graph.service_principal()
    path = f"/{path}/{owned['id']}"
    done(graph.patch(path, json={"keyCredentials": [first.credential()]}))
    added = body(add_key(graph, path, second, proof(first, owned["id"]), displayName="next"))
    assert (added["displayName"], added["key"]) == ("next", None)
    assert added["@odata.context"].endswith("/$metadata#microsoft.graph.keyCredential")
    assert thumbprints(graph, path) == [thumbprint(first), thumbprint(second)]

    [old, _] = body(graph.get(path))["keyCredentials"]
    content = {"keyId": old["keyId"], "proof": proof(second, owned["id"])}
    done(graph.post(f"{path}/removeKey", json=content))
    assert thumbprints(graph, path) == [thumbprint(second)]
    # The same proof again, of a certificate that is still there, for one that is not.
    assert refusal(graph.post(f"{path}/removeKey", json=content)) == bad(
        f"No key credential found with keyId '{old['keyId']}'."
    )


@pytest.mark.parametrize("changes", [
    {"aud": "00000003-0000-0000-c000-000000000000"}, {"iss": "appId"}, {"nbf": None}, {"exp": None},
    {"exp": int(time.time()) + 3600}, {"nbf": int(time.time()) - 7200, "exp": int(time.time()) - 6600}, {"nbf": "now"},
])
def test_a_proof_with_wrong_claims_proves_nothing(
    graph: Graph, pairs: list[KeyPair], changes: dict[str, Any]
) -> None:
    first, second = pairs
    application = graph.application()
    path = f"/applications/{application['id']}"
    done(graph.patch(path, json={"keyCredentials": [first.credential()]}))
    changes = {name: application["appId"] if value == "appId" else value for name, value in changes.items()}
    assert refusal(add_key(graph, path, second, proof(first, application["id"], **changes))) == MALFORMED
    assert thumbprints(graph, path) == [thumbprint(first)]


def test_only_a_valid_certificate_of_the_application_proves(graph: Graph, pairs: list[KeyPair]) -> None:
    first, second = pairs
    application = graph.application()
    path = f"/applications/{application['id']}"
    for proved in (proof(first, application["id"]), "x", 1):
        assert refusal(add_key(graph, path, second, proved)) == MALFORMED
    expired = key_pair(-1)
    done(graph.patch(path, json={"keyCredentials": [expired.credential(), first.credential()]}))
    assert refusal(add_key(graph, path, second, proof(expired, application["id"]))) == MALFORMED
    assert refusal(add_key(graph, path, second, proof(second, application["id"]))) == MALFORMED
    # The tenant's clock decides, not the machine's.
    graph.sandbox.control("PUT", "/clock", {"offset_seconds": 1200})
    assert refusal(add_key(graph, path, second, proof(first, application["id"]))) == MALFORMED
    graph.sandbox.control("PUT", "/clock", {"offset_seconds": 0})
    assert add_key(graph, path, second, proof(first, application["id"])).status_code == 200


def test_what_addkey_and_removekey_refuse(graph: Graph, pairs: list[KeyPair]) -> None:
    first, second = pairs
    application = graph.application()
    path = f"/applications/{application['id']}"
    done(graph.patch(path, json={"keyCredentials": [first.credential()]}))
    proved = proof(first, application["id"])
    invalid = "Invalid value specified for property '{}' of resource 'KeyCredential'."
    assert refusal(add_key(graph, path, second, proved, usage="Sign")) == bad(invalid.format("type"))
    assert refusal(add_key(graph, path, second, proved, key="AAAA")) == bad(invalid.format("key"))
    assert refusal(graph.post(f"{path}/addKey", json={"proof": proved})) == bad(
        "A value is required for property 'keyCredential' of resource 'KeyCredential'."
    )
    content = {"keyCredential": second.credential(), "passwordCredential": {"secretText": "x"}, "proof": proved}
    assert refusal(graph.post(f"{path}/addKey", json=content)) == bad(invalid.format("passwordCredential"))
    refused = graph.post(f"{path}/removeKey", json={"keyId": "x", "proof": proved})
    assert refusal(refused) == bad(invalid.format("keyId"))
    assert refusal(graph.post(f"{path}/removeKey", json={"keyId": unknown(), "proof": None})) == MALFORMED
    assert thumbprints(graph, path) == [thumbprint(first)]


def test_an_application_rolls_its_own_keys_without_any_permission(graph: Graph, pairs: list[KeyPair]) -> None:
    first, second = pairs
    sandbox = graph.sandbox
    mine = sandbox.control("POST", "/tenant/applications", {"displayName": "Mine", "certificate": first.pem})
    path, proved = f"/applications/{mine['id']}", proof(first, mine["id"])
    with Graph(sandbox, token=token_of(sandbox, mine["appId"])) as own, Graph(sandbox, OWNED_BY) as other:
        assert refusal(add_key(other, path, second, proved)) == DENIED
        with Graph(sandbox) as powerless:
            assert refusal(add_key(powerless, path, second, proved)) == DENIED
        assert add_key(own, path, second, proved).status_code == 200
    assert thumbprints(graph, path) == [thumbprint(first), thumbprint(second)]


def test_a_patch_keeps_what_it_names_as_it_is(graph: Graph, pairs: list[KeyPair]) -> None:
    first, second = pairs
    path = f"/applications/{graph.application()['id']}"
    done(graph.patch(path, json={"keyCredentials": [first.credential(displayName="first")]}))
    [kept] = body(graph.get(path))["keyCredentials"]
    done(graph.patch(path, json={"keyCredentials": [
        {**kept, "endDateTime": kept["endDateTime"].replace("Z", "+00:00")}, second.credential(),
    ]}))
    done(graph.patch(path, json={"keyCredentials": [
        {"keyId": kept["keyId"], "type": "AsymmetricX509Cert", "usage": "Verify"}, second.credential(),
    ]}))
    assert thumbprints(graph, path) == [thumbprint(first), thumbprint(second)]
    for change in ({"displayName": "renamed"}, {"endDateTime": "2099-01-01T00:00:00Z"}, {"key": "AAAA"}):
        assert refusal(graph.patch(path, json={"keyCredentials": [{**kept, **change}]})) == bad(
            f"Update to existing credential with KeyId '{kept['keyId']}' is not allowed."
        )
    assert thumbprints(graph, path) == [thumbprint(first), thumbprint(second)]
