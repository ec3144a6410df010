# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A Windows server through the modules of ansible.windows. It has not been tried on a Windows host."""

from __future__ import annotations

import base64
import ntpath
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import (
    FileWrite,
    FoundFile,
    Load,
    Loaded,
    Ran,
    Wanted,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._answers import reason
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._server import MARKER

_MAY_WRITE = "Let the user whom Ansible signs in as write the file and its folder."


class WindowsServer:
    """See _targets.server.Server. Permissions are those that the folder hands down, and there is no load check.

    :param action: the action that runs for the host.
    :param task_vars: the host's variables.
    :param backup: keep a copy of each file that is replaced, beside it.
    :param beside: a file beside which a marker says, while it is there, that the product has yet to be told of changes.
    """

    def __init__(
        self, action: ActionBase, task_vars: dict[str, Any], *, backup: bool = False, beside: str | None = None
    ) -> None:
        self._action = action
        self._task_vars = task_vars
        self._backup = backup
        #: See ``beside``.
        self.marker = beside and ntpath.join(ntpath.dirname(beside), MARKER.format(ntpath.basename(beside)))
        #: Whether an earlier run has changed files and the product was not told; known once files were looked at.
        self.pending = False

    def look(self, files: Sequence[Wanted]) -> Sequence[FoundFile]:
        """See Server."""
        if self.marker is not None:
            self.pending = self._exists(self.marker)
        return [FoundFile(self._content(file.path), file.path, as_wanted=True) for file in files]

    def write(self, files: Sequence[FileWrite]) -> Mapping[str, Any]:
        """See Server."""
        if self.marker is not None:
            self._copy(self.marker, b"", backup=False)
        backups = []
        for file in files:
            answer = self._copy(file.wanted.path, file.content, backup=self._backup)
            if self._content(file.wanted.path) != file.content:
                raise InputError(
                    f"after writing {file.wanted.path}, it held something else.",
                    remedy="Check whether another program writes the file, and run this again.",
                )
            if answer.get("backup_file"):
                backups.append(answer["backup_file"])
        return {"backup_files": backups} if backups else {}

    def finish(self, loads: Sequence[Load], restart: Sequence[str]) -> tuple[list[Loaded], Ran | None]:
        """Restart the product, and take the marker away."""
        ran = self.run(restart, "") if restart else None
        if self.marker is not None and (ran is None or ran.code == 0):
            self._module("win_file", {"path": self.marker, "state": "absent"})
        return [], ran

    def run(self, argv: Sequence[str], stdin: str) -> Ran:
        """Run a program that reads a text from standard input."""
        answer = self._module("win_command", {"argv": list(argv), "stdin": stdin}, may_fail=True)
        return Ran(answer.get("rc"), answer.get("stdout", ""), answer.get("stderr") or reason(answer))

    def _content(self, path: str) -> bytes | None:
        if not self._exists(path):
            return None
        return base64.b64decode(self._module("slurp", {"src": path})["content"])

    def _exists(self, path: str) -> bool:
        return bool(self._module("win_stat", {"path": path, "get_checksum": False})["stat"]["exists"])

    def _module(self, name: str, options: dict[str, Any], *, may_fail: bool = False) -> dict[str, Any]:
        answer = dict(self._action._execute_module(
            module_name=f"ansible.windows.{name}", module_args=options, task_vars=self._task_vars
        ))
        if answer.get("failed") and not may_fail:
            raise InputError(f"{reason(answer)}.", remedy=_MAY_WRITE)
        return answer

    def _copy(self, path: str, content: bytes, *, backup: bool) -> dict[str, Any]:
        # The folder is Ansible's own on the controller, with mode 0700, since the file holds secrets.
        folder = Path(tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP))
        try:
            source = folder / "configuration"
            source.write_bytes(content)
            task = self._action._task.copy()
            task.args = {"src": str(source), "dest": path, "backup": backup}
            # Its diff would show the whole file, secrets included.
            task.diff = False
            action = self._action
            copy = action._shared_loader_obj.action_loader.get(
                "ansible.windows.win_copy", task=task, connection=action._connection,
                play_context=action._play_context, loader=action._loader, templar=action._templar,
                shared_loader_obj=action._shared_loader_obj,
            )
            answer = dict(copy.run(task_vars=self._task_vars))
        finally:
            shutil.rmtree(folder)
        if answer.get("failed"):
            raise InputError(f"{path} cannot be written: {reason(answer)}.", remedy=_MAY_WRITE)
        return answer
