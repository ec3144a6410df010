"""The identity face, driven by msal where msal can ask the question, else by plain requests."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from key_pairs import KeyPair, key_pair
from sandbox_fixture import RunningSandbox

GRAPH = "https://graph.microsoft.com"
OUTLOOK = "https://outlook.office365.com"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
OUTLOOK_APP_ID = "00000002-0000-0ff1-ce00-000000000000"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Identity:
    """The face's address and the two ids that most requests need."""

    sandbox: RunningSandbox
    url: str
    tenant_id: str
    client_id: str
    secret: str

    def token(self, *, tenant: str | None = None, path: str = "oauth2/v2.0/token", **form: Any) -> requests.Response:
        """A token request with the operator's secret; a parameter that is None is left out."""
        parameters = {
            "grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret,
            "scope": f"{GRAPH}/.default", **form,
        }
        return requests.post(
            f"{self.url}/{tenant or self.tenant_id}/{path}",
            data={name: value for name, value in parameters.items() if value is not None},
            verify=self.sandbox.ca, timeout=60,
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(f"{self.url}/{path}", verify=self.sandbox.ca, timeout=60, **options)

    def claims(self, response: requests.Response, audience: str = GRAPH) -> dict[str, Any]:
        """The claims, verified with the published keys."""
        assert response.status_code == 200, response.text
        return self.claims_of(response.json()["access_token"], audience)

    def claims_of(self, token: str, audience: str) -> dict[str, Any]:
        keys = jwt.PyJWKSet.from_dict(self.get("common/discovery/v2.0/keys").json())
        return jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]], algorithms=["RS256"], audience=audience)

    def add(self, **body: Any) -> dict[str, Any]:
        """A further application, made through the control face."""
        added: dict[str, Any] = self.sandbox.control("POST", "/tenant/applications", {"displayName": "Further", **body})
        return added


@pytest.fixture
def identity(clean: RunningSandbox) -> Identity:
    env = clean.env
    return Identity(
        clean, env["AZURE_AUTHORITY_HOST"], env["AZURE_TENANT_ID"], env["AZURE_CLIENT_ID"], env["AZURE_CLIENT_SECRET"]
    )


def refused(response: requests.Response, status: int, error: str, code: int) -> str:
    """Check the whole shape of a refusal; gives back the text."""
    body = response.json()
    assert (response.status_code, body["error"], body["error_codes"]) == (status, error, [code]), response.text
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store, no-cache"
    assert response.headers["x-ms-clitelem"] == f"1,{code},0,,"
    assert response.headers["x-ms-request-id"] == body["trace_id"]
    assert GUID.fullmatch(body["trace_id"])
    assert GUID.fullmatch(body["correlation_id"])
    datetime.strptime(body["timestamp"], "%Y-%m-%d %H:%M:%SZ")
    description: str = body["error_description"]
    assert description.startswith(f"AADSTS{code}: ")
    assert description.endswith(
        f" Trace ID: {body['trace_id']} Correlation ID: {body['correlation_id']} Timestamp: {body['timestamp']}"
    )
    return description


# -- tokens -----------------------------------------------------------------------------------------------------


def msal_client(identity: Identity, client_id: str, credential: Any) -> msal.ConfidentialClientApplication:
    http = requests.Session()
    http.verify = identity.sandbox.ca
    # Otherwise requests prefers REQUESTS_CA_BUNDLE to the session's own authority.
    http.trust_env = False
    return msal.ConfidentialClientApplication(
        client_id, client_credential=credential, authority=f"{identity.url}/{identity.tenant_id}",
        instance_discovery=False, http_client=http,
    )


