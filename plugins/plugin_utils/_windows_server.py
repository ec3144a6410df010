# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A Windows server through the modules of ansible.windows. It has not been tried on a Windows host.

What files hold is fetched by slurp. They are replaced by a script of ours in win_powershell, since win_copy removes a
file before it writes the new one: whoever reads it in between finds none, and its rights are lost. What a script is
given are parameters, never a part of its text, and reach the server on standard input; nothing of it is in a file, on a
command line or in the event log.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import ntpath
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import windows
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.obstacles import obstacle
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import (
    FileState,
    FileWrite,
    FoundFile,
    Load,
    Loaded,
    Program,
    Ran,
    Wanted,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._answers import reason
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._quiet import quiet
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._server import MARKER

_LOOK, _REPLACE = (
    Path(__file__).with_name(f"_windows_{name}.ps1").read_text(encoding="utf-8") for name in ("look", "replace")
)
# How deep the answers of our scripts are, which the module would cut off.
_DEPTH = 6
_MAY_WRITE = "Check the user whom Ansible signs in as, and the file on the server."


class WindowsServer:
    """See _targets.server.Server. An ``owner`` is an account that may read the file; there are no modes and groups.

    :param action: the action that runs for the host.
    :param task_vars: the host's variables.
    :param backup: keep a copy of each file that is replaced, beside it.
    :param beside: a file beside which a marker says, while it is there, that the product has yet to be told of changes.
    :param program: the one that restarts the product; it is looked for with the files.
    """

    def __init__(
        self, action: ActionBase, task_vars: dict[str, Any], *, backup: bool = False, beside: str | None = None,
        program: str | None = None,
    ) -> None:
        self._action = action
        self._task_vars = task_vars
        self._backup = backup
        self._sought = program
        #: See ``beside``.
        self.marker = beside and ntpath.join(ntpath.dirname(beside), MARKER.format(ntpath.basename(beside)))
        #: Whether an earlier run has changed files and the product was not told; known once files were looked at.
        self.pending = False
        #: What was found of the program; None until files were looked at.
        self.program: Program | None = None

    # -- files ------------------------------------------------------------------------------------------------------

    def look(self, files: Sequence[Wanted]) -> Sequence[FoundFile]:
        """See Server."""
        for file in files:
            if file.mode is not None or file.group is not None:
                raise InputError(
                    f"{file.path}: Windows has neither modes nor groups of files.",
                    remedy="Leave them out; 'owner' names an account that may read the file.",
                )
        asked = [(file.path, file.owner) for file in files]
        answer = self._look([*asked, (self.marker, None)] if self.marker else asked, self._sought)
        told, mine = answer["files"], answer["mine"]
        self.pending = self.marker is not None and told[-1]["exists"]
        if self._sought is not None:
            path = answer["program"]
            self.program = Program(self._sought, path, executable=path is not None, user=answer["user"])
        for file, one in zip(files, told, strict=False):
            windows.must_be_file(file.path, one)
        return [
            FoundFile(
                self._content(file.path) if one["exists"] else None, file.path,
                file.owner is None or bool(one["sid"] and windows.may_read(one["rules"], one["sid"])),
                obstacle=windows.obstacle(file.path, one, mine, file.owner),
            )
            for file, one in zip(files, told, strict=False)
        ]

    def states(self, files: Sequence[tuple[str, str | None]]) -> Sequence[FileState]:
        """See Server."""
        told = self._look(files)["files"]
        found = []
        for (_path, account), one in zip(files, told, strict=True):
            if account and one["sid"] is None:
                raise windows.unknown(account)
            readable = windows.may_read(one["rules"], one["sid"]) if account and one["exists"] else None
            found.append(FileState(one["written"], one["now"], readable))
        return found

    def write(self, files: Sequence[FileWrite]) -> Mapping[str, Any]:
        """See Server."""
        if self.marker is not None:
            self._module("win_file", {"path": self.marker, "state": "touch"})
        backups = []
        for file in files:
            path, owner = file.wanted.path, file.wanted.owner
            keeps = self._backup and file.expected is not None
            backup = f"{path}.{time.strftime('%Y%m%d-%H%M%S')}.bak" if keeps else ""
            told = self._script(_REPLACE, {
                "Path": path, "Content": base64.b64encode(file.content).decode(),
                "Expected": "" if file.expected is None else hashlib.sha256(file.expected).hexdigest(),
                "Backup": backup, "Private": owner is not None,
            })
            if told["problem"] == "refused":
                raise windows.refused(path, told)
            if told["problem"]:
                raise obstacle({"kind": told["problem"], "place": path})
            if owner is not None:
                self._module("win_acl", {"path": path, "user": owner, "rights": "Read", "type": "allow"})
            if backup:
                backups.append(backup)
        return {"backup_files": backups} if backups else {}

    # -- programs ---------------------------------------------------------------------------------------------------

    def finish(self, loads: Sequence[Load], restart: Sequence[str]) -> tuple[list[Loaded], Ran | None]:
        """Check the syntax of files, restart the product, and take the marker away; stops at what fails first.

        Nobody can become a file's owner without a password, so no file is loaded.
        """
        told = self._look([(one.path, None) for one in loads])["files"] if loads else []
        loaded = []
        for one, found in zip(loads, told, strict=True):
            loaded.append(Loaded(one.path, found["owner"] or "nobody", loaded=False, ran=self.run(one.check, "")))
            if loaded[-1].ran.code:
                return loaded, None
        ran = self.run(restart, "") if restart else None
        if self.marker is not None and (ran is None or ran.code == 0):
            self._module("win_file", {"path": self.marker, "state": "absent"})
        return loaded, ran

    def run(self, argv: Sequence[str], stdin: str) -> Ran:
        """Run a program that reads a text from standard input."""
        answer = self._answer("win_command", {"argv": list(argv), "stdin": stdin})
        if "stdout" not in answer:
            return Ran(None, "", reason(answer))
        return Ran(answer["rc"], answer["stdout"], answer.get("stderr") or "")

    # -- the modules ------------------------------------------------------------------------------------------------

    def _look(self, files: Sequence[tuple[str, str | None]], program: str | None = None) -> Mapping[str, Any]:
        """What _windows_look.ps1 tells of files, of a program, and of who looks."""
        return self._script(_LOOK, {
            "Paths": [path for path, _account in files], "Accounts": [account or "" for _path, account in files],
            "Program": program or "",
        })

    def _content(self, path: str) -> bytes:
        return base64.b64decode(self._module("slurp", {"src": path})["content"])

    def _script(self, script: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._module("win_powershell", {
            "script": script, "parameters": dict(parameters), "error_action": "stop", "depth": _DEPTH,
        })
        result: dict[str, Any] = answer["result"]
        return result

    def _module(self, name: str, options: dict[str, Any]) -> dict[str, Any]:
        answer = self._answer(name, options)
        if answer.get("failed"):
            errors = [one["exception"]["message"].rstrip(".") for one in answer.get("error") or []]
            raise InputError(f"{'; '.join(errors) or reason(answer)}.", remedy=_MAY_WRITE)
        return answer

    def _answer(self, name: str, options: dict[str, Any]) -> dict[str, Any]:
        if importlib.util.find_spec("ansible_collections.ansible") is None or (
            importlib.util.find_spec("ansible_collections.ansible.windows") is None
        ):
            raise InputError(
                "the collection ansible.windows is not installed, and the server is a Windows one.",
                remedy="Install it on the machine that runs Ansible: ansible-galaxy collection install "
                "'ansible.windows:>=1.11.0'",
            )
        if C.DEFAULT_KEEP_REMOTE_FILES:
            raise InputError(
                "ANSIBLE_KEEP_REMOTE_FILES would leave a file with secrets on the server.", remedy="Unset it.",
            )
        action = self._action
        with quiet(action._play_context, action._connection._play_context, action._task):
            return dict(action._execute_module(
                module_name=f"ansible.windows.{name}", module_args=options, task_vars=self._task_vars
            ))
