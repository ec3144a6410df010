# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the steps share that work for all applications of a plan."""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import (
    complete,
    connection_spec,
    said_by,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate import options
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.unused import unused
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, failure
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._commands import playbook_command
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._handover import Handover
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._held_entry import StoredEntry
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._people import PREFIX
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import StepForAll
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import Held, Store

#: How many applications are worked on at a time.
AT_ONCE = 100


class Keeper(StoredEntry):
    """Where one application's entry is kept. What was read for all at once is given out first."""

    def __init__(self, store: Store, name: str, held: Held) -> None:
        super().__init__(store, name)
        self._held: Held | None = held
        # Raises for an entry that cannot be used, before anything is made.
        self.holds_no_credential = "current" not in held.entry

    def read(self) -> tuple[Entry, str]:
        """The entry, and its revision."""
        held, self._held = self._held, None
        return (held.entry, held.revision) if held else super().read()

    def peek(self) -> Entry:
        """The entry as it was read for all at once."""
        return self._held.entry if self._held else self.read()[0]


_NO_STORE = InputError(
    "No store is named for its credential.",
    remedy="Name one in the application's option store, for example {kind: ansible_vault, path: credentials.yml}.",
)


class EstateStep(StepForAll):
    """A step that works for all applications of which a host has not failed."""

    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "applications": {"type": "list", "elements": "dict", "required": True},
    }
    _given_applications: Mapping[str, Mapping[str, Any]] | None = None

    def names(self, args: Mapping[str, Any]) -> Iterable[str]:
        """See StepForAll."""
        return list(self._wanted(args))

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        wanted = self._wanted(args)
        return self.result(args, self.settle(args, wanted) if wanted else {})

    @abstractmethod
    def settle(self, args: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict]:
        """Do the work.

        :param wanted: the applications by name.
        :returns: a verdict for each.
        """

    def result(self, args: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        """See StepForAll."""
        of_hosts: dict[str, dict[str, Verdict]] = {}
        state = {"state": args["state"]} if "state" in args else {}
        diffs = {name: verdict.pop("diff", []) for name, verdict in verdicts.items()}
        for name, one in self._wanted(args).items():
            for number, host in enumerate(self._hosts(one) if name in verdicts else ()):
                # Once is enough to show it.
                shown = {"diff": diffs[name]} if number == 0 and self._task.diff else {}
                of_hosts.setdefault(host, {})[name] = {**verdicts[name], **shown}
        hosts = {host: {**of_all(list(own.values())), "applications": list(own)} for host, own in of_hosts.items()}
        failed = [name for name, verdict in verdicts.items() if verdict["failed"]]
        return {
            "changed": any(verdict["changed"] for verdict in verdicts.values()),
            "applications": dict(verdicts), "hosts": hosts, "failed_applications": failed, **state,
            **({"diff": [one for diff in diffs.values() for one in diff]} if self._task.diff else {}),
            **unanswered({name: verdicts[name] for name in failed if not self.applications(args)[name]["hosts"]}),
        }

    @cached_property
    def handover(self) -> Handover:
        """What the steps before have said."""
        return Handover(self.variables, self._task_vars)

    def keepers(self, wanted: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Keeper], dict[str, Verdict]]:
        """Where each application's entry is kept, read from each store at once; and a verdict where it cannot be."""
        keepers: dict[str, Keeper] = {}
        verdicts = {name: failure(_NO_STORE) for name, one in wanted.items() if "store" not in one}
        stored = {name: one for name, one in wanted.items() if name not in verdicts}
        for names in grouped(stored, lambda one: self.resolved(one["store"])):
            try:
                store = self.open_store(self.resolved(wanted[names[0]]["store"]))
                held = store.read([wanted[name]["unique_name"] for name in names])
            except ModernAuthError as error:
                verdicts |= {name: failure(error) for name in names}
                continue
            for name in names:
                try:
                    keepers[name] = Keeper(store, wanted[name]["unique_name"], held[wanted[name]["unique_name"]])
                except ModernAuthError as error:
                    verdicts[name] = failure(error)
        return keepers, verdicts

    def used_elsewhere(self, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict]:
        """A refusal for each application that a host outside of the run uses: it is not to be taken from that host."""
        here = set(self._task_vars.get("ansible_play_hosts_all", ()))
        others = {name: [host for host in one.get("team", []) if host not in here] for name, one in wanted.items()}
        return {
            name: failure(InputError(
                f"The application '{wanted[name]['unique_name']}' is used by {', '.join(hosts)} too, which this run "
                "does not include. Nothing of it was removed.",
                remedy="Include those hosts, or first give them another mail_app or take it out of their variables.",
            ))
            for name, hosts in others.items() if hosts
        }

    def unused(self, stores: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The applications that the stores of a plan hold and no host uses, see _plan/unused.py."""
        return unused(
            stores, [self._names_in(one) for one in stores],
            lambda name: playbook_command("remove_mail", "-e", f"mail_unused={name}"),
        )

    def _names_in(self, store: Mapping[str, Any]) -> Sequence[str]:
        try:
            names = self.open_store(self.resolved(store["store"])).names()
            # Who has signed in to an application is no application.
            return [name for name in names if not name.startswith(PREFIX)]
        except ModernAuthError:
            # The step that needs the store has said why, and the report is wanted all the more.
            return []

    def connection(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options of a connection, with what the environment says and the defaults.

        :raises InputError: they make no sense.
        """
        return complete(connection_spec(), self.resolved(given), self.environment, "entra (mail_entra)")

    def applications(self, args: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        """All applications that the task names, by name, each with all its options.

        :raises InputError: they make no sense.
        """
        if self._given_applications is None:
            self._given_applications = options.applications(args["applications"], said_by(self.environment))
        return self._given_applications

    @staticmethod
    def together(names: Iterable[str], work: Coroutine[Any, Any, dict[str, Verdict]]) -> dict[str, Verdict]:
        """The verdicts of a group's work; the same for all of them if nothing could be tried."""
        try:
            return asyncio.run(work)
        except ModernAuthError as error:
            return {name: failure(error) for name in names}

    def _wanted(self, args: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """The applications of which a host is left; those that no host is named for are everybody's."""
        return {
            name: one for name, one in self.applications(args).items() if not one["hosts"] or self._hosts(one)
        }

    def _hosts(self, application: Mapping[str, Any]) -> list[str]:
        return self.handover.able(application["hosts"], before=self.STEP)


def of_all(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict for a host with several applications: what went wrong, or else what was done."""
    failed = [verdict for verdict in verdicts if verdict["failed"]]
    lists = {
        name: list(dict.fromkeys(item for verdict in verdicts for item in verdict.get(name, [])))
        for name in ("granted", "warnings") if any(name in verdict for verdict in verdicts)
    }
    return {
        **(failed or verdicts)[0], **lists, "changed": any(verdict["changed"] for verdict in verdicts),
        "msg": "\n".join(verdict["msg"] for verdict in failed or verdicts),
        "diff": [one for verdict in verdicts for one in verdict.get("diff", [])],
    }


def unanswered(failures: Mapping[str, Verdict]) -> dict[str, Any]:
    """The failure of the task itself, if objects failed that no host is named for, so that no host's outcome tells."""
    told = [f"{name}: {verdict['msg']}" for name, verdict in failures.items()]
    return {"failed": True, "msg": "\n".join(told)} if told else {}


def grouped(
    wanted: Mapping[str, Mapping[str, Any]], key: Callable[[Mapping[str, Any]], Any]
) -> Iterator[list[str]]:
    """The names of those that have the same key, together."""
    groups: dict[str, list[str]] = {}
    for name, one in wanted.items():
        groups.setdefault(json.dumps(key(one), sort_keys=True, default=str), []).append(name)
    yield from groups.values()
