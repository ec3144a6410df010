# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One vaulted YAML file, which ``ansible-vault view`` shows as ``applications: {NAME: entry}``.

It is shared by processes that read and write at the same time. The revision of an entry is its fingerprint, which a
person's edit changes too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from textwrap import indent
from typing import Any, ClassVar, TypeAlias

import yaml
from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import yaml_dump, yaml_load
from ansible.parsing.vault import VaultLib, is_encrypted
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, fingerprint, plain, reserve
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, read, text
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import _passwords, _private_file
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores._contract import (
    Controller,
    Held,
    Surroundings,
    conflict,
    environment,
    in_shape,
    unusable,
)

#: The text of each application's part of the file, with the entry that it was made of.
Parts: TypeAlias = dict[str, tuple[Entry, str]]

#: Hidden, since Ansible reads all else in a folder that it was given as inventory.
FOLDER = ".credentials"
#: Where it was kept before, and still is where there is one.
FORMER_FOLDER = "credentials"


class Store:
    """The file and its password."""

    OPTIONS: ClassVar[Table] = {"path": Key(text, required=True), "password_file": Key(text)}

    def __init__(self, options: Mapping[str, Any], controller: Controller) -> None:
        self._path = Path(options["path"])
        self._password_file = options.get("password_file")
        self._loader = controller.loader
        self._known: tuple[bytes, dict[str, Any], _passwords.Secret] | None = None
        self._parts: Parts = {}

    @classmethod
    def of(cls, variables: Mapping[str, Any], surroundings: Surroundings, problems: list[str]) -> dict[str, Any]:
        """See Store."""
        table = {"mail_store_path": Key(text), "mail_store_password_file": Key(text)}
        given = read(table, {name: variables.get(name) for name in table}, "", problems)
        if "mail_store_path" in given:
            path = _users(given["mail_store_path"], surroundings, variables.get("playbook_dir"))
        else:
            path = _default(variables.get("inventory_dir"), environment(variables, problems), surroundings)
        password_file = given.get("mail_store_password_file")
        return {
            "path": path, **({"password_file": _absolute(password_file, surroundings.folder)} if password_file else {})
        }

    def prove(self, names: Sequence[str]) -> Mapping[str, StoreError]:
        """See Store. What may have to be written is written without a trace, in check mode as well."""
        content, secret = self._content()
        _private_file.check_writable(self._path)
        entries = content["applications"]
        held = {name: self._held(name, entries.get(name, {})) for name in names}
        grown = {name: reserve(each.entry) for name, each in held.items() if not each.problem}
        try:
            data = self._encrypted({**content, "applications": {**entries, **grown}}, secret)
            _private_file.rehearse(self._path, data)
        except OSError as error:
            raise _private_file.refusal(self._path, "write", error) from error
        return {name: each.problem for name, each in held.items() if each.problem}

    def read(self, names: Sequence[str]) -> dict[str, Held]:
        """See Store."""
        entries = self._content()[0]["applications"]
        return {name: self._held(name, entries.get(name, {})) for name in names}

    def names(self) -> Sequence[str]:
        """See Store."""
        return sorted(self._content()[0]["applications"])

    def write(self, name: str, entry: Entry, revision: str) -> str:
        """See Store. An empty entry leaves nothing of the application in the file."""
        try:
            with _private_file.turn(self._path):
                content, secret = self._content()
                entries = content["applications"]
                before, after = self._held(name, entries.get(name, {})), plain(entry)
                if before.revision != revision:
                    raise conflict(name)
                if after != before.entry:
                    entries[name] = after
                    if not after:
                        del entries[name]
                    data = self._encrypted(content, secret)
                    _private_file.replace(self._path, data)
                    self._known = (data, content, secret)
        except OSError as error:
            raise _private_file.refusal(self._path, "write", error) from error
        return fingerprint(after)

    def _held(self, name: str, entry: Any) -> Held:
        try:
            usable = in_shape(entry, name, str(self._path), self._repair)
        except StoreError as problem:
            return unusable(problem)
        return Held(usable, fingerprint(usable))

    @cached_property
    def _vault(self) -> VaultLib:
        return _passwords.vault(self._loader, self._password_file)

    @property
    def _repair(self) -> str:
        return f"Repair it (ansible-vault edit {self._path}), or restore it from a copy."

    def _encrypted(self, content: Mapping[str, Any], secret: _passwords.Secret) -> bytes:
        data: bytes = VaultLib().encrypt(text_of(content, self._parts), secret[1], vault_id=secret[0])
        return data

    def _content(self) -> tuple[dict[str, Any], _passwords.Secret]:
        """What is in the file, ``applications`` in any case, and what it is encrypted with."""
        try:
            data = _private_file.read(self._path)
        except OSError as error:
            raise _private_file.refusal(self._path, "read", error) from error
        if data is None:
            return {"applications": {}}, _passwords.for_new_file(self._vault)
        if self._known is None or self._known[0] != data:
            self._known = (data, *self._decrypted(data))
        _data, content, secret = self._known
        return {**content, "applications": dict(content["applications"])}, secret

    def _decrypted(self, data: bytes) -> tuple[dict[str, Any], _passwords.Secret]:
        if not data.strip():
            raise self._damaged("is empty", "Restore it from a copy; if there never was anything in it, remove it.")
        if not is_encrypted(data):
            raise self._damaged("is not vaulted", f"Encrypt it: ansible-vault encrypt {self._path}")
        try:
            written, vault_id, secret = self._vault.decrypt_and_get_vault_id(data)
        except (AnsibleError, ValueError, LookupError):
            raise self._damaged(
                "could not be decrypted: it was vaulted with another password, or it is damaged",
                f"See whether ansible-vault view {self._path} takes it; if not, restore the file from a copy.",
            ) from None
        try:
            content = yaml_load(written)
        except (yaml.YAMLError, ValueError):
            # The error's own text repeats lines of the file.
            raise self._damaged("holds no valid YAML", self._repair) from None
        content = {} if content is None else content
        entries = content.get("applications") if isinstance(content, dict) else content
        if entries is None:
            entries = {}
        if not isinstance(entries, dict):
            raise self._damaged("holds no dictionary of applications", self._repair)
        return {**content, "applications": entries}, (vault_id, secret)

    def _damaged(self, words: str, remedy: str) -> StoreError:
        return StoreError(f"{self._path} {words}. Nothing was overwritten.", code="damaged", remedy=remedy)


