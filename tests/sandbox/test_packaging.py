"""The wheel holds everything that the sandbox needs: pages, the catalogue of permissions, PowerShell's module."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SANDBOX = Path(__file__).parents[2] / "sandbox"


def files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in found}


def test_everything_is_packaged(tmp_path: Path) -> None:
    copy = tmp_path / "sandbox"
    shutil.copytree(SANDBOX, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    # What a wheel is made of; to make one takes a package more.
    command = [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "build", "--build-lib", "../built"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert files(tmp_path / "built" / "m365_sandbox") == files(SANDBOX / "m365_sandbox")
