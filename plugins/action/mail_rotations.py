# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all applications; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import credentials
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google import lifetime
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import GOOGLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import wrapped
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.report import lines
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.round import (
    UNREAD,
    State,
    begin,
    conclude,
    end,
    record,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import told
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import done, failure
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import Keeper
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._google_keys import read_key
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._rotations import (
    Application,
    Options,
    RotationStep,
    Work,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._shown import shown

#: Said of an application whose credential the collection did not make.
NOT_OURS = "It signs in without a client secret, so that there is none to rotate."


class ActionModule(RotationStep):
    """The steps of the rotation, in their order."""

    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **RotationStep.OPTIONS,
        "step": {"choices": ["decide", "choose", "record", "end", "conclude", "report"], "required": True},
        "chosen": {"type": "list", "elements": "str", "default": []},
    }

    def names(self, args: Mapping[str, Any]) -> Iterable[str]:
        """See StepForAll."""
        return list(self._wanted_now() if args["step"] == "decide" else self.held)

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        step: Callable[[Mapping[str, Any]], dict[str, Any]] = getattr(self, f"_{args['step']}")
        return step(args)

    def failed(self, args: Mapping[str, Any], error: ModernAuthError) -> dict[str, Any]:
        """See Step. What concerns the hosts of a batch becomes their failure."""
        if args["step"] in ("choose", "record"):
            hosts = {host: failure(error) for host in self._task_vars["ansible_play_batch"]}
            return {"changed": False, "chosen": [], "slots": {}, "hosts": hosts}
        if args["step"] == "report":
            return {"failed": True, "changed": False, **error.result()}
        return super().failed(args, error)

    def _decide(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Read the store and Entra ID, decide for each application, and begin what is due."""

        async def work(
            graph: GraphClient, options: Options, items: Mapping[str, Work]
        ) -> Callable[[Work], Awaitable[State]]:
            ids = {name: keeper.peek().get("client_id") for name, (_one, keeper) in items.items()}
            reading = await credentials.read(graph, [client_id for client_id in ids.values() if client_id])
            found = {one["appId"].lower(): one for one in reading.applications}

            async def one(item: Work) -> State:
                application, keeper = item
                entity = found.get(str(ids[application["name"]]).lower())
                around = self.around(args, application, options)
                return await begin(
                    graph, application, keeper, entity, reading.moment, around, lambda: _refused(keeper)
                )

            return one

        wanted = self._wanted_now()
        without = [name for name, one in wanted.items() if one["credential"] == "none"]
        found = self.for_each({name: one for name, one in wanted.items() if name not in without}, work)
        found |= {
            name: {**UNREAD, "state": "unset", "reasons": [self._by_hand(wanted[name])]} for name in without
        }
        return self.result(args, {
            # What a first round has left behind is of no account in a second one, but for what it decided.
            name: {**UNREAD, **state, "first": self.states.get(name, UNREAD)["decision"]}
            for name, state in found.items()
        })

    def _by_hand(self, application: Application) -> str:
        """What there is to say of an application without a client secret."""
        if application["identity"] != GOOGLE:
            return NOT_OURS
        try:
            return lifetime.told(*read_key(self, application), datetime.now(UTC))
        except InputError as error:
            return f"{NOT_OURS} {error.message}"

    def _choose(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Which hosts of the batch get the newest secret: after a first failure no further one of the application."""
        batch = set(self._task_vars["ansible_play_batch"])
        slots: dict[str, dict[str, str]] = {}
        for name, state in self.states.items():
            for host in state["hosts"] if self.failed_host(name) is None else ():
                if host in batch:
                    slots.setdefault(host, {})[name] = state["slot"]
        return {"changed": False, "chosen": list(slots), "slots": slots}

    def _record(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Store which hosts of the batch are proven."""
        proven = {
            name: self.handover.able([host for host in args["chosen"] if host in state["hosts"]])
            for name, state in self.states.items()
        }
        names = [name for name, hosts in proven.items() if hosts]
        keepers, verdicts = self.keepers({name: self.planned[name] for name in names})
        for name, keeper in keepers.items():
            try:
                record(keeper, self.states[name], proven[name], self.around(args, self.planned[name]))
                verdicts[name] = done("It is recorded which hosts are proven.", changed=True)
            except ModernAuthError as error:
                verdicts[name] = failure(error)
        return {
            "changed": any(verdict["changed"] for verdict in verdicts.values()),
            "hosts": {host: verdicts[name] for name in names for host in proven[name]},
        }

    def _end(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Find out who gets another secret back, and what may be removed."""
        held = self.held
        keepers, verdicts = self.keepers(held)
        for name, keeper in keepers.items():
            state = {**self.states[name], "lost": self.lost(name)}
            failed = self.failed_host(name)
            if failed and not state["failed"]:
                host, why = failed
                state |= {"failed": True, "failed_host": host, "msg": f"{host}: {why}"}
            try:
                verdicts[name] = end(
                    keeper, held[name], state, self.reached(name), self.around(args, held[name])
                )
            except ModernAuthError as error:
                verdicts[name] = {**state, **failure(error)}
        result = self.result(args, verdicts)
        back: dict[str, dict[str, str]] = {}
        for name in held:
            for host, slot in result["applications"][name]["back"].items():
                back.setdefault(host, {})[name] = slot
        return {**result, "changed": False, "back": back}

    def _conclude(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Remove what no host has any more, and store how it ended."""

        async def work(
            graph: GraphClient, _options: Options, _items: Mapping[str, Work]
        ) -> Callable[[Work], Awaitable[State]]:
            async def one(item: Work) -> State:
                application, keeper = item
                state = {**self.states[application["name"]], "put_back": self._put_back(application["name"])}
                return await conclude(graph, application, keeper, state, self.around(args, application))

            return one

        # Where it is not known how it ends, the application stays locked, and the next run goes on.
        wanted = {name: one for name, one in self.held.items() if self.states[name]["retire"] is not None}
        verdicts = self.for_each(wanted, work)
        return self.result(args, {name: {**verdict, "changed": True} for name, verdict in verdicts.items()})

    def _report(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what was done."""
        text = lines(
            list(self.planned.values()), self.newest(), args["plan"].get("hosts", {}), predicted=self.check_mode
        )
        hosts = [host for one in self.planned.values() for host in one["hosts"]]
        text += wrapped(told({host: self.handover.authorizations(host) for host in hosts}))
        text += wrapped([one["told"] for one in self.unused(args["plan"].get("stores", []))])
        return {"changed": False, "msg": shown(text), "_ansible_verbose_always": True}

    def _wanted_now(self) -> dict[str, Application]:
        """All applications; in a second round those that are rid of an old secret now."""
        going_on = [
            name for name, state in self.states.items()
            if state["concluded"] and state["retire"] and not state["failed"]
        ]
        return {name: self.planned[name] for name in going_on or self.planned}

    def _put_back(self, name: str) -> dict[str, str]:
        """By host that got its old secret back, whether it works."""
        found: dict[str, str] = {}
        for host in self.states[name]["back"]:
            why = self.handover.failure(host, before="choose")
            found[host] = (
                f"The secret that it had before was put back, but could not be proven either: {why['msg']}" if why
                else "The secret that it had before is back, and proven."
            )
        return found


def _refused(keeper: Keeper) -> ModernAuthError | None:
    """Why the store would take nothing new; None if it would."""
    try:
        return keeper.store.prove([keeper.name]).get(keeper.name)
    except ModernAuthError as error:
        return error
