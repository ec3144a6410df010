"""Any number of servers with an application each, on a sandbox of their own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from measured import Cost, measured
from playbook_environment import REPOSITORY, playbook_environment
from sandbox_fixture import RunningSandbox, run_cli

VARIABLES = REPOSITORY / "playbooks" / "inventories" / "sandbox" / "group_vars"
DELIVERED = REPOSITORY / "sandbox" / "servers" / "ConfigurationKeys.json"
SETUP, ROTATION = "mailops.modern_auth.setup_mail", "mailops.modern_auth.rotate_secrets"
FLOOR = str(Path(__file__).parent / "floor.yml")
#: What each server has, beside the variables of the demo's inventory.
SERVERS = {
    "mail_environment": "prod",
    "mail_app": {"unique_name": "mail-{{ inventory_hostname }}", "name": "Mail of {{ inventory_hostname }}"},
    "mail_send": {"transport": "graph", "from": "contracts@contoso.example", "display_name": "Contracts"},
    "mail_verify_through": "graph",
}


@dataclass(frozen=True)
class Requests:
    """The requests that a run has sent; a batch is one.

    :param directory: how many set up and look at the directory and Exchange.
    :param proofs: how many prove delivery.
    :param waited: seconds in which at least one was on its way.
    """

    directory: int
    proofs: int
    waited: float


class Estate:
    """ICI's servers as their vendor delivers them, in an inventory such as the demo's, and a tenant without them.

    :param folder: is made, with everything in it.
    :param size: how many servers.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self.size = size
        self.directory, self.home, self.inventory = folder / "sandbox", folder / "home", folder / "inventory"
        (self.home / "tmp").mkdir(parents=True)
        started = run_cli("start", self.directory)
        assert started.returncode == 0, started.stdout + started.stderr
        self.sandbox = RunningSandbox(self.directory)
        hosts = [f"ici-{number:03}" for number in range(1, size + 1)]
        for host in hosts:
            server = self.directory / "servers" / host
            server.mkdir(parents=True)
            shutil.copyfile(DELIVERED, server / DELIVERED.name)
        (self.directory / "vault-password").write_text("the vault's password", "utf-8")
        (self.inventory / "group_vars").mkdir(parents=True)
        for name in ("all.yml", "ici.yml"):
            shutil.copyfile(VARIABLES / name, self.inventory / "group_vars" / name)
        groups = {"all": {"children": {"ici": {"vars": SERVERS, "hosts": {host: {} for host in hosts}}}}}
        (self.inventory / "hosts.yml").write_text(yaml.safe_dump(groups), "utf-8")

    def __enter__(self) -> Estate:
        return self

    def __exit__(self, *how: object) -> None:
        run_cli("stop", self.directory)

    def run(self, playbook: str, *arguments: str, **environment: str) -> Cost:
        """A playbook to its end, with Ansible's own number of forks."""
        self.sandbox.control("DELETE", "/requests")
        command = ["ansible-playbook", playbook, "-i", str(self.inventory), *arguments]
        return measured(command, {**playbook_environment(self.directory, self.home), **environment})

    def requests(self) -> Requests:
        """What the last run asked for."""
        asked = self.sandbox.control("GET", "/requests")["value"]
        proofs = sum(_is_about_mail(one) for one in asked)
        return Requests(len(asked) - proofs, proofs, _together([(one["began"], one["ended"]) for one in asked]))


def _is_about_mail(request: Mapping[str, Any]) -> bool:
    # Each proof signs in anew, which nobody else does more than once a run.
    return request["face"] == "identity" or any(part in request["path"] for part in ("sendMail", "/messages"))


def _together(spans: Sequence[tuple[float, float]]) -> float:
    """How much time spans cover that may overlap."""
    covered, until = 0.0, 0.0
    for began, ended in sorted(spans):
        covered += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return covered
