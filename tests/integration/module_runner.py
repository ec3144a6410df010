"""Runs a module as Ansible does: in a process of its own, arguments as JSON on standard input, result on output.

The process is forked from one that has imported the libraries already, which saves most of what a run costs.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import runpy
import sys
import traceback
from typing import Any, NoReturn

from ansible.module_utils import _internal
from sandbox_fixture import RunningSandbox

PACKAGE = "ansible_collections.mailops.modern_auth.plugins.modules"
#: Imported for the sake of the processes that are forked from this one.
LIBRARIES = [importlib.import_module(name) for name in (
    "ansible.module_utils.basic", "cryptography.x509", "httpcore", "msal", "msal_extensions",
    "msgraph.graph_request_adapter", "winrm",
)]
# The forked ones need not look for garbage in what they have of this one, and copy its memory by doing so.
gc.collect()
gc.freeze()
NOT_INHERITED = ("AZURE_", "MAILOPS_", "M365_", "MSI_", "IDENTITY_", "REQUESTS_", "SSL_")


def run_module(module: str, arguments: dict[str, Any], environment: dict[str, str]) -> str:
    """The standard output of the module."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        _become(module, arguments, environment, writable)
    os.close(writable)
    with os.fdopen(readable, encoding="utf-8") as output:
        text = output.read()
    os.waitpid(child, 0)
    return text


def _become(module: str, arguments: dict[str, Any], environment: dict[str, str], output: int) -> NoReturn:
    # Whatever happens in here, the test process must not come out of it a second time.
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.clear()
        os.environ.update(environment)
        # A test that imports Ansible's vault turns its process into a controller, which keeps a module's warnings.
        _internal.is_controller = False
        sys.argv = [module]
        content = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        sys.stdin = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        runpy.run_module(f"{PACKAGE}.{module}", run_name="__main__")
    except SystemExit:
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
    finally:
        os._exit(0)


class Modules:
    """The collection's modules, pointed at a sandbox by the environment that ``m365-sandbox env`` prints."""

    def __init__(self, sandbox: RunningSandbox, **environment: str) -> None:
        self.sandbox = sandbox
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        self.environment = {**inherited, **sandbox.env, **environment}

    def run(self, module: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """The result of the module, a failed one included."""
        arguments |= {"_ansible_check_mode": check, "_ansible_diff": True}
        text = run_module(module, arguments, self.environment)
        try:
            result: dict[str, Any] = json.loads(text)
        except ValueError:
            raise AssertionError(text) from None
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
