# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, where the vaulted file is; the module of the same name documents the options."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._entry_action import EntryAction
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._vaulted_file import VaultedEntry, VaultedFile


class ActionModule(EntryAction):
    """Reads and writes the file in this process."""

    OPTIONS: ClassVar = {"path": {"required": True}, "password_file": {"required": True, "no_log": False}}

    def place(self, args: dict[str, Any], task_vars: dict[str, Any]) -> VaultedEntry:
        """See EntryAction."""
        if not args["password_file"]:
            raise InputError(
                "No file with the vault's password is named.",
                remedy="Name one in mail_store_password_file or the environment variable ANSIBLE_VAULT_PASSWORD_FILE.",
            )
        file = VaultedFile(Path(self._loader.path_dwim(args["path"])), Path(args["password_file"]).expanduser())
        return VaultedEntry(file, args["name"])
