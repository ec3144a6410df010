# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which way leads to a host's files."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._server import PosixServer
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._windows_server import WindowsServer


def server_of(
    action: ActionBase, task_vars: dict[str, Any], *, backup: bool = False, beside: str | None = None
) -> PosixServer | WindowsServer:
    """The server that an action runs for; see PosixServer for the parameters."""
    windows = getattr(action._connection._shell, "_IS_WINDOWS", False)
    kind = WindowsServer if windows else PosixServer
    return kind(action, task_vars, backup=backup, beside=beside)
