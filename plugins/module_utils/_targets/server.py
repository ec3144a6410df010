# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What files on a server need done there, as a port: the controller's side of it is handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


@dataclass(frozen=True)
class Wanted:
    """A file, and the rights that it shall have; None leaves them, and what is new is its owner's alone.

    :param mode: the permissions' bits.
    :param owner: a user's name or number; ``group`` likewise.
    """

    path: str
    mode: int | None = None
    owner: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class FoundFile:
    """A file as it is.

    :param content: None if there is no file.
    :param path: where it really is, once links were followed.
    :param as_wanted: whether it has the wanted rights.
    :param links: how many names it has.
    :param obstacle: what stands in the way of replacing it; None if nothing is known to.
    """

    content: bytes | None
    path: str
    as_wanted: bool
    links: int = 1
    obstacle: InputError | None = None


@dataclass(frozen=True)
class FileWrite:
    """A file's new content.

    :param expected: the content that it replaces; None if there shall be no file yet.
    """

    wanted: Wanted
    content: bytes
    expected: bytes | None


@dataclass(frozen=True)
class FileState:
    """A file that is looked at from outside: what it holds stays where it is.

    :param written: when it was written last, "2026-11-28T21:00:00Z"; None if there is no such file.
    :param now: the server's time, likewise.
    :param readable: whether the account that was asked about may read it; None if that cannot be told.
    """

    written: str | None
    now: str
    readable: bool | None


@dataclass(frozen=True)
class Ran:
    """A program that has ended.

    :param code: None if it could not be started, which ``errors`` explains.
    """

    code: int | None
    output: str
    errors: str


@dataclass(frozen=True)
class Program:
    """A program that is looked for, and not run.

    :param path: where it is; None if there is none of that name.
    :param executable: whether the user may run it, as far as that can be told by looking.
    :param user: who would run it.
    """

    name: str
    path: str | None
    executable: bool
    user: str


@dataclass(frozen=True)
class Load:
    """A file that a program loads as the product does.

    :param load: the program and its arguments; they run as the file's owner.
    :param check: what only looks at the syntax, where nobody but root or a stranger could load it.
    :param environment: variables for both.
    """

    path: str
    load: Sequence[str]
    check: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Loaded:
    """What came of it.

    :param loaded: False if only the syntax was checked.
    """

    path: str
    owner: str
    loaded: bool
    ran: Ran


class Server(Protocol):
    """Looking is one command on the server, however many files it is about; so is writing where it can be."""

    def look(self, files: Sequence[Wanted]) -> Sequence[FoundFile]:
        """The files as they are.

        :raises InputError: one cannot be read.
        """

    def states(self, files: Sequence[tuple[str, str | None]]) -> Sequence[FileState]:
        """What can be told of files without reading them.

        :param files: each a path, and an account of which is asked whether it may read the file.
        :raises InputError: one cannot be looked at, or there is no such account.
        """

    def write(self, files: Sequence[FileWrite]) -> Mapping[str, Any]:
        """Replace the files, each as a whole, and read each back.

        :returns: ``backup_files``, the copies of what was replaced, if they are wanted.
        :raises InputError: one cannot be written, or holds something else than what it held when it was looked at.
        """
