"""Who may run which cmdlet: the directory roles in a token's ``wids``, and what each lets its holder administer.

What each may run follows from the role group that Exchange makes of the directory role; recorded are that Security
Reader may not run Get-Mailbox and that Global Reader may.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from m365_sandbox.exchange.cmdlet import Area, Cmdlet
from m365_sandbox.state.directory_roles import DIRECTORY_ROLES


@dataclass(frozen=True)
class Reach:
    """The areas in which a directory role lets its holder read and change."""

    reads: frozenset[Area]
    changes: frozenset[Area] = frozenset()


_EVERYTHING: frozenset[Area] = frozenset({"recipients", "organization", "roles"})
_CONFIGURATION: frozenset[Area] = frozenset({"organization"})
_RECIPIENTS: frozenset[Area] = frozenset({"recipients"})

REACH: Mapping[str, Reach] = {
    DIRECTORY_ROLES[name]: reach for name, reach in {
        "Global Administrator": Reach(_EVERYTHING, _EVERYTHING),
        "Exchange Administrator": Reach(_EVERYTHING, _EVERYTHING),
        "Exchange Recipient Administrator": Reach(_RECIPIENTS | _CONFIGURATION, _RECIPIENTS),
        "Global Reader": Reach(_EVERYTHING),
        "Compliance Administrator": Reach(_EVERYTHING),
        "Helpdesk Administrator": Reach(_RECIPIENTS),
        "Security Administrator": Reach(_CONFIGURATION),
        "Security Reader": Reach(_CONFIGURATION),
    }.items()
}


def may_run(cmdlet: Cmdlet, wids: Iterable[str]) -> bool:
    """Whether one of the directory roles, given by template id, lets its holder run the cmdlet."""
    reaches = (REACH[wid] for wid in wids if wid in REACH)
    return any(cmdlet.area in (reach.reads if cmdlet.reads_only else reach.changes) for reach in reaches)
