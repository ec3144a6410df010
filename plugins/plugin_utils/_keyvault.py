# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One secret of Azure Key Vault, through the modules of azure.azcollection.

https://learn.microsoft.com/azure/key-vault/secrets/about-secrets. Key Vault has no check-and-set: what another run
writes between the check and the write is overwritten. Versions have random names; that of the latest is the revision.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._answers import reason
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._entry_action import conflict

#: Runs a module of azure.azcollection with its options besides those of the connection; gives its result.
Run = Callable[[str, dict[str, Any]], Mapping[str, Any]]

#: Bytes that a secret's value may have.
LIMIT = 25_000
#: What it is called that is written to prove that secrets can be written.
PROBE = "mailops-write-check"
CONTENT_TYPE = "application/json; mailops.modern_auth entry, base64"


def secret_name(unique_name: str) -> str:
    """The secret's name for an application. Key Vault takes up to 127 letters, digits and hyphens, of any case."""
    if re.fullmatch(r"[a-z0-9-]{1,100}", unique_name):
        return f"mailops-{unique_name}"
    digest = hashlib.sha256(unique_name.encode()).hexdigest()[:16]
    return f"mailops-{re.sub('[^a-z0-9]+', '-', unique_name.lower())[:100]}-{digest}"


def encoded(entry: Mapping[str, Any]) -> str:
    """The entry as a secret's value.

    Ansible's modules blot out what looks like one of their own secret options, to which azure.azcollection counts the
    tenant's id and the client id. Entries have those as well, hence not plain JSON.
    """
    return base64.b64encode(json.dumps(plain(entry), separators=(",", ":")).encode()).decode()


def decoded(value: str) -> Entry:
    """The entry that a secret's value stands for.

    :raises ValueError: it stands for none.
    """
    try:
        entry = json.loads(base64.b64decode(value, validate=True))
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if not isinstance(entry, dict):
        raise ValueError("no dictionary")
    return entry


class KeyVaultSecret:
    """The secret.

    :param vault_uri: for example "https://contoso-mail.vault.azure.net".
    :param name: the application's unique name.
    """

    def __init__(self, run: Run, vault_uri: str, name: str) -> None:
        self._run = run
        self._uri = vault_uri
        self._application = name
        self._name = secret_name(name)

    def prove(self) -> None:
        """Return if secrets can be written. Key Vault tells that to nobody who does not write, so a probe is written.

        :raises StoreError: if not.
        """
        self._must_not_be_deleted()
        self._set(PROBE, str(uuid.uuid4()), "text/plain")

    def read(self) -> tuple[Entry, str]:
        """What the secret holds, ``{}`` if nothing, and its revision.

        :raises StoreError: it cannot be read.
        """
        answer = self._checked("azure_rm_keyvaultsecret_info", {"vault_uri": self._uri, "name": self._name})
        if not answer["secrets"]:
            return {}, ""
        [secret] = answer["secrets"]
        try:
            return decoded(secret["secret"]), secret["version"]
        except ValueError:
            raise StoreError(
                f"The secret {self._name} in {self._uri} is not one that this collection wrote.",
                remedy="Rename or delete it, or name another vault in mail_store_azure_keyvault.vault_uri.",
            ) from None

    def write(self, entry: Mapping[str, Any], revision: str) -> str:
        """Replace the version with that revision; gives the revision of the new one.

        :raises StoreError: it cannot be written; with ``code`` "conflict" if another run was seen to write.
        """
        value = encoded(entry)
        if len(value) > LIMIT:
            raise StoreError(
                f"What the store would hold of the application '{self._application}' is {len(value)} bytes long, and "
                f"Key Vault takes {LIMIT}.", remedy="Use another kind of store, see docs/stores.md.",
            )
        if self.read()[1] != revision:
            raise conflict(self._application)
        self._set(self._name, value, CONTENT_TYPE)
        now, latest = self.read()
        if now != plain(entry):
            raise StoreError(
                f"Another run wrote what the store holds of the application '{self._application}' at the same moment, "
                "and Key Vault takes its version for the latest.", code="conflict",
                remedy=f"Let one run work at a time, and run again; the versions of the secret {self._name} show both.",
            )
        return latest

    def _set(self, name: str, value: str, content_type: str) -> None:
        self._checked("azure_rm_keyvaultsecret", {
            "keyvault_uri": self._uri, "secret_name": name, "secret_value": value, "content_type": content_type,
        })

    def _must_not_be_deleted(self) -> None:
        found = self._checked(
            "azure_rm_keyvaultsecret_info", {"vault_uri": self._uri, "name": self._name, "show_deleted_secret": True}
        )
        if found["secrets"]:
            raise self._deleted(self._name)

    def _deleted(self, name: str) -> StoreError:
        return StoreError(
            f"The secret {name} in {self._uri} was deleted, and its name cannot be used until it is purged.",
            code="deleted",
            remedy=f"Recover it (az keyvault secret recover --name {name} --vault-name NAME) or purge it.",
        )

    def _checked(self, module: str, options: dict[str, Any]) -> Mapping[str, Any]:
        answer = self._run(module, options)
        if not answer.get("failed"):
            return answer
        why = reason(answer)
        if "deleted but recoverable" in why:
            raise self._deleted(str(options.get("secret_name", self._name)))
        if "Forbidden" in why:
            raise StoreError(
                f"Azure Key Vault refused it at {self._uri}: {why}.", code="permission",
                remedy="Give the caller the role Key Vault Secrets Officer on the vault (or the secret permissions get "
                "and set, where it has access policies), and let its firewall pass this machine.",
            )
        if "Failed to import the required Python library" in why:
            raise StoreError(
                "The Python libraries of azure.azcollection are missing.",
                remedy="Install the requirements.txt of that collection for the Python that runs Ansible.",
            )
        raise StoreError(
            f"Azure Key Vault could not be used at {self._uri}: {why}.",
            remedy="Check where it is and how Ansible signs in: mail_store_azure_keyvault.",
        )