def test_msal_gets_a_token_with_a_secret(identity: Identity) -> None:
    client = msal_client(identity, identity.client_id, identity.secret)
    answer = client.acquire_token_for_client([f"{GRAPH}/.default"])
    claims = identity.claims_of(answer["access_token"], GRAPH)
    principal = next(
        one for one in identity.sandbox.control("GET", "/tenant")["collections"]["service_principals"].values()
        if one["appId"] == identity.client_id
    )
    issuer = f"https://sts.windows.net/{identity.tenant_id}/"
    expected = {
        "aud": GRAPH, "iss": issuer, "idp": issuer, "appid": identity.client_id, "appidacr": "1", "idtyp": "app",
        "oid": principal["id"], "sub": principal["id"], "tid": identity.tenant_id, "ver": "1.0",
        "app_displayname": principal["displayName"],
    }
    assert {name: claims[name] for name in expected} == expected
    assert claims["roles"] == sorted([
        "Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All", "Directory.Read.All", "User.Read.All", "Organization.Read.All",
        "Policy.Read.All",
    ])
    assert set(claims) >= {"aio", "iat", "nbf", "exp", "rh", "tenant_region_scope", "uti", "wids", "xms_tcdt"}
    assert not set(claims) & {"scp", "upn", "azp"}
    assert 3600 <= claims["exp"] - claims["iat"] - 300 <= 5400
    assert "refresh_token" not in answer
    assert client.acquire_token_for_client([f"{GRAPH}/.default"])["token_source"] == "cache"


def test_msal_reports_the_refusal(identity: Identity) -> None:
    client = msal_client(identity, identity.client_id, "wrong")
    answer = client.acquire_token_for_client([f"{GRAPH}/.default"])
    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [7000215]


@pytest.mark.parametrize("scope", [
    f"{GRAPH}/.default", f"{GRAPH}//.default", f"{GRAPH_APP_ID}/.default", f"openid {GRAPH}/.default offline_access",
])
def test_the_audience_is_the_resource_as_it_was_asked_for(identity: Identity, scope: str) -> None:
    resource = next(part for part in scope.split() if "/" in part).removesuffix("/.default")
    response = identity.token(scope=scope)
    assert identity.claims(response, resource)["aud"] == resource
    assert set(response.json()) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    assert 3599 <= response.json()["expires_in"] <= 5399
    assert response.headers["x-ms-clitelem"] == "1,0,0,,"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert {"x-ms-request-id", "x-ms-ests-server", "p3p", "strict-transport-security", "pragma"} <= {
        name.lower() for name in response.headers
    }


def test_roles_are_those_of_the_requested_resource_and_missing_without_any(identity: Identity) -> None:
    env = identity.sandbox.env
    reader = {
        "client_id": env["M365_SANDBOX_READER_CLIENT_ID"], "client_secret": env["M365_SANDBOX_READER_CLIENT_SECRET"],
    }
    assert identity.claims(identity.token(**reader))["roles"] == ["Mail.ReadWrite"]
    outlook = identity.claims(identity.token(**reader, scope=f"{OUTLOOK}/.default"), OUTLOOK)
    assert outlook["roles"] == ["IMAP.AccessAsApp", "POP.AccessAsApp"]
    added = identity.sandbox.control("POST", "/tenant/applications", {"displayName": "No roles", "secret": True})
    without = {"client_id": added["appId"], "client_secret": added["secret"]}
    assert "roles" not in identity.claims(identity.token(**without, scope=f"{OUTLOOK}/.default"), OUTLOOK)


@pytest.mark.parametrize("tenant", ["contoso.onmicrosoft.com", "contoso.example", "Contoso.Example"])
def test_the_tenant_may_be_named_by_a_domain(identity: Identity, tenant: str) -> None:
    assert identity.claims(identity.token(tenant=tenant))["tid"] == identity.tenant_id


def test_http_basic_carries_url_encoded_credentials(identity: Identity) -> None:
    pair = f"{quote(identity.client_id, safe='')}:{quote(identity.secret, safe='')}"
    response = requests.post(
        f"{identity.url}/{identity.tenant_id}/oauth2/v2.0/token",
        data={"grant_type": "client_credentials", "scope": f"{GRAPH}/.default"},
        headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
        verify=identity.sandbox.ca, timeout=60,
    )
    assert identity.claims(response)["appid"] == identity.client_id


def test_the_v1_endpoint_takes_a_resource_and_writes_numbers_as_text(identity: Identity) -> None:
    response = identity.token(path="oauth2/token", scope=None, resource=GRAPH)
    body = response.json()
    claims = identity.claims(response)
    assert body["resource"] == GRAPH
    assert int(body["expires_on"]) == pytest.approx(claims["exp"], abs=2)
    assert int(body["not_before"]) == pytest.approx(claims["nbf"], abs=2)
    assert re.fullmatch(r"\d+", body["expires_in"])
    refused(identity.token(path="oauth2/token", scope=None), 400, "invalid_request", 90014)


# -- certificates -------------------------------------------------------------------------------------------------


