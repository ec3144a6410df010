"""One request from its arrival to its answer: authentication, route, roles, handler, error envelope."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.datastructures import Headers

from m365_sandbox.graph.errors import REFUSALS, GraphError, gateway_refusal
from m365_sandbox.graph.routing import BETA, V1, Answer, Call, Route, Router, person_of, split_path
from m365_sandbox.identity.tokens import TokenError, verify
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.state.resources import GRAPH_AUDIENCES
from m365_sandbox.state.sandbox import Sandbox

FACE = "graph"
# The texts of 2.2 in the facts; the one for the signature is the one that public reports quote.
TOKEN_REFUSALS = {
    "empty": "Access token is empty.",
    "malformed": "CompactToken parsing failed with error code: 80049217",
    "expired": "Lifetime validation failed, the token is expired.",
    "audience": "Access token validation failure. Invalid audience.",
    "signature": "Signing key is invalid.",
}


@dataclass(frozen=True)
class Incoming:
    """A request as it came, whether alone or inside a ``$batch``.

    :param path: percent-encoded, with the version.
    :param query: percent-encoded, without the question mark.
    :param origin: scheme, host and port.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    origin: str

    @property
    def plain_path(self) -> str:
        """The path decoded: what faults look at."""
        return unquote(self.path)


@dataclass(frozen=True)
class Outcome:
    """An answer with what the log of requests wants to know.

    ``app_id`` is None without a valid token; ``changed`` says whether the tenant may have changed.
    """

    answer: Answer
    app_id: str | None = None
    changed: bool = False


class Dispatcher:
    """Answers requests by means of routes."""

    def __init__(self, sandbox: Sandbox, post_office: PostOffice, routes: Sequence[Route]) -> None:
        self._sandbox = sandbox
        self._post_office = post_office
        self._router = Router(routes)

    async def dispatch(self, incoming: Incoming) -> Outcome:
        """Answer one request. Refusals are answers too."""
        request_id = str(uuid.uuid4())
        client_request_id = incoming.headers.get("client-request-id") or request_id
        app_id = None
        changed = False
        try:
            claims = self._authenticate(incoming.headers)
            app_id = claims["appid"]
            code = self._sandbox.faults.refusal(FACE, REFUSALS, incoming.method, incoming.plain_path)
            if code is not None:
                status, message = REFUSALS[code]
                raise GraphError(status, code, message)
            route, call = self._route(incoming, claims)
            answer = await route.handler(call)
            changed = _may_change(route, answer)
        except GraphError as error:
            answer = Answer(error.status, error.envelope(request_id, client_request_id), error.headers)
        headers = {
            "request-id": request_id,
            "client-request-id": client_request_id,
            "x-ms-ags-diagnostic": (
                '{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"5","ScaleUnit":"000",'
                '"RoleInstance":"SANDBOX"}}'
            ),
            "OData-Version": "4.0",
        }
        return Outcome(replace(answer, headers={**headers, **answer.headers}), app_id, changed)

    def _authenticate(self, headers: Headers) -> dict[str, Any]:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
        try:
            return verify(self._sandbox.keys, self._sandbox.tenant, token, GRAPH_AUDIENCES)
        except TokenError as error:
            raise GraphError(401, "InvalidAuthenticationToken", TOKEN_REFUSALS[error.reason]) from error

    def _route(self, incoming: Incoming, claims: dict[str, Any]) -> tuple[Route, Call]:
        version, _, path = incoming.path.removeprefix("/").partition("/")
        if f"/{version}" not in (V1, BETA):
            raise gateway_refusal(f"Invalid version: {version}")
        segments = split_path(path)
        person, place = person_of(claims), path
        if segments and segments[0].lower() == "me":
            if person is None:
                raise gateway_refusal("/me request is only valid with delegated authentication flow.")
            place = f"users/{person}{path[len('me'):]}"
        route, params = self._router.match(incoming.method, place)
        if f"/{version}" not in route.versions:
            # The sandbox has little of /beta, and says so as Graph says of what it has not.
            raise gateway_refusal(f"Resource not found for the segment '{segments[0]}'.")
        user = self._sandbox.tenant.find_user(params["user"]) if person is not None and "user" in params else None
        owned_only = route.authorise(claims, is_own=user is not None and user["id"] == person)
        call = Call(
            sandbox=self._sandbox, post_office=self._post_office, method=incoming.method, path=f"/{path}",
            params=params, query=_query(incoming.query), headers=incoming.headers, body=incoming.body, claims=claims,
            lag=self._sandbox.faults.replication_lag(FACE, incoming.method, incoming.plain_path),
            origin=incoming.origin, version=f"/{version}", owned_only=owned_only,
        )
        return route, call


def _may_change(route: Route, answer: Answer) -> bool:
    if answer.batch is None:
        return route.method != "GET" and route.workload == "directory"
    return any(entry["method"] != "GET" and entry["status"] < 400 for entry in answer.batch)


def _query(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name in options:
            raise gateway_refusal(
                f"Query option '{name}' was specified more than once, but it must be specified at most once."
            )
        options[name] = value
    return options
