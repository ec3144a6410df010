"""What a cmdlet is: a name, a table of parameters, who may run it, and a function from a call to rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from m365_sandbox.exchange.output import Output, Row
from m365_sandbox.exchange.parameter_types import RESULT_SIZE, ParameterType
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

Area = Literal["recipients", "organization", "roles"]
"""What a cmdlet administers; directory roles give access by area."""

Handling = Literal["used", "ignored", "unsupported"]


@dataclass(frozen=True)
class Parameter:
    """One row of a cmdlet's table.

    :param sets: the parameter sets that it belongs to; none = all of them.
    :param handling: ``ignored`` has no effect in the cloud either; ``unsupported`` means something that the sandbox
        does not do, so using it is an error.
    :param former_name: what it was called once; using that draws a warning.
    """

    name: str
    type: ParameterType
    mandatory: bool = False
    position: int | None = None
    sets: frozenset[str] = frozenset()
    handling: Handling = "used"
    former_name: str = ""


@dataclass
class Call:
    """One run of a cmdlet: what it was given, and what it leaves behind.

    A cmdlet changes nothing itself. It says what should change, and that happens only if it was no ``-WhatIf``.

    :param arguments: converted values by the parameter's canonical name; only those that were given.
    :param lag: seconds by which what it reads trails the writes; 0 for cmdlets that change something.
    """

    tenant: Tenant
    arguments: Mapping[str, Any]
    lag: float = 0.0
    warnings: list[str] = field(default_factory=list)
    changes: list[Callable[[], None]] = field(default_factory=list)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a parameter, or ``default`` if it was not given."""
        return self.arguments.get(name, default)

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def __contains__(self, name: str) -> bool:
        return name in self.arguments

    def rows(self, collection: str) -> list[Entity]:
        """The objects of one of the tenant's collections."""
        return self.tenant[collection].values(self.lag)

    def put(self, collection: str, key: str, entity: Entity) -> None:
        """Have an object written."""
        self.changes.append(lambda: self.tenant[collection].put(key, entity))

    def delete(self, collection: str, key: str) -> None:
        """Have an object removed."""
        self.changes.append(lambda: self.tenant[collection].delete(key))

    def configure(self, settings: Entity, values: Entity) -> None:
        """Have settings of the organisation changed."""
        self.changes.append(lambda: settings.update(values))

    def warn(self, text: str) -> None:
        """Add a warning to the answer."""
        self.warnings.append(text)


Run = Callable[[Call], Iterable[Row] | None]


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet.

    :param run: gives back rows, or None where the cmdlet prints nothing; AdminError for a refusal.
    :param output: the properties that it prints; None where it prints nothing.
    :param prompts: PowerShell asks before it runs (ConfirmImpact High).
    :param confirmation: the words of that question; a general one when left out.
    """

    name: str
    area: Area
    parameters: tuple[Parameter, ...]
    run: Run
    output: Output | None = None
    prompts: bool = False
    confirmation: Callable[[Call], str] | None = None

    @property
    def verb(self) -> str:
        """The part before the dash."""
        return self.name.partition("-")[0]

    @property
    def reads_only(self) -> bool:
        """Whether it changes nothing, whatever its parameters."""
        return self.verb in ("Get", "Test")

    @property
    def parameter_sets(self) -> list[str]:
        """The names of its parameter sets in the order of the table, the default one first; "" where there are none."""
        names = [name for parameter in self.parameters for name in sorted(parameter.sets)]
        return list(dict.fromkeys(names)) or [""]

    def question(self, call: Call) -> str:
        """What ``-WhatIf`` prints and ``-Confirm`` asks."""
        if self.confirmation is not None:
            return self.confirmation(call)
        target = call.get("Identity", call.get("Name", call.get("AppId", "")))
        return f'Performing the operation "{self.name}" on target "{target}".'


def identity_parameter(kind: ParameterType, *, mandatory: bool = False, sets: Iterable[str] = ()) -> Parameter:
    """``-Identity`` at its usual place."""
    return Parameter("Identity", kind, mandatory=mandatory, position=0, sets=frozenset(sets))


RESULT_SIZE_PARAMETER = Parameter("ResultSize", RESULT_SIZE)


def ignored(kind: ParameterType, *names: str) -> tuple[Parameter, ...]:
    """Parameters that Exchange documents and that change nothing in the cloud."""
    return tuple(Parameter(name, kind, handling="ignored") for name in names)


def unsupported(kind: ParameterType, *names: str) -> tuple[Parameter, ...]:
    """Parameters that Exchange documents and the sandbox refuses."""
    return tuple(Parameter(name, kind, handling="unsupported") for name in names)