def test_msal_gets_a_token_with_a_certificate(identity: Identity) -> None:
    mine = key_pair()
    added = identity.add(certificate=mine.pem, roles={GRAPH: ["Mail.Send"]})
    for credential in (
        {"private_key": mine.key_pem, "public_certificate": mine.pem},
        {"private_key": mine.key_pem, "thumbprint": mine.thumbprint("sha1").hex()},
    ):
        answer = msal_client(identity, added["appId"], credential).acquire_token_for_client([f"{GRAPH}/.default"])
        claims = identity.claims_of(answer["access_token"], GRAPH)
        assert (claims["appidacr"], claims["roles"]) == ("2", ["Mail.Send"])


Change = Callable[[dict[str, Any]], Any]


def assertion(
    identity: Identity, mine: KeyPair, client_id: str, *, algorithm: str = "PS256", padded: bool = False,
    claims: Change = lambda claims: None, header: Change = lambda header: None,
) -> str:
    thumbprint = base64.urlsafe_b64encode(mine.thumbprint("sha256")).decode()
    headers = {"x5t#S256": thumbprint if padded else thumbprint.rstrip("=")}
    content: dict[str, Any] = {
        "aud": f"{identity.url}/{identity.tenant_id}/oauth2/v2.0/token", "iss": client_id, "sub": client_id,
        "jti": str(uuid.uuid4()), "exp": time.time() + 600.5, "iat": time.time(), "nbf": time.time(),
    }
    claims(content)
    header(headers)
    return jwt.encode(content, mine.key, algorithm=algorithm, headers=headers)


def ask_with(identity: Identity, client_id: str, signed: str, **form: Any) -> requests.Response:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return identity.token(**{
        "client_id": client_id, "client_secret": None, "client_assertion": signed, "client_assertion_type": kind,
        **form,
    })


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("name", ["x5t", "x5t#S256"])
def test_assertions_in_every_form(identity: Identity, algorithm: str, padded: bool, name: str) -> None:
    mine = key_pair()
    client_id = identity.add(certificate=mine.pem)["appId"]

    def rename(header: dict[str, Any]) -> None:
        digest = mine.thumbprint("sha256" if name == "x5t#S256" else "sha1")
        text = base64.urlsafe_b64encode(digest).decode()
        header.clear()
        header[name] = text if padded else text.rstrip("=")

    signed = assertion(identity, mine, client_id, algorithm=algorithm, header=rename)
    assert identity.claims(ask_with(identity, client_id, signed))["appid"] == client_id


@pytest.mark.parametrize(("change", "status", "error", "code"), [
    ({"aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token"}, 400, "invalid_request", 50027),
    ({"aud": "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"}, 400, "invalid_request", 50027),
    ({"sub": str(uuid.uuid4())}, 400, "invalid_request", 50027),
    ({"jti": None}, 400, "invalid_request", 50027),
    ({"exp": "soon"}, 400, "invalid_request", 50027),
    ({"exp": time.time() - 3600}, 401, "invalid_client", 700024),
    ({"nbf": time.time() + 7200, "exp": time.time() + 7800}, 401, "invalid_client", 700024),
    ({"iss": "https://token.actions.githubusercontent.com", "sub": "repo:a/b"}, 401, "invalid_client", 70025),
])
def test_assertions_with_wrong_claims(
    identity: Identity, change: dict[str, Any], status: int, error: str, code: int
) -> None:
    mine = key_pair()
    client_id = identity.add(certificate=mine.pem)["appId"]
    signed = assertion(identity, mine, client_id, claims=lambda claims: claims.update(change))
    refused(ask_with(identity, client_id, signed), status, error, code)


def test_assertions_with_wrong_certificates(identity: Identity) -> None:
    mine, other, expired = key_pair(), key_pair(), key_pair(days=-1)
    client_id = identity.add(certificate=mine.pem)["appId"]

    text = refused(
        ask_with(identity, client_id, assertion(identity, other, client_id)), 401, "invalid_client", 700027
    )
    assert "The key was not found." in text
    assert other.thumbprint("sha256").hex().upper() in text

    def claim_mine(header: dict[str, Any]) -> None:
        header["x5t#S256"] = base64.urlsafe_b64encode(mine.thumbprint("sha256")).decode()

    forged = assertion(identity, other, client_id, header=claim_mine)
    text = refused(ask_with(identity, client_id, forged), 401, "invalid_client", 700027)
    assert "failed signature validation" in text

    client_id = identity.add(certificate=expired.pem)["appId"]
    text = refused(
        ask_with(identity, client_id, assertion(identity, expired, client_id)), 401, "invalid_client", 700027
    )
    assert "The key used is expired." in text


