"""The services that clients call: ``POST /invoke/FOLDER/SERVICE``, JSON in and out."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from m365_sandbox.products.integration_server import mailing
from m365_sandbox.products.integration_server.release import Release
from m365_sandbox.products.integration_server.tokens import TokenRefused, request_token

_TOKEN_INPUTS = ("grant_type", "code", "client_id", "client_secret", "scope", "redirect_uri", "refresh_token")
_TOKEN_OUTPUTS = ("access_token", "refresh_token", "expires_in", "token_type", "scope")

Service = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ServiceError(Exception):
    """A service failed; the message says why."""


class Services:
    """The services of a release."""

    def __init__(self, release: Release, tls: ssl.SSLContext) -> None:
        self._release = release
        self._tls = tls
        self._known: dict[str, Service] = {"pub.client:smtp": self._smtp}
        if release.has_oauth:
            self._known["pub.client.oauth:getExternalAccessToken"] = self._external_access_token

    async def invoke(self, request: Request) -> Response:
        """Answer a call; a failure has the names that the server gives it in a pipeline."""
        name = request.path_params["service"].replace("/", ":")
        if name not in self._known:
            return _failure(404, f"[ISS.0084.9001] Unknown service {name}", "com.wm.lang.ns.NSException")
        try:
            inputs = await request.json()
            if not isinstance(inputs, dict):
                raise ServiceError("The request body must be a JSON object")
            return JSONResponse(await self._known[name](inputs))
        except (ServiceError, ValueError) as error:
            return _failure(500, str(error), "com.wm.app.b2b.server.ServiceException")

    async def _smtp(self, inputs: dict[str, Any]) -> dict[str, Any]:
        auth = inputs.get("auth") or {}
        if not self._release.has_oauth and {"type", "token"} & set(auth):
            # Fields that a service does not declare are none of its business.
            inputs = {**inputs, "auth": {"user": auth.get("user"), "pass": auth.get("pass")}}
        try:
            return {"status": await asyncio.to_thread(mailing.send, inputs, self._tls)}
        except mailing.NotSent as error:
            raise ServiceError(str(error)) from None

    async def _external_access_token(self, inputs: dict[str, Any]) -> dict[str, Any]:
        form = {name: str(inputs[name]) for name in _TOKEN_INPUTS if inputs.get(name)}
        try:
            answer = await asyncio.to_thread(request_token, str(inputs.get("token_endpoint")), form, self._tls)
        except TokenRefused as refusal:
            raise ServiceError(str(refusal)) from None
        return {name: str(answer[name]) for name in _TOKEN_OUTPUTS if name in answer}


def _failure(status: int, message: str, kind: str) -> Response:
    return JSONResponse({"$error": message, "$localizedError": message, "$errorType": kind}, status)
