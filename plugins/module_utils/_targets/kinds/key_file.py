# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A service account's key of Google's, brought from the controller to the server where the product reads it.

It is read on the controller when it is compared, so that neither a task nor a plan ever holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import (
    MISSING,
    content_of,
    parse,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.change import Change, plan_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import permissions, write
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import (
    FileWrite,
    FoundFile,
    Server,
    Wanted,
)

VARIABLE = "mail_google"
_KEY = ("key_file", "key", "key_password", "service_account")


@dataclass(frozen=True)
class KeyFile:
    """The file on the server, and where its content comes from.

    :param path: on the server.
    :param key_file: on the controller; or ``key``, the content.
    :param mode: the file's permissions, in octal; None leaves them as they are, and a new file is its owner's alone.
    :param owner: whose the file is, the account of the product; None leaves it, as with ``group``.
    """

    KIND: ClassVar[str] = "key_file"

    path: str
    key_file: str | None = None
    key: str | None = None
    key_password: str | None = None
    service_account: str | None = None
    mode: str | None = None
    owner: str | None = None
    group: str | None = None

    @property
    def name(self) -> str:
        """See Target."""
        return self.path

    def plan(self) -> dict[str, Any]:
        """See Target."""
        return plan_of(self, self.KIND)

    def wanted(self) -> Wanted:
        """The file and its rights.

        :raises InputError: the mode is none, or lets everybody read the key.
        """
        mode = permissions(self.mode)
        if mode is not None and mode & 0o007:
            raise InputError(
                f"{VARIABLE}.mode: {self.mode} would let everybody on the server read the key.",
                remedy='Give "0600" with the product\'s account as owner, or "0640" with a group of its own.',
            )
        return Wanted(self.path, mode, self.owner, self.group)

    def compare(self, found: tuple[FoundFile, bytes]) -> Change[FileWrite]:
        """See Target; what a diff shows of a key is its id."""
        there, content = found
        key = parse(content, f"{VARIABLE}.key", self.key_password, self.service_account)
        same = there.content == content
        after = f"key {key.key_id} of {key.service_account}"
        before = "" if there.content is None else after if same else "another key"
        warnings = []
        if key.expires is not None and key.expires <= datetime.now(UTC):
            warnings.append(f"{self.path}: the certificate of the key ended on {key.expires:%Y-%m-%d}.")
        if same and there.as_wanted:
            return Change(self.path, before, after, tuple(warnings))
        if there.obstacle is not None:
            raise there.obstacle
        return Change(
            self.path, before, after if not same else f"{after}, with other rights", tuple(warnings),
            FileWrite(self.wanted(), content, there.content),
        )


Target = KeyFile
PORT = "server"
__all__ = ("PORT", "Target", "look", "write")


def look(
    targets: Sequence[KeyFile], port: Server, known: Mapping[str, str]
) -> Sequence[tuple[FoundFile, bytes]]:
    """See change.py; reads the keys on the controller, too."""
    require(MISSING)
    contents = [content_of({name: getattr(target, name) for name in _KEY}, VARIABLE)[0] for target in targets]
    return list(zip(port.look([target.wanted() for target in targets]), contents, strict=True))
