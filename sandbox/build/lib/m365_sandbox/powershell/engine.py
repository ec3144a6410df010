"""What runs the session script: the real PowerShell where there is one, else the stand-in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: The folder that PSModulePath has to name for the sandbox's ExchangeOnlineManagement to be found.
MODULE_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Engine:
    """``command`` is what PowerShell's own arguments follow."""

    name: str
    command: tuple[str, ...]


STAND_IN = Engine("stand-in", (sys.executable, "-m", "m365_sandbox.powershell"))


def find_engine(environment: Mapping[str, str] = os.environ) -> Engine:
    """``pwsh`` as $PWSH names it or as it stands in PATH; the stand-in otherwise."""
    program = environment.get("PWSH") or shutil.which("pwsh", path=environment.get("PATH"))
    return Engine("pwsh", (program,)) if program else STAND_IN


def pwsh_program() -> str:
    """The engine as one program: PowerShell itself, or the stand-in's command beside this Python."""
    engine = find_engine()
    return str(Path(sys.executable).with_name("m365-sandbox-pwsh")) if engine == STAND_IN else engine.command[0]


def session_environment(login: str, exchange: str, ca_path: str) -> dict[str, str]:
    """The variables by which the module finds the sandbox.

    :param login: the identity face, "https://host:port".
    :param exchange: the admin API, "https://host:port".
    :param ca_path: PEM file of the authority to trust.
    """
    return {
        "M365_SANDBOX_LOGIN": login, "M365_SANDBOX_EXCHANGE": exchange, "SSL_CERT_FILE": ca_path,
        "PSModulePath": str(MODULE_FOLDER), "POWERSHELL_TELEMETRY_OPTOUT": "1", "POWERSHELL_UPDATECHECK": "Off",
    }
