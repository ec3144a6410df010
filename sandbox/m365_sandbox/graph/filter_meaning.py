"""``$filter``: whether a type allows it, and which objects it lets through."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any

from m365_sandbox.graph.body import is_moment
from m365_sandbox.graph.errors import GraphError, gateway_refusal, unsupported_query
from m365_sandbox.graph.filter_syntax import AnyOf, Both, Comparison, Condition, Either, Literal, Match, Membership, Not
from m365_sandbox.state.schema import Complex, Property

BASIC_OPERATORS = ("eq", "in", "startswith")
_ORDER = {"gt": gt, "ge": ge, "lt": lt, "le": le}
_OPERATION_NAMES = {
    "eq": "Equal", "ne": "NotEqual", "gt": "GreaterThan", "ge": "GreaterThanOrEqual", "lt": "LessThan",
    "le": "LessThanOrEqual",
}


def check(condition: Condition, kind: Complex) -> bool:
    """Whether a filter is an advanced one: a query that needs ConsistencyLevel and ``$count``.

    :raises GraphError: 400 for an unknown property, an operator that the property does not support, a literal of
        another type.
    """
    return _check(condition, kind, None, False)


def holds(condition: Condition, entity: Mapping[str, Any]) -> bool:
    """Whether a filter lets an object through. Text is compared without regard to case, as the directory does."""
    match condition:
        case Both(left, right):
            return holds(left, entity) and holds(right, entity)
        case Either(left, right):
            return holds(left, entity) or holds(right, entity)
        case Not(inner):
            return not holds(inner, entity)
        case AnyOf(path, variable, inner):
            elements = _read(entity, path) or []
            return any(inner is None or holds(inner, {**entity, variable: element}) for element in elements)
        case Membership(path, values):
            return any(_equal(_read(entity, path), value) for value in values)
        case Match(function, path, value):
            return _matches(function, _read(entity, path), value)
        case Comparison(path, operator, value):
            return _compares(operator, _read(entity, path), value)


def _check(condition: Condition, kind: Complex, scope: tuple[str, Property] | None, negated: bool) -> bool:
    match condition:
        case Both(left, right) | Either(left, right):
            advanced = [_check(side, kind, scope, negated) for side in (left, right)]
            return any(advanced)
        case Not(inner):
            return _check(inner, kind, scope, True) or True
        case AnyOf(path, variable, inner):
            item = _find(path, kind, scope)
            if not item.collection:
                raise gateway_refusal("Invalid filter clause: Any/All may only be used following a collection.")
            return inner is None or _check(inner, kind, (variable, item), negated)
        case Membership(path, values):
            return any([_use(_find(path, kind, scope), "in", value, negated) for value in values])
        case Match(function, path, value):
            return _use(_find(path, kind, scope), function, value, negated)
        case Comparison(path, operator, value):
            return _use(_find(path, kind, scope), operator, value, negated)


def _find(path: tuple[str, ...], kind: Complex, scope: tuple[str, Property] | None) -> Property:
    if scope is not None and path == (scope[0],):
        return scope[1]
    item = kind.find(path[0])
    if item is None:
        raise gateway_refusal(
            f"Invalid filter clause: Could not find a property named '{path[0]}' on type 'microsoft.graph.{kind.name}'."
        )
    if len(path) == 1:
        return item
    if item.collection or not isinstance(item.kind, Complex):
        raise unsupported_query()
    return _find(path[1:], item.kind, None)


def _use(item: Property, operator: str, value: Literal, negated: bool) -> bool:
    allowed = item.filters.split()
    if not allowed:
        raise unsupported_query("The request uses a filter property that is not indexed")
    if operator not in allowed or (negated and "not" not in allowed):
        raise unsupported_query()
    _check_literal(item, operator, value)
    return operator not in BASIC_OPERATORS


def _check_literal(item: Property, operator: str, value: Literal) -> None:
    found = _edm_type(value)
    fitting = {
        "String": ("String", "Guid"), "Guid": ("Guid", "String"), "Boolean": ("Boolean",),
        "DateTimeOffset": ("DateTimeOffset",), "Int32": ("Int32",),
    }
    if value is None or isinstance(item.kind, Complex) or found in fitting.get(item.kind, ()):
        return
    raise _incompatible(item, operator, found)


def _incompatible(item: Property, operator: str, found: str) -> GraphError:
    return gateway_refusal(
        "Invalid filter clause: A binary operator with incompatible types was detected. "
        f"Found operand types 'Edm.{item.kind}' and 'Edm.{found}' for operator kind "
        f"'{_OPERATION_NAMES.get(operator, 'Equal')}'."
    )


def _edm_type(value: Literal) -> str:
    names = {bool: "Boolean", int: "Int32", float: "Double", uuid.UUID: "Guid", datetime: "DateTimeOffset"}
    return names.get(type(value), "String")


def _read(entity: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = entity
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _operands(stored: Any, value: Literal) -> tuple[Any, Any]:
    """Both sides so that values which mean the same are equal: an object holds GUIDs and moments as text."""
    if isinstance(value, datetime):
        return datetime.fromisoformat(stored) if is_moment(stored) else stored, value
    right = str(value) if isinstance(value, uuid.UUID) else value
    return _folded(stored), _folded(right)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _equal(stored: Any, value: Literal) -> bool:
    left, right = _operands(stored, value)
    return type(left) is type(right) and bool(left == right)


def _compares(operator: str, stored: Any, value: Literal) -> bool:
    if operator in ("eq", "ne"):
        return _equal(stored, value) is (operator == "eq")
    left, right = _operands(stored, value)
    return type(left) is type(right) and left is not None and bool(_ORDER[operator](left, right))


def _matches(function: str, stored: Any, value: str) -> bool:
    if not isinstance(stored, str):
        return False
    text, part = stored.casefold(), value.casefold()
    match function:
        case "startswith":
            return text.startswith(part)
        case "endswith":
            return text.endswith(part)
        case _:
            return part in text
