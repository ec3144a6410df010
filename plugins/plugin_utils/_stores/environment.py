# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The environment variables of Ansible, which can only be read. Each is ``MAILOPS_NAME_PART``, by application."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, text
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores._contract import (
    Controller,
    Held,
    Surroundings,
    unusable,
)

_OTHERS = "Let mail_store_kind be ansible_vault, hashi_vault or azure_keyvault."


class Store:
    """What the pipeline has set."""

    OPTIONS: ClassVar[Table] = {"tenant_id": Key(text)}

    def __init__(self, options: Mapping[str, Any], controller: Controller) -> None:
        self._environment = controller.environment
        self._tenant_id = options.get("tenant_id") or self._environment.get("AZURE_TENANT_ID")

    @classmethod
    def of(cls, variables: Mapping[str, Any], surroundings: Surroundings, problems: list[str]) -> dict[str, Any]:
        """See Store."""
        entra = variables.get("mail_entra")
        tenant_id = entra.get("tenant_id") if isinstance(entra, Mapping) else None
        return {"tenant_id": tenant_id} if tenant_id else {}

    def prove(self, names: Sequence[str]) -> Mapping[str, StoreError]:
        """See Store."""
        raise StoreError(
            "mail_store_kind: environment can only be read, so a new secret could not be kept there, and none was "
            "made.", code="read_only",
            remedy=f"To make or rotate secrets: {_OTHERS} To use the secrets that the environment has, run the steps "
            "that only read them: --tags access,provider,delivery",
        )

    def read(self, names: Sequence[str]) -> dict[str, Held]:
        """See Store."""
        return {name: self._held(name) for name in names}

    def names(self) -> Sequence[str]:
        """See Store. The variables' names do not tell the applications'."""
        return []

    def write(self, name: str, entry: Entry, revision: str) -> str:
        """See Store."""
        raise StoreError(
            "mail_store_kind: environment can only be read, so nothing can be kept there.", code="read_only",
            remedy=f"{_OTHERS} With ICI's encryption, mail_ici.encrypted_secret does without keeping anything, and "
            "mail_ici.encrypt_command does not.",
        )

    def _held(self, name: str) -> Held:
        prefix = f"MAILOPS_{re.sub('[^A-Z0-9]', '_', name.upper())}"
        given = {
            part: self._environment.get(f"{prefix}_{part}")
            for part in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "KEY_ID")
        }
        given = {**given, "TENANT_ID": given["TENANT_ID"] or self._tenant_id, "KEY_ID": given["KEY_ID"] or "unknown"}
        unset = [f"{prefix}_{part}" for part, value in given.items() if not value]
        if unset:
            return unusable(StoreError(
                f"The environment of Ansible lacks {', '.join(unset)}.",
                remedy=f"Set what the application '{name}' signs in with, or let mail_store_kind be another store.",
            ))
        secret = {"key_id": given["KEY_ID"], "secret_text": given["CLIENT_SECRET"]}
        return Held({"tenant_id": given["TENANT_ID"], "client_id": given["CLIENT_ID"], "current": secret}, "")
