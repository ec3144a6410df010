"""Runs a module as Ansible does: in a process of its own, arguments as JSON on standard input, result on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from sandbox_fixture import RunningSandbox

PACKAGE = "ansible_collections.mailops.modern_auth.plugins.modules"
NOT_INHERITED = ("AZURE_", "MAILOPS_", "M365_", "MSI_", "IDENTITY_")


class Modules:
    """The collection's modules, pointed at a sandbox by the environment that ``m365-sandbox env`` prints."""

    def __init__(self, sandbox: RunningSandbox, **environment: str) -> None:
        self.sandbox = sandbox
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        self.environment = {**inherited, **sandbox.env, **environment}

    def run(self, module: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """The result of the module, a failed one included."""
        arguments |= {"_ansible_check_mode": check, "_ansible_diff": True}
        process = subprocess.run(
            [sys.executable, "-m", f"{PACKAGE}.{module}"], input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            capture_output=True, text=True, check=False, timeout=300, env=self.environment,
        )
        assert process.stdout, process.stderr
        result: dict[str, Any] = json.loads(process.stdout)
        return result

    def ok(self, module: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """The result of the module, which must not fail."""
        result = self.run(module, check=check, **arguments)
        assert not result.get("failed"), result
        return result

    def four_runs(self, module: str, **arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Check, do, check again, do again: the first two are given back, the last two must change nothing.

        A check run leaves the tenant as it was.
        """
        before = self.tenant()
        predicted = self.ok(module, check=True, **arguments)
        assert self.tenant() == before
        done = self.ok(module, **arguments)
        after = self.tenant()
        for check in (True, False):
            again = self.ok(module, check=check, **arguments)
            assert again["changed"] is False, again
            assert again["diff"]["before"] == again["diff"]["after"]
        assert self.tenant() == after
        assert predicted["changed"] is done["changed"] is True
        return predicted, done

    def tenant(self) -> dict[str, Any]:
        """The far side: every collection of the tenant, each object by its id."""
        collections: dict[str, Any] = self.sandbox.control("GET", "/tenant")["collections"]
        return collections

    def objects(self, collection: str, **properties: Any) -> list[dict[str, Any]]:
        """The objects of a collection that have the given properties."""
        return [
            entity for entity in self.tenant()[collection].values()
            if all(entity.get(name) == value for name, value in properties.items())
        ]

    def count(self, face: str) -> int:
        """How many requests a face has seen since they were last forgotten; forgets them."""
        number = len(self.sandbox.requests(face))
        self.sandbox.control("DELETE", "/requests")
        return number


def without_ids(value: Any) -> Any:
    """A result without the ids that only the tenant can give, so that a prediction can be compared with it."""
    if isinstance(value, dict):
        unknown = ("object_id", "app_id", "key_id")
        return {name: without_ids(item) for name, item in value.items() if name not in unknown}
    if isinstance(value, list):
        return [without_ids(item) for item in value]
    return value
