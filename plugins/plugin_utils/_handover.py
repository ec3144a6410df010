# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What one step hands on to the next: the only place that knows under which names the roles register it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._variables import PlayVariables

#: What steps that work for all hosts at once have registered, in their order: verdicts by host.
FOR_ALL: Mapping[str, str] = {
    "plan": "__mail_plan", "preflight": "__mail_mailboxes", "identity": "__mail_identity", "access": "__mail_access",
    "delivery": "__mail_delivery", "choose": "__mail_rotation_batch", "record": "__mail_rotation_recorded",
}
#: What each host has registered of its own targets: when they were looked at, and when they were written.
OF_HOST = "__mail_provider"
#: What each host has registered of what its product is configured with, whoever has done that.
SETTINGS = "__mail_settings"
#: What the rotation has registered: how far each application is.
ROTATION = "__mail_rotation"


class Handover:
    """What the steps before this one have said.

    :param variables: those of the hosts.
    :param task_vars: those of the task that is executed.
    :param said: the results that the task is given, by step; those of other steps are looked up.
    :param targets: what the hosts' targets have said, if the task is given it; else it is looked up.
    """

    def __init__(
        self, variables: PlayVariables, task_vars: Mapping[str, Any],
        said: Mapping[str, Mapping[str, Any]] = MappingProxyType({}), targets: Mapping[str, Any] | None = None,
    ) -> None:
        self._variables = variables
        self._lost = frozenset(task_vars.get("ansible_play_hosts_all", ())) - frozenset(
            task_vars.get("ansible_play_hosts", ())
        )
        self._said = said
        self._of_hosts = targets
        self._failures: dict[tuple[str, str | None], Mapping[str, Any] | None] = {}

    def failure(self, host: str, before: str | None = None) -> Mapping[str, Any] | None:
        """Why a host has failed: ``step``, ``msg``, perhaps ``code``, and ``unreachable`` if that is why. None if not.

        A host that fails in a block is rescued at the block's end, hence Ansible itself does not tell.

        :param before: look at the steps before this one only; what it said itself when it was taken last, and what
            followed then, is of no account when it is taken again.
        """
        key = host, before
        if key not in self._failures:
            self._failures[key] = self._failure(host, before)
        return self._failures[key]

    def configured(self, host: str) -> Mapping[str, Any] | None:
        """What became of a host's targets; None if nothing was done about them, but look."""
        found = self.targets(host)
        return found if found.get("configured") else None

    def able(self, hosts: Iterable[str], before: str | None = None) -> list[str]:
        """The hosts that have not failed, see ``failure``."""
        return [host for host in hosts if self.failure(host, before) is None]

    def authorizations(self, host: str) -> list[dict[str, Any]]:
        """What somebody has to sign in for, as far as the steps have found, each once, see _sign_ins.py."""
        told = [self.targets(host), *(verdict for _step, verdict in self._verdicts(host))]
        found = [one for verdict in told for one in verdict.get("authorization_required", [])]
        # A step may find what an earlier one has found, and knows more of the reason by then.
        return list({(one["where"], one["account"]): one for one in found}.values())

    def targets(self, host: str) -> Mapping[str, Any]:
        """What the host has registered of its targets last; empty if nothing."""
        given = self._variables.of(host).registered(OF_HOST) if self._of_hosts is None else self._of_hosts.get(host)
        found: Mapping[str, Any] = given or {}
        return {} if found.get("skipped") else found

    def settings(self, host: str) -> Mapping[str, Any]:
        """What the host's product is configured with, see mail_settings_info; empty if it was not asked."""
        return self._variables.of(host).registered(SETTINGS) or {}

    def _failure(self, host: str, before: str | None) -> Mapping[str, Any] | None:
        targets = self.targets(host)
        if targets.get("unreachable"):
            return {"step": "provider", "msg": targets.get("msg", ""), "unreachable": True}
        if targets.get("failed"):
            step = "restart" if targets.get("restart") == "failed" else _LOOKED[bool(targets.get("looked", True))]
            return {"step": step, "msg": targets["msg"], "code": targets.get("code")}
        for step, verdict in self._verdicts(host):
            if step == before:
                break
            if verdict.get("failed"):
                return {"step": step, "msg": verdict["msg"]}
        if host in self._lost:
            return {"step": "provider", "msg": "The host was lost on the way.", "unreachable": True}
        return None

    def _verdicts(self, host: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """What each step has said of the host; an empty verdict of those that have said nothing."""
        for step, name in FOR_ALL.items():
            result = self._said.get(step) or self._variables.of(host).registered(name) or {}
            yield step, (result.get("hosts") or {}).get(host) or {}


_LOOKED = {True: "preflight", False: "provider"}
