# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all hosts; the module of the same name documents the options."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import yaml
from ansible import constants as C
from ansible_collections.mailops.modern_auth.plugins.module_utils import _secret_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import ENTRA
from ansible_collections.mailops.modern_auth.plugins.module_utils._rehearsal.plan import Scene, rehearsed
from ansible_collections.mailops.modern_auth.plugins.module_utils._rehearsal.seed import domains_of, seed_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, failure
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._sandbox import Sandbox
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import StepForAll

#: The kind of target that a product behind an API has.
_API = "api_object"


class ActionModule(StepForAll):
    """Set the scene of a rehearsal, or strike it."""

    STEP, NOUN = "rehearsal", "hosts"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "plan": {"type": "dict", "required": True},
        "seed": {"type": "path"},
        "state": {"choices": ["present", "absent"], "default": "present"},
    }

    def names(self, args: Mapping[str, Any]) -> Iterable[str]:
        """See StepForAll."""
        return [host for host, about in args["plan"]["hosts"].items() if not about["failed"]]

    def result(self, args: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        """See StepForAll."""
        hosts = {host: {**about, **verdicts.get(host, {})} for host, about in args["plan"]["hosts"].items()}
        # Nobody looks into the stores of the inventory, whatever comes of it.
        return {**args["plan"], "changed": False, "hosts": hosts, "stores": []}

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        plan = args["plan"]
        if args["state"] == "absent":
            if "folder" in plan:
                self._strike(Path(plan["folder"]))
            return {"changed": False}
        if not self.names(args):
            return self.result(args, {})
        seed = seed_of(plan, _read(args["seed"]))
        tenant_id = _only_tenant(plan)
        # Ansible clears this folder when it ends.
        folder = Path(tempfile.mkdtemp(prefix="rehearsal-", dir=C.DEFAULT_LOCAL_TMP))
        with ExitStack() as unless_it_works:
            unless_it_works.callback(self._strike, folder)
            scene, refused = self._set(folder, plan, seed, tenant_id)
            found = {**rehearsed(self.result(args, refused), scene), "folder": str(folder)}
            unless_it_works.pop_all()
        return found

    def _set(
        self, folder: Path, plan: Mapping[str, Any], seed: Mapping[str, Any], tenant_id: str | None
    ) -> tuple[Scene, dict[str, Verdict]]:
        """Start and seed the sandbox, and the stand-ins of the products that are configured by their API.

        :returns: the scene, and a verdict for each host whose product has no stand-in here.
        """
        sandbox = Sandbox(folder / "sandbox")
        self.say("a sandbox starts, in which everything is done that would be done in the tenant ...")
        sandbox.start(tenant_id, domains_of(seed), lifeline=os.getppid())
        sandbox.seed(seed)
        addresses = self._addresses(plan)
        refused: dict[str, Verdict] = {}
        for host in addresses:
            product = plan["hosts"][host]["product"]
            self.say(f"a {product} starts for {host} ...")
            try:
                sandbox.serve(host, product)
            except InputError as error:
                refused[host] = failure(error)
        (folder / "servers").mkdir(mode=0o700)
        _secret_file.write(folder / "vault-password", secrets.token_urlsafe(32).encode())
        servers = {host: server for host, server in sandbox.servers.items() if host not in refused}
        return Scene(str(folder), sandbox.environment, servers, addresses), refused

    def _addresses(self, plan: Mapping[str, Any]) -> dict[str, str]:
        """Where the products with an API are, by host."""
        found = {}
        for host, about in plan["hosts"].items():
            if not about["failed"] and any(target["kind"] == _API for target in about["targets"]):
                settings = self.variables.of(host).public(f"mail_{about['product']}")
                found[host] = str(settings["url"]).rstrip("/")
        return found

    def _strike(self, folder: Path) -> None:
        """End and remove everything."""
        sandbox = folder / "sandbox"
        if sandbox.exists():
            Sandbox(sandbox).stop()
        shutil.rmtree(folder, ignore_errors=True)
        self.say("the sandbox has ended and is removed; nothing was changed in the tenant or on a server.")


def _read(path: str | None) -> dict[str, Any]:
    """The operator's own seed.

    :raises InputError: it cannot be read.
    """
    if path is None:
        return {}
    try:
        content = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"mail_rehearsal_seed: {path} cannot be read: {error}.") from error
    lists = content.values() if isinstance(content, dict) else [None]
    if not all(isinstance(one, dict | list) for one in lists):
        raise InputError(
            f"mail_rehearsal_seed: {path} is no seed.",
            remedy="It has lists of what the tenant has, such as users: [{userPrincipalName: orders@contoso.example}].",
        )
    return dict(content)


def _only_tenant(plan: Mapping[str, Any]) -> str | None:
    """The tenant of all applications; None if there is none.

    :raises InputError: there are several.
    """
    tenants = {
        one["entra"].get("tenant_id"): one["hosts"][0] for one in plan["applications"] if one["identity"] == ENTRA
    }
    if len(tenants) > 1:
        raise InputError(
            f"mail_entra.tenant_id: {' and '.join(tenants.values())} are not in the same tenant, and a sandbox is one.",
            remedy="Rehearse once for each tenant, with --limit and hosts of it.",
        )
    return next(iter(tenants), None)
