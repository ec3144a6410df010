"""Google's access tokens: opaque to their clients, so what is inside is the sandbox's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jwt

from m365_sandbox.identity.tokens import WITHOUT_MACHINE_TIME
from m365_sandbox.state.clock import now

PREFIX = "ya29."
LIFETIME_SECONDS = 3599


@dataclass(frozen=True)
class Grant:
    """For whom a token was issued: an address, of a user or of the service account itself, and the scopes."""

    subject: str
    scopes: tuple[str, ...]


def issue(secret: str, subject: str, scopes: Sequence[str]) -> str:
    """An access token, valid for an hour."""
    expires = int(now().timestamp()) + LIFETIME_SECONDS
    return PREFIX + jwt.encode({"sub": subject, "scope": " ".join(scopes), "exp": expires}, secret, "HS256")


def grant_of(secret: str, token: str) -> Grant | None:
    """What a token grants; None if it is none of ours, or has expired."""
    if not token.startswith(PREFIX):
        return None
    try:
        claims = jwt.decode(
            token.removeprefix(PREFIX), secret, algorithms=["HS256"], options=WITHOUT_MACHINE_TIME
        )
    except (jwt.InvalidTokenError, RecursionError):
        return None
    if claims["exp"] <= now().timestamp():
        return None
    return Grant(claims["sub"], tuple(claims["scope"].split()))
