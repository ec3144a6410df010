"""Brackets within brackets, half characters, numbers that are none: every face that reads JSON refuses them."""

from __future__ import annotations

import base64

import httpx
import pytest
from exchange_client import ADMINISTRATOR, Exchange
from graph_client import Graph, refusal
from sandbox_fixture import RunningSandbox

JSON = {"Content-Type": "application/json"}
# The last is less than what Python's parser takes.
DEEP = [b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 5000 + b"]" * 5000, b'{"a":' * 100 + b"1" + b"}" * 100]
SENSELESS = [*DEEP, b'{"displayName":"\\ud800"}', b'{"displayName":NaN}', b'{"displayName":-Infinity}']


@pytest.mark.parametrize("content", SENSELESS)
@pytest.mark.parametrize("path", ["/applications", "/$batch", "/users/probe@contoso.example/sendMail"])
def test_graph(clean: RunningSandbox, path: str, content: bytes) -> None:
    graph = Graph(clean, "Mail.Send", "Application.ReadWrite.All")
    assert refusal(graph.post(path, content=content, headers=JSON))[:2] == (400, "BadRequest")


@pytest.mark.parametrize("content", SENSELESS)
def test_exchange(clean: RunningSandbox, content: bytes) -> None:
    exchange = Exchange(clean, ADMINISTRATOR)
    for path in ("InvokeCommand", "$batch"):
        assert exchange.post(path, content=content, headers=JSON).status_code == 400


def test_tokens_and_assertions(clean: RunningSandbox) -> None:
    env = clean.env
    deep = base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=")
    with httpx.Client(verify=clean.tls, trust_env=False) as client:
        for token in (f"{deep}.e30.x", f"eyJhbGciOiJSUzI1NiJ9.{deep}.x"):
            answer = client.get(
                f"{env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/users", headers={"Authorization": f"Bearer {token}"}
            )
            assert refusal(answer)[:2] == (401, "InvalidAuthenticationToken")
            answer = client.post(f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token", data={
                "grant_type": "client_credentials", "client_id": env["AZURE_CLIENT_ID"],
                "scope": "https://graph.microsoft.com/.default", "client_assertion": token,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            })
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
