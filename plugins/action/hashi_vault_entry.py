# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Uses community.hashi_vault's modules; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._entry_action import EntryAction
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._kv2 import Kv2Secret


class ActionModule(EntryAction):
    """One secret an application; its latest version is the entry."""

    OPTIONS: ClassVar = {
        "connection": {"type": "dict", "default": {}, "no_log": True},
        "engine_mount_point": {"default": "secret"},
        "folder": {"required": True},
    }

    def place(self, args: dict[str, Any], task_vars: dict[str, Any]) -> Kv2Secret:
        """See EntryAction."""

        def run(module: str, options: dict[str, Any]) -> Mapping[str, Any]:
            return self.run_module(f"community.hashi_vault.{module}", {**args["connection"], **options}, task_vars)

        return Kv2Secret(run, args["engine_mount_point"], args["folder"], args["name"])
