"""Azure Resource Manager, and the sandbox's own addresses as token resources: what Azure's own tools sign in by."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from sandbox_fixture import RunningSandbox

VERSION = {"api-version": "2022-12-01"}


def token(sandbox: RunningSandbox, resource: str, *, version: int = 2) -> httpx.Response:
    """What the token endpoint answers to the operator's application."""
    env = sandbox.env
    path, asked = ("oauth2/v2.0/token", {"scope": f"{resource}/.default"}) if version == 2 else (
        "oauth2/token", {"resource": resource}
    )
    return httpx.post(
        f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}/{path}", verify=sandbox.tls, trust_env=False, data={
            "grant_type": "client_credentials", "client_id": env["AZURE_CLIENT_ID"],
            "client_secret": env["AZURE_CLIENT_SECRET"], **asked,
        },
    )


def get(sandbox: RunningSandbox, path: str, *, bearer: str | None = None, **params: str) -> tuple[int, Any]:
    """Status and body of an answer of Resource Manager."""
    answer = httpx.get(
        f"{sandbox.env['M365_SANDBOX_MANAGEMENT_URL']}{path}", verify=sandbox.tls, trust_env=False, params=params,
        headers={} if bearer is None else {"Authorization": f"Bearer {bearer}"},
    )
    return answer.status_code, answer.json()


@pytest.mark.parametrize(("variable", "audience"), [
    ("MAILOPS_GRAPH_ENDPOINT", "https://graph.microsoft.com"),
    ("MAILOPS_EXCHANGE_ENDPOINT", "https://outlook.office365.com"),
    ("M365_SANDBOX_MANAGEMENT_URL", "https://management.azure.com"),
])
def test_its_own_addresses_are_resources(sandbox: RunningSandbox, variable: str, audience: str) -> None:
    own = sandbox.env[variable]
    for resource in (own, f"{own}/", own.replace("127.0.0.1", "localhost")):
        for version in (1, 2):
            answer = token(sandbox, resource, version=version)
            assert answer.status_code == 200, answer.text
            claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
            assert claims["aud"] == audience
    for resource in (f"{own}/v1.0", own.replace("https", "http"), f"{own}0"):
        assert token(sandbox, resource).json()["error_codes"] == [500011]


def test_a_token_for_graphs_own_address_opens_graph(sandbox: RunningSandbox) -> None:
    own = sandbox.env["MAILOPS_GRAPH_ENDPOINT"]
    bearer = token(sandbox, f"{own}/").json()["access_token"]
    answer = httpx.get(
        f"{own}/v1.0/organization", headers={"Authorization": f"Bearer {bearer}"}, verify=sandbox.tls, trust_env=False
    )
    assert answer.json()["value"][0]["displayName"] == "Contoso"


def test_the_cloud_describes_itself(sandbox: RunningSandbox) -> None:
    env = sandbox.env
    for path in ("/metadata/endpoints", "//metadata/endpoints"):
        status, cloud = get(sandbox, path, **VERSION)
        assert status == 200
        assert cloud["authentication"]["loginEndpoint"] == env["AZURE_AUTHORITY_HOST"]
        assert cloud["microsoftGraphResourceId"] == f"{env['MAILOPS_GRAPH_ENDPOINT']}/"
        assert cloud["resourceManager"] == f"{env['M365_SANDBOX_MANAGEMENT_URL']}/"


def test_a_tenant_without_a_subscription(sandbox: RunningSandbox) -> None:
    for resource in ("https://management.core.windows.net/", "https://management.azure.com"):
        bearer = token(sandbox, resource).json()["access_token"]
        assert get(sandbox, "/subscriptions", bearer=bearer, **VERSION)[1]["value"] == []
        [tenant] = get(sandbox, "/tenants", bearer=bearer, **VERSION)[1]["value"]
        assert tenant["tenantId"] == sandbox.env["AZURE_TENANT_ID"]


def test_resource_manager_refuses(sandbox: RunningSandbox) -> None:
    bearer = token(sandbox, "https://management.azure.com").json()["access_token"]
    graph = token(sandbox, "https://graph.microsoft.com").json()["access_token"]

    def code(path: str, bearer: str | None, **params: str) -> tuple[int, str]:
        status, body = get(sandbox, path, bearer=bearer, **params)
        return status, body["error"]["code"]

    assert code("/subscriptions", bearer) == (400, "MissingApiVersionParameter")
    assert code("/subscriptions", None, **VERSION) == (401, "AuthenticationFailed")
    assert code("/subscriptions", graph, **VERSION) == (401, "InvalidAuthenticationToken")
    assert code("/subscriptions", "x", **VERSION) == (401, "InvalidAuthenticationToken")
    assert code("/resourceGroups", bearer, **VERSION) == (404, "NotFound")


def test_the_certificate_has_a_common_name(sandbox: RunningSandbox) -> None:
    port = int(sandbox.env["M365_SANDBOX_IMAP_PORT"])
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())
    assert [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["localhost"]
