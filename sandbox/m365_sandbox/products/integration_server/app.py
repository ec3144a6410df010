"""The server as one application, behind HTTP Basic."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from m365_sandbox.products.integration_server import api, fields, pages
from m365_sandbox.products.integration_server.administration import Administration
from m365_sandbox.products.integration_server.errors import ApiError
from m365_sandbox.products.integration_server.listeners import Listeners
from m365_sandbox.products.integration_server.release import Release
from m365_sandbox.products.integration_server.services import Services
from m365_sandbox.products.integration_server.state import State
from m365_sandbox.products.integration_server.tokens import Tokens


def integration_server(release: Release, folder: Path, tls: ssl.SSLContext, username: str, password: str) -> ASGIApp:
    """The server.

    :param folder: where it keeps its state.
    :param tls: what it trusts when it calls others.
    """
    state = State(folder)
    tokens = Tokens(state, tls)
    listeners = Listeners(state, tokens, fields.email_port(release), tls)
    administration = Administration(release, state, tokens, listeners)
    services = Services(release, tls)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        listeners.resume()
        yield

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        if request.url.path.startswith("/WmRoot"):
            return PlainTextResponse(str(error), error.status)
        return JSONResponse(error.body(with_stack_trace=release.shows_stack_traces), error.status)

    async def unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        message = f"{request.method} {request.url.path}: {error.detail}"
        return await refuse(request, ApiError(error.status_code, message))

    app = Starlette(
        routes=[
            *api.routes(administration), *pages.routes(administration),
            Route("/invoke/{service:path}", services.invoke, methods=["POST"]),
        ],
        exception_handlers={ApiError: refuse, HTTPException: unknown}, lifespan=lifespan,
    )
    return BasicAccess(app, username, password)


class BasicAccess:
    """Lets only the administrator in."""

    def __init__(self, app: ASGIApp, username: str, password: str) -> None:
        self._app = app
        self._expected = f"{username}:{password}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not hmac.compare_digest(_given(scope), self._expected):
            message = "[ISS.0084.9004] Access Denied"
            refusal = JSONResponse(
                ApiError(401, message).body(with_stack_trace=False), 401,
                {"WWW-Authenticate": 'Basic realm="Integration Server", encoding="UTF-8"'},
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _given(scope: Scope) -> bytes:
    scheme, _, credentials = Headers(scope=scope).get("authorization", "").partition(" ")
    try:
        return base64.b64decode(credentials, validate=True) if scheme.lower() == "basic" else b""
    except binascii.Error:
        return b""
