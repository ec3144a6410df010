# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, for each host over its connection; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS, encrypted
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._https import HttpsClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import (
    OWN_SECRET,
    UNKNOWN,
    Reference,
    fill,
    of_entry,
    references,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import verdict as sign_ins
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import kinds
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.change import Change, about, together
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.fingerprints import kept, known
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.node import load_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.plans import target
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.told import (
    failed_load,
    failed_restart,
    loads_told,
    restart_told,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._held_entry import HeldEntry, StoredEntry
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._servers import server_of
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step

#: That secret as the product's own tool encrypts it.
ENCRYPTED_SECRET = "encrypted_client_secret"
_NO_STORE = InputError(
    "No store is named for the applications' credentials.",
    remedy="Name one in the option store, for example {kind: ansible_vault, path: credentials.yml}.",
)


class ActionModule(Step):
    """Look, compare, write what differs, load it, restart."""

    _requires_connection = True
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "targets": {"type": "list", "elements": "dict", "required": True},
        "applications": {"type": "list", "elements": "dict", "default": []},
        "store": {"type": "dict"},
        "slots": {"type": "dict", "default": {}},
        "encryption": {"type": "dict"},
        "loads": {"type": "list", "elements": "dict", "default": []},
        "restart_command": {"type": "list", "elements": "str", "default": []},
        "backup": {"type": "bool", "default": False},
        "verify": {"type": "bool", "default": False},
        "overlay": {"type": "path"},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        self._host = str(self._task_vars["inventory_hostname"])
        self._slots, self._encryption, self._verifies = args["slots"], args["encryption"] or {}, args["verify"]
        self._unique_names = {one.get("name", one["unique_name"]): one["unique_name"] for one in args["applications"]}
        self._held = self._read(args)
        self._check_encrypted()
        files = [plan["path"] for plan in args["targets"] if plan.get("kind") == "file"]
        tells = bool(args["restart_command"] or args["loads"])
        self._server = server_of(
            self, self._task_vars, backup=args["backup"], beside=files[0] if files and tells else None,
            program=next(iter(args["restart_command"]), None), overlay=args["overlay"],
        )
        self._ports = {"server": self._server, "web": HttpsClient()}
        self._values = {one: self._value(one) for one in dict.fromkeys(references(args["targets"]))}
        changes = self._changes(args["targets"])
        result = self._result(changes)
        if args["verify"] and result["changed"]:
            raise self._differs(changes)
        try:
            more: dict[str, Any] = {}
            if not self.check_mode:
                changes, more = self._written(args["targets"], changes)
                result = self._result(changes)
            done = self._finished(args, changes)
            return {**result, **more, **done, "configured": not self.check_mode}
        except ModernAuthError as error:
            error.details = {**result, **error.details}
            raise

    def failed(self, args: Mapping[str, Any], error: ModernAuthError) -> dict[str, Any]:
        """See Step. The report tells a look before anything is touched from the doing, and from what is found done."""
        return {**super().failed(args, error), "looked": self.check_mode and not args.get("verify")}

    # -- what is known ------------------------------------------------------------------------------------------------

    def _read(self, args: Mapping[str, Any]) -> dict[str, HeldEntry]:
        """What the store holds of each application, by the name that references have for it."""
        if not self._unique_names:
            return {}
        if args["store"] is None:
            raise _NO_STORE
        store = self.open_store(self.resolved(args["store"]))
        return {name: HeldEntry(StoredEntry(store, unique)) for name, unique in self._unique_names.items()}

    def _check_encrypted(self) -> None:
        """What was encrypted by hand has to be the secret that is in use."""
        made_of = self._encryption.get("key_id")
        if made_of is None:
            return
        for name in self._held:
            key_id = self._credential(name).get("key_id")
            if key_id and made_of.lower() != key_id.lower():
                raise InputError(
                    f"mail_ici.encrypted_secret is made of the client secret {made_of}, but the application's "
                    f"{self._slots.get(name, SLOTS[0])} one is {key_id}.",
                    remedy="Encrypt that one with ICI's tool; it is in the store.",
                )

    def _credential(self, name: str) -> Mapping[str, str]:
        """The credential that the product gets of an application; empty where none is known."""
        found: Mapping[str, str] = self._held[name].entry.get(self._slots.get(name, SLOTS[0]), {})
        return found

    def _value(self, one: Reference) -> Any:
        """What a reference stands for."""
        if one.kind == "secret" and one.name not in (OWN_SECRET, ENCRYPTED_SECRET):
            return self._of_variable(one.name)
        name = one.application or next(iter(self._held), None)
        if name not in self._held:
            raise InputError(
                f"The {one.kind} {one.name!r} is one of {name or 'an application'}, which is not among applications."
            )
        if one.kind == "secret" and one.name == ENCRYPTED_SECRET:
            if "value" in self._encryption:
                return self._of_variable(self._encryption["value"]["secret"])
            if self._credential(name):
                return self._encrypted(name)
        return of_entry(
            one, self._held[name].entry, self._slots.get(name, SLOTS[0]), self._unique_names[name],
            may_be_unknown=self.check_mode and not self._verifies,
        )

    def _of_variable(self, path: str) -> str:
        """A secret of the inventory."""
        name, *below = path.split(".")
        value = self.variables.of(self._host).get(name)
        for part in below:
            value = value.get(part) if isinstance(value, Mapping) else None
        if not isinstance(value, str):
            wrong = "is not set" if value is None else "is no text"
            raise InputError(f"{path}: {wrong}.", remedy="Write it in quotes, so that YAML takes it for a text.")
        return str(value)

    def _encrypted(self, name: str) -> str:
        """The secret as the product's own tool encrypts it: another text each time, so it is made once a server."""
        held, credential = self._held[name], self._credential(name)
        key_id = credential["key_id"]
        stored = held.entry.get("encrypted", {}).get(self._host, {}).get(key_id)
        if stored or self.check_mode:
            return str(stored or UNKNOWN)
        command = self._encryption["command"]
        ran = self._server.run(command, credential["secret_text"])
        made = ran.output.strip()
        if ran.code != 0 or not made:
            # What a tool says that was given a secret may hold it.
            why = ran.errors if ran.code is None else f"exit code {ran.code}, {len(made)} characters of output"
            raise InputError(
                f"mail_ici.encrypt_command ({' '.join(command)}) gave no encrypted secret: {why}.",
                remedy="Try it on the server: it reads the secret from standard input and prints the encrypted text.",
            )
        held.change(lambda entry: encrypted(entry, {self._host: {key_id: made}}))
        return made

    def _differs(self, changes: Mapping[int, Change[Any]]) -> InputError:
        """A proof with another credential than the product's own would prove something else."""
        differing = [change.name for change in changes.values() if change.changed]
        why = (
            f"The configuration is not what the settings say ({', '.join(differing)})" if differing
            else "The product was not restarted since its configuration was written"
        )
        return InputError(
            f"{why}, so a mail would prove nothing.",
            remedy="Run mailops.modern_auth.setup_mail, with --check --diff to see what differs.",
        )

    # -- what is done -------------------------------------------------------------------------------------------------

    def _changes(self, plans: Sequence[Mapping[str, Any]]) -> dict[int, Change[Any]]:
        """What has to be changed, by the number of the target.

        :raises ModernAuthError: with everything that stands in the way of any of them.
        """
        changes: dict[int, Change[Any]] = {}
        errors: list[ModernAuthError] = []
        sealed = {key: one for held in self._held.values() for key, one in known(held.entry, self._host).items()}
        for kind, numbered in _by_kind(plans).items():
            module = kinds.named(kind)
            targets = [
                target(module, fill(plan, self._values.get), f"targets[{number}]") for number, plan in numbered.items()
            ]
            try:
                found = module.look(targets, self._ports.get(module.PORT), sealed)
            except ModernAuthError as error:
                errors.append(error)
                continue
            for number, wanted, one in zip(numbered, targets, found, strict=True):
                try:
                    changes[number] = wanted.compare(one)
                except ModernAuthError as error:
                    errors.append(about(wanted.name, error))
        if errors:
            wrong = together(errors)
            wrong.details |= self._program()
            raise wrong
        return dict(sorted(changes.items()))

    def _result(self, changes: Mapping[int, Change[Any]]) -> dict[str, Any]:
        """What to tell of the targets."""
        result = {
            "changed": any(change.changed for change in changes.values()) or self._server.pending,
            "targets": [change.result() for change in changes.values()],
            "warnings": [warning for change in changes.values() for warning in change.warnings],
            **sign_ins(change.sign_in for change in changes.values() if change.sign_in), **self._program(),
        }
        if self._task.diff:
            result["diff"] = [change.diff() for change in changes.values() if change.changed]
        return result

    def _program(self) -> dict[str, Any]:
        """What was found of the program that restarts the product, if files were looked at."""
        found = self._server.program
        return {} if found is None else {"restart_program": asdict(found)}

    def _written(
        self, plans: Sequence[Mapping[str, Any]], changes: Mapping[int, Change[Any]]
    ) -> tuple[dict[int, Change[Any]], dict[str, Any]]:
        """The changes once they are made, and what the kinds of targets tell further."""
        made = dict(changes)
        more: dict[str, Any] = {}
        for kind, numbered in _by_kind(plans).items():
            module = kinds.named(kind)
            writes = [changes[number].write for number in numbered if changes[number].write is not None]
            if not writes:
                continue
            told = dict(module.write(writes, self._ports.get(module.PORT)))
            self._keep(told.pop("fingerprints", {}))
            after = told.pop("after", {})
            made |= {number: changes[number].made(after.get(changes[number].name)) for number in numbered}
            more |= told
        return made, more

    def _keep(self, sealed: Mapping[str, str]) -> None:
        """Let the store know what was written to where it cannot be read back."""
        held = next(iter(self._held.values()), None)
        if held is not None and sealed:
            held.change(lambda entry: kept(entry, self._host, sealed))

    def _finished(self, args: Mapping[str, Any], changes: Mapping[int, Change[Any]]) -> dict[str, Any]:
        """Load and restart; what to tell of it."""
        command, is_stale = args["restart_command"], self._is_stale(args["targets"], changes)
        number = sum(change.changed for change in changes.values())
        told = [f"{number} of {len(changes)} targets changed" if number else "The settings are as they should be"]
        restart = "none" if not is_stale else "done" if command else "needed"
        if self.check_mode or not is_stale:
            return {"msg": "; ".join(told) + ".", "restart": restart}
        if command or args["loads"]:
            loaded, restarted = self._server.finish(self._loads(args), command)
            for one in loaded:
                if one.ran.code not in (0, None):
                    raise failed_load(one, self._secret_values(), self._server.marker)
            if restarted is not None and restarted.code != 0:
                raise failed_restart(command, restarted, self._secret_values(), self._server.marker)
            told += loads_told(loaded)
        return {"msg": "; ".join([*told, restart_told(restart)]) + ".", "restart": restart}

    def _is_stale(self, plans: Sequence[Mapping[str, Any]], changes: Mapping[int, Change[Any]]) -> bool:
        """Whether the product has yet to be told. What changes behind its API it knows already."""
        on_server = [
            number for kind, numbered in _by_kind(plans).items() if kinds.named(kind).PORT == "server"
            for number in numbered
        ]
        return self._server.pending or any(changes[number].changed for number in on_server)

    def _secret_values(self) -> list[Any]:
        """What no message may repeat."""
        return [value for one, value in self._values.items() if one.kind == "secret"]

    def _loads(self, args: Mapping[str, Any]) -> list[Any]:
        settings = {plan["path"]: plan["settings"] for plan in args["targets"] if plan["kind"] == "file"}
        return [load_of(settings=settings[one["path"]], **one) for one in args["loads"]]


def _by_kind(plans: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, Mapping[str, Any]]]:
    """The targets of each kind, by their numbers."""
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for number, plan in enumerate(plans):
        found.setdefault(plan["kind"], {})[number] = plan
    return found
