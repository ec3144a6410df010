# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which way leads to a host's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._overlay import Overlay
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._server import PosixServer
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._windows_server import WindowsServer


def server_of(
    action: ActionBase, task_vars: dict[str, Any], *, backup: bool = False, beside: str | None = None,
    program: str | None = None, overlay: str | None = None,
) -> PosixServer | WindowsServer | Overlay:
    """The server that an action runs for; see PosixServer for the parameters.

    Windows is told by the shell: the connections winrm and psrp have PowerShell, ssh has what ansible_shell_type says.

    :param overlay: a file on the controller that keeps what would be written; the server itself is only looked at.
    :raises InputError: what is said of the host does not go together.
    """
    connection = action._connection
    is_windows = getattr(connection._shell, "_IS_WINDOWS", False)
    if not is_windows and connection.become is not None and connection.become.name == "runas":
        raise InputError(
            "ansible_become_method: runas is for Windows, and ansible_shell_type is that of another system.",
            remedy="Set ansible_shell_type: powershell (or cmd, if that is the default shell of the server's OpenSSH).",
        )
    if overlay is not None:
        looked_at = WindowsServer(action, task_vars) if is_windows else PosixServer(action, task_vars, tidies=False)
        return Overlay(looked_at, Path(overlay))
    kind = WindowsServer if is_windows else PosixServer
    return kind(action, task_vars, backup=backup, beside=beside, program=program)
