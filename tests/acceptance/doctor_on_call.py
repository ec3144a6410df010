# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The tasks of the role mail_diagnosis, again and again in one process: most of what a run costs is Ansible's start.

A program: each line of its input is a JSON object {sources, hosts, symptom}, each of its output the result of the
diagnosis, as JSON. ``Doctor`` speaks with it.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PREFIX = "diagnosis: "
ACTIONS = "ansible_collections.mailops.modern_auth.plugins.action"


class Doctor:
    """The program, as long as it is needed.

    :param environment: as the playbooks see it.
    :param folder: where it runs.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=dict(environment), cwd=folder, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Doctor:
        return self

    def __exit__(self, *_exception: object) -> None:
        # It ends with its input.
        self._process.communicate(timeout=60)

    def ask(self, sources: Sequence[str], hosts: Sequence[str], symptom: str) -> dict[str, Any]:
        """What is told of a symptom.

        :param sources: the inventory's.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        question = {"sources": list(sources), "hosts": list(hosts), "symptom": symptom}
        print(json.dumps(question), file=self._process.stdin, flush=True)
        for line in self._process.stdout:
            if line.startswith(PREFIX):
                told: dict[str, Any] = json.loads(line.removeprefix(PREFIX))
                return told
        raise AssertionError("The doctor has gone.")


class Play:
    """A play over an inventory, whose tasks are the collection's actions."""

    def __init__(self, sources: Sequence[str], hosts: Sequence[str]) -> None:
        self._loader = DataLoader()
        self._inventory = InventoryManager(self._loader, sources=list(sources))
        self._variables = VariableManager(self._loader, self._inventory)
        # It makes itself known to the manager.
        HostVars(self._inventory, self._variables, self._loader)
        self._hosts = list(hosts)
        self._play = AnsiblePlay.load(
            {"name": "Doctor", "hosts": self._hosts, "gather_facts": False}, self._variables, self._loader,
        )

    def run(self, step: str, host: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """The result of a task.

        :param host: whose variables it sees.
        """
        task = Task(block=Block(play=self._play))
        task.action, task.args, task.check_mode, task.diff = f"mailops.modern_auth.{step}", arguments, check, False
        variables = self._variables.get_vars(
            play=self._play, host=self._inventory.get_host(host), task=task, _hosts=self._hosts, _hosts_all=self._hosts,
        )
        context = PlayContext(self._play)
        action = importlib.import_module(f"{ACTIONS}.{step}").ActionModule(
            task=task, connection=connection_loader.get("ansible.builtin.local", context), play_context=context,
            loader=self._loader, templar=Templar(self._loader, variables=variables), shared_loader_obj=loader,
        )
        result: dict[str, Any] = action.run(task_vars=variables)
        return result

    def register(self, host: str, name: str, result: Any) -> None:
        """Let later tasks see a result."""
        self._variables.set_nonpersistent_facts(host, {name: result})


def diagnosed(sources: Sequence[str], hosts: Sequence[str], symptom: str) -> dict[str, Any]:
    """See roles/mail_diagnosis/tasks/main.yml."""
    play = Play(sources, hosts)
    planned = play.run("mail_plan", hosts[0], inventory=list(hosts))
    if planned.get("failed"):
        return planned
    meaning = play.run("mail_diagnosis", hosts[0], symptom=symptom)
    if meaning.get("failed"):
        return meaning
    for host in hosts if meaning["servers"] else ():
        plan = planned["hosts"][host]
        if not plan["failed"]:
            options = {name: plan[name] for name in _TARGETS if plan.get(name)}
            play.register(host, "__mail_provider", play.run("mail_targets", host, check=True, **options))
    return play.run("mail_diagnosis", hosts[0], plan=planned, symptom=symptom)


_TARGETS = ("targets", "encryption", "loads", "applications", "store", "restart_command", "backup")


if __name__ == "__main__":
    # Ansible as a controller looks for collections in its own way, which the tests' process has to be spared.
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.playbook.block import Block
    from ansible.playbook.play import Play as AnsiblePlay
    from ansible.playbook.play_context import PlayContext
    from ansible.playbook.task import Task
    from ansible.plugins import loader
    from ansible.plugins.loader import connection_loader
    from ansible.template import Templar
    from ansible.vars.hostvars import HostVars
    from ansible.vars.manager import VariableManager

    for line in sys.stdin:
        print(f"{PREFIX}{json.dumps(diagnosed(**json.loads(line)))}", flush=True)
