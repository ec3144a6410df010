"""The identity face: which path asks for what."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from m365_sandbox.http.faults import not_saved_handlers
from m365_sandbox.identity import errors
from m365_sandbox.identity.client_authentication import basic_credentials
from m365_sandbox.identity.discovery import SHARED_TENANTS, instance_discovery, is_this_tenant, openid_configuration
from m365_sandbox.identity.errors import EntraError, response_headers
from m365_sandbox.identity.fault_answers import fault_answer
from m365_sandbox.identity.grants.authorization_codes import redeem_code
from m365_sandbox.identity.grants.client_credentials import answer_client_credentials
from m365_sandbox.identity.grants.device_codes import redeem_device_code, start_device_flow
from m365_sandbox.identity.grants.refresh_tokens import redeem_refresh_token
from m365_sandbox.identity.refusals import refuse
from m365_sandbox.identity.sign_in.pages import DEVICE_PATH, sign_in_routes
from m365_sandbox.identity.token_request import TokenRequest, answer_token_request, require_tenant
from m365_sandbox.state.sandbox import Sandbox

FORM = "application/x-www-form-urlencoded"
GRANTS = {
    "client_credentials": answer_client_credentials,
    "authorization_code": redeem_code,
    "refresh_token": redeem_refresh_token,
    "urn:ietf:params:oauth:grant-type:device_code": redeem_device_code,
    # v1.0's name of it.
    "device_code": redeem_device_code,
}
_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def identity_app(sandbox: Sandbox) -> Starlette:
    """The face of login.microsoftonline.com."""
    face = _Face(sandbox)
    return Starlette(
        routes=[
            Route("/common/discovery/instance", face.instance, methods=["GET"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", face.metadata_v2, methods=["GET"]),
            Route("/{tenant}/.well-known/openid-configuration", face.metadata_v1, methods=["GET"]),
            Route("/{tenant}/discovery/v2.0/keys", face.keys, methods=["GET"]),
            Route("/{tenant}/discovery/keys", face.keys, methods=["GET"]),
            Route("/{tenant}/oauth2/v2.0/token", face.token_v2, methods=_ANY_METHOD),
            Route("/{tenant}/oauth2/token", face.token_v1, methods=_ANY_METHOD),
            Route("/{tenant}/oauth2/v2.0/devicecode", face.devicecode_v2, methods=_ANY_METHOD),
            Route("/{tenant}/oauth2/devicecode", face.devicecode_v1, methods=_ANY_METHOD),
            *sign_in_routes(sandbox),
        ],
        exception_handlers={
            EntraError: _refuse, 404: _nothing_here, 405: _nothing_here, **not_saved_handlers("identity", fault_answer),
        },
    )


class _Face:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def instance(self, request: Request) -> Response:
        endpoint = request.query_params.get("authorization_endpoint")
        if not endpoint:
            raise errors.missing_parameter("authorization_endpoint")
        return _json(instance_discovery(endpoint))

    async def metadata_v1(self, request: Request) -> Response:
        return self._metadata(request, 1)

    async def metadata_v2(self, request: Request) -> Response:
        return self._metadata(request, 2)

    def _metadata(self, request: Request, version: int) -> Response:
        name = request.path_params["tenant"]
        base_url = f"https://{request.url.netloc}"
        return _json(openid_configuration(self.sandbox.tenant, name, base_url, version=version))

    async def keys(self, request: Request) -> Response:
        name = request.path_params["tenant"]
        if name.casefold() not in SHARED_TENANTS and not is_this_tenant(self.sandbox.tenant, name):
            raise errors.unknown_tenant(name)
        return _json(self.sandbox.keys.jwks())

    async def token_v1(self, request: Request) -> Response:
        return await self._token(request, 1)

    async def token_v2(self, request: Request) -> Response:
        return await self._token(request, 2)

    async def _token(self, request: Request, version: int) -> Response:
        form = await _form(request)
        basic = basic_credentials(request.headers.get("authorization", ""))
        # The request log wants to know who asked, whether or not a token comes out of it.
        request.state.app_id = form.get("client_id") or (basic[0] if basic else None)
        refuse(self.sandbox, request, request.state.app_id or "")
        return _json(await answer_token_request(
            TokenRequest(
                sandbox=self.sandbox, tenant_name=request.path_params["tenant"], version=version, form=form,
                basic=basic, host=request.url.netloc, origin=request.headers.get("origin"),
                lag=self.sandbox.faults.replication_lag("identity", "POST", request.url.path),
            ),
            GRANTS,
        ))

    async def devicecode_v1(self, request: Request) -> Response:
        return await self._devicecode(request, 1)

    async def devicecode_v2(self, request: Request) -> Response:
        return await self._devicecode(request, 2)

    async def _devicecode(self, request: Request, version: int) -> Response:
        form = await _form(request)
        request.state.app_id = form.get("client_id")
        require_tenant(self.sandbox.tenant, request.path_params["tenant"])
        page = f"https://{request.url.netloc}{DEVICE_PATH}"
        return _json(start_device_flow(self.sandbox, version, form, page))


async def _form(request: Request) -> dict[str, str]:
    """The parameters of the form; a body of another type has none, as far as Entra is concerned."""
    if request.method != "POST":
        raise errors.only_post(request.method)
    if request.headers.get("content-type", "").partition(";")[0].strip().casefold() != FORM:
        return {}
    pairs = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    if len({name for name, _ in pairs}) != len(pairs):
        raise errors.malformed_request()
    return dict(pairs)


def _json(body: object) -> Response:
    return JSONResponse(body, headers=response_headers(), media_type="application/json; charset=utf-8")


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, EntraError)
    trace_id = str(uuid.uuid4())
    body = error.body(trace_id, request.headers.get("client-request-id") or str(uuid.uuid4()))
    return JSONResponse(
        body, status_code=error.status, headers=response_headers(error.code, trace_id),
        media_type="application/json; charset=utf-8",
    )


async def _nothing_here(request: Request, error: Exception) -> Response:
    return Response(status_code=404, headers=response_headers())
