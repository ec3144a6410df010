# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A configuration file on the product's server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import formats
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.change import Change, plan_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import (
    FileWrite,
    FoundFile,
    Server,
    Wanted,
)


@dataclass(frozen=True)
class File:
    """The file, and what it shall say.

    :param format: how the settings stand in it, the name of a module in formats/.
    :param settings: what it shall say, as that format wants it.
    :param create: add what is missing: a key, or the whole file.
    :param mode: the file's permissions, in octal; None leaves them as they are, and a new file is its owner's alone.
    :param owner: whose the file is; None leaves it, as with ``group``.
    """

    KIND: ClassVar[str] = "file"

    path: str
    format: str
    settings: Mapping[str, Any]
    create: bool = False
    mode: str | None = None
    owner: str | None = None
    group: str | None = None

    @property
    def name(self) -> str:
        """See Target."""
        return self.path

    def plan(self) -> dict[str, Any]:
        """See Target; without its kind these are options of the module provider_config."""
        return plan_of(self, self.KIND)

    def wanted(self) -> Wanted:
        """The file and its rights.

        :raises InputError: the mode is none.
        """
        return Wanted(self.path, permissions(self.mode), self.owner, self.group)

    def compare(self, found: FoundFile) -> Change[FileWrite]:
        """See Target."""
        format = formats.named(self.format)
        before = found.content
        if before is None and self.create:
            before = format.EMPTY
        if before is None:
            raise InputError(
                "it cannot be read: there is no such file.",
                remedy="Check the path on the server, and that the product was installed and started once.",
            )
        after = format.render(before, self.settings, create=self.create)
        old, new = format.changes(before, after, self.settings)
        if found.content == after and found.as_wanted:
            return Change(self.path, old, new)
        if found.obstacle is not None:
            raise found.obstacle
        warning = f"{found.path} has {found.links} names (hard links); the others keep the old content and secrets."
        return Change(
            self.path, old, new, (warning,) if found.links > 1 else (), FileWrite(self.wanted(), after, found.content)
        )


Target = File
PORT = "server"


def look(targets: Sequence[File], port: Server, known: Mapping[str, str]) -> Sequence[FoundFile]:
    """See change.py."""
    return port.look([target.wanted() for target in targets])


def write(writes: Sequence[FileWrite], port: Server) -> Mapping[str, Any]:
    """See change.py."""
    return port.write(writes)


def permissions(mode: str | int | None) -> int | None:
    """The bits of permissions that are written in octal; YAML has read a number without quotes already.

    :raises InputError: they are not.
    """
    if mode is None or (isinstance(mode, int) and 0 <= mode <= 0o777):
        return mode
    if not re.fullmatch(r"0?[0-7]{3}", str(mode)):
        raise InputError(f"the mode {mode!r} is no permissions.", remedy='Write them in octal and in quotes, "0600".')
    return int(str(mode), 8)
