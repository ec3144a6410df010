# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A server on which nothing is written: its files are fetched when they are asked for, and what is written stays here.

A file on the controller (0600) keeps them between the tasks of a run::

    {PATH: {"content": BASE64 or null, "path": …, "as_wanted": …, "links": …, "obstacle": null or [MESSAGE, REMEDY]}}
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _secret_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import (
    FileState,
    FileWrite,
    FoundFile,
    Load,
    Loaded,
    Ran,
    Server,
    Wanted,
)

#: What a program that is not run would have printed.
NOT_RUN = "(what the program prints, which is not run)"


class Overlay:
    """See _targets.server.Server.

    :param server: where the files are; it is only looked at.
    :param path: the file on the controller.
    """

    #: No program is run, so that nothing is left to be told of.
    marker = None
    pending = False
    program = None

    def __init__(self, server: Server, path: Path) -> None:
        self._server = server
        self._path = path

    def look(self, files: Sequence[Wanted]) -> Sequence[FoundFile]:
        """See Server."""
        kept = self._read()
        missing = [file for file in files if file.path not in kept]
        if missing:
            found = self._server.look(missing)
            kept |= {file.path: one for file, one in zip(missing, found, strict=True)}
            self._keep(kept)
        return [kept[file.path] for file in files]

    def states(self, files: Sequence[tuple[str, str | None]]) -> Sequence[FileState]:
        """See Server; what is looked at from outside is nothing that is written."""
        return self._server.states(files)

    def write(self, files: Sequence[FileWrite]) -> Mapping[str, Any]:
        """See Server."""
        kept = self._read()
        for file in files:
            kept[file.wanted.path] = FoundFile(file.content, file.wanted.path, as_wanted=True)
        self._keep(kept)
        return {}

    def finish(self, loads: Sequence[Load], restart: Sequence[str]) -> tuple[list[Loaded], Ran | None]:
        """Nothing is loaded, and nothing restarted."""
        return [], None

    def run(self, argv: Sequence[str], stdin: str) -> Ran:
        """A program that was not run."""
        return Ran(0, NOT_RUN, "")

    def _read(self) -> dict[str, FoundFile]:
        with suppress(FileNotFoundError):
            told = json.loads(self._path.read_text("ascii"))
            return {path: _found(one) for path, one in told.items()}
        return {}

    def _keep(self, files: Mapping[str, FoundFile]) -> None:
        _secret_file.write(self._path, json.dumps({path: _told(one) for path, one in files.items()}).encode())


def _told(file: FoundFile) -> dict[str, Any]:
    return {
        **asdict(file), "content": None if file.content is None else base64.b64encode(file.content).decode("ascii"),
        "obstacle": None if file.obstacle is None else [file.obstacle.message, file.obstacle.remedy],
    }


def _found(told: Mapping[str, Any]) -> FoundFile:
    content, obstacle = told["content"], told["obstacle"]
    return FoundFile(**{
        **told, "content": None if content is None else base64.b64decode(content),
        "obstacle": obstacle and InputError(obstacle[0], remedy=obstacle[1]),
    })
