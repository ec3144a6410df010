# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, for each host; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._handover import Handover
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step


class ActionModule(Step):
    """The verdict becomes the task's result."""

    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {"outcome": {"type": "dict"}}

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        outcome = self._of_the_run() if args["outcome"] is None else args["outcome"]
        if not outcome:
            return {"changed": False, "skipped": True, "skip_reason": "There was nothing to do for this host."}
        kept = (
            "changed", "failed", "unreachable", "msg", "code", "request_id", "remedy", "warnings", "diff",
            "authorization_required",
        )
        return {"changed": False, **{name: outcome[name] for name in kept if outcome.get(name)}}

    def _of_the_run(self) -> Mapping[str, Any]:
        """How the run ends for the host; nothing if it ends well."""
        failure = Handover(self.variables, self._task_vars).failure(self._task_vars["inventory_hostname"])
        if failure is None:
            return {}
        how = "unreachable" if failure.get("unreachable") else "failed"
        return {how: True, "msg": f"{how.capitalize()} at the step {failure['step']}; the report says why."}
