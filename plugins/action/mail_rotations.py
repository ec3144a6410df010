# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all applications; the module of the same name documents the options."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import credentials
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import duration
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.pool import each
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_coalescing import CoalescingGraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import this_run
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import wrapped
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation import Terms
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.report import lines
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.round import (
    Round,
    State,
    begin,
    conclude,
    end,
    record,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done, failure
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import (
    AT_ONCE,
    EstateStep,
    Keeper,
    grouped,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._handover import ROTATION
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._shown import shown

Applications = Mapping[str, Mapping[str, Any]]


class ActionModule(EstateStep):
    """A step of the rotation, for all applications that it concerns."""

    STEP, NOUN = "rotation", "applications"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **EstateStep.OPTIONS,
        "step": {"choices": ["decide", "choose", "record", "end", "conclude", "report"], "required": True},
        "plan": {"type": "dict", "default": {}},
        "rotation": {"type": "dict", "default": {}},
        "chosen": {"type": "list", "elements": "str", "default": []},
        "overlap": {"default": "7d"},
        "lock": {"default": "1h"},
        "force": {"type": "bool", "default": False},
    }

    def names(self, args: Mapping[str, Any]) -> Iterable[str]:
        """See StepForAll."""
        return list(self.applications(args))

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        self._applications = self.applications(args)
        self._states: dict[str, State] = dict(args["rotation"].get("applications", {}))
        self._me = args["rotation"].get("me") or {"run": secrets.token_hex(8), **this_run()}
        self._terms = [
            duration("mail_rotation_overlap", args["overlap"]), duration("mail_rotation_lock", args["lock"]),
            args["force"],
        ]
        result: dict[str, Any] = getattr(self, f"_{args['step']}")(args)
        return result

    def settle(self, args: Mapping[str, Any], wanted: Applications) -> dict[str, Verdict]:
        """See EstateStep; each step here settles what concerns it."""
        return {}

    def result(self, args: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        """See StepForAll. Beside the verdicts: which hosts the next step concerns, and which end with a failure."""
        self._states |= verdicts
        hosts: dict[str, Verdict] = {
            host: verdict for host, verdict in args["plan"].get("hosts", {}).items() if verdict["failed"]
        }
        for name, state in self._states.items():
            hosts |= _failures(self._applications[name]["hosts"], state)
        return {
            "changed": any(verdict["changed"] for verdict in verdicts.values()), "me": self._me,
            "applications": self._states, "hosts": hosts,
            "locked": [host for name in verdicts if self._states[name]["locked"] for host in self._hosts_of(name)],
            "due": [
                host for name in verdicts if not self._states[name]["failed"] for host in self._states[name]["hosts"]
            ],
            "again": [
                host for name in verdicts if self._states[name]["retire"] and self._states[name]["concluded"]
                and not self._states[name]["failed"] for host in self._hosts_of(name)
            ],
        }

    # -- the steps ----------------------------------------------------------------------------------------------------

    def _decide(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Read the store and Entra ID, decide for each application, and begin what is due."""
        going_on = [name for name, state in self._states.items() if state["retire"] and not state["failed"]]
        wanted = {name: self._applications[name] for name in going_on or self._applications}
        firsts = {name: state.get("first") or state["decision"] for name, state in self._states.items()}
        keepers, refused = self.keepers(wanted)
        states = {name: _unread(verdict) for name, verdict in refused.items()}
        with self.progress(len(keepers)) as progress:
            for names in grouped(
                {name: wanted[name] for name in keepers}, lambda one: (one["entra"], one["secret"]["renew_within"])
            ):
                states |= asyncio.run(self._begin({name: (wanted[name], keepers[name]) for name in names}, progress))
        return self.result(args, {name: {**state, "first": firsts.get(name)} for name, state in states.items()})

    async def _begin(self, work: Mapping[str, tuple[Mapping[str, Any], Keeper]], progress: Any) -> dict[str, State]:
        first, _keeper = next(iter(work.values()))
        around, source = self._around(first)
        async with _graph.graph_client(around.options, source, CoalescingGraphClient) as graph:
            ids = {name: keeper.peek().get("client_id") for name, (_one, keeper) in work.items()}
            reading = await credentials.read(graph, [client_id for client_id in ids.values() if client_id])
            found = {one["appId"].lower(): one for one in reading.applications}

            async def one(item: tuple[Mapping[str, Any], Keeper]) -> State:
                application, keeper = item
                entity = found.get(str(ids[application["name"]]).lower())
                return await begin(
                    graph, application, keeper, entity, reading.moment, around, lambda: _refused(keeper)
                )

            states = await each(work, one, at_once=AT_ONCE, progress=progress)
        return {name: state if "decision" in state else _unread(state) for name, state in states.items()}

    def _choose(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Which hosts of the batch get the newest secret: after a first failure no further one of the application."""
        batch = self._task_vars["ansible_play_batch"]
        chosen = [
            host for name, state in self._states.items() if not self._failed_host(name)
            for host in state["hosts"] if host in batch
        ]
        slots = {host: state["slot"] for state in self._states.values() for host in state["hosts"] if host in chosen}
        return {"changed": False, "chosen": chosen, "slots": slots}

    def _record(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Store which hosts of the batch are proven."""
        proven = {
            name: [host for host in args["chosen"] if host in state["hosts"] and not self.handover.failure(host)]
            for name, state in self._states.items()
        }
        names = [name for name, hosts in proven.items() if hosts]
        keepers, verdicts = self.keepers({name: self._applications[name] for name in names})
        for name, keeper in keepers.items():
            try:
                record(keeper, self._states[name], proven[name], self._around(self._applications[name])[0])
                verdicts[name] = done("Recorded.", changed=True)
            except ModernAuthError as error:
                verdicts[name] = failure(error)
        return {
            "changed": bool(keepers),
            "hosts": {host: verdicts[name] for name in names for host in proven[name]},
        }

    def _end(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Find out who gets another secret back, and what may be removed."""
        locked = {name: self._applications[name] for name, state in self._states.items() if state["locked"]}
        keepers, verdicts = self.keepers(locked)
        states: dict[str, State] = {name: {**self._states[name], **verdict} for name, verdict in verdicts.items()}
        for name, keeper in keepers.items():
            state = self._with_failures(name)
            try:
                reached = {
                    host: bool(self.handover.targets(host).get("changed")) for host in self._hosts_of(name)
                    if host not in state["lost"]
                }
                states[name] = end(keeper, locked[name], state, reached, self._around(locked[name])[0])
            except ModernAuthError as error:
                states[name] = {**state, **failure(error), "changed": True}
        return {
            **self.result(args, states),
            "back": {host: slot for state in states.values() for host, slot in state["back"].items()},
        }

    def _conclude(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Remove what no host has any more, and store how it ended."""
        locked = {name: self._applications[name] for name, state in self._states.items() if state["locked"]}
        keepers, verdicts = self.keepers(locked)
        states: dict[str, State] = {name: {**self._states[name], **verdict} for name, verdict in verdicts.items()}
        for names in grouped({name: locked[name] for name in keepers}, lambda one: one["entra"]):
            states |= asyncio.run(self._finish({name: (locked[name], keepers[name]) for name in names}))
        return self.result(args, states)

    async def _finish(self, work: Mapping[str, tuple[Mapping[str, Any], Keeper]]) -> dict[str, State]:
        first, _keeper = next(iter(work.values()))
        around, source = self._around(first)
        async with _graph.graph_client(around.options, source, CoalescingGraphClient) as graph:

            async def one(item: tuple[Mapping[str, Any], Keeper]) -> State:
                application, keeper = item
                state = {**self._states[application["name"]], "put_back": self._put_back(application["name"])}
                return await conclude(graph, application, keeper, state, around)

            with self.progress(len(work)) as progress:
                states = await each(work, one, at_once=AT_ONCE, progress=progress)
        return {name: {**self._states[name], **state, "changed": True} for name, state in states.items()}

    def _report(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what was done."""
        states = {name: self._newest(name, state) for name, state in self._states.items()}
        plans = args["plan"].get("hosts", {})
        text = lines(list(self._applications.values()), states, plans, predicted=self.check_mode)
        text += wrapped(self.unused(args["plan"].get("stores", [])))
        return {"changed": False, "msg": shown(text), "_ansible_verbose_always": True}

    # -- what the hosts have said -------------------------------------------------------------------------------------

    def _hosts_of(self, name: str) -> list[str]:
        return list(self._applications[name]["hosts"])

    def _newest(self, name: str, state: State) -> State:
        """The state that was handed on last: the plays that go on are those of the application's hosts alone."""
        found = [state]
        for host in self._hosts_of(name) if state["state"] == "due" else ():
            said = self.variables.of(host).registered(ROTATION) or {}
            found += [said["applications"][name]] if name in said.get("applications", {}) else []
        return max(found, key=lambda one: (one.get("first") is not None, one["concluded"], one["locked"]))

    def _failed_host(self, name: str) -> tuple[str, Mapping[str, Any]] | None:
        """The first host of the application for which a step has failed; one that cannot be reached has not."""
        failures = ((host, self.handover.failure(host)) for host in self._hosts_of(name))
        return next(((host, one) for host, one in failures if one and not one.get("unreachable")), None)

    def _with_failures(self, name: str) -> State:
        """The state, with what has become of the hosts."""
        state = self._states[name]
        lost = {
            host: one["msg"] for host in state["hosts"]
            if (one := self.handover.failure(host)) and one.get("unreachable")
        }
        failed = self._failed_host(name)
        if failed is None or state["failed"]:
            return {**state, "lost": lost, "failed_host": None}
        host, failure_ = failed
        return {
            **state, "lost": lost, "failed": True, "failed_host": host, "msg": f"{host}: {failure_['msg']}",
        }

    def _put_back(self, name: str) -> dict[str, str]:
        """By host that got its old secret back, whether it works."""
        found: dict[str, str] = {}
        for host in self._states[name]["back"]:
            why = self.handover.failure(host)
            found[host] = (
                f"The secret that it had before was put back, but could not be proven either: {why['msg']}" if why
                else "The secret that it had before is back, and proven."
            )
        return found

    def _around(self, application: Mapping[str, Any]) -> tuple[Round, Any]:
        require({**_auth.MISSING, **_graph.MISSING})
        overlap, lease, force = self._terms
        renew_within = duration("mail_app.secret.renew_within", application["secret"]["renew_within"])
        options = self.connection(application["entra"])
        return (
            Round(self._me, Terms(renew_within, overlap, lease, force), options, self.check_mode),
            _auth.token_source(options),
        )


def _unread(verdict: Verdict) -> State:
    """The state of an application of which nothing could be read."""
    return {
        "state": "unread", "decision": None, "reasons": [], "locked": False, "slot": "current", "hosts": [], "back": {},
        "retire": [], "concluded": False, "entry": {}, "seen": None, "lost": {}, "put_back": {}, **verdict,
    }


def _refused(keeper: Keeper) -> ModernAuthError | None:
    """Why the store would take nothing new; None if it would."""
    try:
        return keeper.store.prove([keeper.name]).get(keeper.name)
    except ModernAuthError as error:
        return error


def _failures(hosts: list[str], state: State) -> dict[str, Verdict]:
    """What the hosts of an application end with, if it is a failure."""
    found: dict[str, Verdict] = {}
    if state["failed"] and hosts:
        host = state.get("failed_host") or hosts[0]
        found[host] = {"changed": False, "failed": True, "msg": "The rotation is not finished; the report says why."}
    for host in state.get("lost", {}):
        found[host] = {"changed": False, "failed": True, "msg": "It cannot be reached; the report says why."}
    return found