def test_assertions_that_are_none(identity: Identity) -> None:
    mine = key_pair()
    client_id = identity.add(certificate=mine.pem)["appId"]
    signed = assertion(identity, mine, client_id)
    refused(ask_with(identity, client_id, "not.a.jwt"), 400, "invalid_request", 50027)
    refused(ask_with(identity, client_id, signed, client_assertion_type="urn:x"), 400, "invalid_request", 9002313)
    unsigned = jwt.encode({"iss": client_id}, None, algorithm="none")
    refused(ask_with(identity, client_id, unsigned), 400, "invalid_request", 50027)
    by_secret = jwt.encode(
        jwt.decode(signed, options={"verify_signature": False}), "x" * 32, algorithm="HS256",
        headers=jwt.get_unverified_header(signed) | {"alg": "HS256"},
    )
    refused(ask_with(identity, client_id, by_secret), 400, "invalid_request", 50027)


# -- refusals -----------------------------------------------------------------------------------------------------

UNKNOWN = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize(("change", "status", "error", "code", "words"), [
    ({"grant_type": None}, 400, "invalid_request", 900144, "parameter: 'grant_type'"),
    ({"client_id": None}, 400, "invalid_request", 900144, "parameter: 'client_id'"),
    ({"scope": None}, 400, "invalid_request", 90014, "'scope' is missing"),
    ({"grant_type": "saml"}, 400, "unsupported_grant_type", 70003, "'saml'"),
    ({"tenant": UNKNOWN}, 400, "invalid_request", 90002, f"Tenant '{UNKNOWN}' not found."),
    ({"tenant": "common"}, 400, "invalid_request", 9001023, "/common or /consumers"),
    ({"tenant": "consumers"}, 400, "invalid_request", 9001023, "/common or /consumers"),
    ({"tenant": "organizations"}, 400, "invalid_request", 50059, "No tenant-identifying information"),
    ({"client_id": UNKNOWN}, 400, "unauthorized_client", 700016, f"'{UNKNOWN}' was not found in the directory"),
    ({"client_secret": None}, 401, "invalid_client", 7000218, "'client_assertion' or 'client_secret'"),
    ({"client_secret": "wrong"}, 401, "invalid_client", 7000215, "not the client secret ID"),
    ({"resource": GRAPH}, 400, "invalid_request", 901002, "'resource' request parameter"),
    ({"scope": f"{GRAPH}/Mail.Send"}, 400, "invalid_scope", 1002012, f"scope {GRAPH}/Mail.Send is not valid"),
    ({"scope": "openid"}, 400, "invalid_scope", 1002012, "/.default"),
    ({"scope": f"{GRAPH}/.default {GRAPH}/Mail.Send"}, 400, "invalid_scope", 1002012, "/.default"),
    ({"scope": f"{GRAPH}/.default {OUTLOOK}/.default"}, 400, "invalid_request", 28000, "more than one resource"),
    ({"scope": "https://nowhere.example/.default"}, 400, "invalid_resource", 500011, "named https://nowhere.example"),
])
def test_refusals(
    identity: Identity, change: dict[str, Any], status: int, error: str, code: int, words: str
) -> None:
    assert words in refused(identity.token(**change), status, error, code)


def test_the_correlation_id_is_the_clients(identity: Identity) -> None:
    mine = str(uuid.uuid4())
    response = requests.post(
        f"{identity.url}/{identity.tenant_id}/oauth2/v2.0/token", headers={"client-request-id": mine},
        verify=identity.sandbox.ca, timeout=60,
    )
    assert response.json()["correlation_id"] == mine


def test_error_uri_stands_where_there_is_a_page(identity: Identity) -> None:
    body = identity.token(client_secret="wrong").json()
    assert body["error_uri"] == "https://login.microsoftonline.com/error?code=7000215"
    assert "error_uri" not in identity.token(scope="x").json()


