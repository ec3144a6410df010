"""How PowerShell binds arguments to the parameters of a function: names, types, what is mandatory. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from m365_sandbox.powershell.records import (
    ambiguous_parameter,
    empty_argument,
    missing_parameters,
    outside_set,
    unconvertible,
    unknown_parameter,
)

_ONLY_BOOLEAN = "Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0."
_TYPE_NAMES = {
    "Boolean": "System.Nullable`1[System.Boolean]",
    "SwitchParameter": "System.Management.Automation.SwitchParameter",
}


@dataclass(frozen=True)
class Parameter:
    """``type`` is String, Boolean, Int32, UInt32, Guid, DateTime, SwitchParameter, Hashtable or String[]; any other
    takes values as they are. ``allowed`` is its ValidateSet."""

    name: str
    type: str = "String"
    mandatory: bool = False
    allowed: tuple[str, ...] = ()


def bind(command: str, parameters: Sequence[Parameter], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by the parameters' own names, converted to their types.

    :raises RecordError: as PowerShell refuses: an unknown name or a wrong type first, missing ones last.
    """
    bound: dict[str, Any] = {}
    for given, value in arguments.items():
        parameter = _find(command, parameters, given)
        converted = _convert(command, parameter, value)
        if parameter.mandatory and converted == "":
            raise empty_argument(command, parameter.name)
        if parameter.allowed and converted.casefold() not in (name.casefold() for name in parameter.allowed):
            raise outside_set(command, parameter.name, converted, parameter.allowed)
        bound[parameter.name] = converted
    missing = [parameter.name for parameter in parameters if parameter.mandatory and parameter.name not in bound]
    if missing:
        raise missing_parameters(command, missing)
    return bound


def _find(command: str, parameters: Sequence[Parameter], given: str) -> Parameter:
    """Letter case does not count, and a beginning is enough if it is of one parameter only."""
    wanted = given.casefold()
    matches = [parameter for parameter in parameters if parameter.name.casefold().startswith(wanted)]
    exact = [parameter for parameter in matches if parameter.name.casefold() == wanted]
    if not matches:
        raise unknown_parameter(command, given)
    if not exact and len(matches) > 1:
        raise ambiguous_parameter(command, given, [parameter.name for parameter in matches])
    return (exact or matches)[0]


def _convert(command: str, parameter: Parameter, value: Any) -> Any:
    def refuse(message: str) -> Exception:
        return unconvertible(command, parameter.name, message)

    match parameter.type, value:
        case "String", _:
            if isinstance(value, list):
                raise refuse("Cannot convert value to type System.String.")
            return _text(value)
        case "String[]", None:
            return None
        case "String[]", list():
            return [_text(item) for item in value]
        case "String[]", _:
            return [_text(value)]
        case ("Boolean", None):
            return None
        case (("Boolean" | "SwitchParameter") as kind, _):
            if isinstance(value, bool | int | float):
                return bool(value)
            raise refuse(f'Cannot convert value "{_type_name(value)}" to type "{_TYPE_NAMES[kind]}". {_ONLY_BOOLEAN}')
        case (("Int32" | "UInt32") as kind, _):
            if isinstance(value, int | float):
                return int(value)
            if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value):
                return int(value)
            raise refuse(
                f'Cannot convert value "{_text(value)}" to type "System.{kind}". '
                f"Error: \"The input string '{_text(value)}' was not in a correct format.\""
            )
        case "Guid", str():
            try:
                return str(uuid.UUID(value))
            except ValueError as error:
                raise refuse(
                    f'Cannot convert value "{value}" to type "System.Guid". Error: "Unrecognized Guid format."'
                ) from error
        case "DateTime", str():
            try:
                return datetime.fromisoformat(value).isoformat()
            except ValueError as error:
                raise refuse(
                    f'Cannot convert value "{value}" to type "System.DateTime". '
                    f"Error: \"The string '{value}' was not recognized as a valid DateTime.\""
                ) from error
        case "Hashtable", None:
            return None
        case ("Hashtable" | "Guid" | "DateTime") as kind, _:
            if kind == "Hashtable" and isinstance(value, dict):
                return value
            full = "System.Collections.Hashtable" if kind == "Hashtable" else f"System.{kind}"
            raise refuse(
                f'Cannot convert the "{_text(value)}" value of type "{_type_name(value)}" to type "{full}".'
            )
        case _:
            return value


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case list():
            return " ".join(_text(item) for item in value)
        case dict():
            return "System.Collections.Hashtable"
        case _:
            return str(value)


def _type_name(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "System.Boolean"
        case str():
            return "System.String"
        case list():
            return "System.Object[]"
        case dict():
            return "System.Collections.Hashtable"
        case float():
            return "System.Double"
        case _:
            return "System.Int64"
