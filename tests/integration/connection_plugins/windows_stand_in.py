# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A Windows host of which only some modules are there, see windows_modules.py.

Ansible prepares everything as for a real one, and this end of the connection reads which module it is asked to run with
which options.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase
from windows_modules import WindowsModules

DOCUMENTATION = """
name: windows_stand_in
short_description: A Windows host of which only some modules are there
description: The address of the host is the folder that stands for its drive.
options: {}
"""


class Connection(ConnectionBase):
    """As winrm: modules come on standard input, whole."""

    transport = "windows_stand_in"
    has_pipelining = True
    always_pipeline_modules = True
    allow_executable = False
    module_implementation_preferences = (".ps1", ".exe", "")
    _shell_type = "powershell"

    def _connect(self) -> Connection:
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        if in_data is None:
            raise AnsibleError("a module was not sent on standard input")
        name, options = asked(json.loads(in_data.split(b"\0\0\0\0", 1)[1]))
        answer = WindowsModules(Path(self._play_context.remote_addr)).call(name, options, cmd)
        self._display.vvvvv("ANSWER " + ("censored" if self._play_context.no_log else json.dumps(answer)))
        return (1 if answer.get("failed") else 0), json.dumps(answer).encode(), b""

    def put_file(self, in_path: str, out_path: str) -> None:
        raise AnsibleError(f"{in_path} would be left in {out_path}")

    fetch_file = put_file

    def close(self) -> None:
        """Nothing is open."""


def asked(payload: Any) -> tuple[str, dict[str, Any]]:
    """The module's name and its options, wherever a version of ansible-core puts them."""
    if isinstance(payload, dict):
        if "_ansible_module_name" in payload:
            return payload["_ansible_module_name"], payload
        payload = list(payload.values())
    for part in payload if isinstance(payload, list) else ():
        found = asked(part)
        if found[0]:
            return found
    return "", {}
