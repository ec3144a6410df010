# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One secret of HashiCorp Vault's KV engine of version 2, through the modules of community.hashi_vault.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2. A version's number is the revision, and what a write has
to match (``cas``). A deleted version keeps its number, which only the metadata then tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._answers import reason
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._entry_action import conflict

#: Runs a module of community.hashi_vault with its options besides those of the connection; gives its result.
Run = Callable[[str, dict[str, Any]], Mapping[str, Any]]

_UNREACHABLE = ("Max retries exceeded", "certificate verify failed", "Connection aborted", "timed out")


class Kv2Secret:
    """The secret.

    :param mount: where the engine is, for example "secret".
    :param folder: the path of the folder that the secret is in, below the mount.
    :param name: the secret's own name, the application's.
    """

    def __init__(self, run: Run, mount: str, folder: str, name: str) -> None:
        self._run = run
        self._mount = mount.strip("/")
        self._name = name
        self._path = f"{folder.strip('/')}/{name}"
        self._data = f"{self._mount}/data/{self._path}"
        self._metadata = f"{self._mount}/metadata/{self._path}"
        self._policy = (
            f"Let a policy of the token grant create, read and update on {self._data}, and read on {self._metadata}; "
            "docs/stores.md has one."
        )

    def prove(self) -> None:
        """Return if the engine is the right one, and the token may read and write the secret. Writes nothing.

        :raises StoreError: if not.
        """
        path = f"sys/internal/ui/mounts/{self._mount}"
        unknown = (
            f"Check mail_store_hashi_vault.engine_mount_point: there is no engine '{self._mount}', or no policy of the "
            "token knows a path in it."
        )
        mount = self._checked("vault_read", {"path": path}, path, unknown)["data"]["data"]
        version = str((mount.get("options") or {}).get("version"))
        if mount.get("type") != "kv" or version != "2":
            found = f"the engine {mount.get('type')}" + (f" of version {version}" if version != "None" else "")
            raise StoreError(
                f"At the mount '{self._mount}' of Vault there is {found}, which has no check-and-set.",
                remedy="Name a KV engine of version 2 in mail_store_hashi_vault.engine_mount_point, or upgrade this "
                f"one: vault kv enable-versioning {self._mount}",
            )
        answer = self._checked("vault_write", {"path": "sys/capabilities-self", "data": {
            "paths": [self._data, self._metadata],
        }}, "sys/capabilities-self")
        wanted = {self._data: ("create", "read", "update"), self._metadata: ("read",)}
        granted = answer["data"]["data"]
        missing = [
            f"{capability} on {path}" for path, capabilities in wanted.items() for capability in capabilities
            if not {capability, "root"} & set(granted.get(path, ()))
        ]
        if missing:
            raise StoreError(
                f"Vault does not grant the token {', '.join(missing)}.", code="permission", remedy=self._policy
            )

    def read(self) -> tuple[Entry, str]:
        """What the secret holds, ``{}`` if nothing, and its revision.

        :raises StoreError: it cannot be read.
        """
        answer = self._run("vault_kv2_get", {"engine_mount_point": self._mount, "path": self._path})
        if not answer.get("failed"):
            return plain(answer["secret"] or {}), str(answer["metadata"]["version"])
        if not reason(answer).startswith("Invalid or missing path"):
            raise self._refusal(answer, self._data)
        return {}, self._version_of_nothing()

    def write(self, entry: Mapping[str, Any], revision: str) -> str:
        """Replace the version with that revision; gives the revision of the new one.

        :raises StoreError: it cannot be written; with ``code`` "conflict" if there is another version by now.
        """
        expected = int(revision or 0)
        answer = self._run("vault_kv2_write", {
            "engine_mount_point": self._mount, "path": self._path, "data": plain(entry), "cas": expected,
        })
        if answer.get("failed"):
            # The module keeps Vault's own words to itself.
            if reason(answer).startswith("InvalidRequest") and self.read()[1] != revision:
                raise conflict(self._name)
            raise self._refusal(answer, self._data)
        # From the answer the module would have cut what happens to look like a part of the secret.
        return str(expected + 1)

    def _version_of_nothing(self) -> str:
        """'' if there never was a secret, else the number of its deleted version."""
        answer = self._run("vault_read", {"path": self._metadata})
        if not answer.get("failed"):
            return str(answer["data"]["data"]["current_version"] or "")
        if "doesn't seem to exist" in reason(answer):
            return ""
        raise self._refusal(answer, self._metadata)

    def _checked(
        self, module: str, options: dict[str, Any], path: str, permission: str | None = None
    ) -> Mapping[str, Any]:
        answer = self._run(module, options)
        if answer.get("failed"):
            raise self._refusal(answer, path, permission)
        return answer

    def _refusal(self, answer: Mapping[str, Any], path: str, permission: str | None = None) -> StoreError:
        """The error that stands for a failed module.

        :param permission: what to do if the token is good but may not use the path.
        """
        why = reason(answer)
        if "Vault is sealed" in why:
            return StoreError(
                "Vault is sealed.", code="sealed", remedy="Have it unsealed (vault operator unseal), and run again."
            )
        if "permission denied" in why.lower():
            if self._run("vault_read", {"path": "auth/token/lookup-self"}).get("failed"):
                return StoreError(
                    "Vault does not accept the token: it has expired or was revoked, or may not even look itself up.",
                    code="token", remedy="Sign in anew and give the new token, or let Ansible sign in by itself, for "
                    "example with mail_store_hashi_vault.auth_method: approle.",
                )
            return StoreError(
                f"Vault does not let the token use {path}.", code="permission", remedy=permission or self._policy
            )
        if "hvac" in why and "import" in why:
            return StoreError(
                f"{why}.", remedy="Install hvac for the Python that runs Ansible: python -m pip install hvac"
            )
        if any(words in why for words in _UNREACHABLE):
            return StoreError(
                f"Vault cannot be reached: {why}.", code="unreachable",
                remedy="Check mail_store_hashi_vault.url, and ca_cert if its certificate is your own authority's.",
            )
        return StoreError(
            f"Vault could not be used at {path}: {why}.",
            remedy="Check where it is and how Ansible signs in: mail_store_hashi_vault.",
        )
