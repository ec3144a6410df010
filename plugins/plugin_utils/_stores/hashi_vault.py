# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""HashiCorp Vault's or OpenBao's KV engine of version 2, through the lookups of community.hashi_vault in this process.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2. A secret an application. A version's number is the
revision, and what a write has to match (``cas``). A deleted version keeps its number, which the metadata tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any, ClassVar

from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import (
    Key,
    Table,
    did_you_mean,
    nearest_of,
    read,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores._contract import (
    CONNECTION,
    Controller,
    Held,
    Surroundings,
    conflict,
    environment,
    in_shape,
    referred,
    unusable,
)

VARIABLE = "mail_store_hashi_vault"
#: The options of the connection that hold no secret.
PLAIN = ("url", "namespace", "ca_cert", "validate_certs", "auth_method", "mount_point", "timeout", "retries")
_UNREACHABLE = ("Max retries exceeded", "certificate verify failed", "Connection aborted", "timed out")
_LOOK_UP_SELF = "auth/token/lookup-self"


class Store:
    """A folder of secrets."""

    OPTIONS: ClassVar[Table] = {
        "connection": CONNECTION, "engine_mount_point": Key(text), "folder": Key(text, required=True),
    }

    def __init__(self, options: Mapping[str, Any], controller: Controller) -> None:
        self._loader = controller.loader
        self._connection = options.get("connection", {})
        self._mount = options.get("engine_mount_point", "secret").strip("/")
        self._folder = options["folder"].strip("/")

    @classmethod
    def of(cls, variables: Mapping[str, Any], surroundings: Surroundings, problems: list[str]) -> dict[str, Any]:
        """See Store."""
        given = variables.get(VARIABLE) or {}
        where = {"path": Key(text), "engine_mount_point": Key(text)}
        if not isinstance(given, Mapping):
            problems.append(f"{VARIABLE}: is no dictionary")
            return {}
        clean = read(where, {name: given[name] for name in where if name in given}, VARIABLE, problems)
        connection = {name: value for name, value in given.items() if name not in where}
        return {
            "connection": referred(connection, VARIABLE, variables["inventory_hostname"], PLAIN),
            "engine_mount_point": clean.get("engine_mount_point", "secret"),
            "folder": clean.get("path") or f"mailops/{environment(variables, problems)}",
        }

    def prove(self, names: Sequence[str]) -> Mapping[str, StoreError]:
        """See Store. Vault tells what the token may do; nothing is written."""
        self._check_engine()
        wanted = {
            name: {self._data(name): ("create", "read", "update"), self._metadata(name): ("read",)} for name in names
        }
        paths = [path for each in wanted.values() for path in each]
        granted = self._asked("vault_write", "sys/capabilities-self", data={"paths": paths})["data"]
        found = {
            name: [
                f"{capability} on {path}" for path, capabilities in each.items() for capability in capabilities
                if not {capability, "root"} & set(granted.get(path, ()))
            ] for name, each in wanted.items()
        }
        return {
            name: StoreError(
                f"Vault does not grant the token {', '.join(missing)}.", code="permission", remedy=self._policy(name)
            ) for name, missing in found.items() if missing
        }

    def read(self, names: Sequence[str]) -> dict[str, Held]:
        """See Store."""
        return {name: self._held(name) for name in names}

    def names(self) -> Sequence[str]:
        """See Store. Listing takes a policy of its own, without which nothing is listed."""
        try:
            answer = self._ask("vault_list", f"{self._mount}/metadata/{self._folder}")
        except _Refused:
            return []
        listed = [name for name in answer["data"]["keys"] if not name.endswith("/")]
        # A deleted version leaves its name behind.
        return [name for name, held in self.read(listed).items() if held.problem or held.entry]

    def write(self, name: str, entry: Entry, revision: str) -> str:
        """See Store."""
        path = self._data(name)
        try:
            answer = self._ask("vault_write", path, data={"data": plain(entry), "options": {"cas": int(revision or 0)}})
        except _Refused as refused:
            if "check-and-set parameter did not match" in refused.why:
                raise conflict(name) from None
            raise self._refusal(refused.why, path, self._policy(name)) from None
        return str(answer["data"]["version"])

    def _held(self, name: str) -> Held:
        try:
            answer = self._ask("vault_read", self._data(name))
        except _Refused as refused:
            if refused.nothing_there:
                return self._nothing(name)
            return self._unusable(refused, self._data(name), name)
        found = answer["data"]
        remedy = f"Bring back an older version: vault kv rollback -version=NUMBER {self._mount}/{self._path(name)}"
        try:
            entry = in_shape(found["data"], name, f"Vault at {self._data(name)}", remedy)
        except StoreError as problem:
            return unusable(problem)
        return Held(entry, str(found["metadata"]["version"]))

    def _nothing(self, name: str) -> Held:
        """Its revision is '' if there never was a secret, else the number of its deleted version."""
        try:
            answer = self._ask("vault_read", self._metadata(name))
        except _Refused as refused:
            return Held({}, "") if refused.nothing_there else self._unusable(refused, self._metadata(name), name)
        return Held({}, str(answer["data"]["current_version"] or ""))

    def _unusable(self, refused: _Refused, path: str, name: str) -> Held:
        """What is held where one path is refused.

        :raises StoreError: all paths are.
        """
        problem = self._refusal(refused.why, path, self._policy(name))
        if problem.code != "permission":
            raise problem from None
        return unusable(problem)

    def _check_engine(self) -> None:
        answer = self._asked("vault_read", f"sys/internal/ui/mounts/{self._mount}", (
            f"Check {VARIABLE}.engine_mount_point: there is no engine '{self._mount}', or no policy of the token knows "
            "a path in it."
        ))["data"]
        version = str((answer.get("options") or {}).get("version"))
        if answer.get("type") != "kv" or version != "2":
            found = f"the engine {answer.get('type')}" + (f" of version {version}" if version != "None" else "")
            raise StoreError(
                f"At the mount '{self._mount}' of Vault there is {found}, which has no check-and-set.",
                remedy=f"Name a KV engine of version 2 in {VARIABLE}.engine_mount_point, or upgrade this one: vault kv "
                f"enable-versioning {self._mount}",
            )

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _data(self, name: str) -> str:
        return f"{self._mount}/data/{self._path(name)}"

    def _metadata(self, name: str) -> str:
        return f"{self._mount}/metadata/{self._path(name)}"

    def _policy(self, name: str) -> str:
        return (
            f"Let a policy of the token grant create, read and update on {self._data(name)}, and read on "
            f"{self._metadata(name)}; docs/stores.md has one."
        )

    def _asked(self, lookup: str, path: str, permission: str | None = None, **options: Any) -> Any:
        """What Vault answers.

        :raises StoreError: it refuses.
        """
        try:
            return self._ask(lookup, path, **options)
        except _Refused as refused:
            raise self._refusal(refused.why, path, permission) from None

    def _ask(self, lookup: str, path: str, **options: Any) -> Any:
        return self._run(lookup, [path], **self._session, **options)

    @cached_property
    def _session(self) -> dict[str, Any]:
        """The connection's options, signed in once if that is more than to have a token."""
        plugin = self._plugin("vault_login")
        options = plugin.option_definitions
        known = {name for option, how in options.items() for name in (option, *how.get("aliases", ()))}
        for name in self._connection:
            if name not in known:
                raise InputError(f"{VARIABLE}.{name}: unknown{did_you_mean(nearest_of(name, sorted(known)))}")
        plugin.set_options(direct=dict(self._connection))
        if plugin.get_option("auth_method") in ("token", "none"):
            return dict(self._connection)
        try:
            answer = self._run("vault_login", [], **self._connection)
        except _Refused as refused:
            raise self._refusal(refused.why, "the sign-in", None) from None
        return {**self._connection, "auth_method": "token", "token": answer["auth"]["client_token"]}

    def _run(self, lookup: str, terms: list[str], **options: Any) -> Any:
        plugin = self._plugin(lookup)
        # It is there, since the collection has looked for it by now.
        vault_error = import_module("hvac.exceptions").VaultError
        try:
            [answer] = plugin.run(terms, **options)
        except (AnsibleError, vault_error, OSError) as error:
            raise _Refused(f"{error}".rstrip(".")) from error
        return answer

    def _plugin(self, lookup: str) -> Any:
        try:
            plugin = lookup_loader.get(f"community.hashi_vault.{lookup}", loader=self._loader)
        except AnsibleError as error:
            raise StoreError(
                f"{error.message.rstrip('.')}.",
                remedy="Install hvac for the Python that runs Ansible: python -m pip install hvac",
            ) from error
        if plugin is None:
            raise StoreError(
                "The collection community.hashi_vault cannot be found.",
                remedy="Install it: ansible-galaxy collection install community.hashi_vault",
            )
        return plugin

    def _refusal(self, why: str, path: str, permission: str | None) -> StoreError:
        """The error that stands for what Vault, or a lookup, said.

        :param permission: what to do if the token is good but may not use the path.
        """
        if "Vault is sealed" in why:
            return StoreError(
                "Vault is sealed.", code="sealed", remedy="Have it unsealed (vault operator unseal), and run again."
            )
        if "permission denied" in why.lower():
            try:
                self._ask("vault_read", _LOOK_UP_SELF)
            except _Refused:
                return StoreError(
                    "Vault does not accept the token: it has expired or was revoked, or may not even look itself up.",
                    code="token", remedy="Sign in anew and give the new token, or let Ansible sign in by itself, for "
                    f"example with {VARIABLE}.auth_method: approle.",
                )
            return StoreError(f"Vault does not let the token use {path}.", code="permission", remedy=permission)
        if any(words in why for words in _UNREACHABLE):
            return StoreError(
                f"Vault cannot be reached: {why}.", code="unreachable",
                remedy=f"Check {VARIABLE}.url, and ca_cert if its certificate is your own authority's.",
            )
        return StoreError(
            f"Vault could not be used at {path}: {why}.",
            remedy=f"Check where it is and how Ansible signs in: {VARIABLE}.",
        )


class _Refused(Exception):
    """A lookup failed.

    :param why: in its words, or Vault's.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.nothing_there = "doesn't seem to exist" in why
