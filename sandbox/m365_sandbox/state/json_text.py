"""JSON as it comes from outside."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

# Far more than anything that the faces know, and far less than what Python's own functions take.
DEEPEST = 64


def parse_json(text: bytes | str) -> Any:
    """What the text says.

    :raises ValueError: if it is no JSON (RFC 8259), not Unicode, or nested more deeply than ``DEEPEST``.
    """
    try:
        content = json.loads(text, parse_constant=_no_number)
        # Half a character, which Python takes, is an error here.
        json.dumps(content, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    level = [content]
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node)]
        if not level:
            return content
    raise ValueError("nested too deeply")


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()
