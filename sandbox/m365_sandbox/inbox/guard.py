"""Who may look: whoever has the address that ``m365-sandbox inbox`` prints, and their browser afterwards."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from m365_sandbox.http.own_host import is_own_host
from m365_sandbox.inbox import PAGES


class InboxGuard:
    """Asks for the token, once as ``?token=`` and from then on as a cookie, and refuses a foreign Host.

    :param token: see ``control.token.inbox_token``.
    :param cookie: the cookie's name; all sandboxes of a machine share one jar, since cookies know no ports.
    """

    def __init__(self, app: ASGIApp, token: str, cookie: str) -> None:
        self._app = app
        self._token = token
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (answer := self._answer(Request(scope))) is None:
            await self._app(scope, receive, send)
        else:
            await answer(scope, receive, send)

    def _answer(self, request: Request) -> Response | None:
        if not is_own_host(request.headers.get("host", "")):
            return _refusal(403, "This page is at 127.0.0.1 and localhost only.")
        if self._is_right(request.query_params.get("token", "")):
            # Without the token, which neither the history nor the address bar has to keep.
            rest = urlencode([pair for pair in parse_qsl(request.url.query) if pair[0] != "token"])
            response = RedirectResponse(request.url.path + (f"?{rest}" if rest else ""), 303)
            response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return response
        if self._is_right(request.cookies.get(self._cookie, "")):
            return None
        return _refusal(401, "Open the address that this command prints: m365-sandbox inbox")

    def _is_right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def _refusal(status: int, text: str) -> Response:
    return PAGES.show("message.html", {"heading": "Not for you", "text": text}, status=status)
