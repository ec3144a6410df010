# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A credentials report as a table for the terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import shown
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import aligned

COLUMNS = (
    "environment", "application", "credential", "store", "made by", "ends", "days left", "status", "hosts", "next",
)
_NOTHING = "-"
#: How many hosts of an application are named; the page names all.
_HOSTS = 3


def table(report: Mapping[str, Any]) -> list[str]:
    """A line of headings, one line per credential, then the reasons for every application that needs attention, what
    else there is to know of each, and the sign-ins.

    :param report: as in report.py.
    """
    rows: list[tuple[str, ...]] = [COLUMNS]
    reasons, notes = [], []
    for application in report["applications"]:
        rows += [_row(application, one) for one in application["credentials"] or [None]]
        reasons += [f"{_name(application)}: {reason}" for reason in application["reasons"]]
        notes += [f"{_name(application)}: {note}" for note in application["notes"]]
    return [*aligned(shown(rows)), *shown([*reasons, *notes, *(one["told"] for one in report["sign_ins"])])]


def step(credential: Mapping[str, Any]) -> str:
    """What the rotation will do because of a credential, in words; "" if nothing."""
    following = credential["next"] or {"what": "", "when": None}
    return f"{following['what']} from {following['when'][:10]}" if following["when"] else str(following["what"])


def ends(credential: Mapping[str, Any]) -> str:
    """The day on which a credential ends, in words if it does not."""
    return str(credential["end"] or "no expiry")[:10]


def made_by(credential: Mapping[str, Any]) -> str:
    """Who made a credential, in words."""
    words = {"store": "this collection", "file": "this collection", "nobody": "this collection, value lost"}
    origin: str = credential["origin"]
    return words.get(origin, origin)


def hosts(application: Mapping[str, Any]) -> list[str]:
    """The hosts of an application; those that have not proven the newest credential say so."""
    known, awaiting = application["hosts"], application["awaiting"]
    gone = [f"{host} (awaiting, not in the inventory)" for host in awaiting if host not in known]
    return [f"{host} (awaiting)" if host in awaiting else host for host in known] + gone


def _name(application: Mapping[str, Any]) -> str:
    environment = f" ({application['environment']})" if application["environment"] else ""
    return f"{application['name']}{environment}"


def _row(application: Mapping[str, Any], credential: Mapping[str, Any] | None) -> tuple[str, ...]:
    about = (application["environment"] or _NOTHING, str(application["name"]))
    servers = hosts(application)
    more = f" and {len(servers) - _HOSTS} more" if len(servers) > _HOSTS else ""
    used_on = ", ".join(servers[:_HOSTS]) + more or _NOTHING
    if credential is None:
        return (*about, *[_NOTHING] * 6, used_on, _NOTHING)
    return (
        *about,
        credential["kind"],
        credential["slot"] or _NOTHING,
        made_by(credential),
        ends(credential),
        _NOTHING if credential["days_left"] is None else str(credential["days_left"]),
        credential["status"],
        used_on,
        step(credential) or _NOTHING,
    )
