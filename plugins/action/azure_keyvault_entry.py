# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Uses azure.azcollection's modules; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._entry_action import EntryAction
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._keyvault import KeyVaultSecret


class ActionModule(EntryAction):
    """One secret an application; its latest version is the entry."""

    OPTIONS: ClassVar = {"connection": {"type": "dict", "default": {}, "no_log": True}, "vault_uri": {"required": True}}

    def place(self, args: dict[str, Any], task_vars: dict[str, Any]) -> KeyVaultSecret:
        """See EntryAction."""
        if not args["vault_uri"]:
            raise InputError(
                "No key vault is named.",
                remedy="Name one in mail_store_azure_keyvault.vault_uri, as https://NAME.vault.azure.net.",
            )

        def run(module: str, options: dict[str, Any]) -> Mapping[str, Any]:
            return self.run_module(f"azure.azcollection.{module}", {**args["connection"], **options}, task_vars)

        return KeyVaultSecret(run, args["vault_uri"], args["name"])
