"""The face of oauth2.googleapis.com: the token endpoint."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from m365_sandbox.google import grant
from m365_sandbox.google.errors import GoogleError
from m365_sandbox.state.faces import address
from m365_sandbox.state.sandbox import Sandbox

FORM = "application/x-www-form-urlencoded"


def token_uri(sandbox: Sandbox) -> str:
    """The address of the sandbox's token endpoint."""
    return f"{address('google', sandbox.ports['google'])}/token"


def google_app(sandbox: Sandbox) -> Starlette:
    """The face."""

    async def token(request: Request) -> Response:
        form: dict[str, str] = {}
        if request.headers.get("content-type", "").partition(";")[0].strip().casefold() == FORM:
            form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        return _json(grant.answer(sandbox, form, token_uri(sandbox)))

    return Starlette(routes=[Route("/token", token, methods=["POST"])], exception_handlers={GoogleError: _refuse})


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, indent=2), status, media_type="application/json; charset=utf-8")


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, GoogleError)
    return _json(error.body, error.status)
