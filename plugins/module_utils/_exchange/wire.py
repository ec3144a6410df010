# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The lines that the session script reads and writes. Pure.

In: base64 of UTF-8 JSON. Out: a nonce, a blank, and the same; everything else on standard output is noise. Every JSON
string carries one leading colon, or ConvertFrom-Json would turn those that look like dates into dates.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import deque
from collections.abc import Mapping
from typing import Any

NOISE_LINES = 20


class WireError(ValueError):
    """A line that bears the nonce and yet holds no answer."""


def request_line(request: Mapping[str, Any]) -> bytes:
    """A request as a line of input."""
    return base64.b64encode(json.dumps(_marked(request)).encode()) + b"\n"


def parse_answer(payload: bytes) -> dict[str, Any]:
    """The answer that follows a nonce.

    :raises WireError: if it is none.
    """
    try:
        answer = _unmarked(json.loads(base64.b64decode(payload.strip(), validate=True)))
    except (binascii.Error, ValueError) as error:
        raise WireError(f"the answer cannot be read: {error}") from error
    if not isinstance(answer, dict):
        raise WireError("the answer is no object")
    return answer


class AnswerReader:
    """Puts pieces of output together into lines and picks the answers out.

    :param nonce: what marks answers; ASCII.
    """

    def __init__(self, nonce: str) -> None:
        self._mark = nonce.encode("ascii") + b" "
        self._pieces: list[bytes] = []
        self._noise: deque[str] = deque(maxlen=NOISE_LINES)

    def feed(self, piece: bytes) -> list[dict[str, Any]]:
        """The answers that this piece completes.

        :raises WireError: for an answer that cannot be read.
        """
        self._pieces.append(piece)
        if b"\n" not in piece:
            return []
        *lines, rest = b"".join(self._pieces).split(b"\n")
        self._pieces = [rest]
        return [parse_answer(payload) for payload in map(self._payload, lines) if payload is not None]

    def noise(self) -> str:
        """The last lines that were no answers, with what came after the last line end."""
        rest = _text(b"".join(self._pieces))
        return "\n".join(line for line in (*self._noise, rest) if line.strip())

    def _payload(self, line: bytes) -> bytes | None:
        # Something may have been written without a line end before.
        before, mark, payload = line.partition(self._mark)
        if before.strip():
            self._noise.append(_text(before))
        return payload if mark else None


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r")


def _marked(value: Any) -> Any:
    match value:
        case str():
            return f":{value}"
        case Mapping():
            return {key: _marked(item) for key, item in value.items()}
        case list() | tuple():
            return [_marked(item) for item in value]
        case _:
            return value


def _unmarked(value: Any) -> Any:
    match value:
        case str():
            return value[1:]
        case dict():
            return {key: _unmarked(item) for key, item in value.items()}
        case list():
            return [_unmarked(item) for item in value]
        case _:
            return value
