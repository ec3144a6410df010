# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A stand-in for Azure Key Vault's secrets and for the token service that its challenge names.

It is held to the documented interface (https://learn.microsoft.com/rest/api/keyvault/secrets, and for signing in
https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses), never to a recorded service.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import trustme
from http_stand_in import Answer, Request, listening

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
SECRET = "the-secret-of-the-caller"
_MORE = "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"


def refused(status: int, code: str, message: str, inner: str | None = None) -> Answer:
    """An error as Key Vault words it."""
    error = {"code": code, "message": message, **({"innererror": {"code": inner}} if inner else {})}
    return Answer(status, {"error": error})


@dataclass
class KeyVaultStandIn:
    """The vault's state. Tests change it as an administrator would.

    :param secrets: each secret's versions, id and value, oldest first.
    :param permissions: what the caller may do with secrets.
    """

    secrets: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    permissions: set[str] = field(default_factory=lambda: {"get", "set"})
    tokens: set[str] = field(default_factory=set)
    port: int = 0

    @property
    def url(self) -> str:
        """The vault's URI."""
        return f"https://contoso.vault.test:{self.port}"

    @property
    def authority(self) -> str:
        """Where tokens are given."""
        return f"https://login.vault.test:{self.port}"

    @property
    def resource(self) -> str:
        """What tokens are for; clients insist that the vault is below it."""
        return f"https://vault.test:{self.port}"

    def answer(self, request: Request) -> Answer:
        """Answer a request to either service."""
        if request.headers["Host"].startswith("login."):
            return self._token(request)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            challenge = f'Bearer authorization="{self.authority}/{TENANT}", resource="{self.resource}"'
            answer = refused(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
            return Answer(401, answer.content, {"WWW-Authenticate": challenge})
        if "api-version" not in request.query:
            return refused(400, "BadParameter", "api-version must be specified")
        collection, name, version = (*request.path.strip("/").split("/"), "")[:3]
        permission = {"GET": "get", "PUT": "set"}[request.method]
        if permission not in self.permissions:
            return refused(
                403, "Forbidden", f"The user, group or application 'appid={CLIENT}' does not have secrets {permission} "
                "permission on key vault 'contoso'.", "AccessDenied",
            )
        if collection == "deletedsecrets":
            return self._shown(name, "") if name in self.deleted else self._unknown(name)
        if request.method == "PUT":
            return self._set(name, request.json())
        return self._unknown(name) if name in self.deleted else self._shown(name, version)

    def _set(self, name: str, body: dict[str, Any]) -> Answer:
        if name in self.deleted:
            return refused(
                409, "Conflict", f"Secret {name} is currently in a deleted but recoverable state, and its name cannot "
                "be reused; in this state, the secret can only be recovered or purged.",
                "ObjectIsDeletedButRecoverable",
            )
        if len(body["value"].encode()) > 25_000:
            return refused(400, "BadParameter", "The secret value is too long.")
        self.secrets.setdefault(name, []).append((secrets.token_hex(16), body["value"]))
        return self._shown(name, "")

    def _shown(self, name: str, version: str) -> Answer:
        matching = [one for one in self.secrets.get(name, []) if version in ("", one[0])]
        if not matching:
            return self._unknown(name)
        number, value = matching[-1]
        attributes = {"enabled": True, "created": 1, "updated": 1, "recoveryLevel": "Recoverable+Purgeable"}
        return Answer(200, {"value": value, "id": f"{self.url}/secrets/{name}/{number}", "attributes": attributes})

    def _unknown(self, name: str) -> Answer:
        return refused(
            404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault. If you recently "
            f"deleted this secret you may be able to recover it using the correct recovery command. {_MORE}",
        )

    def _token(self, request: Request) -> Answer:
        if request.method == "GET":
            base = f"{self.authority}/{TENANT}"
            return Answer(200, {
                "issuer": f"{base}/v2.0", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            })
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if (form["client_id"], form["client_secret"], form["scope"]) != (CLIENT, SECRET, f"{self.resource}/.default"):
            return Answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid secret."})
        token = f"token-{secrets.token_hex(8)}"
        self.tokens.add(token)
        return Answer(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token})


@contextmanager
def serving(vault: KeyVaultStandIn, folder: Path) -> Iterator[KeyVaultStandIn]:
    """Let it listen on a free port of the loopback interface; FOLDER/ca.pem is the authority of its certificate."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("contoso.vault.test", "login.vault.test").configure_cert(tls)
    with listening(vault.answer, tls) as port:
        vault.port = port
        yield vault
