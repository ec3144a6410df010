"""Take each permission from the caller, do what the main job does as the caller, and give it back.

All in one process, since a run of Ansible for each permission costs twenty times as much. What is executed are the
actions themselves; each makes clients of its own, hence signs in anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from ansible.plugins.action import ActionBase

#: What of an assignment gives it again.
GIVEN = ("principalId", "resourceId", "appRoleId", "roleDefinitionId", "directoryScopeId")


class ActionModule(ActionBase):
    """Writes what each permission's lack leads to: permission -> step, msg, and code of the first host that fails."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        self._task_vars = task_vars
        refusals: dict[str, Any] = {}
        for name, assignment in self._task.args["assignments"].items():
            with self._without(**assignment):
                refusals[name] = self._refusal(self._task.args["plan"])
        Path(self._task.args["path"]).write_text(json.dumps(refusals))
        return {"changed": False}

    @contextmanager
    def _without(self, path: str, assignment: Mapping[str, Any]) -> Iterator[None]:
        self._ask("DELETE", f"{path}/{assignment['id']}")
        yield
        self._ask("POST", path, {name: assignment[name] for name in GIVEN if name in assignment})

    def _ask(self, method: str, path: str, content: Any = None) -> None:
        token = json.loads(Path(self._task.args["token_file"]).read_text())["accessToken"]
        requests.request(
            method, f"{self._task.args['graph']}{path}", json=content, verify=self._task.args["ca_path"], timeout=30,
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status()

    def _refusal(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """What the first step that fails says; those behind it are not tried."""
        for step, result in self._steps(plan):
            for verdict in result["hosts"].values():
                if verdict["failed"]:
                    return {"step": step, "msg": verdict["msg"], "code": verdict.get("code")}
        return {"step": None, "msg": "Nothing failed.", "code": None}

    def _steps(self, plan: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The steps that the caller signs in for, as the roles have them, each with its result."""
        given = {"applications": plan["applications"]}
        yield "mail_mailboxes", self._done("mail_mailboxes", {**given, "hosts": plan["hosts"]})
        identity = self._done("mail_applications", given)
        yield "mail_applications", identity
        yield "mail_accesses", self._done("mail_accesses", {**given, "identity": identity["applications"]})

    def _done(self, step: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """An action's result."""
        task = self._task.copy()
        task.args = dict(args)
        action = self._shared_loader_obj.action_loader.get(
            f"mailops.modern_auth.{step}", task=task, connection=self._connection, play_context=self._play_context,
            loader=self._loader, templar=self._templar, shared_loader_obj=self._shared_loader_obj,
        )
        result: dict[str, Any] = action.run(task_vars=self._task_vars)
        return result
