# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all hosts; the module of the same name documents the options."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible.errors import AnsibleError
from ansible.utils.display import Display
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.estate import PREFIX, Host, draw
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.tags import unknown
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.unused import removal
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import StepForAll
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import comparable, options_of
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._variables import Variables


class ActionModule(StepForAll):
    """Read the variables of all hosts, and draw the work of the run from them."""

    STEP, NOUN = "plan", "hosts"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "hosts": {"type": "list", "elements": "str"},
        "inventory": {"type": "list", "elements": "str"},
        "proofs": {"type": "bool", "default": True},
        "reader": {"type": "dict", "default": {}},
        "secrets": {"type": "bool", "default": True},
        "unused": {"type": "list", "elements": "str", "default": []},
    }

    def names(self, args: Mapping[str, Any]) -> Iterable[str]:
        """See StepForAll."""
        return list(args.get("hosts") or self._task_vars["ansible_play_batch"])

    def result(self, args: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        """See StepForAll."""
        return {
            "changed": False, "hosts": dict(verdicts),
            **{name: [] for name in ("applications", "deliveries", "sign_ins", "stores", "left_out")},
        }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        hosts = list(self.names(args))
        everybody = args["inventory"] or self._task_vars["groups"]["all"]
        self._ignored = () if args["proofs"] else ("mail_verify",)
        self._reader, self._reads_secrets = args["reader"], args["secrets"]
        said = {host: self._host(self.variables.of(host)) for host in dict.fromkeys([*hosts, *everybody])}
        work = draw({host: said[host] for host in hosts}, said, self.environment)
        if args["unused"]:
            held = [self._held(one["store"], args["unused"]) for one in work["stores"]]
            work = removal(work, args["unused"], held)
        for line in self._told(args["unused"], work):
            Display().display(line)
        return {"changed": False, **work}

    def _held(self, store: Mapping[str, Any], names: Sequence[str]) -> list[str]:
        """Which of the names a store holds."""
        return [name for name, one in self.open_store(self.resolved(store)).read(names).items() if one.entry]

    def _told(self, unused: Sequence[str], work: Mapping[str, Any]) -> Iterator[str]:
        """What is no failure, but perhaps not what was meant."""
        found = {one["unique_name"] for one in work["applications"]}
        yield from (f"mail_unused: no store of these hosts holds {name}." for name in unused if name not in found)
        variables = {"--tags": "ansible_run_tags", "--skip-tags": "ansible_skip_tags"}
        given = {option: self._task_vars.get(name, ()) for option, name in variables.items()}
        yield from unknown(given, self._task.tags)
        if work["left_out"]:
            yield (
                f"Left out, since no mail_product is set for them: {', '.join(work['left_out'])}. "
                "(mail_hosts names the hosts that the playbook is for.)"
            )

    def _host(self, variables: Variables) -> Host:
        known: dict[str, Any] = {}
        problems = []
        for name in variables:
            if name.startswith(PREFIX) and name not in self._ignored:
                try:
                    known[name] = variables[name] if self._reads_secrets else variables.public(name)
                except AnsibleError as error:
                    problems.append(f"{name}: cannot be told, since {_why(error)}")
        if "mail_verify" in known:
            known["mail_verify"] = _read_by(self._reader, known["mail_verify"])
        store: dict[str, Any] = {}
        if known.get("mail_product") is not None:
            try:
                store = options_of(_with_place(known, variables), folder=os.getcwd())
            except InputError as error:
                problems += error.message.splitlines()
        return Host(known, tuple(problems), store, comparable(store))


def _with_place(known: Mapping[str, Any], variables: Variables) -> dict[str, Any]:
    place = {name: variables.known(name) for name in ("inventory_hostname", "inventory_dir", "playbook_dir")}
    return {**known, **place}


def _read_by(reader: Mapping[str, Any], verify: Any) -> Any:
    """The variable mail_verify, with how to sign in where it does not say so."""
    receive = verify.get("receive") if isinstance(verify, Mapping) else None
    return {**verify, "receive": {**reader, **receive}} if reader and isinstance(receive, Mapping) else verify


def _why(error: AnsibleError) -> str:
    """The error's own words, in one line."""
    return " ".join(str(getattr(error, "message", None) or error).split()).rstrip(".")
