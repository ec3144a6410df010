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
        """What the first step that fails says."""
        applications = plan["applications"]
        identity: Mapping[str, Any] = {}
        for step in ("mail_mailboxes", "mail_applications", "mail_accesses"):
            result = self._done(step, {
                "applications": applications,
                **({"hosts": plan["hosts"]} if step == "mail_mailboxes" else {}),
                **({"identity": identity} if step == "mail_accesses" else {}),
            })
            failed = [one for one in result["hosts"].values() if one["failed"]]
            if failed:
                return {"step": step, "msg": failed[0]["msg"], "code": failed[0].get("code")}
            identity = result.get("applications", {})
        return {"step": None, "code": None, "msg": "Nothing failed."}

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
