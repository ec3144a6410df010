# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A Windows host as connection_plugins/windows_stand_in.py is one, and how ansible.windows documents its modules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ansible_collections.ansible.windows as collection
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.plugin_docs import read_docstring
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._windows_server import WindowsServer
from playbook_runner import Outcome
from targets_world import World
from windows_modules import WindowsModules

POOL, POOL_ACCOUNT = "S-1-5-82-1-2-3-4-5", "IIS AppPool\\CMO"
CONNECTIONS = Path(__file__).parent / "connection_plugins"
MODULES = Path(next(iter(collection.__path__))) / "plugins" / "modules"


class WindowsWorld(World):
    """As World; its one server is a Windows one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.drive = folder / "drive"
        self.drive.mkdir()
        self.tell(accounts={POOL_ACCOUNT: POOL})

    def tell(self, **about: Any) -> None:
        """Say of the host, beside what was said: the SIDs of its ``accounts``; by path the ``rules`` of files and
        folders, the ``refusals`` of opening a file and of ``writes`` to it, and which are ``read_only``; and what its
        ``commands`` answer.
        """
        file = self.drive.with_suffix(".json")
        file.write_text(json.dumps({**(json.loads(file.read_text()) if file.exists() else {}), **about}))

    def place(self, path: str) -> Path:
        """Where a file of the drive is."""
        return self.drive.joinpath(*path.removeprefix("C:\\").split("\\"))

    def put_file(self, path: str, content: bytes) -> Path:
        """Put a file on the drive."""
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return place

    def calls(self) -> list[dict[str, Any]]:
        """Every module that was called, since this was asked last: ``module``, ``options``, ``command``."""
        file = self.drive.with_suffix(".calls")
        found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        file.unlink(missing_ok=True)
        return found

    def run(self, options: Mapping[str, Any], *arguments: str, **environment: str) -> Outcome:
        """One run of mail_targets."""
        return self.configure(
            {"server": options}, *arguments,
            variables={"ansible_connection": "windows_stand_in", "ansible_host": str(self.drive)},
            environment={
                "ANSIBLE_CONNECTION_PLUGINS": str(CONNECTIONS), "PYTHONPATH": str(Path(__file__).parent), **environment,
            },
        )

    def server(self, **options: Any) -> WindowsServer:
        """The server as an action has it, without Ansible in between."""
        def execute(module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
            asked = {**module_args, "_ansible_no_log": task.no_log}
            return WindowsModules(self.drive).call(module_name, json.loads(json.dumps(asked)))

        task = SimpleNamespace(no_log=False)
        context = SimpleNamespace(no_log=False)
        action: Any = SimpleNamespace(
            _task=task, _play_context=context, _connection=SimpleNamespace(_play_context=context),
            _execute_module=execute,
        )
        return WindowsServer(action, {}, **options)


@cache
def documented(module: str) -> ArgumentSpecValidator:
    """What takes a module's options as its documentation does."""
    name = module.removeprefix("ansible.windows.")
    [file] = (file for file in MODULES.glob(f"{name}.*") if file.suffix in (".py", ".yml"))
    return ArgumentSpecValidator(_spec(read_docstring(str(file), verbose=False)["doc"]["options"]))


def _spec(options: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("type", "elements", "choices", "required", "aliases")
    return {
        name: {
            **{key: one[key] for key in keys if key in one},
            **({"options": _spec(one["suboptions"])} if "suboptions" in one else {}),
        }
        for name, one in options.items()
    }
