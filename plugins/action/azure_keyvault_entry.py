# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Uses the store of this kind; the module of the same name documents the options."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._entry_action import EntryAction


class ActionModule(EntryAction):
    """One secret an application; its latest version is the entry."""

    OPTIONS: ClassVar = {"connection": {"type": "dict", "default": {}, "no_log": True}, "vault_uri": {"required": True}}

    def store(self, args: dict[str, Any]) -> dict[str, Any]:
        """See EntryAction."""
        return {"kind": "azure_keyvault", "connection": args["connection"], "vault_uri": args["vault_uri"]}
