"""Types of Graph's model: one table drives what a body may say, what a new object holds and what an answer shows."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from m365_sandbox.graph.duration import parse_duration
from m365_sandbox.graph.errors import GraphError, bad_request, invalid_value, value_required
from m365_sandbox.history import Entity

Primitive = Literal["String", "Boolean", "Guid", "DateTimeOffset", "Duration", "Int32", "Binary"]


@dataclass(frozen=True)
class Property:
    """One property of a type.

    :param kind: the type of its value, or of its elements if it is a collection.
    :param collection: collections are never null and are replaced in full.
    :param nullable: of a complex property; one that is not null by default holds its type's defaults.
    :param default: of a primitive property.
    :param write: ``always``, ``create`` (in the object's first body only) or ``never``.
    :param refusal: what a body with a property that is not writable hears, where that is not the usual sentence.
    :param required: in a new object.
    :param maximum: characters of a string.
    :param values: the only strings allowed.
    :param filters: operators that ``$filter`` takes, separated by spaces, for example ``eq ne not in startswith``.
    :param sortable: ``$orderby`` takes it.
    :param on_request: it comes only with ``$select``.
    """

    name: str
    kind: Primitive | Complex = "String"
    collection: bool = False
    nullable: bool = True
    default: Any = None
    write: Literal["always", "create", "never"] = "always"
    refusal: str = ""
    required: bool = False
    maximum: int | None = None
    values: tuple[str, ...] = ()
    filters: str = ""
    sortable: bool = False
    on_request: bool = False

    def initial(self) -> Any:
        """The value that a new object holds unless told otherwise."""
        if self.collection:
            return []
        if isinstance(self.kind, Complex) and not self.nullable:
            return self.kind.defaults()
        return self.default


@dataclass(frozen=True)
class Complex:
    """A type with named properties; ``name`` as in ``microsoft.graph.name``."""

    name: str
    properties: tuple[Property, ...]

    @property
    def title(self) -> str:
        """The name as the directory's refusals write it."""
        return self.name[0].upper() + self.name[1:]

    def find(self, name: str) -> Property | None:
        """The property of that name."""
        return next((item for item in self.properties if item.name == name), None)

    def defaults(self) -> Entity:
        """A new object's properties, in the order of the table."""
        return {item.name: item.initial() for item in self.properties}


@dataclass(frozen=True)
class EntityType(Complex):
    """A type whose objects have an address: ``entity_set`` is the collection's name in paths and contexts."""

    entity_set: str


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


def merge(kind: Complex, before: Mapping[str, Any], changes: Mapping[str, Any]) -> Entity:
    """An object after a PATCH: complex values are merged, everything else is replaced."""
    after = {**kind.defaults(), **before}
    for name, value in changes.items():
        item = kind.find(name)
        if item is not None and isinstance(item.kind, Complex) and isinstance(value, dict):
            value = merge(item.kind, after[name] or {}, value)
        after[name] = value
    return after


def render(kind: Complex, entity: Mapping[str, Any], select: Collection[str] | None = None) -> Entity:
    """An object as an answer shows it: every property of the table, or the selected ones only."""
    return {
        item.name: entity.get(item.name, item.initial()) for item in kind.properties
        if (item.name in select if select else not item.on_request)
    }


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
        if isinstance(item.kind, Complex) and not item.nullable:
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
    return value


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
    """Whether the value is base64 text."""
    try:
        return isinstance(value, str) and base64.b64decode(value, validate=True) is not None
    except binascii.Error:
        return False
