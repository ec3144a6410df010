# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, for each host over its connection; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS, encrypted
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import fill
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import kinds
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.change import Change, about
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.fingerprints import kept, known
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.node import load_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.told import (
    failed_load,
    failed_restart,
    loads_told,
    restart_told,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._held_entry import HeldEntry
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._servers import server_of
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._web import HttpsClient

# Before there is an application, these words stand for what it will be.
UNKNOWN = "(known once the application is registered)"
OWN, ENCRYPTED = "client_secret", "encrypted_client_secret"


class ActionModule(Step):
    """Look, compare, write what differs, load it, restart."""

    _requires_connection = True
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "targets": {"type": "list", "elements": "dict", "required": True},
        "application": {"type": "dict"},
        "store": {"type": "dict"},
        "slot": {"choices": list(SLOTS), "default": "current"},
        "encryption": {"type": "dict"},
        "loads": {"type": "list", "elements": "dict", "default": []},
        "restart_command": {"type": "list", "elements": "str", "default": []},
        "backup": {"type": "bool", "default": False},
        "verify": {"type": "bool", "default": False},
    }
    RULES: ClassVar[Mapping[str, Any]] = {"required_together": [("application", "store")]}

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        self._host = str(self._task_vars["inventory_hostname"])
        self._read_credential(args)
        files = [plan["path"] for plan in args["targets"] if plan.get("kind") == "file"]
        tells = bool(args["restart_command"] or args["loads"])
        self._server = server_of(
            self, self._task_vars, backup=args["backup"], beside=files[0] if files and tells else None
        )
        self._ports = {"server": self._server, "web": HttpsClient()}
        self._facts = {name: self._known(self._entry.get(name)) for name in ("tenant_id", "client_id")}
        self._secrets = {name: self._secret(name, args["encryption"]) for name in set(_secrets(args["targets"]))}
        changes = self._changes(args["targets"])
        result: dict[str, Any] = {
            "changed": any(change.changed for change in changes.values()) or self._server.pending,
            "targets": [change.result() for change in changes.values()],
            "warnings": [warning for change in changes.values() for warning in change.warnings],
        }
        if args["verify"] and result["changed"]:
            raise self._differs(changes)
        if self._task.diff:
            result["diff"] = [change.diff() for change in changes.values() if change.changed]
        try:
            done = self._do(args, changes, changed=result["changed"])
            return {**result, **done, "configured": not self.check_mode}
        except ModernAuthError as error:
            error.details = {**result, **error.details}
            raise

    def failed(self, args: Mapping[str, Any], error: ModernAuthError) -> dict[str, Any]:
        """See Step. The report tells a look before anything is touched from the doing, and from what is found done."""
        return {**super().failed(args, error), "looked": self.check_mode and not args.get("verify")}

    # -- what is known ------------------------------------------------------------------------------------------------

    def _read_credential(self, args: Mapping[str, Any]) -> None:
        """The application's entry and the credential that the product gets, both empty where nothing is known."""
        self._held = None
        if args["application"] is not None:
            self._held = HeldEntry(self.open_store(self.resolved(args["store"])), args["application"]["unique_name"])
        self._entry = self._held.entry if self._held else {}
        self._credential = self._entry.get(args["slot"], {})
        if self._held and not self._credential and (args["verify"] or not self.check_mode):
            raise InputError(
                f"The store holds no credentials of the application '{args['application']['unique_name']}'.",
                remedy="Run the step identity first.",
            )
        made_of, held = (args["encryption"] or {}).get("key_id"), self._credential.get("key_id")
        if made_of and held and made_of.lower() != held.lower():
            raise InputError(
                f"mail_ici.encrypted_secret is made of the client secret {made_of}, but the application's "
                f"{args['slot']} one is {held}.",
                remedy="Encrypt that one with ICI's tool; it is in the store.",
            )

    @staticmethod
    def _known(value: str | None) -> str:
        return value or UNKNOWN

    def _secret(self, name: str, encryption: Mapping[str, Any] | None) -> Any:
        if name == OWN:
            return self._known(self._credential.get("secret_text"))
        if name == ENCRYPTED:
            return self._encrypted(encryption or {})
        return self._of_variable(name)

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

    def _encrypted(self, encryption: Mapping[str, Any]) -> str:
        """The secret as the product's own tool encrypts it: another text each time, so it is made once a server."""
        if "value" in encryption:
            return self._of_variable(encryption["value"]["secret"])
        key_id = self._credential.get("key_id")
        stored = self._entry.get("encrypted", {}).get(self._host, {}).get(key_id)
        if stored or key_id is None or self.check_mode or self._held is None:
            return self._known(stored)
        command = encryption["command"]
        ran = self._server.run(command, self._credential["secret_text"])
        made = ran.output.strip()
        if ran.code != 0 or not made:
            # What a tool says that was given a secret may hold it.
            why = ran.errors if ran.code is None else f"exit code {ran.code}, {len(made)} characters of output"
            raise InputError(
                f"mail_ici.encrypt_command ({' '.join(command)}) gave no encrypted secret: {why}.",
                remedy="Try it on the server: it reads the secret from standard input and prints the encrypted text.",
            )
        self._held.change(lambda entry: encrypted(entry, {self._host: {key_id: made}}))
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
        """What has to be changed, by the number of the target."""
        changes: dict[int, Change[Any]] = {}
        for kind, numbered in _by_kind(plans).items():
            module = kinds.named(kind)
            targets = [
                module.Target(**fill({key: plan[key] for key in plan if key != "kind"}, self._facts, self._secrets))
                for plan in numbered.values()
            ]
            found = module.look(targets, self._ports.get(module.PORT), known(self._entry, self._host))
            for number, target, one in zip(numbered, targets, found, strict=True):
                try:
                    changes[number] = target.compare(one)
                except ModernAuthError as error:
                    raise about(target.name, error) from None
        return dict(sorted(changes.items()))

    def _do(self, args: Mapping[str, Any], changes: Mapping[int, Change[Any]], *, changed: bool) -> dict[str, Any]:
        """Write, load, restart; what to tell of it."""
        command = args["restart_command"]
        number = sum(change.changed for change in changes.values())
        told = [f"{number} of {len(changes)} targets changed" if number else "The settings are as they should be"]
        restart = "none" if not changed else "done" if command else "needed"
        if self.check_mode or not changed:
            return {"msg": "; ".join(told) + ".", "restart": restart}
        more: dict[str, Any] = {}
        for kind, numbered in _by_kind(args["targets"]).items():
            module = kinds.named(kind)
            writes = [changes[number].write for number in numbered if changes[number].changed]
            if writes:
                more |= module.write(writes, self._ports.get(module.PORT))
        sealed = more.pop("fingerprints", {})
        if sealed and self._held:
            self._held.change(lambda entry: kept(entry, self._host, sealed))
        if command or args["loads"]:
            loaded, restarted = self._server.finish(self._loads(args), command)
            for one in loaded:
                if one.ran.code not in (0, None):
                    raise failed_load(one, self._secrets.values(), self._server.marker)
            if restarted is not None and restarted.code != 0:
                raise failed_restart(command, restarted, self._secrets.values(), self._server.marker)
            told += loads_told(loaded)
        return {**more, "msg": "; ".join([*told, restart_told(restart)]) + ".", "restart": restart}

    def _loads(self, args: Mapping[str, Any]) -> list[Any]:
        settings = {plan["path"]: plan["settings"] for plan in args["targets"] if plan["kind"] == "file"}
        return [load_of(settings=settings[one["path"]], **one) for one in args["loads"]]


def _by_kind(plans: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, Mapping[str, Any]]]:
    """The targets of each kind, by their numbers."""
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for number, plan in enumerate(plans):
        found.setdefault(plan["kind"], {})[number] = plan
    return found


def _secrets(plan: Any) -> Iterator[str]:
    """The names of all secrets that a plan refers to."""
    if isinstance(plan, Mapping):
        if set(plan) == {"secret"}:
            yield plan["secret"]
        else:
            for value in plan.values():
                yield from _secrets(value)
    elif isinstance(plan, list):
        for value in plan:
            yield from _secrets(value)
