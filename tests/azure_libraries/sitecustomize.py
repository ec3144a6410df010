# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Lets azure.azcollection's modules for Key Vault and for Entra ID run in a test, as a folder of $PYTHONPATH.

Each of its modules imports about forty libraries for the administration of Azure, of which these use none. They would
be half a gigabyte, so where they are not installed they are empty here. The libraries for Key Vault, for Microsoft
Graph and for signing in are the real ones. Names below vault.test are this machine.
"""

from __future__ import annotations

import importlib.machinery
import socket
import sys
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

EMPTY = ("azure.mgmt", "azure.storage", "azure.cli")


class Cloud:
    """A cloud as Azure's command line knows it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.endpoints = SimpleNamespace(active_directory="https://login.microsoftonline.com")


class Empty(ModuleType):
    """A module in which every class is there and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class Finder:
    """Finds the empty modules, after all others were asked."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See importlib.abc.MetaPathFinder."""
        if any(f"{name}.".startswith(f"{empty}.") for empty in EMPTY):
            return importlib.machinery.ModuleSpec(name, cls, is_package=True)
        return None

    @staticmethod
    def create_module(spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """See importlib.abc.Loader."""
        module = Empty(spec.name)
        if spec.name == "azure.cli.core":
            names = {
                "PUBLIC": "AzureCloud", "CHINA": "AzureChinaCloud", "US_GOV": "AzureUSGovernment",
                "GERMAN": "AzureGermanCloud",
            }
            clouds = {f"AZURE_{key}_CLOUD": Cloud(name) for key, name in names.items()}
            module.cloud = SimpleNamespace(Cloud=Cloud, **clouds)
        return module

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """See importlib.abc.Loader."""


def look_up(host: Any, *arguments: Any, **more: Any) -> Any:
    """As socket.getaddrinfo."""
    return real_look_up("127.0.0.1" if str(host).endswith(".vault.test") else host, *arguments, **more)


real_look_up = socket.getaddrinfo
socket.getaddrinfo = look_up
sys.meta_path.append(Finder)