def test_the_id_of_a_secret_is_no_secret(identity: Identity) -> None:
    added = identity.add(secret=True)
    assert identity.claims(identity.token(client_id=added["appId"], client_secret=added["secret"]))
    refused(identity.token(client_id=added["appId"], client_secret=added["keyId"]), 401, "invalid_client", 7000215)


def test_a_secret_of_another_application_is_wrong(identity: Identity) -> None:
    added = identity.add(secret=True)
    refused(identity.token(client_secret=added["secret"]), 401, "invalid_client", 7000215)


def test_an_expired_secret(identity: Identity) -> None:
    added = identity.add(secret=True, secretSeconds=-60)
    text = refused(
        identity.token(client_id=added["appId"], client_secret=added["secret"]), 401, "invalid_client", 7000222
    )
    assert f"app '{added['appId']}' are expired" in text


def test_a_json_body_has_no_parameters(identity: Identity) -> None:
    response = requests.post(
        f"{identity.url}/{identity.tenant_id}/oauth2/v2.0/token", json={"grant_type": "client_credentials"},
        verify=identity.sandbox.ca, timeout=60,
    )
    assert "'grant_type'" in refused(response, 400, "invalid_request", 900144)


def test_the_token_endpoint_wants_post(identity: Identity) -> None:
    response = identity.get(f"{identity.tenant_id}/oauth2/v2.0/token")
    assert "Received a GET request" in refused(response, 400, "invalid_request", 900561)


def test_a_parameter_that_comes_twice_is_malformed(identity: Identity) -> None:
    response = identity.token(scope=[f"{GRAPH}/.default", f"{OUTLOOK}/.default"])
    refused(response, 400, "invalid_request", 9002313)


@pytest.mark.parametrize("header", ["Basic !", "Basic " + base64.b64encode(b"no colon").decode()])
def test_a_basic_header_that_cannot_be_read_is_malformed(identity: Identity, header: str) -> None:
    response = requests.post(
        f"{identity.url}/{identity.tenant_id}/oauth2/v2.0/token", data={"grant_type": "client_credentials"},
        headers={"Authorization": header}, verify=identity.sandbox.ca, timeout=60,
    )
    refused(response, 400, "invalid_request", 9002313)


def test_unknown_paths_are_not_found(identity: Identity) -> None:
    assert identity.get("common/oauth3/token").status_code == 404
    assert identity.get(f"{identity.tenant_id}/oauth2/v3.0/authorize").status_code == 404


# -- discovery ------------------------------------------------------------------------------------------------------


def test_the_v2_document_gives_the_sandboxs_endpoints_and_microsofts_names(identity: Identity) -> None:
    document = identity.get("contoso.example/v2.0/.well-known/openid-configuration").json()
    root = f"{identity.url}/{identity.tenant_id}"
    assert document["token_endpoint"] == f"{root}/oauth2/v2.0/token"
    assert document["jwks_uri"] == f"{root}/discovery/v2.0/keys"
    assert document["issuer"] == f"https://login.microsoftonline.com/{identity.tenant_id}/v2.0"
    assert document["token_endpoint_auth_methods_supported"] == [
        "client_secret_post", "private_key_jwt", "client_secret_basic",
    ]
    assert document["msgraph_host"] == "graph.microsoft.com"
    assert identity.get(f"{identity.tenant_id}/discovery/v2.0/keys").json()["keys"]


def test_the_v1_document(identity: Identity) -> None:
    document = identity.get(f"{identity.tenant_id}/.well-known/openid-configuration").json()
    assert document["token_endpoint"] == f"{identity.url}/{identity.tenant_id}/oauth2/token"
    assert document["issuer"] == f"https://sts.windows.net/{identity.tenant_id}/"
    assert identity.get(document["jwks_uri"].removeprefix(f"{identity.url}/")).json()["keys"]


def test_the_shared_documents_name_no_tenant(identity: Identity) -> None:
    document = identity.get("common/v2.0/.well-known/openid-configuration").json()
    assert document["issuer"] == "https://login.microsoftonline.com/{tenantid}/v2.0"
    assert document["token_endpoint"] == f"{identity.url}/common/oauth2/v2.0/token"


@pytest.mark.parametrize("path", [
    "v2.0/.well-known/openid-configuration", ".well-known/openid-configuration", "discovery/v2.0/keys",
])
def test_discovery_of_an_unknown_tenant(identity: Identity, path: str) -> None:
    refused(identity.get(f"fabrikam.example/{path}"), 400, "invalid_request", 90002)


