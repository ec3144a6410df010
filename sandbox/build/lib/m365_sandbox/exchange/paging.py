"""Pages: how many rows an answer holds, and the link to the next one.

The link is followed by sending the same body to it again (facts). Its token names the first row and the body, so that a
client that sends another one notices.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from m365_sandbox.exchange.errors import malformed_request
from m365_sandbox.exchange.output import Row

LARGEST = 1000
_PREFERENCE = re.compile(r"odata\.maxpagesize\s*=\s*\"?(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """Rows, and the token of the next page's link if there is one."""

    rows: Sequence[Row]
    next_token: str | None


def page_size(prefer: str) -> int:
    """The rows of a page by the ``Prefer`` header: 1000 unless it asks for fewer."""
    found = _PREFERENCE.search(prefer)
    return min(max(int(found[1]), 1), LARGEST) if found else LARGEST


def cut(rows: Sequence[Row], size: int, token: str, body: bytes) -> Page:
    """The page that ``token`` stands for; the first one if it is empty. AdminError 400 for a token of another body."""
    start = _start(token, body) if token else 0
    end = start + size
    return Page(rows[start:end], _token(end, body) if end < len(rows) else None)


def _token(start: int, body: bytes) -> str:
    return base64.urlsafe_b64encode(f"{start}:{_digest(body)}".encode()).decode().rstrip("=")


def _start(token: str, body: bytes) -> int:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except ValueError:
        text = ""
    start, _, digest = text.partition(":")
    if not start.isdecimal() or digest != _digest(body):
        raise malformed_request("The $skiptoken of the request isn't valid.")
    return int(start)


def _digest(body: bytes) -> str:
    """The same for the same JSON: a link out of a batch is followed by a request that was written anew."""
    canonical = json.dumps(json.loads(body), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
