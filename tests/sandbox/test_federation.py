"""Federated identity credentials: their API, and signing in with a foreign issuer's token, driven by msal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import msal
import pytest
import requests
from graph_client import ALL, DENIED, GRAPH, OWNED_BY, Graph, bad, body, done, not_found, refusal, unknown
from key_pairs import key_pair
from sandbox_fixture import RunningSandbox

AUDIENCE = "api://AzureADTokenExchange"
SUBJECT = "repo:octo-org/Octo:environment:Production"


@pytest.fixture
def graph(clean: RunningSandbox) -> Iterator[Graph]:
    with Graph(clean, *ALL) as caller:
        yield caller


def wanted(graph: Graph, **properties: Any) -> dict[str, Any]:
    return {
        "name": "job", "issuer": graph.sandbox.env["M365_SANDBOX_ISSUER_URL"], "subject": SUBJECT,
        "audiences": [AUDIENCE], **properties,
    }


def credentials_path(application: dict[str, Any]) -> str:
    return f"/applications/{application['id']}/federatedIdentityCredentials"


def trusting(graph: Graph, **properties: Any) -> dict[str, Any]:
    """An application with a service principal that trusts the sandbox's issuer."""
    application = graph.application()
    graph.service_principal(application["appId"])
    body(graph.post(credentials_path(application), json=wanted(graph, **properties)), 201)
    return application


def issued(graph: Graph, **values: Any) -> str:
    token: str = graph.sandbox.control("POST", "/issuer/tokens", {"subject": SUBJECT, **values})["token"]
    return token


def sign_in(graph: Graph, application: dict[str, Any], token: str) -> dict[str, Any]:
    env = graph.sandbox.env
    http = requests.Session()
    http.verify, http.trust_env = graph.sandbox.ca, False
    client = msal.ConfidentialClientApplication(
        application["appId"], client_credential={"client_assertion": lambda: token}, instance_discovery=False,
        http_client=http, authority=f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}",
    )
    answer: dict[str, Any] = client.acquire_token_for_client([f"{GRAPH}/.default"])
    return answer


def refused(answer: dict[str, Any], code: int, error: str = "invalid_client") -> str:
    assert (answer["error"], answer["error_codes"]) == (error, [code]), answer
    text: str = answer["error_description"]
    return text


# -- the API ------------------------------------------------------------------------------------------------------


def test_the_life_of_a_credential(graph: Graph) -> None:
    application = graph.application()
    path = credentials_path(application)
    answer = graph.post(path, json=wanted(graph))
    made = body(answer, 201)
    context = f"$metadata#applications('{application['id']}')/federatedIdentityCredentials/$entity"
    assert made.pop("@odata.context").endswith(context)
    assert made.pop("@odata.id") == answer.headers["location"]
    assert made == {"id": made["id"], "description": None, **wanted(graph)}

    by_app_id = f"/applications(appId='{application['appId']}')/federatedIdentityCredentials"
    for address in (f"{path}/{made['id']}", f"{path}/job", f"{by_app_id}(name='job')", answer.headers["location"]):
        assert body(graph.get(address))["id"] == made["id"]
    done(graph.patch(f"{path}/job", json={"subject": "repo:a/b", "description": "changed", "name": "job"}))
    [listed] = graph.values(path)
    assert (listed["subject"], listed["description"], listed["issuer"]) == ("repo:a/b", "changed", made["issuer"])
    assert graph.values(f"{path}?$filter=name eq 'other'") == []

    done(graph.delete(f"{path}/{made['id']}"))
    assert graph.values(path) == []
    assert refusal(graph.get(f"{path}/job")) == not_found("job")


def test_an_upsert_by_name(graph: Graph) -> None:
    path = credentials_path(graph.application())
    content = {name: value for name, value in wanted(graph).items() if name != "name"}
    create = {"Prefer": "create-if-missing"}
    assert refusal(graph.patch(f"{path}(name='job')", json=content)) == not_found("job")
    assert body(graph.patch(f"{path}(name='job')", json=content, headers=create), 201)["name"] == "job"
    done(graph.patch(f"{path}(name='job')", json={**content, "subject": "new"}, headers=create))
    assert [one["subject"] for one in graph.values(path)] == ["new"]