def test_keys_carry_their_certificate(identity: Identity) -> None:
    key = identity.get("common/discovery/v2.0/keys").json()["keys"][0]
    der = base64.b64decode(key["x5c"][0])
    assert key["kid"] == key["x5t"] == base64.urlsafe_b64encode(hashlib.sha1(der).digest()).decode().rstrip("=")
    public = x509.load_der_x509_certificate(der).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.public_numbers() == jwt.PyJWK(key).key.public_numbers()


def test_instance_discovery_knows_microsofts_clouds_only(identity: Identity) -> None:
    def ask(host: str) -> requests.Response:
        return identity.get("common/discovery/instance", params={
            "api-version": "1.1", "authorization_endpoint": f"https://{host}/{identity.tenant_id}/oauth2/v2.0/authorize",
        })

    document = ask("login.windows.net").json()
    assert document["tenant_discovery_endpoint"] == (
        f"https://login.windows.net/{identity.tenant_id}/v2.0/.well-known/openid-configuration"
    )
    assert "login.microsoftonline.us" in document["metadata"][3]["aliases"]
    refused(ask(identity.url.removeprefix("https://")), 400, "invalid_instance", 50049)
    refused(ask("login.example"), 400, "invalid_instance", 50049)


# -- replication ------------------------------------------------------------------------------------------------------


def test_a_fresh_application_is_unknown_while_its_replica_lags(identity: Identity) -> None:
    added = identity.add(secret=True)
    ask = {"client_id": added["appId"], "client_secret": added["secret"]}
    identity.sandbox.control(
        "POST", "/faults", {"face": "identity", "kind": "replication_lag", "seconds": 600, "count": 1}
    )
    refused(identity.token(**ask), 400, "unauthorized_client", 700016)
    assert identity.token(**ask).status_code == 200


def test_no_token_for_a_resource_that_is_disabled(identity: Identity) -> None:
    principal = f"/tenant/service-principals/{OUTLOOK_APP_ID}"
    assert identity.sandbox.control("PATCH", principal, {"accountEnabled": False})["accountEnabled"] is False
    text = refused(identity.token(scope=f"{OUTLOOK}/.default"), 400, "invalid_resource", 500014)
    assert f"The service principal for resource '{OUTLOOK}' is disabled." in text
    assert identity.token().ok
    identity.sandbox.control("PATCH", principal, {"accountEnabled": True})
    assert identity.token(scope=f"{OUTLOOK}/.default").ok


# -- an application's life, made through Graph ------------------------------------------------------------------------


def test_an_application_gets_tokens_from_its_enterprise_application_to_its_deletion(identity: Identity) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {identity.token().json()['access_token']}"

    def graph(method: str, path: str, body: Any = None) -> Any:
        url = f"{identity.sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/{path}"
        answer = session.request(method, url, json=body, verify=identity.sandbox.ca, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    application = graph("POST", "applications", {"displayName": "Short life"})
    path = f"applications/{application['id']}"
    secret = graph("POST", f"{path}/addPassword", {})["secretText"]
    ask = {"client_id": application["appId"], "client_secret": secret}

    text = refused(identity.token(**ask), 401, "invalid_client", 7000229)
    assert f"{application['appId']} is missing service principal in the tenant {identity.tenant_id}" in text

    principal = graph("POST", "servicePrincipals", {"appId": application["appId"]})
    assert identity.claims(identity.token(**ask))["oid"] == principal["id"]

    graph("PATCH", f"servicePrincipals/{principal['id']}", {"accountEnabled": False})
    text = refused(identity.token(**ask), 400, "unauthorized_client", 7000112)
    assert f"'{application['appId']}'(Short life) is disabled." in text
    graph("PATCH", f"servicePrincipals/{principal['id']}", {"accountEnabled": True})

    second = graph("POST", f"{path}/addPassword", {})["secretText"]
    identity.sandbox.control(
        "POST", "/faults", {"face": "identity", "kind": "replication_lag", "seconds": 600, "count": 1}
    )
    refused(identity.token(**ask), 400, "unauthorized_client", 700016)
    assert identity.token(**{**ask, "client_secret": second}).status_code == 200

    graph("DELETE", path)
    refused(identity.token(**ask), 400, "unauthorized_client", 700016)