def text_of(content: Mapping[str, Any], parts: Parts) -> str:
    """The file's text. Whoever writes a hundred applications, one after the other, makes the text of each but once.

    :param parts: what was made before; kept up.
    """
    others = {name: value for name, value in content.items() if name != "applications"}
    written = _yaml(others) if others else ""
    if not content["applications"]:
        return f"{written}applications: {{}}\n"
    for name, entry in content["applications"].items():
        if name not in parts or parts[name][0] != entry:
            parts[name] = (entry, indent(_yaml({name: entry}), "  "))
    return f"{written}applications:\n{''.join(parts[name][1] for name in content['applications'])}"


def _yaml(content: Mapping[str, Any]) -> str:
    text: str = yaml_dump(content, sort_keys=False, allow_unicode=True)
    return text


def _default(inventory_dir: str | None, environment: str, surroundings: Surroundings) -> str:
    """Beside the inventory; where the user is, if there is no inventory but hosts on the command line."""
    name = f"{environment}.yml"
    # With -i HOST, it is the text "None" (ansible.utils.path.basedir in ansible-core 2.18 and 2.19).
    if not os.path.isabs(inventory_dir or ""):
        return os.path.join(surroundings.folder, FOLDER, name)
    former, hidden = (os.path.join(str(inventory_dir), folder, name) for folder in (FORMER_FOLDER, FOLDER))
    return former if surroundings.exists(former) else hidden


def _users(path: str, surroundings: Surroundings, playbook_dir: str | None) -> str:
    """A path as the user means it: where he is. It was taken as Ansible's tasks do before: beside the playbook."""
    mine = _absolute(path, surroundings.folder)
    former = _absolute(path, playbook_dir) if playbook_dir else mine
    return former if surroundings.exists(former) and not surroundings.exists(mine) else mine


def _absolute(path: str, folder: str) -> str:
    return os.path.normpath(os.path.join(folder, os.path.expanduser(os.path.expandvars(path))))
