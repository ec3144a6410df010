"""The SASL responses that carry an access token. Pure."""

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
    token = _token(auth)
    if not separator or not second or tail != "\x01" or not user.startswith("user=") or token is None:
        return None
    return Response(user.removeprefix("user="), token)


def parse_oauthbearer(line: bytes) -> Response | None:
    """Read the base64 of ``n,a=ADDRESS,^A ... ^A auth=Bearer TOKEN ^A^A`` (RFC 7628); None for everything else."""
    try:
        text = base64.b64decode(line.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    header, _separator, rest = text.partition("\x01")
    channel, identity, end = [*header.split(","), "", ""][:3]
    token = next((_token(pair) for pair in rest.split("\x01") if pair.startswith("auth=")), None)
    if channel not in ("n", "y") or not identity.startswith("a=") or end or not rest.endswith("\x01") or token is None:
        return None
    # The two characters that have a meaning in the header (RFC 5801).
    return Response(identity.removeprefix("a=").replace("=2C", ",").replace("=3D", "="), token)


def _token(auth: str) -> str | None:
    scheme, space, token = auth.removeprefix("auth=").partition(" ")
    good = auth.startswith("auth=") and scheme.lower() == "bearer" and space and token.isascii()
    return token if good else None
