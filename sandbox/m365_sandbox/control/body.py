"""Reading the control face's JSON bodies: every property is known, present and of its type, or it is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAMES = {
    str: "text", bool: "true or false", int: "an integer", float: "a number", list: "a list", dict: "an object",
    type(None): "null",
}


class BodyError(ValueError):
    """A body that makes no sense; the message says what is wrong with it.

    :param words: what is wrong.
    :param name: with which property, if with one; the message begins with it.
    """

    def __init__(self, words: str, name: str = "") -> None:
        super().__init__(f"{name} {words}".lstrip())
        self.words = words
        self.name = name


@dataclass(frozen=True)
class Property:
    """One property: the types that its value may have, and whether it must be there."""

    types: tuple[type, ...]
    required: bool = False


def required(*types: type) -> Property:
    """A property that must be there."""
    return Property(types, required=True)


def optional(*types: type) -> Property:
    """A property that may be left out."""
    return Property(types)


def read(body: Any, properties: Mapping[str, Property]) -> dict[str, Any]:
    """The body, checked.

    :raises BodyError: for something else than an object, an unknown or missing property, or a value of another type.
    """
    if not isinstance(body, dict):
        raise BodyError("the body must be a JSON object")
    if unknown := [name for name in body if name not in properties]:
        raise BodyError(f"unknown property {', '.join(unknown)}; known are {', '.join(properties)}")
    for name, rule in properties.items():
        if name not in body:
            if rule.required:
                raise BodyError(f"missing property {name}")
        elif type(body[name]) not in rule.types:
            raise BodyError(f"must be {' or '.join(_NAMES[one] for one in rule.types)}", name)
    return body
