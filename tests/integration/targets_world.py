# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Servers whose targets are configured by mail_targets, and a store with the credentials of their application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_runner import REPOSITORY, Outcome, play

SECRET = "s3cret~Value.that-must-not-be-seen"
KEYS = (REPOSITORY / "sandbox/servers/ConfigurationKeys.json").read_bytes()
LOCAL = (REPOSITORY / "sandbox/servers/local.standard.js").read_bytes()
_PASSWORD = VaultSecret(b"pass word")
APPLICATION = {"unique_name": "contracts", "name": "Contracts mail"}


class World:
    """All servers are this machine, each with a folder of its own.

    :param folder: where everything is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "password").write_bytes(_PASSWORD.bytes)
        self.keep()

    @property
    def store(self) -> dict[str, str]:
        """Where the store is."""
        return {
            "kind": "ansible_vault", "path": str(self.folder / "store.yml"),
            "password_file": str(self.folder / "password"),
        }

    def keep(self, key_id: str = "key-1", secret: str = SECRET, **more: Any) -> None:
        """Let the store hold a client secret."""
        self.put({
            "tenant_id": "t-1", "client_id": "c-1", "object_id": "o-1",
            "current": {"key_id": key_id, "secret_text": secret}, **more,
        })

    def put(self, entry: dict[str, Any]) -> None:
        """Let the store hold an entry of the application."""
        content = yaml.safe_dump({"applications": {"contracts": entry}})
        (self.folder / "store.yml").write_bytes(VaultLib([("default", _PASSWORD)]).encrypt(content, _PASSWORD))

    def stored(self) -> dict[str, Any]:
        """What the store holds of the application."""
        content = VaultLib([("default", _PASSWORD)]).decrypt((self.folder / "store.yml").read_bytes())
        entry: dict[str, Any] = yaml.safe_load(content)["applications"]["contracts"]
        return entry

    def home(self, host: str = "server") -> Path:
        """The folder of a server."""
        folder = self.folder / host
        folder.mkdir(exist_ok=True)
        return folder

    def configure(
        self, hosts: Mapping[str, Mapping[str, Any]], *arguments: str, variables: Mapping[str, Any] | None = None,
        environment: dict[str, str] | None = None,
    ) -> Outcome:
        """One run of mail_targets with the given options on each host.

        :param variables: of every host.
        """
        inventory = {
            host: {
                "options": {
                    "applications": [APPLICATION],
                    "store": self.store,
                    **options,
                },
                **(variables or {}),
            }
            for host, options in hosts.items()
        }
        task = {"mailops.modern_auth.mail_targets": "{{ options }}"}
        return play(self.folder, [task], *arguments, hosts=inventory, environment=environment)


def ici(home: Path, *, secret: str = "client_secret", **more: Any) -> dict[str, Any]:
    """The options for a server of ICI; its file is made unless it is there."""
    file = home / "ConfigurationKeys.json"
    if not file.exists():
        file.write_bytes(KEYS)
    settings = {
        "provider": "GRAPH",
        "configuration": {
            "TenantId": {"fact": "tenant_id"}, "ClientId": {"fact": "client_id"}, "ClientSecret": {"secret": secret},
            "EmailId": "contracts@contoso.example",
        },
    }
    target = {"kind": "file", "format": "ici_keys", "path": str(file), "settings": settings}
    return {"targets": [target], **more}


def ici_reads(home: Path) -> dict[str, Any]:
    """What ICI would read."""
    keys = json.loads((home / "ConfigurationKeys.json").read_text("utf-8-sig"))["ConfigurationKeys"]
    [value] = [key["Value"] for key in keys if key["Name"] == "Platform.Email.ProviderConfiguration"]
    found: dict[str, Any] = json.loads(value)["configuration"] if value else {}
    return found


def team_assistant(home: Path, **more: Any) -> dict[str, Any]:
    """The options for a server of Team assistant; its local.js is made unless it is there."""
    local = home / "local.js"
    if not local.exists():
        local.write_bytes(LOCAL)
    variables = {"TAS_SMTP_AUTH_USER": "tickets@contoso.example", "TAS_SECRET": {"secret": "client_secret"}}
    settings = {
        "mail": {
            "smtp": {"auth": {"user": {"environment": "TAS_SMTP_AUTH_USER"}, "pass": None}, "port": 587},
            "oauth2": {"clientSecret": {"environment": "TAS_SECRET"}},
        },
    }
    return {
        "targets": [
            {"kind": "file", "format": "environment", "path": str(home / "environment"), "settings": variables,
             "create": True, "mode": "0600"},
            {"kind": "file", "format": "commonjs", "path": str(local), "settings": settings},
        ],
        "loads": [{"path": str(local), "variables": list(variables)}],
        **more,
    }
