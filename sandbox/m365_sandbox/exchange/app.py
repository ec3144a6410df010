"""The admin API over HTTP, in the place of https://outlook.office365.com.

``POST /adminapi/beta/{tenant}/InvokeCommand`` and ``/$batch``; ``GET …/EXOModuleFile`` and ``…/EXOBanner('…')`` for the
PowerShell module. InvokeCommand exists under ``beta`` only, the module's files under ``v1.0`` too (facts).
"""

from __future__ import annotations

import gzip
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from m365_sandbox.exchange.batch import run_batch
from m365_sandbox.exchange.errors import AdminError, malformed_request
from m365_sandbox.exchange.fault_answers import fault_answer
from m365_sandbox.exchange.invocation import FACE, Answer, Request, invoke
from m365_sandbox.exchange.module_file import module_file
from m365_sandbox.http.faults import not_saved_handlers
from m365_sandbox.identity.tokens import TokenError, verify
from m365_sandbox.state.clock import now
from m365_sandbox.state.faults import Fault
from m365_sandbox.state.resources import EXCHANGE_APP_ID
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.tenant import Tenant

AUDIENCES = frozenset({"https://outlook.office365.com", "https://outlook.office365.com/"})
ROLE = "Exchange.ManageAsApp"
JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
# Recorded: a run of NUL bytes in place of JSON.
FORBIDDEN_BODY = bytes(4096)
RATE_LIMIT = 30000
SERVER = "AM0PR01CA0001"

_PATH = re.compile(r"/adminapi/(?P<version>beta|v1\.0)/(?P<tenant>[^/]+)/(?P<action>.+)", re.IGNORECASE)
_BANNER = re.compile(r"EXOBanner\('[^']*'\)", re.IGNORECASE)


@dataclass(frozen=True)
class Caller:
    """Who asks, by the token."""

    app_id: str
    wids: list[str]


class Unauthorized(Exception):
    """No token that the admin API takes; the message is for the diagnostic header."""


def exchange_app(sandbox: Sandbox) -> Starlette:
    """The face for one instance."""
    face = _Face(sandbox)
    return Starlette(
        routes=[Route("/{path:path}", face.answer, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])],
        exception_handlers=not_saved_handlers(FACE, fault_answer),
    )


class _Face:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def answer(self, http: HttpRequest) -> Response:
        """Answer any request."""
        try:
            caller = _authenticate(self._sandbox, http.headers.get("authorization", ""))
        except Unauthorized as error:
            return _unauthorized(str(error))
        http.state.app_id = caller.app_id
        try:
            answer = self._dispatch(http, await http.body(), caller)
        except AdminError as error:
            answer = Answer(error.status, error.body(), error.headers())
        http.state.cmdlet = answer.cmdlet or None
        return _response(answer, http)

    def _dispatch(self, http: HttpRequest, body: bytes, caller: Caller) -> Answer:
        found = _PATH.fullmatch(http.url.path)
        if found is None:
            raise malformed_request(f"Resource not found for the segment '{http.url.path}'.", 404)
        _check_tenant(self._sandbox.tenant, found["tenant"])
        base_url = f"{http.base_url}adminapi/beta/{found['tenant']}"
        # InvokeCommand and $batch are actions, so GET does not do; v1.0 does not have them at all.
        match found["version"].lower(), http.method, found["action"].lower():
            case "beta", "POST", "invokecommand":
                query = {name.casefold(): value for name, value in http.query_params.items()}
                return self._invoke(http.url.path, base_url, query, dict(http.headers), body, caller)
            case "beta", "POST", "$batch":
                return self._batch(http, base_url, body, caller)
            case _, _, "invokecommand" | "$batch":
                raise malformed_request("The requested resource does not support the HTTP method.", 405)
            case _, "GET", "exomodulefile":
                rows = module_file(caller.wids, http.headers.get("commandname", "*"))
                context = f"{base_url}/$metadata#EXOModuleFile"
                return Answer(200, {"@odata.context": context, "value": rows}) if rows else Answer(403, None)
            case _, "GET", action if _BANNER.fullmatch(action):
                return Answer(200, {"@odata.context": f"{base_url}/$metadata#EXOBanner", "value": []})
        raise malformed_request(f"Resource not found for the segment '{found['action']}'.", 404)

    def _invoke(
        self, path: str, base_url: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes,
        caller: Caller,
    ) -> Answer:
        if unknown := set(query) - {"$select", "$skiptoken"}:
            raise malformed_request(f"The query option '{sorted(unknown)[0]}' isn't supported.")
        return invoke(self._sandbox, Request(path, base_url, query, headers, body, caller.wids))

    def _batch(self, http: HttpRequest, base_url: str, body: bytes, caller: Caller) -> Answer:
        def run(path: str, query: Mapping[str, str], headers: Mapping[str, str], content: bytes) -> Answer:
            found = _PATH.fullmatch(path)
            if found is None or (found["version"].lower(), found["action"].lower()) != ("beta", "invokecommand"):
                raise malformed_request(f"Resource not found for the segment '{path}'.", 404)
            _check_tenant(self._sandbox.tenant, found["tenant"])
            # Throttling counts each request of a batch by itself.
            faults = self._sandbox.faults.take(FACE, "POST", path, ("throttle", "unavailable"))
            if faults and faults[0].when == "before":
                return _fault(faults[0])
            answer = self._invoke(path, base_url, query, headers, content, caller)
            return _fault(faults[0]) if faults else answer

        responses = run_batch(body, run)
        http.state.batch = [
            {
                "method": request.get("method"), "url": request.get("url"), "status": response["status"],
                "cmdlet": response["headers"].get("Cmdlet-Name"),
            }
            for request, response in zip(json.loads(body)["requests"], responses, strict=True)
        ]
        return Answer(200, {"responses": responses})


