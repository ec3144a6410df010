"""Who may speak to the control face: holders of its token, and no web page in somebody's browser."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from m365_sandbox.control.token import TOKEN_FILE
from m365_sandbox.http.own_host import HOSTS, is_own_host


class Guard:
    """Asks for the token, and refuses a foreign Origin and a foreign Host: a page whose name leads to loopback.

    :param token: the text that callers give as a bearer token.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (refusal := self._refusal(Headers(scope=scope))) is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, headers: Headers) -> JSONResponse | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not is_own_host(host):
            return JSONResponse({"error": f"the host must be {' or '.join(HOSTS)}"}, 403)
        if origin is not None and origin != f"http://{host}":
            return JSONResponse({"error": "no other origin may call the control face"}, 403)
        if not hmac.compare_digest(headers.get("authorization", "").encode(), self._expected):
            return JSONResponse(
                {"error": f"give the text of the file {TOKEN_FILE} in the sandbox's folder as a bearer token"}, 401,
                {"WWW-Authenticate": "Bearer"},
            )
        return None
