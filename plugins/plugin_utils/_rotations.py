# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the steps of a rotation share: how far each application is, what its hosts have said, and whom that concerns."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import token_source
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import duration
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.pool import each
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient, graph_client
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_coalescing import CoalescingGraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import this_run
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation import Terms
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.involved import failures, involved
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.round import UNREAD, Round, State
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import (
    AT_ONCE,
    EstateStep,
    Keeper,
    grouped,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._handover import ROTATION
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._server import NO_ANSWER

Application: TypeAlias = Mapping[str, Any]
Options: TypeAlias = Mapping[str, Any]
#: An application as the plan has it, and where its entry is kept.
Work: TypeAlias = tuple[Application, Keeper]


class RotationStep(EstateStep):
    """A step of the rotation, for all applications that it concerns."""

    STEP, NOUN = "rotation", "applications"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **EstateStep.OPTIONS,
        "plan": {"type": "dict", "default": {}},
        "rotation": {"type": "dict", "default": {}},
        "overlap": {"default": "7d"},
        "lock": {"default": "1h"},
        "force": {"type": "bool", "default": False},
    }

    def settle(self, args: Mapping[str, Any], wanted: Mapping[str, Application]) -> dict[str, Verdict]:
        """See EstateStep; each step here settles what concerns it."""
        return {}

    def result(self, args: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        """See StepForAll. Beside how far each application is: whom the next play is for, and who ends with a failure.

        :param verdicts: what has become of the applications that the step was for.
        """
        news = {name: {**self.states.get(name, UNREAD), **verdict} for name, verdict in verdicts.items()}
        states = {**self.states, **news}
        hosts = {name: list(one["hosts"]) for name, one in self.planned.items()}
        return {
            "changed": any(state["changed"] for state in news.values()),
            "me": self.me, "steps": self.steps + 1, "applications": states, **involved(hosts, news),
            "hosts": failures(hosts, states, (args.get("plan") or {}).get("hosts", {})),
        }

    # -- how far the rotation is --------------------------------------------------------------------------------------

    @cached_property
    def planned(self) -> Mapping[str, Application]:
        """The applications of the plan, by name."""
        return self.applications(self._task.args)

    @cached_property
    def states(self) -> dict[str, State]:
        """How far each application is, see round.py; empty at the beginning."""
        return dict(self._said.get("applications", {}))

    @cached_property
    def me(self) -> Mapping[str, str]:
        """Which run this is."""
        return self._said.get("me") or {"run": secrets.token_hex(8), **this_run()}

    @property
    def steps(self) -> int:
        """How many steps have been taken."""
        return int(self._said.get("steps", 0))

    @property
    def held(self) -> dict[str, Application]:
        """The applications that this run holds, of those that the play is for."""
        hosts = set(self._task_vars["ansible_play_hosts_all"])
        return {
            name: self.planned[name] for name, state in self.states.items()
            if state["locked"] and not hosts.isdisjoint(self.planned[name]["hosts"])
        }

    def newest(self) -> dict[str, State]:
        """How far each application is after the last step, which was for some hosts only."""
        told = [self._said] + [
            self.variables.of(self.planned[name]["hosts"][0]).registered(ROTATION) or {}
            for name, state in self.states.items() if state["state"] == "due"
        ]
        return dict(max(told, key=lambda one: one.get("steps", 0)).get("applications", {}))

    @cached_property
    def _said(self) -> Mapping[str, Any]:
        return self._task.args.get("rotation") or {}

    # -- what the hosts have said -------------------------------------------------------------------------------------

    def failed_host(self, name: str) -> tuple[str, str] | None:
        """The first of an application's hosts for which a step has failed, and why; who was lost has not failed."""
        for host in self.planned[name]["hosts"]:
            why = self.handover.failure(host)
            if why and not _is_lost(why):
                return host, why["msg"]
        return None

    def lost(self, name: str) -> dict[str, str]:
        """Those that were to get a secret and could not be reached, and why not."""
        failed = {host: self.handover.failure(host) for host in self.states[name]["hosts"]}
        return {host: why["msg"] for host, why in failed.items() if why and _is_lost(why)}

    def reached(self, name: str) -> dict[str, bool]:
        """The hosts that were not lost, and whether their configuration was changed."""
        lost = self.lost(name)
        return {
            host: bool(self.handover.targets(host).get("changed")) for host in self.planned[name]["hosts"]
            if host not in lost
        }

    # -- the work -----------------------------------------------------------------------------------------------------

    def around(
        self, args: Mapping[str, Any], application: Application, options: Mapping[str, Any] | None = None
    ) -> Round:
        """What a run has in mind with an application.

        :param options: of the connection, for a step that tries a new secret.
        """
        return Round(
            self.me,
            Terms(
                duration("mail_app.secret.renew_within", application["secret"]["renew_within"]),
                duration("mail_rotation_overlap", args["overlap"]), duration("mail_rotation_lock", args["lock"]),
                args["force"],
            ),
            options or {}, self.check_mode,
        )

    def for_each(
        self, wanted: Mapping[str, Application],
        work: Callable[[GraphClient, Options, Mapping[str, Work]], Awaitable[Callable[[Work], Awaitable[State]]]],
    ) -> dict[str, Verdict]:
        """Do something for each application, many at a time, with one client for all that connect alike.

        :param work: is given a client, its connection's options and the applications that it serves; gives what to do
            for each.
        """
        require({**_auth.MISSING, **_graph.MISSING})
        keepers, states = self.keepers(wanted)
        able = {name: wanted[name] for name in keepers}
        with self.progress(len(able)) as progress:

            async def with_one_client(items: Mapping[str, Work]) -> dict[str, State]:
                options = self.connection(next(iter(items.values()))[0]["entra"])
                async with graph_client(options, token_source(options), CoalescingGraphClient) as graph:
                    return await each(items, await work(graph, options, items), at_once=AT_ONCE, progress=progress)

            for names in grouped(able, lambda one: one["entra"]):
                states |= self.together(names, with_one_client({name: (able[name], keepers[name]) for name in names}))
        return states


def _is_lost(why: Mapping[str, Any]) -> bool:
    """Whether a host could not be asked, rather than being asked and failing."""
    return bool(why.get("unreachable")) or why.get("code") == NO_ANSWER