def test_names_and_pairs_are_unique_within_an_application(graph: Graph) -> None:
    application = graph.application()
    path = credentials_path(application)
    body(graph.post(path, json=wanted(graph)), 201)
    assert refusal(graph.post(path, json=wanted(graph, subject="other"))) == (
        409, "Request_MultipleObjectsWithSameKeyValue", "FederatedIdentityCredential with name job already exists."
    )
    issuer = wanted(graph)["issuer"]
    clash = (
        400, "InvalidFederatedIdentityCredentialValue",
        f"The combination of issuer and subject must be unique for the application. Issuer {issuer} and Subject: "
        f"{SUBJECT} already exist. paramName: FederatedIdentityCredential.Subject, paramValue: {SUBJECT}, objectType: "
        "Microsoft.Online.DirectoryServices.Application",
    )
    assert refusal(graph.post(path, json=wanted(graph, name="second"))) == clash
    body(graph.post(path, json=wanted(graph, name="second", subject="other")), 201)
    assert refusal(graph.patch(f"{path}/second", json={"subject": SUBJECT})) == clash
    assert [one["name"] for one in graph.values(path)] == ["job", "second"]
    body(graph.post(credentials_path(graph.application()), json=wanted(graph)), 201)


def test_an_application_has_twenty_at_most(graph: Graph) -> None:
    path = credentials_path(graph.application())
    for number in range(20):
        body(graph.post(path, json=wanted(graph, name=f"ci-{number}", subject=str(number))), 201)
    assert refusal(graph.post(path, json=wanted(graph)))[:2] == (400, "InvalidFederatedIdentityCredentialValue")
    assert len(graph.values(path)) == 20


@pytest.mark.parametrize(("change", "words"), [
    ({"name": None}, "A value is required for property 'name'"),
    ({"issuer": None}, "A value is required for property 'issuer'"),
    ({"audiences": None}, "Invalid value specified for property 'audiences'"),
    ({"audiences": []}, "Invalid value specified for property 'audiences'"),
    ({"audiences": ["a", "b"]}, "Invalid value specified for property 'audiences'"),
    ({"name": "a b"}, "Invalid value specified for property 'name'"),
    ({"name": "ci"}, "Invalid value specified for property 'name'"),
    ({"name": "-job"}, "Invalid value specified for property 'name'"),
    ({"name": "x" * 121}, "Invalid value specified for property 'name'"),
    ({"subject": "x" * 601}, "Invalid value specified for property 'subject'"),
    ({"description": "x" * 601}, "Invalid value specified for property 'description'"),
    ({"claimsMatchingExpression": {}}, "Invalid property 'claimsMatchingExpression'"),
])
def test_credentials_that_make_no_sense(graph: Graph, change: dict[str, Any], words: str) -> None:
    path = credentials_path(graph.application())
    status, code, message = refusal(graph.post(path, json=wanted(graph, **change)))
    assert (status, code, words in message) == (400, "Request_BadRequest", True), message
    assert graph.values(path) == []


def test_a_name_stays(graph: Graph) -> None:
    path = credentials_path(graph.application())
    body(graph.post(path, json=wanted(graph)), 201)
    assert refusal(graph.patch(f"{path}/job", json={"name": "other"})) == bad(
        "Property 'name' is read-only and cannot be set."
    )


def test_who_may_read_and_write_them(clean: RunningSandbox) -> None:
    with (
        Graph(clean, OWNED_BY) as owner, Graph(clean, OWNED_BY) as other,
        Graph(clean, "Application.Read.All") as reader,
    ):
        path = credentials_path(owner.application())
        body(owner.post(path, json=wanted(owner)), 201)
        assert len(owner.values(path)) == len(reader.values(path)) == 1
        for denied in (
            other.get(path), other.post(path, json=wanted(other)), reader.post(path, json=wanted(reader)),
            reader.delete(f"{path}/job"),
        ):
            assert refusal(denied) == DENIED


def test_they_end_with_their_application_for_good(graph: Graph) -> None:
    application = trusting(graph)
    path = f"/applications/{application['id']}"
    done(graph.delete(path))
    assert graph.post(f"/directory/deletedItems/{application['id']}/restore").status_code == 200
    assert len(graph.values(credentials_path(application))) == 1
    done(graph.delete(path))
    done(graph.delete(f"/directory/deletedItems/{application['id']}"))
    assert graph.sandbox.control("GET", "/tenant")["collections"]["federated_identity_credentials"] == {}


# -- signing in ---------------------------------------------------------------------------------------------------


def test_msal_signs_in_with_a_token_of_a_trusted_issuer(graph: Graph) -> None:
    application = trusting(graph)
    answer = sign_in(graph, application, issued(graph))
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (claims["appid"], claims["appidacr"]) == (application["appId"], "2")
    done(graph.delete(f"{credentials_path(application)}/job"))
    text = refused(sign_in(graph, application, issued(graph)), 70025)
    assert "has no configured federated identity credentials" in text


