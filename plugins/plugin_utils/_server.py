# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A POSIX server over Ansible's connection: one command for each request, everything else on its standard input.

Ansible's own modules would leave what they carry in files: in ~/.ansible/tmp on the server wherever pipelining is off,
and in the controller's folder for temporary files. Both outlive a process that is killed. Here nothing is written but
the file itself, and a whole host costs no more than one start of Python.
"""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import shown
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
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._quiet import quiet

_SCRIPT = Path(__file__).with_name("_server_script.py").read_bytes()
#: The name of the marker beside a file.
MARKER = ".{}.mailops-restart"
#: The code of the error for a server on which Python, or become, does not work.
NO_ANSWER = "no_answer"
_MARK = "mailops-answer "
# Isolated, so that no file in the working folder, which may be anybody's, is taken for a module of Python's.
_START = "-I -c 'import sys; i = sys.stdin.buffer; exec(i.read(int(i.readline())))'"
_ANY_PYTHON = '"$(command -v python3 || command -v /usr/libexec/platform-python || echo python3)"'


class PosixServer:
    """See _targets.server.Server.

    :param action: the action that runs for the host.
    :param task_vars: the host's variables.
    :param backup: keep a copy of each file that is replaced, beside it.
    :param beside: a file beside which a marker says, while it is there, that the product has yet to be told of changes.
    :param program: the one that restarts the product; it is looked for with the files.
    :param tidies: whether a look that is no check clears up what a killed run has left beside a file.
    """

    def __init__(
        self, action: ActionBase, task_vars: Mapping[str, Any], *, backup: bool = False, beside: str | None = None,
        program: str | None = None, tidies: bool = True,
    ) -> None:
        self._action = action
        self._tidies = tidies
        self._task_vars = task_vars
        self._backup = backup
        self._sought = program
        #: See ``beside``.
        self.marker = beside and posixpath.join(posixpath.dirname(beside), MARKER.format(posixpath.basename(beside)))
        #: Whether an earlier run has changed files and the product was not told; known once files were looked at.
        self.pending = False
        #: What was found of the program; None until files were looked at.
        self.program: Program | None = None

    # -- files ------------------------------------------------------------------------------------------------------

    def look(self, files: Sequence[Wanted]) -> Sequence[FoundFile]:
        """See Server."""
        told = self._ask({
            "do": "look", "files": [self._file(file) for file in files], "marker": self.marker,
            "program": self._sought, "tidy": self._tidies and not self._action._task.check_mode,
        })
        self.pending = told["marker"]
        self.program = Program(**told["program"]) if told["program"] else None
        return [
            FoundFile(
                None if file["content"] is None else base64.b64decode(file["content"]), file["real"],
                file["as_wanted"], file["links"], file["problem"] and obstacle(file["problem"]),
            )
            for file in told["files"]
        ]

    def write(self, files: Sequence[FileWrite]) -> Mapping[str, Any]:
        """See Server."""
        told = self._ask({
            "do": "write", "marker": self.marker,
            "files": [
                {
                    **self._file(file.wanted),
                    "content": base64.b64encode(file.content).decode(),
                    "expected": None if file.expected is None else hashlib.sha256(file.expected).hexdigest(),
                }
                for file in files
            ],
        })
        backups = [path for path in told["backups"] if path]
        return {"backup_files": backups} if backups else {}

    def states(self, files: Sequence[tuple[str, str | None]]) -> Sequence[FileState]:
        """See Server."""
        told = self._ask({"do": "states", "files": [{"path": path, "account": account} for path, account in files]})
        return [FileState(**one) for one in told["files"]]

    def _file(self, file: Wanted) -> dict[str, Any]:
        return {
            "path": file.path, "mode": file.mode, "owner": file.owner, "group": file.group, "backup": self._backup,
        }

    # -- programs ---------------------------------------------------------------------------------------------------

    def finish(self, loads: Sequence[Load], restart: Sequence[str]) -> tuple[list[Loaded], Ran | None]:
        """Load files as the product does, restart it, and take the marker away; stops at what fails first."""
        told = self._ask({
            "do": "finish", "marker": self.marker, "restart": list(restart),
            "loads": [
                {"path": one.path, "load": list(one.load), "check": list(one.check), "environment": one.environment}
                for one in loads
            ],
        })
        loaded = [
            Loaded(one.path, done["owner"], done["how"] == "loaded", _ran(done))
            for one, done in zip(loads, told["loads"], strict=False)
        ]
        return loaded, _ran(told["restart"]) if told["restart"] else None

    def run(self, argv: Sequence[str], stdin: str) -> Ran:
        """Run a program that reads a text from standard input."""
        return _ran(self._ask({"do": "run", "argv": list(argv), "stdin": stdin}))

    # -- the connection ---------------------------------------------------------------------------------------------

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        connection = self._action._connection
        become = connection.become
        if not connection.has_pipelining or (become is not None and not getattr(become, "pipelining", True)):
            name = become.name if connection.has_pipelining and become is not None else connection.transport
            raise InputError(
                f"the plugin {name} hands no standard input on, by which a secret reaches a server without a trace.",
                remedy="Use the connection ssh, and sudo where another user is needed.",
            )
        body = json.dumps(request).encode()
        data = b"%d\n%s%d\n%s" % (len(_SCRIPT), _SCRIPT, len(body), body)
        environment = self._action._compute_environment_string()
        with quiet(self._action._play_context, connection._play_context):
            answer = self._action._low_level_execute_command(
                f"{environment} {self._python()} {_START}".lstrip(), in_data=data
            )
        line = next((line for line in reversed(answer["stdout"].splitlines()) if line.startswith(_MARK)), None)
        if line is None:
            said = "; ".join(filter(None, (shown(answer["stderr"]).strip(), f"exit code {answer['rc']}")))
            raise InputError(
                f"the server did not do what it was asked to: {said}.", code=NO_ANSWER,
                remedy="Check that Python is there (ansible_python_interpreter) and that become works.",
            )
        told: dict[str, Any] = json.loads(line.removeprefix(_MARK))
        if told.get("problem") and "code" not in told:
            raise obstacle(told["problem"])
        return told

    def _python(self) -> str:
        """The server's Python as Ansible was told it, or as an earlier task found it, for a shell."""
        templar = self._action._templar
        try:
            said = C.config.get_config_value("INTERPRETER_PYTHON", variables=self._task_vars)
            said = str(templar.template(said))
        except AnsibleError as error:
            raise InputError(f"ansible_python_interpreter cannot be read: {error}.") from error
        if said.startswith("auto"):
            facts = self._task_vars.get("ansible_facts") or {}
            said = facts.get("discovered_interpreter_python") or ""
        return said or _ANY_PYTHON


def _ran(told: Mapping[str, Any]) -> Ran:
    return Ran(told["code"], told["output"], shown(told["errors"]).strip())
