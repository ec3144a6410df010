"""What the PowerShell module asks for when it connects: the cmdlets that the caller may run, and their parameters.

Microsoft's answer holds PowerShell text; ``exportedCmdlets`` is its list of names with commas between. ``signatures``
is this sandbox's own, for the stand-in module that makes proxies out of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from m365_sandbox.exchange.access import may_run
from m365_sandbox.exchange.catalog import CMDLETS
from m365_sandbox.exchange.cmdlet import Cmdlet, Parameter


def module_file(wids: Iterable[str], wanted: str) -> list[dict[str, Any]]:
    """The rows of EXOModuleFile; empty if the caller may run nothing.

    :param wanted: names with commas between, or ``*`` for every cmdlet.
    """
    names = {name.strip().casefold() for name in wanted.split(",")}
    roles = list(wids)
    cmdlets = [
        cmdlet for key, cmdlet in sorted(CMDLETS.items())
        if may_run(cmdlet, roles) and ("*" in names or key in names)
    ]
    if not cmdlets:
        return []
    return [{
        "exportedCmdlets": ",".join(cmdlet.name for cmdlet in cmdlets),
        "signatures": {cmdlet.name: _signature(cmdlet) for cmdlet in cmdlets},
    }]


def _signature(cmdlet: Cmdlet) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for parameter in cmdlet.parameters:
        parameters[parameter.name] = _describe(parameter, cmdlet)
        if parameter.former_name:
            parameters[parameter.former_name] = {**_describe(parameter, cmdlet), "mandatory": False}
    return {"parameters": parameters, "confirms": cmdlet.prompts}


def _describe(parameter: Parameter, cmdlet: Cmdlet) -> dict[str, Any]:
    in_every_set = not parameter.sets or parameter.sets == frozenset(cmdlet.parameter_sets)
    return {
        "type": parameter.type.name, "mandatory": parameter.mandatory and in_every_set, "position": parameter.position,
    }
