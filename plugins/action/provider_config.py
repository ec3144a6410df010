# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, so that the server needs nothing; the module of the same name documents the options."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import fill
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import formats
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.change import about
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds import file
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._servers import server_of

# What a format was called before, in playbooks that people have.
_FORMER = {"ici": "ici_keys"}
ARGUMENTS = {
    "format": {"required": True, "choices": [*formats.names(), *_FORMER]},
    "path": {"required": True},
    "settings": {"type": "dict", "required": True},
    "facts": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "create": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
    "mode": {"type": "raw"},
    "owner": {},
    "group": {},
}


class ActionModule(ActionBase):
    """Read, render, and write only what differs."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENTS)
        try:
            return self._configure(args, task_vars or {})
        except ModernAuthError as error:
            return {"failed": True, "changed": False, **about(args["path"], error).result()}

    def _configure(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        target = file.File(
            args["path"], _FORMER.get(args["format"], args["format"]),
            fill(args["settings"], lambda one: args[f"{one.kind}s"].get(one.name)), args["create"], args["mode"],
            args["owner"], args["group"],
        )
        server = server_of(self, task_vars, backup=args["backup"])
        [found] = file.look([target], server, {})
        change = target.compare(found)
        result: dict[str, Any] = {"changed": change.changed, "path": target.path}
        if change.warnings:
            result["warnings"] = list(change.warnings)
        if self._task.diff:
            result["diff"] = change.diff()
        if change.write is not None and not self._task.check_mode:
            kept = file.write([change.write], server)
            if "backup_files" in kept:
                [result["backup_file"]] = kept["backup_files"]
        return result
