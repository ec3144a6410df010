# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A server that is this machine, with a shell in place of Ansible's connection."""

from __future__ import annotations

import pwd
import shutil
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._server import PosixServer

NOBODY = pwd.getpwnam("nobody")


class Shell:
    """What the server uses of an action: it runs commands here, as another user if wanted."""

    def __init__(self, user: str | None = None) -> None:
        context = SimpleNamespace(no_log=False)
        self._play_context = context
        self._connection = SimpleNamespace(become=None, has_pipelining=True, transport="shell", _play_context=context)
        self._task = SimpleNamespace(check_mode=False)
        self._templar = SimpleNamespace(template=lambda value: value)
        self._user = user
        self.commands: list[str] = []

    def _compute_environment_string(self) -> str:
        return ""

    def _low_level_execute_command(self, command: str, in_data: bytes) -> dict[str, Any]:
        assert self._play_context.no_log
        self.commands.append(command)
        done = subprocess.run(
            ["sh", "-c", command], input=in_data, capture_output=True, check=False, user=self._user, cwd="/",
            extra_groups=[] if self._user else None, group=NOBODY.pw_gid if self._user else None,
        )
        return {"rc": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()}


def server(user: str | None = None, **options: Any) -> PosixServer:
    variables = {"ansible_python_interpreter": shutil.which("python3", path="/usr/bin:/bin") or sys.executable}
    return PosixServer(Shell(user), variables, **options)
