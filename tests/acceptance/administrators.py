"""Who makes the caller and the reader of an inventory: an administrator of the tenant, at a terminal."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
import requests
import yaml
from device_tool import AZURE_CLI, Tool, enter
from estates import INVENTORY, Estate, Run

#: One that needs nothing of Exchange, and one whose mailbox Exchange opens and another is refused.
ICI, TICKETS = "ici-prod-1", "tas-test-1"
PROBE, DIRECTOR = "probe@contoso.example", "director@contoso.example"
CODE = re.compile(r"open the page (\S+) and enter the code (\w+)")


class Administrator:
    """Who has signed in with the Azure CLI, and enters the codes that a run shows."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        tools = estate.home / "administrator"
        tools.mkdir(exist_ok=True)
        self.tools = tools
        self.token_file = tools / "token.json"
        token = Tool(estate.sandbox, AZURE_CLI).token("https://graph.microsoft.com/.default")
        self.token_file.write_text(json.dumps({"accessToken": token}))
        az = tools / "az"
        az.write_text(f"#!/bin/sh\nexec cat {self.token_file}\n")
        az.chmod(0o700)

    def run(self, *arguments: str) -> Run:
        """The playbook, with everything that a person has to do done."""
        return self.execute(self.estate.command(*arguments, playbook="bootstrap"))

    def execute(self, command: list[str]) -> Run:
        """The same of a command that runs the playbook."""
        environment = self.estate.environment()
        environment["PATH"] = f"{self.tools}:{environment['PATH']}"
        process = subprocess.Popen(
            command, env=environment, cwd=self.estate.home, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        lines, people = [], []
        for line in process.stdout:
            lines.append(line)
            if (shown := CODE.search(line)) is not None:
                people.append(threading.Thread(target=self._enter, args=shown.groups()))
                people[-1].start()
        for person in people:
            person.join()
        return Run(process.wait(timeout=600), "".join(lines))

    def _enter(self, page: str, code: str) -> None:
        person = enter(self.estate.sandbox, page, code)
        if "Permissions requested" in person.text:
            person.press("Accept")


def graph(estate: Estate, token: str, path: str) -> requests.Response:
    """What Microsoft Graph answers."""
    return requests.get(
        f"{estate.sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0{path}", verify=estate.sandbox.ca, timeout=30,
        headers={"Authorization": f"Bearer {token}"},
    )


def bare(
    estate: Estate, *hosts: str, settings: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> dict[str, dict[str, Any]]:
    """What the inventory says before the caller is known: no more than where the services are, and what is wanted.

    :param settings: further variables, by host.
    """
    only(estate, *hosts)
    entra = {name: f"{{{{ sandbox.{value} }}}}" for name, value in {
        "tenant_id": "AZURE_TENANT_ID", "authority_host": "AZURE_AUTHORITY_HOST",
        "graph_endpoint": "MAILOPS_GRAPH_ENDPOINT", "ca_path": "MAILOPS_CA_FILE",
    }.items()}
    verify = {"recipient": PROBE, "receive": {"transport": "graph"}}
    return {
        host.replace("-", "_"): {
            "mail_entra": entra,
            "mail_verify": {**verify, **({"refused_mailbox": DIRECTOR} if host == TICKETS else {})},
            **settings.get(host, {}),
        } for host in hosts
    }


def only(estate: Estate, *hosts: str) -> None:
    """Let the inventory have these hosts and no others."""
    estate.inventory = estate.home / "inventory"
    shutil.rmtree(estate.inventory, ignore_errors=True)
    shutil.copytree(INVENTORY, estate.inventory)
    file = estate.inventory / "hosts.yml"
    tree = yaml.safe_load(file.read_text())
    _prune(tree["all"], hosts)
    file.write_text(yaml.safe_dump(tree))


def _prune(group: dict[str, Any], hosts: tuple[str, ...]) -> None:
    if group.get("hosts"):
        group["hosts"] = {host: own for host, own in group["hosts"].items() if host in hosts}
    for child in (group.get("children") or {}).values():
        _prune(child or {}, hosts)


def filled(variables: dict[str, dict[str, Any]], run: Run) -> dict[str, dict[str, Any]]:
    """The same with what the run said goes into the inventory."""
    said = told(run)
    return {
        host: {
            **own, "mail_entra": {**own["mail_entra"], **said["mail_entra"]},
            "mail_verify": {
                **own["mail_verify"], "receive": {**own["mail_verify"]["receive"], **said["mail_verify"]["receive"]},
            },
        } for host, own in variables.items()
    }


def told(run: Run) -> dict[str, Any]:
    """What goes into the inventory, as a person would copy it."""
    text = run.output.partition("Into the inventory, beside what is there:\n")[2].partition("\n\n")[0]
    lines = [line for line in text.splitlines() if line.strip()]
    margin = len(lines[0]) - len(lines[0].lstrip())
    found: dict[str, Any] = yaml.safe_load("\n".join(line[margin:] for line in lines))
    return found


@pytest.fixture
def administrator(estate: Estate) -> Iterator[Administrator]:
    """An administrator of the estate's tenant, who leaves nothing on the machine."""
    yield Administrator(estate)
    for path in (estate.home / ".mailops").glob("*"):
        path.unlink()
