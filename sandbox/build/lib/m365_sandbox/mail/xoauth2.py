"""The SASL XOAUTH2 response. Pure."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Response:
    """What a client sent: the mailbox that it wants, and its access token."""

    user: str
    token: str = field(repr=False)


def parse(line: bytes) -> Response | None:
    """Read the base64 of ``user=ADDRESS ^A auth=Bearer TOKEN ^A ^A``; None for everything else.

    Source of the format: Microsoft's and Google's pages on XOAUTH2, which agree.
    """
    try:
        text = base64.b64decode(line.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, separator, rest = text.partition("\x01")
    auth, second, tail = rest.partition("\x01")
    scheme, space, token = auth.removeprefix("auth=").partition(" ")
    if not separator or not second or tail != "\x01" or not user.startswith("user=") or not auth.startswith("auth="):
        return None
    if scheme.lower() != "bearer" or not space or not token.isascii():
        return None
    return Response(user.removeprefix("user="), token)
