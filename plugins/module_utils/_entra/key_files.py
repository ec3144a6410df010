# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where a key pair lies on disk, and how a new one takes its place.

A new pair is written beside the one in use before Entra ID hears of it, and takes its place after Entra ID has
accepted it. Wherever that is broken off, the file in use holds a pair that signs in, and the next run goes on from what
it finds.
"""

from __future__ import annotations

from pathlib import Path

from ansible_collections.mailops.modern_auth.plugins.module_utils import _secret_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.key_pairs import (
    Certificate,
    KeyPair,
    key_pair_from,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


class KeyFiles:
    """The key pair in use, the one to come and the one before, in one folder.

    :param path: the file in use; the others are called after it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pending_path = path.with_name(f"{path.name}.new")
        self.previous_path = path.with_name(f"{path.name}.previous")

    def current(self) -> Certificate | None:
        """The certificate of the pair in use; None if there is no file.

        :raises InputError: if the file holds anything else, which must not be overwritten.
        """
        content = _content(self.path)
        if content is None:
            return None
        try:
            return key_pair_from(content).certificate
        except ValueError as error:
            raise InputError(
                f"path: {self.path} does not hold a private key and its certificate, both in PEM form ({error}).",
                remedy="Give a path of its own; what is there is not overwritten.",
            ) from error

    def pending(self) -> KeyPair | None:
        """The pair that an earlier run made and did not finish with; None if there is none, or half of one."""
        return _usable(self.pending_path)

    def key_ids(self) -> list[str]:
        """The ids under which this collection registers the pair in use and the one before."""
        pairs = [_usable(path) for path in (self.path, self.previous_path)]
        return [pair.certificate.key_id for pair in pairs if pair]

    def prepare(self, pair: KeyPair) -> None:
        """Write the pair to come. From now on its private key cannot get lost.

        :raises InputError: if it cannot be written.
        """
        _secret_file.write(self.pending_path, pair.pem)

    def discard(self) -> None:
        """Remove the pair to come, which Entra ID did not accept."""
        self.pending_path.unlink(missing_ok=True)

    def promote(self) -> None:
        """Let the pair to come take the place of the one in use, which is kept as the previous one.

        :raises InputError: if the folder cannot be written any more.
        """
        content = _content(self.path)
        if content is not None:
            _secret_file.write(self.previous_path, content)
        self.pending_path.replace(self.path)

    def remove(self) -> None:
        """Remove all of them."""
        for path in (self.path, self.pending_path, self.previous_path):
            path.unlink(missing_ok=True)

    def holding(self, key_id: str) -> list[Path]:
        """The files that hold the pair which this collection registers under the id."""
        pairs = {path: _usable(path) for path in (self.path, self.pending_path, self.previous_path)}
        return [path for path, pair in pairs.items() if pair and pair.certificate.key_id == key_id.lower()]


def read_file(option: str, path: str) -> bytes:
    """A file's content.

    :param option: the path's variable, for the message.
    :raises InputError: if it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{option}: {path} cannot be read ({error.strerror}).") from error


def _content(path: Path) -> bytes | None:
    return read_file("path", str(path)) if path.exists() else None


def _usable(path: Path) -> KeyPair | None:
    content = _content(path)
    try:
        return key_pair_from(content) if content is not None else None
    except ValueError:
        return None