def _fault(fault: Fault) -> Answer:
    status, headers, body = fault_answer(fault)
    return Answer(status, body, headers)


def _authenticate(sandbox: Sandbox, authorization: str) -> Caller:
    scheme, _, token = authorization.partition(" ")
    try:
        claims = verify(
            sandbox.keys, sandbox.tenant, token.strip() if scheme.lower() == "bearer" else "", AUDIENCES
        )
    except TokenError as error:
        raise Unauthorized(f"The token is refused: {error.reason}.") from error
    if ROLE not in claims.get("roles", ()):
        raise Unauthorized("The token contains no permissions, or permissions cannot be understood.")
    return Caller(claims["appid"], list(claims.get("wids", ())))


def _check_tenant(tenant: Tenant, name: str) -> None:
    if name.casefold() not in (tenant.tenant_id, *tenant.domains):
        raise malformed_request(f"The tenant '{name}' couldn't be found.", 404)


def _unauthorized(reason: str) -> Response:
    return Response(None, 401, {
        "WWW-Authenticate": (
            f'Bearer client_id="{EXCHANGE_APP_ID}", '
            'trusted_issuers="00000001-0000-0000-c000-000000000000@*", '
            'token_types="app_asserted_user_v1 service_asserted_app_v1", '
            'authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="invalid_token"'
        ),
        "x-ms-diagnostics": f'2000008;reason="{reason}";error_category="invalid_grant"',
        "request-id": str(uuid.uuid4()),
    })


def _response(answer: Answer, http: HttpRequest) -> Response:
    echoed = {name: http.headers[name] for name in ("connection-id", "client-request-id") if name in http.headers}
    headers = {
        "request-id": str(uuid.uuid4()), **echoed, "Cache-Control": "no-cache", "OData-Version": "4.0",
        "Preference-Applied": 'odata.include-annotations="*"', "Rate-Limit-Limit": str(RATE_LIMIT),
        "Rate-Limit-Remaining": str(RATE_LIMIT - 1),
        "Rate-Limit-Reset": (now() + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "X-FEServer": SERVER, "X-BackendHttpStatus": f"{answer.status},{answer.status}",
        "Restrict-Access-Confirm": "1", **answer.headers,
    }
    if answer.body is not None:
        return Response(json.dumps(answer.body), answer.status, headers, JSON_TYPE)
    content = FORBIDDEN_BODY
    if "gzip" in http.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        content = gzip.compress(content)
    return Response(content, answer.status, headers, "application/json")
