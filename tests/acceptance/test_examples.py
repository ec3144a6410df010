"""The inventories that people start from, each as it stands: looked at, set up, and set up again.

What is told from outside is what no example can know: that its servers are this machine, which folders stand for them,
where the sandbox is, and what the vault holds.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import REQUIRED
from estates import REPOSITORY, SERVERS, Run
from playbook_environment import playbook_environment
from sandbox_fixture import RunningSandbox, run_cli
from xcally_fixture import served

EXAMPLES = REPOSITORY / "docs" / "examples"
INTEGRATION = REPOSITORY / "tests" / "integration"
LOCAL = {"ansible_connection": "local", "ansible_become": False}


def ici(sandbox: RunningSandbox, servers: Path) -> dict[str, Any]:
    for host in ("ici-test-1", "ici-prod-1", "ici-prod-2"):
        (servers / host).mkdir()
        shutil.copyfile(SERVERS / "ConfigurationKeys.json", servers / host / "ConfigurationKeys.json")
    return {**LOCAL, "ici_home": f"{servers}/{{{{ inventory_hostname }}}}"}


def team_assistant(sandbox: RunningSandbox, servers: Path) -> dict[str, Any]:
    for backend in ("standard", "cron"):
        (servers / backend).mkdir()
        shutil.copyfile(SERVERS / f"local.{backend}.js", servers / backend / "local.js")
    return {**LOCAL, "assistant_home": str(servers), **mail_services(sandbox)}


def cmo(sandbox: RunningSandbox, servers: Path) -> dict[str, Any]:
    """A drive of a Windows host, see windows_stand_in.py."""
    folder = servers / "inetpub" / "cmo"
    folder.mkdir(parents=True)
    shutil.copyfile(SERVERS / "web.config", folder / "web.config")
    command = "C:\\Windows\\System32\\inetsrv\\appcmd.exe"
    account = {"IIS AppPool\\CMO": "S-1-5-82-1-2-3-4-5"}
    servers.with_suffix(".json").write_text(json.dumps({"accounts": account, "commands": {command: {}}}))
    return {"ansible_connection": "windows_stand_in", "ansible_host": str(servers)}


def mail_services(sandbox: RunningSandbox) -> dict[str, str]:
    """What Microsoft's hosts are on this machine."""
    host = sandbox.env["M365_SANDBOX_HOST"]
    return {
        "smtp_host": host, "smtp_port": sandbox.env["M365_SANDBOX_SMTP_PORT"],
        "imap_host": host, "imap_port": sandbox.env["M365_SANDBOX_IMAP_PORT"],
    }


def integration_server(sandbox: RunningSandbox, servers: Path) -> dict[str, Any]:
    program = (sys.executable, "-m", "m365_sandbox.products.integration_server", "--version", "10.15")
    started = run_cli("serve", sandbox.directory, "is-example", "--", *program)
    assert started.returncode == 0, started.stdout + started.stderr
    server = json.loads((sandbox.directory / "servers.json").read_text("utf-8"))["is-example"]
    return {
        **mail_services(sandbox), "administrator_url": server["url"], "administrator_ca": sandbox.ca,
        "vault_integration_server_password": server["password"],
    }


def xcally(sandbox: RunningSandbox, servers: Path) -> dict[str, Any]:
    motion = served(sandbox, "motion-example")
    return {
        "motion_url": motion.url, "motion_ca": sandbox.ca,
        "vault_motion": {"username": motion.username, "password": motion.password},
    }


#: What makes the servers of each example, and says where they are.
PREPARED: dict[str, Callable[[RunningSandbox, Path], dict[str, Any]]] = {
    "ici": ici, "team_assistant": team_assistant, "cmo": cmo, "integration_server": integration_server,
    "xcally": xcally,
}
#: Those for which a person has to sign in before mail can travel.
FOR_PEOPLE = {"integration_server", "xcally"}


class Operator:
    """Somebody who has copied an example into a folder, with servers that are this machine."""

    def __init__(self, sandbox: RunningSandbox, folder: Path, name: str) -> None:
        self.sandbox, self.folder, self.servers = sandbox, folder, folder / "servers"
        for each in (self.servers, folder / "home" / "tmp", folder / "bin"):
            each.mkdir(parents=True)
        self.inventory = folder / f"{name}.yml"
        shutil.copyfile(EXAMPLES / self.inventory.name, self.inventory)
        (folder / "home" / ".mailops-vault-password").write_text("the vault's password")
        # The servers' own command, which notes what it was asked for.
        command = folder / "bin" / "systemctl"
        command.write_text(f'#!/bin/sh\necho "$@" >>{folder / "restarted"}\n')
        command.chmod(0o755)
        (folder / "told.json").write_text(json.dumps({
            **PREPARED[name](sandbox, self.servers), "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "vault_mail_proof": {
                "client_id": sandbox.env["M365_SANDBOX_READER_CLIENT_ID"],
                "client_secret": sandbox.env["M365_SANDBOX_READER_CLIENT_SECRET"],
            },
        }))

    def set_up(self, *arguments: str) -> Run:
        """The main job on the example."""
        environment = playbook_environment(self.sandbox.directory, self.folder / "home")
        tenant = {name: text for name, text in self.sandbox.env.items() if name.startswith(("AZURE_", "MAILOPS_"))}
        done = subprocess.run(
            [
                "ansible-playbook", "mailops.modern_auth.setup_mail", "-i", str(self.inventory), "-e",
                f"@{self.folder / 'told.json'}", *arguments,
            ],
            env={
                **environment, **tenant, "PATH": f"{self.folder / 'bin'}:{environment['PATH']}",
                "ANSIBLE_CONNECTION_PLUGINS": str(INTEGRATION / "connection_plugins"), "PYTHONPATH": str(INTEGRATION),
            },
            cwd=self.folder, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
        )
        return Run(done.returncode, done.stdout)

    def footprint(self) -> tuple[Any, dict[str, bytes]]:
        """The tenant's state, and the servers' files."""
        files = {str(one): one.read_bytes() for one in sorted(self.servers.rglob("*")) if one.is_file()}
        return self.sandbox.control("GET", "/tenant")["collections"]["applications"], files


def test_every_example_is_tried() -> None:
    assert {one.stem for one in EXAMPLES.glob("*.yml")} == set(PREPARED)


@pytest.mark.parametrize("name", PREPARED)
def test_an_example_holds_as_it_stands(name: str, clean: RunningSandbox, tmp_path: Path) -> None:
    operator = Operator(clean, tmp_path, name)
    before = operator.footprint()
    looked = operator.set_up("--check", "--diff")
    assert looked.code == 0, looked.output
    assert operator.footprint() == before
    first = operator.set_up()
    assert first.code == 0, first.output
    hosts = set(first.recap)
    assert first.results == dict.fromkeys(hosts, REQUIRED if name in FOR_PEOPLE else "delivered"), first.output
    assert "to do" not in first.output
    assert operator.footprint() != before
    assert (tmp_path / ".credentials" / "prod.yml").read_text().startswith("$ANSIBLE_VAULT")
    second = operator.set_up()
    assert (second.code, second.changed) == (0, 0), second.output
    assert second.results == first.results
