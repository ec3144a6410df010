"""Which Exchange module PowerShell would find: the newest below the folders that PSModulePath names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

MODULE = "ExchangeOnlineManagement"
_VERSION = re.compile(r"^\s*ModuleVersion\s*=\s*'([0-9.]+)'", re.MULTILINE)


def installed_version(environment: Mapping[str, str]) -> str | None:
    """The module's version, for example "3.9.2"; None if there is none.

    A module lies in NAME/NAME.psd1 or, where several versions may stand side by side, in NAME/VERSION/NAME.psd1.
    """
    versions = [
        match[1]
        for folder in environment.get("PSModulePath", "").split(os.pathsep) if folder
        for manifest in (
            *Path(folder, MODULE).glob(f"{MODULE}.psd1"), *Path(folder, MODULE).glob(f"*/{MODULE}.psd1")
        )
        if (match := _VERSION.search(manifest.read_text("utf-8")))
    ]
    return max(versions, key=version_key, default=None)


def version_key(version: str) -> tuple[int, ...]:
    """For comparing versions by their numbers."""
    return tuple(int(part) for part in version.split("."))