def test_it_signs_in_whatever_the_tenants_clock_shows(graph: Graph) -> None:
    application = trusting(graph)
    token = issued(graph)
    for days in (400, -400):
        graph.sandbox.control("PUT", "/clock", {"offset_seconds": days * 86400})
        refused(sign_in(graph, application, token), 700024)
        assert "access_token" in sign_in(graph, application, issued(graph))


@pytest.mark.parametrize(("values", "code", "words"), [
    ({"issuer": "https://token.actions.githubusercontent.com"}, 700211,
     "presented assertion issuer 'https://token.actions.githubusercontent.com'."),
    ({"subject": "repo:octo-org/Octo:ref:refs/heads/main"}, 700213,
     "presented assertion subject 'repo:octo-org/Octo:ref:refs/heads/main'."),
    ({"subject": SUBJECT.lower()}, 7002138, "but not with case-sensitive comparison"),
    ({"audience": "api://other"}, 700212, "presented assertion audience 'api://other'."),
    ({"seconds": -301}, 700024, "not within its valid time range"),
])
def test_a_token_has_to_match_letter_by_letter(graph: Graph, values: dict[str, Any], code: int, words: str) -> None:
    application = trusting(graph)
    assert words in refused(sign_in(graph, application, issued(graph, **values)), code)


def test_a_slash_at_the_issuers_end_counts(graph: Graph) -> None:
    application = trusting(graph, issuer=graph.sandbox.env["M365_SANDBOX_ISSUER_URL"] + "/")
    refused(sign_in(graph, application, issued(graph)), 700211)


def forged(graph: Graph, key_id: str, **claims: Any) -> str:
    content = {
        "iss": graph.sandbox.env["M365_SANDBOX_ISSUER_URL"], "sub": SUBJECT, "aud": AUDIENCE,
        "exp": int(time.time()) + 300, **claims,
    }
    return jwt.encode(content, key_pair().key, "RS256", headers={"kid": key_id})


def test_the_signature_has_to_be_the_issuers(graph: Graph) -> None:
    application = trusting(graph)
    text = refused(sign_in(graph, application, forged(graph, "unknown")), 7000272)
    assert "The certificate with identifier unknown used to sign the federated credential" in text
    published = jwt.get_unverified_header(issued(graph))["kid"]
    refused(sign_in(graph, application, forged(graph, published)), 700027)


@pytest.mark.parametrize("issuer", [
    "https://token.actions.githubusercontent.com", "http://127.0.0.1:9", "https://127.0.0.1:9", "no address",
    "https://[::1", "https://10.0.0.1",
])
def test_an_issuer_that_cannot_be_asked(graph: Graph, issuer: str) -> None:
    application = trusting(graph, issuer=issuer)
    refused(sign_in(graph, application, issued(graph, issuer=issuer)), 501661, "invalid_request")


def test_an_issuer_without_discovery_documents(graph: Graph) -> None:
    issuer = graph.sandbox.env["MAILOPS_GRAPH_ENDPOINT"]
    application = trusting(graph, issuer=issuer)
    refused(sign_in(graph, application, issued(graph, issuer=issuer)), 501661, "invalid_request")


def test_an_application_trusts_several_issuers(graph: Graph) -> None:
    application = trusting(graph)
    path = credentials_path(application)
    body(graph.post(path, json=wanted(graph, name="second", subject="second", audiences=["api://other"])), 201)
    assert "access_token" in sign_in(graph, application, issued(graph))
    assert "access_token" in sign_in(graph, application, issued(graph, subject="second", audience="api://other"))
    refused(sign_in(graph, application, issued(graph, subject="second")), 700212)


def test_the_issuer_publishes_what_openid_connect_asks_for(clean: RunningSandbox) -> None:
    issuer = clean.env["M365_SANDBOX_ISSUER_URL"]
    metadata = httpx.get(f"{issuer}/.well-known/openid-configuration", verify=clean.tls, trust_env=False).json()
    assert metadata["issuer"] == issuer
    keys = jwt.PyJWKSet.from_dict(httpx.get(metadata["jwks_uri"], verify=clean.tls, trust_env=False).json())
    token = clean.control("POST", "/issuer/tokens", {"subject": unknown()})["token"]
    claims = jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]], algorithms=["RS256"], audience=AUDIENCE)
    assert claims["iss"] == issuer
