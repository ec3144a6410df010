# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A host's plan, its server and its product's configuration, from what looking at its targets has said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    Finding,
    Subject,
    parts,
)

#: The checks for which the servers are looked at.
CHECKS = frozenset({"server", "targets", "settings", "restart", "person"})
_REST = ["targets", "settings"]
_STORE = "the store does not give its product's credential"


def look(
    host: str, plan: Mapping[str, Any], targets: Mapping[str, Any], required: Sequence[Mapping[str, Any]], *,
    has_credentials: bool,
) -> list[Finding]:
    """What there is to say of a host.

    :param plan: the host's part of the plan.
    :param targets: what the step mail_targets has said in check mode; empty if it did not run.
    :param required: what somebody has to sign in for, see _sign_ins.py.
    :param has_credentials: whether the store has what the configuration is compared with.
    """
    subject = Subject("host", host, (host,))
    if plan["failed"]:
        return subject.cross("plan", plan["msg"], "Correct the variable that is named.")
    planned = subject.ok("plan")
    if not targets:
        return planned
    if targets.get("unreachable"):
        return [
            *planned, *subject.cross(
                "server", f"Ansible does not reach it: {targets.get('msg', '')}".strip(),
                "Check its address, the connection and the key (ansible_host, ansible_user): ansible -m ping.",
            ), *subject.unknown([*_REST, *_restarts(plan)], "the server was not reached"),
        ]
    restart = _restart(subject, plan, targets)
    reached = [*planned, *subject.ok("server")]
    if targets.get("failed"):
        if not has_credentials:
            return [*reached, *subject.unknown(_REST, _STORE), *restart]
        return [
            *reached, *subject.cross("targets", *parts(targets)),
            *subject.unknown(["settings"], "a target cannot be read or written"), *restart,
        ]
    settings = _settings(subject, targets, has_credentials=has_credentials)
    return [*reached, *subject.ok("targets"), *settings, *restart, *(
        one for sign_in in required for one in subject.cross(
            "person", f"{sign_in['account']} has to sign in for {sign_in['what']} {sign_in['where']}.", sign_in["do"],
        )
    )]


def _restarts(plan: Mapping[str, Any]) -> list[str]:
    return ["restart"] if plan["restart_command"] else []


def _restart(subject: Subject, plan: Mapping[str, Any], targets: Mapping[str, Any]) -> list[Finding]:
    """Whether the program that restarts the product can be started. What it is told to do is known to itself alone."""
    program = targets.get("restart_program")
    if program is None:
        # A product that has no file on its server is never restarted.
        return subject.unknown(_restarts(plan), "the server's files could not be looked at") if (
            targets.get("failed")
        ) else []
    name, path, user = program["name"], program["path"], program["user"]
    if path is None:
        return subject.cross(
            "restart", f"{user} finds no program {name} on the server, with which the product is restarted.",
            "Name one that is there in mail_restart_command, with its whole path if it is not on that user's PATH; or "
            "leave the variable out and restart the product by hand.",
        )
    if not program["executable"]:
        return subject.cross(
            "restart", f"{user} may not execute {path}, with which the product is restarted.",
            "Let Ansible become a user who may (ansible_become), or name another program in mail_restart_command.",
        )
    return subject.ok("restart")


def _settings(subject: Subject, targets: Mapping[str, Any], *, has_credentials: bool) -> list[Finding]:
    differing = [one["name"] for one in targets["targets"] if one["changed"]]
    if differing and not has_credentials:
        return subject.unknown(["settings"], _STORE)
    if differing:
        return subject.cross(
            "settings", f"It is not what the settings say: {', '.join(differing)}.",
            "Run mailops.modern_auth.setup_mail; with --check --diff it shows what differs.",
        )
    if targets.get("changed"):
        return subject.cross(
            "settings", "The product was not restarted since its configuration was written.",
            "Run mailops.modern_auth.setup_mail, which restarts it, or restart it by hand.",
        )
    return subject.ok("settings")
