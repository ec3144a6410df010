"""The session script's lines, from PowerShell's side: requests come in as base64, answers go out behind a nonce."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from m365_sandbox.powershell.records import NOT_BASE64, RecordError, method_failed, not_json


def parse_request(line: str) -> Any:
    """The request in a line, strings without their leading colon.

    :raises RecordError: as PowerShell words what cannot be read.
    """
    try:
        text = base64.b64decode(line, validate=True).decode("utf-8", "replace")
    except binascii.Error as error:
        raise method_failed("FromBase64String", 1, NOT_BASE64, "FormatException") from error
    try:
        return _unmarked(json.loads(text))
    except ValueError as error:
        raise not_json(str(error)) from error


def answer_line(nonce: str, answer: Mapping[str, Any]) -> str:
    """An answer as a line of output, without the line end."""
    text = json.dumps(_marked(answer), ensure_ascii=False, separators=(",", ":"))
    return f"{nonce} {base64.b64encode(text.encode('utf-8', 'replace')).decode('ascii')}"


def error_answer(error: RecordError) -> dict[str, Any]:
    """What an answer says of an error."""
    return {
        "message": error.message, "type": error.type, "id": error.id, "category": error.category,
        "reason": error.reason, "target": error.target,
    }


def _marked(value: Any) -> Any:
    match value:
        case str():
            return f":{value}"
        case Mapping():
            return {name: _marked(item) for name, item in value.items()}
        case list() | tuple():
            return [_marked(item) for item in value]
        case _:
            return value


def _unmarked(value: Any) -> Any:
    match value:
        case str():
            return value[1:]
        case dict():
            return {name: _unmarked(item) for name, item in value.items()}
        case list():
            return [_unmarked(item) for item in value]
        case _:
            return value
