"""The stand-in runs the shipped script and nothing else."""

from __future__ import annotations

import base64
import subprocess

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.script import (
    LOADER,
    SCRIPT,
    arguments,
    first_line,
)
from m365_sandbox.powershell.engine import STAND_IN
from m365_sandbox.powershell.shipped import is_loader, is_script


def run(command: list[str], first: bytes) -> subprocess.CompletedProcess[bytes]:
    """Start the stand-in with one line of input."""
    return subprocess.run([*STAND_IN.command, *command], input=first, capture_output=True, timeout=60, check=False)


def test_knows_what_is_shipped() -> None:
    assert is_loader(LOADER)
    assert is_script(SCRIPT.encode())
    assert run(arguments(), first_line()).returncode == 0


def test_refuses_another_script() -> None:
    changed = base64.b64encode(SCRIPT.replace("-ErrorAction Stop", "", 1).encode()) + b"\n"
    done = run(arguments(), changed)
    assert done.returncode == 64
    assert b"session script" in done.stderr
    assert done.stdout == b""


@pytest.mark.parametrize("command", ["Get-Date", LOADER + " "])
def test_refuses_another_command(command: str) -> None:
    encoded = base64.b64encode(command.encode("utf-16-le")).decode()
    done = run([*arguments()[:-1], encoded], first_line())
    assert done.returncode == 64
    assert done.stdout == b""
