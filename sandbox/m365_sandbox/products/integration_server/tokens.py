"""Tokens of persons who have signed in: redeemed once, refreshed from then on."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from m365_sandbox.products.integration_server.errors import ApiError
from m365_sandbox.products.integration_server.state import State

_SECONDS = 30
_MARGIN_SECONDS = 300


# What only a person can mend.
_PERSONAL = ("invalid_grant", "interaction_required")


class NoToken(ApiError):
    """There is no access token; ``needs_person`` says whether somebody has to sign in to get one."""

    def __init__(self, cause: str, *, needs_person: bool) -> None:
        super().__init__(400, "Access token could not be retrieved from the OAuth server", cause)
        self.needs_person = needs_person


class TokenRefused(Exception):
    """The token endpoint refused; ``error`` is its code, the message its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


def request_token(endpoint: str, form: Mapping[str, str], tls: ssl.SSLContext) -> dict[str, Any]:
    """Ask a token endpoint.

    :raises TokenRefused: it refused, or could not be reached.
    """
    try:
        request = urllib.request.Request(endpoint, urllib.parse.urlencode(form).encode())
        with urllib.request.urlopen(request, context=tls, timeout=_SECONDS) as answer:
            content: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as refusal:
        try:
            body = json.load(refusal)
            raise TokenRefused(body["error"], body["error_description"]) from None
        except (ValueError, KeyError, TypeError):
            raise TokenRefused("server_error", f"HTTP {refusal.code}") from None
    except (OSError, ValueError) as error:
        raise TokenRefused("temporarily_unavailable", str(error)) from None
    return content


class Tokens:
    """The tokens of the server's ports and of its notifications, by the user's name of theirs in ``State``."""

    def __init__(self, state: State, tls: ssl.SSLContext) -> None:
        self._state = state
        self._tls = tls
        self._access: dict[str, tuple[str, float]] = {}

    def is_signed_in(self, key: str) -> bool:
        """Whether a sign-in is kept."""
        return key in self._state.refresh_tokens

    def forget(self, key: str) -> None:
        """Give up a sign-in."""
        self._access.pop(key, None)
        self._state.refresh_tokens.pop(key, None)

    async def redeem(self, key: str, settings: Mapping[str, Any], code: str) -> int:
        """Redeem an authorization code.

        :param settings: ``accessTokenURL`` and the like of the port, or of the notifications.
        :returns: the seconds that the access token is valid for.
        :raises NoToken: the code is refused, or nothing came with it that could be kept.
        """
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": settings["redirectURL"]}
        answer = await self._ask(settings, form)
        if "refresh_token" not in answer:
            cause = "The OAuth server issued no refresh token: the scope lacks offline_access"
            raise NoToken(cause, needs_person=True)
        return self._keep(key, answer)

    async def access_token(self, key: str, settings: Mapping[str, Any]) -> str:
        """A valid access token.

        :raises NoToken: there is none.
        """
        token, until = self._access.get(key, ("", 0.0))
        if time.monotonic() < until:
            return token
        refresh_token = self._state.refresh_tokens.get(key)
        if refresh_token is None:
            raise NoToken("No authorization code: press Get Authorization Code and sign in", needs_person=True)
        self._keep(key, await self._ask(settings, {"grant_type": "refresh_token", "refresh_token": refresh_token}))
        return self._access[key][0]

    def drop_access_token(self, key: str) -> None:
        """Ask for a new one the next time."""
        self._access.pop(key, None)

    def _keep(self, key: str, answer: dict[str, Any]) -> int:
        seconds = int(answer["expires_in"])
        self._access[key] = answer["access_token"], time.monotonic() + seconds - _MARGIN_SECONDS
        # Each use gives another one.
        self._state.refresh_tokens[key] = answer["refresh_token"]
        self._state.save()
        return seconds

    async def _ask(self, settings: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
        whole = {
            **form, "client_id": settings.get("clientID") or settings["clientId"],
            "client_secret": settings["clientSecret"], "scope": settings["scope"],
        }
        try:
            return await asyncio.to_thread(request_token, settings["accessTokenURL"], whole, self._tls)
        except TokenRefused as refusal:
            raise NoToken(str(refusal), needs_person=refusal.error in _PERSONAL) from None
