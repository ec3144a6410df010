"""A plain HTTP client of the Graph face, with a token of the roles that a test asks for."""

from __future__ import annotations

import ssl
import uuid
from typing import Any

import httpx
from sandbox_fixture import RunningSandbox

GRAPH = "https://graph.microsoft.com"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"
OWNED_BY = "Application.ReadWrite.OwnedBy"
ALL = (
    "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All", "User.Read.All", "Organization.Read.All",
)
EVENTUAL = {"ConsistencyLevel": "eventual"}


class Graph(httpx.Client):
    """Requests with paths below /v1.0. ``app_id`` and ``object_id`` are the caller's (of its service principal)."""

    def __init__(self, sandbox: RunningSandbox, *roles: str, token: str | None = None) -> None:
        self.sandbox = sandbox
        self.app_id = self.object_id = ""
        if token is None:
            added = sandbox.control(
                "POST", "/tenant/applications", {"displayName": "Caller", "roles": {GRAPH: list(roles)}}
            )
            self.app_id, self.object_id = added["appId"], added["servicePrincipalId"]
            token = token_of(sandbox, self.app_id)
        super().__init__(
            base_url=f"{sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/",
            verify=ssl.create_default_context(cafile=sandbox.ca),
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    def application(self, **properties: Any) -> dict[str, Any]:
        """A new application, as the answer to its creation shows it."""
        return body(self.post("/applications", json={"displayName": "Probe", **properties}), 201)

    def service_principal(self, app_id: str | None = None) -> dict[str, Any]:
        """A new service principal, of a new application unless told otherwise."""
        return body(self.post("/servicePrincipals", json={"appId": app_id or self.application()["appId"]}), 201)

    def resource(self, app_id: str = GRAPH_APP_ID) -> dict[str, Any]:
        """A first-party service principal."""
        return body(self.get(f"/servicePrincipals(appId='{app_id}')"))

    def values(self, path: str, **options: Any) -> list[dict[str, Any]]:
        """The objects of a collection's first page."""
        found: list[dict[str, Any]] = body(self.get(path, **options))["value"]
        return found


def token_of(sandbox: RunningSandbox, app_id: str, *, resource: str = GRAPH, seconds: int = 3600) -> str:
    """An access token for an application."""
    answer = sandbox.control("POST", "/tenant/tokens", {"appId": app_id, "resource": resource, "seconds": seconds})
    token: str = answer["access_token"]
    return token


def body(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The JSON of an answer that has to have this status."""
    assert response.status_code == status, response.text
    content: dict[str, Any] = response.json()
    return content


def done(response: httpx.Response) -> None:
    """Insist on 204 without a body."""
    assert (response.status_code, response.content) == (204, b""), response.text


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of an error, whose envelope has to be complete."""
    error = response.json()["error"]
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}
    assert error["innerError"]["request-id"] == response.headers["request-id"]
    return response.status_code, error["code"], error["message"]


def not_found(identifier: str) -> tuple[int, str, str]:
    """The directory's 404."""
    return (
        404, "Request_ResourceNotFound",
        f"Resource '{identifier}' does not exist or one of its queried reference-property objects are not present.",
    )


DENIED = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
UNSUPPORTED = (400, "Request_UnsupportedQuery", "Unsupported Query.")


def bad(message: str) -> tuple[int, str, str]:
    """The directory's 400."""
    return 400, "Request_BadRequest", message


def gateway(message: str) -> tuple[int, str, str]:
    """The gateway's 400."""
    return 400, "BadRequest", message


def names(objects: list[dict[str, Any]]) -> list[str]:
    """The display names."""
    return [entity["displayName"] for entity in objects]


def unknown() -> str:
    """A GUID that nothing has."""
    return str(uuid.uuid4())
