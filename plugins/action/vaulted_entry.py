# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Uses the store of this kind; the module of the same name documents the options."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._entry_action import EntryAction


class ActionModule(EntryAction):
    """One file for all applications."""

    OPTIONS: ClassVar = {"path": {"required": True}, "password_file": {"required": True, "no_log": False}}

    def store(self, args: dict[str, Any]) -> dict[str, Any]:
        """See EntryAction."""
        return {
            "kind": "ansible_vault", "path": self._loader.path_dwim(args["path"]),
            "password_file": args["password_file"] or None,
        }
