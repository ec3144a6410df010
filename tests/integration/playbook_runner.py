# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs tasks on hosts that all are this machine, with ansible-playbook as a person would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
#: Variables that make hosts out of this machine.
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}

#: The environment in which playbooks find the actions of the tests.
ACTIONS = {"ANSIBLE_ACTION_PLUGINS": str(Path(__file__).parent / "action_plugins")}


@dataclass(frozen=True)
class Outcome:
    """A finished run.

    :param output: standard output and error.
    :param results: by host, the results of its tasks in their order, as the callback "json" tells them.
    """

    code: int
    output: str
    results: dict[str, list[dict[str, Any]]]

    def last(self, host: str = "server") -> dict[str, Any]:
        """The result of the last task on a host."""
        return self.results[host][-1]


def play(
    folder: Path, tasks: list[dict[str, Any]], *arguments: str, hosts: dict[str, dict[str, Any]] | None = None,
    environment: dict[str, str] | None = None,
) -> Outcome:
    """Run tasks.

    :param folder: where the playbook, the inventory and Ansible's own files are put.
    :param hosts: the variables of each host.
    :param environment: further environment variables.
    """
    _write_playbook(folder, tasks)
    return run(folder, "playbook.json", *arguments, hosts=hosts, environment=environment)


def run(
    folder: Path, playbook: str, *arguments: str, hosts: dict[str, dict[str, Any]] | None = None,
    environment: dict[str, str] | None = None,
) -> Outcome:
    """Run a playbook, otherwise as ``play``.

    :param playbook: its path or its full name in a collection.
    """
    (folder / "results.json").unlink(missing_ok=True)
    done = subprocess.run(text=True, check=False, timeout=300, **_call(folder, playbook, arguments, hosts, environment))
    return outcome(folder, done.returncode, done.stdout)


def outcome(folder: Path, code: int, output: str) -> Outcome:
    """What a run in a folder came to."""
    report = folder / "results.json"
    results: dict[str, list[dict[str, Any]]] = {}
    for line in report.read_text(encoding="utf-8").splitlines() if report.exists() else []:
        entry = json.loads(line)
        results.setdefault(entry["host"], []).append(entry["result"])
    return Outcome(code, output, results)


def start(
    folder: Path, tasks: list[dict[str, Any]], *, hosts: dict[str, dict[str, Any]], environment: dict[str, str],
) -> subprocess.Popen[bytes]:
    """Start a playbook with these tasks, as ``play`` does, and do not wait for its end."""
    return subprocess.Popen(**call(folder, tasks, hosts=hosts, environment=environment))


def call(
    folder: Path, tasks: list[dict[str, Any]], *arguments: str, hosts: dict[str, dict[str, Any]] | None = None,
    environment: dict[str, str],
) -> dict[str, Any]:
    """What subprocess is given to run tasks as ``play`` does."""
    _write_playbook(folder, tasks)
    (folder / "results.json").unlink(missing_ok=True)
    return _call(folder, "playbook.json", arguments, hosts, environment)


def _write_playbook(folder: Path, tasks: list[dict[str, Any]]) -> None:
    plays = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
    (folder / "playbook.json").write_text(json.dumps(plays), encoding="utf-8")


def _call(
    folder: Path, playbook: str, arguments: Sequence[str], hosts: dict[str, dict[str, Any]] | None,
    environment: dict[str, str] | None,
) -> dict[str, Any]:
    """What subprocess is given for ansible-playbook."""
    inventory = {"all": {"vars": LOCAL, "hosts": hosts or {"server": {}}}}
    (folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
    foreign = ("ANSIBLE_", "AZURE_", "MAILOPS_")
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        "LC_ALL": "C.UTF-8", "HOME": str(folder), "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "results", "MAILOPS_TEST_RESULTS": str(folder / "results.json"),
        **(environment or {}),
    }
    return {
        "args": ["ansible-playbook", "-i", "inventory.json", playbook, *arguments], "cwd": folder, "env": variables,
        "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT,
    }
