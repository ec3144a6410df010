"""The ASGI application of management.azure.com: which cloud this is, which tenant, and no subscription in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from m365_sandbox.identity.tokens import TokenError, verify
from m365_sandbox.state.faces import address
from m365_sandbox.state.resources import MANAGEMENT_AUDIENCES
from m365_sandbox.state.sandbox import Sandbox

Handler = Callable[[Request], Awaitable[Response]]


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def management_app(sandbox: Sandbox) -> Starlette:
    """The face for one instance."""
    def signed_in(body: Callable[[], dict[str, Any]]) -> Handler:
        async def answer(request: Request) -> Response:
            _require_version(request)
            _authenticate(sandbox, request)
            return JSONResponse(body())

        return answer

    async def endpoints(request: Request) -> Response:
        _require_version(request)
        return JSONResponse(_endpoints(sandbox))

    return Starlette(
        routes=[
            # Clients that add the path to an address with a slash at its end ask with two.
            Route("/metadata/endpoints", endpoints, methods=["GET"]),
            Route("//metadata/endpoints", endpoints, methods=["GET"]),
            Route("/subscriptions", signed_in(_subscriptions), methods=["GET"]),
            Route("/tenants", signed_in(lambda: _tenants(sandbox)), methods=["GET"]),
        ],
        exception_handlers={_Refused: _refuse, HTTPException: _refuse_http},
    )


def _endpoints(sandbox: Sandbox) -> dict[str, Any]:
    login, graph, own = (address(face, sandbox.ports[face]) for face in ("identity", "graph", "management"))
    return {
        "name": "Sandbox", "portal": own, "graphAudience": f"{graph}/", "microsoftGraphResourceId": f"{graph}/",
        "resourceManager": f"{own}/", "suffixes": {},
        "authentication": {
            "loginEndpoint": login, "tenant": "common", "identityProvider": "AAD",
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        },
    }


def _subscriptions() -> dict[str, Any]:
    return {"value": [], "count": {"type": "Total", "value": 0}}


def _tenants(sandbox: Sandbox) -> dict[str, Any]:
    tenant = sandbox.tenant
    return {"value": [{
        "id": f"/tenants/{tenant.tenant_id}", "tenantId": tenant.tenant_id, "displayName": tenant.display_name,
        "domains": list(tenant.domains), "defaultDomain": tenant.domains[-1], "tenantCategory": "Home",
        "tenantType": "AAD",
    }]}


def _require_version(request: Request) -> None:
    if "api-version" not in request.query_params:
        raise _Refused(
            400, "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )


def _authenticate(sandbox: Sandbox, request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        raise _Refused(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    try:
        verify(
            sandbox.keys, sandbox.tenant, token.strip() if scheme.lower() == "bearer" else "", MANAGEMENT_AUDIENCES
        )
    except TokenError as error:
        raise _Refused(401, "InvalidAuthenticationToken", f"The access token is invalid: {error.reason}.") from error


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, _Refused)
    return JSONResponse({"error": {"code": error.code, "message": str(error)}}, error.status)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": {"code": "NotFound", "message": f"There is no {request.url.path}."}}, 404)
