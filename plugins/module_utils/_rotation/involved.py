# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whom the plays of a rotation are for, by how far each application is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict

States = Mapping[str, Mapping[str, Any]]


def involved(hosts: Mapping[str, Sequence[str]], states: States) -> dict[str, list[str]]:
    """The hosts that have something to do::

        locked  those of the applications that this run holds
        due     those that are to get the newest secret
        again   those of applications that are rid of an old secret, so that there may be a new one

    :param hosts: of this run, by the application that they use.
    :param states: how far each application is, see round.py.
    """
    able = {name: state for name, state in states.items() if not state["failed"]}
    return {
        "locked": [host for name, state in states.items() if state["locked"] for host in hosts[name]],
        "due": [host for state in able.values() for host in state["hosts"]],
        "again": [
            host for name, state in able.items() if state["concluded"] and state["retire"] for host in hosts[name]
        ],
    }


def failures(hosts: Mapping[str, Sequence[str]], states: States, plans: States) -> dict[str, Verdict]:
    """The hosts that end with a failure, and what they end with: one for each application, and who was lost.

    :param plans: each host's plan.
    """
    found = {host: dict(plan) for host, plan in plans.items() if plan["failed"]}
    for name, state in states.items():
        for host in hosts[name][:1] if state["failed"] else ():
            found[state["failed_host"] or host] = _failure("The rotation is not finished")
        found |= {host: _failure("It cannot be reached") for host in state["lost"]}
    return found


def _failure(what: str) -> Verdict:
    return {"changed": False, "failed": True, "msg": f"{what}; the report says why."}
