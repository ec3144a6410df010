# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, for each host; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step


class ActionModule(Step):
    """The verdict becomes the task's result."""

    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {"outcome": {"type": "dict", "required": True}}

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        outcome = args["outcome"]
        if not outcome:
            return {"changed": False, "skipped": True, "skip_reason": "There was nothing to do for this host."}
        kept = ("changed", "failed", "unreachable", "msg", "code", "request_id", "remedy", "warnings", "diff")
        return {"changed": False, **{name: outcome[name] for name in kept if outcome.get(name) not in (None, [])}}
