"""The Windows host of an instance: an account, a folder, and PowerShell with the Exchange module."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette

from m365_sandbox.powershell.engine import find_engine, session_environment
from m365_sandbox.state.certificates import CA_FILE
from m365_sandbox.state.faces import address
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.winrm.app import winrm_app
from m365_sandbox.winrm.authentication import Authentication
from m365_sandbox.winrm.shells import Shells

USER = "operator"
_FOLDER = "windows"


class WindowsHost:
    """Its processes are told where the identity and the outlook face are."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._shells: Shells | None = None

    def app(self) -> Starlette:
        """The WinRM service; both faces must listen already."""
        folder = self._sandbox.directory / _FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        environment = {**os.environ, **powershell_variables(self._sandbox.ports, self._sandbox.directory)}
        self._shells = Shells(find_engine(), environment, folder)
        users = {USER: self._sandbox.credentials.winrm_password}
        return winrm_app(Authentication(users, folder), self._shells)

    async def stop(self) -> None:
        """End what still runs."""
        if self._shells is not None:
            await self._shells.end_all()


def powershell_variables(ports: Mapping[str, int], directory: Path) -> dict[str, str]:
    """What PowerShell needs in its environment to administer this instance."""
    login, exchange = (address(face, ports[face]) for face in ("identity", "outlook"))
    return session_environment(login, exchange, str(directory / CA_FILE))
