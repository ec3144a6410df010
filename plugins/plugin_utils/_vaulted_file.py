# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A vaulted YAML file that holds entries by name, shared by processes that read and replace them at the same time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.yaml import yaml_load
from ansible.parsing.vault import AnsibleVaultError, VaultLib, VaultSecret, is_encrypted
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, fingerprint, plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._entry_action import conflict

_MAY_WRITE = "Give the user who runs Ansible the right to, or name another file."


class VaultedFile:
    """The file; what ``ansible-vault view`` shows is ``applications: {NAME: entry}``.

    It is replaced as a whole, so that a reader sees it before or after a change, also if the writer is killed. Writers
    take turns by a lock on an empty file beside it, since a lock on the file itself would be replaced with it.

    :param path: the file; it need not exist, and neither need its folder.
    :param password_file: holds the vault's password.
    """

    def __init__(self, path: Path, password_file: Path) -> None:
        self.path = path.resolve()
        self._password_file = password_file

    def entry(self, name: str) -> Entry:
        """What the file holds under the name; ``{}`` if nothing.

        :raises StoreError: the file or its password cannot be read, or the file is not what it should be.
        """
        return plain(self._content().get("applications", {}).get(name, {}))

    def check_writable(self) -> None:
        """Return if the file could be replaced.

        :raises StoreError: it, or the nearest folder above it that exists, cannot be written.
        """
        folder = next(parent for parent in self.path.parents if parent.exists())
        for place in (self.path, folder):
            if place.exists() and not os.access(place, os.W_OK):
                raise StoreError(f"{place} cannot be written.", remedy=_MAY_WRITE)

    def replace(self, name: str, entry: Mapping[str, Any], revision: str) -> bool:
        """Put the entry in the place of the one with that fingerprint, none if it is empty; whether that is a change.

        :raises StoreError: the file cannot be read or written; with ``code`` "conflict" if it holds another entry.
        """
        try:
            with self._turn():
                content = self._content()
                entries = content.setdefault("applications", {})
                before, after = plain(entries.get(name, {})), plain(entry)
                if fingerprint(before) != revision:
                    raise conflict(name)
                if after == before:
                    return False
                entries[name] = after
                if not after:
                    del entries[name]
                self._write(content)
                return True
        except OSError as error:
            raise StoreError(f"Could not write {self.path}: {error.strerror}.", remedy=_MAY_WRITE) from error

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._beside("lock"), os.O_RDWR | os.O_CREAT, 0o600), "wb") as lock:
            # The kernel ends it with the process; NFS has this kind of lock, and not flock's on a folder.
            fcntl.lockf(lock, fcntl.LOCK_EX)
            yield

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(f".{self.path.name}.{ending}")

    def _write(self, content: Mapping[str, Any]) -> None:
        secret = VaultSecret(self._password())
        text = yaml.safe_dump(plain(content), sort_keys=False, allow_unicode=True)
        data = VaultLib([("default", secret)]).encrypt(text, secret)
        new = self._beside("new")
        # Only the one whose turn it is gets here, so that what a killed writer left can be written over.
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            # Whoever runs Ansible for others must not lock them out of their file.
            with contextlib.suppress(FileNotFoundError, PermissionError):
                owner = self.path.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)

    def _content(self) -> dict[str, Any]:
        password = self._password()
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreError(f"Could not read {self.path}: {error.strerror}.") from error
        if not is_encrypted(data):
            raise StoreError(f"{self.path} is not vaulted.", remedy=f"Encrypt it: ansible-vault encrypt {self.path}")
        repair = f"Repair it: ansible-vault edit {self.path}"
        try:
            content = yaml_load(VaultLib([("default", VaultSecret(password))]).decrypt(data))
        except AnsibleVaultError:
            raise StoreError(f"Could not decrypt {self.path}. Was it vaulted with another password?") from None
        except yaml.YAMLError:
            # The error's own text repeats lines of the file.
            raise StoreError(f"{self.path} holds no valid YAML.", remedy=repair) from None
        if content is None:
            return {}
        entries = content.get("applications", {}) if isinstance(content, dict) else None
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise StoreError(f"{self.path} holds no dictionary of applications.", remedy=repair)
        return dict(content)

    def _password(self) -> bytes:
        try:
            password = self._password_file.read_bytes().strip()
        except OSError as error:
            raise StoreError(
                f"Could not read the vault password in {self._password_file}: {error.strerror}.",
                remedy="Name a file that holds it in mail_store_password_file.",
            ) from error
        if not password:
            raise StoreError(f"The vault password in {self._password_file} is empty.", remedy="Put one into the file.")
        return password


class VaultedEntry:
    """The entry of an application in the file. Its revision is its fingerprint, which a person's edit changes too."""

    def __init__(self, file: VaultedFile, name: str) -> None:
        self._file = file
        self._name = name

    def prove(self) -> None:
        """See Place."""
        self._file.check_writable()

    def read(self) -> tuple[Entry, str]:
        """See Place."""
        entry = self._file.entry(self._name)
        return entry, fingerprint(entry)

    def write(self, entry: Entry, revision: str) -> str:
        """See Place."""
        self._file.replace(self._name, entry, revision)
        return fingerprint(entry)
