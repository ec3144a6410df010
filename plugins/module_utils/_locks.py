# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whose turn it is: the lock in an application's entry, who holds it, and what it tells of credentials.

Credentials' ids are compared in lower case. Moments are ISO 8601 texts and the tenant's, never the machine's.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS

PROC = Path("/proc")


def this_run() -> dict[str, str]:
    """``host`` and ``process`` of this run, for people and for ``is_gone``.

    ``host`` differs from one machine, start of a machine and container to the next, for process numbers mean something
    in one of them alone.
    """
    parent = multiprocessing.parent_process()
    pid = os.getpid() if parent is None or parent.pid is None else parent.pid
    return {"host": _here(), "process": f"{pid} {_started(pid) or 'unknown'}"}


def is_gone(holder: Mapping[str, str]) -> bool:
    """Whether a run does not exist any more. If it cannot be told, False.

    :param holder: what ``this_run`` gave it.
    """
    pid, _space, started = holder["process"].partition(" ")
    if holder["host"] != _here() or not (PROC / "self" / "stat").exists():
        return False
    return _started(int(pid)) != started


def _here() -> str:
    try:
        boot = (PROC / "sys" / "kernel" / "random" / "boot_id").read_text("ascii").strip()
        return f"{platform.node()} {boot} {os.readlink(PROC / 'self' / 'ns' / 'pid')}"
    except OSError:
        return platform.node()


def _started(pid: int) -> str | None:
    """When the process was started, in ticks since the machine was; None if there is none. proc_pid_stat(5)."""
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name, in parentheses, and may hold anything.
    state, *fields = text.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]


def id_of(credential: Mapping[str, Any]) -> str:
    """What tells a credential from others."""
    return str(credential["key_id"]).lower()


def ids_of(key_ids: Collection[str]) -> set[str]:
    """Credentials' ids as ``id_of`` gives them."""
    return {key_id.lower() for key_id in key_ids}


def written(moment: datetime) -> str:
    """A moment as entries hold it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def held_by(entry: Mapping[str, Any]) -> set[str]:
    """The credentials whose value an entry holds, as ``id_of`` gives them."""
    return {id_of(entry[slot]) for slot in SLOTS if slot in entry}


def never_stored(entry: Mapping[str, Any], secrets: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of the managed secrets that the run which holds, or held, the entry's lock has made and never stored.

    :param secrets: ``key_id`` and ``start`` of each.
    """
    lock = entry.get("lock")
    if not lock:
        return []
    before, held = ids_of(lock["key_ids"]), held_by(entry)
    return [
        one for one in secrets if id_of(one) not in before | held and one.get("start")
        and datetime.fromisoformat(one["start"]) <= datetime.fromisoformat(lock["until"])
    ]
