"""Bodies: what a request may say of an object, by the type's table."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from m365_sandbox.graph.duration import parse_duration
from m365_sandbox.graph.errors import GraphError, bad_request, invalid_value, value_required
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import Complex, Primitive, Property, merge


def parse(kind: Complex, content: Mapping[str, Any], *, creating: bool) -> Entity:
    """The properties that a body sets, checked.

    :returns: only what the body names; elements of complex collections are complete.
    :raises GraphError: 400 for an unknown or read-only property, a wrong type, a bad or missing value.
    """
    parsed = {}
    for name, value in content.items():
        if name.startswith("@odata."):
            continue
        item = kind.find(name)
        if item is None:
            raise bad_request(f"Invalid property '{name}'.")
        if item.write == "never" or (item.write == "create" and not creating):
            raise bad_request(item.refusal or f"Property '{name}' is read-only and cannot be set.")
        parsed[name] = _value(kind, item, value, creating)
    for item in kind.properties:
        if creating and item.required and parsed.get(item.name) is None:
            raise value_required(item.name, kind.title)
    return parsed


def _value(kind: Complex, item: Property, value: Any, creating: bool) -> Any:
    if not item.collection:
        return _single(kind, item, value, creating)
    if value is None:
        raise invalid_value(item.name, kind.title)
    if not isinstance(value, list):
        raise _unexpected(value, "StartArray")
    return [_element(kind, item, element) for element in value]


def _element(kind: Complex, item: Property, value: Any) -> Any:
    if value is None:
        raise invalid_value(item.name, kind.title)
    if isinstance(item.kind, Complex):
        if not isinstance(value, dict):
            raise _unexpected(value, "StartObject")
        return merge(item.kind, {}, parse(item.kind, value, creating=False))
    return _single(kind, item, value, creating=False)


def _single(kind: Complex, item: Property, value: Any, creating: bool) -> Any:
    if value is None:
        if (item.required and not creating) or (isinstance(item.kind, Complex) and not item.nullable):
            raise invalid_value(item.name, kind.title)
        return None
    if isinstance(item.kind, Complex):
        if not isinstance(value, dict):
            raise _unexpected(value, "StartObject")
        return parse(item.kind, value, creating=creating)
    if isinstance(value, dict | list):
        raise _unexpected(value, "PrimitiveValue")
    if not _fits(item.kind, value):
        raise bad_request(
            f"Cannot convert a primitive value to the expected type 'Edm.{item.kind}'. "
            "See the inner exception for more details."
        )
    too_long = item.maximum is not None and len(value) > item.maximum
    empty = item.required and not value
    if too_long or empty or (item.values and value not in item.values):
        raise invalid_value(item.name, kind.title)
    return without_line_breaks(value) if item.kind == "Binary" else value


def _unexpected(value: Any, expected: str) -> GraphError:
    found = "StartObject" if isinstance(value, dict) else "StartArray" if isinstance(value, list) else "PrimitiveValue"
    return bad_request(
        f"An unexpected '{found}' node was found when reading from the JSON reader. A '{expected}' node was expected."
    )


def _fits(kind: Primitive, value: Any) -> bool:
    match kind:
        case "Boolean":
            return isinstance(value, bool)
        case "Int32":
            return isinstance(value, int) and not isinstance(value, bool)
        case "Guid":
            return is_guid(value)
        case "DateTimeOffset":
            return is_moment(value)
        case "Duration":
            return is_duration(value)
        case "Binary":
            return is_base64(value)
        case "String":
            return isinstance(value, str)


def is_guid(value: Any) -> bool:
    """Whether the value is a GUID in its usual form of 36 characters."""
    try:
        return isinstance(value, str) and len(value) == 36 and bool(uuid.UUID(value))
    except ValueError:
        return False


def is_moment(value: Any) -> bool:
    """Whether the value is a date and time with its offset from UTC, as ISO 8601 writes it."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def is_duration(value: Any) -> bool:
    """Whether the value is a duration."""
    try:
        return isinstance(value, str) and parse_duration(value) is not None
    except ValueError:
        return False


def is_base64(value: Any) -> bool:
    """Whether the value is base64 text, be it broken into lines as in a PEM file."""
    try:
        return isinstance(value, str) and base64.b64decode(without_line_breaks(value), validate=True) is not None
    except ValueError:
        return False


def without_line_breaks(text: str) -> str:
    """Base64 on one line, as answers show it."""
    return text.replace("\r", "").replace("\n", "")
