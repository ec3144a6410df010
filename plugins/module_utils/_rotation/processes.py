# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which run of ansible-playbook this is, and whether another one still exists.

Templates are filled in the workers of ansible-playbook, so the run is their parent. Linux tells when a process was
started, which keeps a number that was given away again from being taken for the old process; elsewhere no process is
ever known to be gone.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
from collections.abc import Mapping
from pathlib import Path

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
