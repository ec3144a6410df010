"""From the JSON of a request to the arguments of a cmdlet, by the cmdlet's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from m365_sandbox.exchange.cmdlet import Cmdlet, Parameter
from m365_sandbox.exchange.errors import (
    beyond_the_sandbox,
    missing_parameters,
    unconvertible,
    unknown_parameters,
    unresolved_parameter_set,
)
from m365_sandbox.exchange.parameter_types import BOOLEAN, ConversionError, ParameterType

# PowerShell's own parameters of every cmdlet, which clients may pass on.
COMMON = frozenset(name.casefold() for name in (
    "Debug", "ErrorAction", "ErrorVariable", "InformationAction", "InformationVariable", "OutBuffer", "OutVariable",
    "PipelineVariable", "ProgressAction", "Verbose", "WarningAction", "WarningVariable",
))


@dataclass(frozen=True)
class Bound:
    """The arguments of a call.

    :param dry: nothing may change, because the client asked for the question only (Confirm true) or for WhatIf.
    """

    arguments: dict[str, Any]
    dry: bool
    warnings: list[str]


def bind(cmdlet: Cmdlet, given: Mapping[str, Any]) -> Bound:
    """Check and convert the parameters of a call.

    Names are matched without regard to case. AdminError 400 for an unknown parameter, a value that is not of its type,
    parameters of different sets, and missing ones, in this order.
    """
    table = {
        name.casefold(): parameter for parameter in cmdlet.parameters
        for name in (parameter.name, parameter.former_name) if name
    }
    switches = () if cmdlet.reads_only else ("confirm", "whatif")
    if unknown := [
        name for name in given
        if name.casefold() not in table and name.casefold() not in COMMON and name.casefold() not in switches
    ]:
        raise unknown_parameters(unknown)
    arguments: dict[str, Any] = {}
    warnings = []
    asked = {"confirm": False, "whatif": False}
    for name, value in given.items():
        key = name.casefold()
        if key in asked:
            asked[key] = bool(_convert(name, BOOLEAN, value))
        parameter = table.get(key)
        if parameter is None or (value is None and not parameter.type.nullable):
            continue
        if parameter.name in arguments:
            raise unresolved_parameter_set()
        if key == parameter.former_name.casefold():
            # The wording is not recorded.
            warnings.append(f"The {name} parameter is deprecated. Use the {parameter.name} parameter instead.")
        arguments[parameter.name] = _convert(parameter.name, parameter.type, value)
    used = [parameter for parameter in cmdlet.parameters if parameter.name in arguments]
    if refused := [parameter.name for parameter in used if parameter.handling == "unsupported"]:
        raise beyond_the_sandbox(f"The sandbox does not know what {cmdlet.name} does with {', '.join(refused)}.")
    if missing := _missing(cmdlet, used):
        raise missing_parameters(missing)
    for parameter in used:
        if parameter.handling == "ignored":
            del arguments[parameter.name]
    return Bound(arguments, asked["confirm"] or asked["whatif"], warnings)


def _missing(cmdlet: Cmdlet, used: Sequence[Parameter]) -> list[str]:
    """The mandatory parameters that no possible parameter set does without; the cmdlet's first set is its default."""
    candidates = cmdlet.parameter_sets
    for parameter in used:
        candidates = [name for name in candidates if not parameter.sets or name in parameter.sets]
    if not candidates:
        raise unresolved_parameter_set()
    missing = [
        [
            parameter.name for parameter in cmdlet.parameters
            if parameter.mandatory and parameter not in used and (not parameter.sets or name in parameter.sets)
        ]
        for name in candidates
    ]
    return [] if [] in missing else missing[0]


def _convert(name: str, kind: ParameterType, value: Any) -> Any:
    try:
        return kind.convert(value)
    except ConversionError as error:
        raise unconvertible(name, str(error)) from error
