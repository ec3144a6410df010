"""Bodies of mail requests, read by the table of their type. Mail refuses in other words than the directory. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from m365_sandbox.graph.body import is_base64, is_moment, without_line_breaks
from m365_sandbox.graph.errors import GraphError
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import Complex, Property


def read_body(kind: Complex, content: Mapping[str, Any], *, updating: bool = False) -> Entity:
    """The properties that a body sets; null sets nothing, and what a new object computes itself is left out.

    :param updating: whether the object is there already, and only some properties can be changed.
    :raises GraphError: 400 for an unknown property, a value of another type, or a property that cannot be changed.
    """
    found = {}
    for name, value in content.items():
        # Annotations of the object, or of one of its properties.
        if "@odata." in name:
            continue
        item = kind.find(name)
        if item is None:
            raise refusal(
                f"The property '{name}' does not exist on type 'microsoft.graph.{kind.name}'. "
                "Make sure to only use property names that are defined by the type."
            )
        if updating and item.write != "always":
            raise refusal(f"The property '{name}' cannot be changed to the given value.")
        read = _values(item, value) if item.collection else _value(item, value)
        if item.write != "never" and read is not None:
            found[name] = read
    return found


def refusal(message: str) -> GraphError:
    """Mail's 400 for a body that cannot be read."""
    return GraphError(400, "RequestBodyRead", message)


def _values(item: Property, value: Any) -> list[Any] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise refusal(f"The property '{item.name}' has to be a collection.")
    return [_value(item, element) for element in value]


def _value(item: Property, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(item.kind, Complex):
        if not isinstance(value, dict):
            raise refusal(f"The property '{item.name}' is not a valid {item.kind.name}.")
        return read_body(item.kind, value)
    if item.values:
        # Names of an enumeration are taken in any case, as in Microsoft's own samples.
        if (name := str(value).casefold()) not in (names := {one.casefold(): one for one in item.values}):
            raise refusal(f"Requested value '{value}' was not found.")
        return names[name]
    return _primitive(item, value)


def _primitive(item: Property, value: Any) -> Any:
    good = {
        "Boolean": lambda: isinstance(value, bool), "Binary": lambda: is_base64(value),
        "DateTimeOffset": lambda: is_moment(value),
        "Int32": lambda: isinstance(value, int) and not isinstance(value, bool),
        "String": lambda: isinstance(value, str),
    }
    assert isinstance(item.kind, str)
    if not good[item.kind]():
        raise refusal(f"Cannot convert the value of the property '{item.name}' to Edm.{item.kind}.")
    return without_line_breaks(value) if item.kind == "Binary" else value
