# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A stand-in for a HashiCorp Vault or OpenBao server: its KV engine of version 2 over HTTP, and what signing in needs.

No such server could be installed where this was written, so the stand-in is held to the documented answers, never to a
recorded server: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2, .../system/capabilities-self,
.../auth/token, .../auth/approle, and for statuses https://developer.hashicorp.com/vault/api-docs#http-status-codes. The
texts of errors are those that Vault's own code has. What it does not know is a 404 with "no handler for route".
"""

from __future__ import annotations

import re
import secrets
import ssl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from http_stand_in import Answer, Request, listening

#: What a request does, as policies call it.
CAPABILITIES = {"GET": "read", "LIST": "list", "POST": "update", "PUT": "update", "DELETE": "delete"}


class Refused(Exception):
    """An answer with errors."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status, *errors)
        self.answer = Answer(status, {"errors": list(errors)})


@dataclass
class Version:
    """One version of a secret; its data stays when it is deleted, so that it can be undeleted."""

    data: dict[str, Any]
    created: str
    deleted: str = ""

    def metadata(self, number: int) -> dict[str, Any]:
        """As beside the data."""
        return {
            "created_time": self.created, "custom_metadata": None, "deletion_time": self.deleted, "destroyed": False,
            "version": number,
        }


@dataclass
class VaultStandIn:
    """The server's state. Tests change it as an administrator would.

    :param policies: by token, the capabilities by the beginnings of paths; None for the root token.
    :param mounts: the KV engines' versions, by their mounts.
    :param secrets: the versions of each secret, by mount and path.
    """

    sealed: bool = False
    policies: dict[str, dict[str, list[str]] | None] = field(default_factory=lambda: {"root": None})
    approles: dict[tuple[str, str], dict[str, list[str]]] = field(default_factory=dict)
    mounts: dict[str, int] = field(default_factory=lambda: {"secret": 2, "old": 1})
    secrets: dict[tuple[str, str], list[Version]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        path = request.path.removeprefix("/v1/")
        self.requests.append(f"{request.method} {path}")
        try:
            return self._answer(request.method, path, request, request.headers.get("X-Vault-Token", ""))
        except Refused as refused:
            return refused.answer

    def _answer(self, method: str, path: str, request: Request, token: str) -> Answer:
        if path == "sys/seal-status":
            seal = {"type": "shamir", "initialized": True, "sealed": self.sealed, "t": 1, "n": 1, "progress": 0}
            return Answer(200, seal)
        if self.sealed:
            raise Refused(503, "Vault is sealed")
        if (method, path) in (("POST", "auth/approle/login"), ("PUT", "auth/approle/login")):
            return self._sign_in(request.json())
        if token not in self.policies:
            raise Refused(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        if path == "sys/capabilities-self":
            found = {one: self._capabilities(token, one) for one in request.json()["paths"]}
            return done({**found, **({"capabilities": next(iter(found.values()))} if len(found) == 1 else {})})
        if path == "auth/token/lookup-self":
            return done({"id": token, "policies": ["default"], "ttl": 3600, "renewable": True})
        if path.startswith("sys/internal/ui/mounts/"):
            return self._mount(path.removeprefix("sys/internal/ui/mounts/"), token)
        mount, _, rest = path.partition("/")
        if mount not in self.mounts:
            self._permit(method, path, token)
            raise Refused(404, f'no handler for route "{path}". route entry not found.')
        if self.mounts[mount] == 1:
            self._permit(method, path, token)
            raise Refused(404)
        kind, _, name = rest.partition("/")
        operation = OPERATIONS.get((kind, "POST" if method == "PUT" else method))
        exists = (mount, name) in self.secrets
        self._permit("CREATE" if kind == "data" and method in ("POST", "PUT") and not exists else method, path, token)
        if operation is None:
            raise Refused(405, "unsupported operation")
        return operation(self, (mount, name), request)

    def _capabilities(self, token: str, path: str) -> list[str]:
        policy = self.policies[token]
        if policy is None:
            return ["root"]
        matching = [start for start in policy if path.startswith(start)]
        return policy[max(matching, key=len)] if matching else ["deny"]

    def _permit(self, method: str, path: str, token: str) -> None:
        if not {CAPABILITIES.get(method, "create"), "root"} & set(self._capabilities(token, path)):
            raise Refused(403, "1 error occurred:\n\t* permission denied\n\n")

    def _sign_in(self, body: dict[str, Any]) -> Answer:
        policy = self.approles.get((body.get("role_id", ""), body.get("secret_id", "")))
        if policy is None:
            raise Refused(400, "invalid role or secret ID")
        token = f"hvs.{secrets.token_hex(12)}"
        self.policies[token] = policy
        auth = {"client_token": token, "policies": ["default"], "lease_duration": 3600, "renewable": True}
        return Answer(200, {**envelope(None), "auth": auth})

    def _mount(self, path: str, token: str) -> Answer:
        mount = path.partition("/")[0]
        policy = self.policies[token]
        if mount not in self.mounts or not (policy is None or any(start.startswith(f"{mount}/") for start in policy)):
            raise Refused(
                403, f"preflight capability check returned 403, please ensure client's policies grant access to path "
                f'"{path}/"',
            )
        return done({"path": f"{mount}/", "type": "kv", "options": {"version": str(self.mounts[mount])}})

    def read(self, key: tuple[str, str], request: Request) -> Answer:
        """A version of a secret, the latest by default."""
        versions = self.secrets.get(key, [])
        number = int(request.query.get("version", ["0"])[0]) or len(versions)
        if not 0 < number <= len(versions):
            raise Refused(404)
        version = versions[number - 1]
        data = None if version.deleted else version.data
        status = 404 if version.deleted else 200
        return Answer(status, envelope({"data": data, "metadata": version.metadata(number)}))

    def write(self, key: tuple[str, str], request: Request) -> Answer:
        """A new version, if the latest is the one that the caller thinks."""
        versions = self.secrets.get(key, [])
        body = request.json()
        expected = body.get("options", {}).get("cas")
        if expected is not None and expected != len(versions):
            raise Refused(400, "check-and-set parameter did not match the current version")
        version = Version(body["data"], now())
        self.secrets[key] = [*versions, version]
        return done(version.metadata(len(versions) + 1))

    def delete(self, key: tuple[str, str], request: Request) -> Answer:
        """Mark versions as deleted, the latest by default."""
        versions = self.secrets.get(key, [])
        for number in request.json().get("versions", [len(versions)] if versions else []):
            versions[number - 1].deleted = now()
        return Answer(204)

    def undelete(self, key: tuple[str, str], request: Request) -> Answer:
        """Bring versions back."""
        for number in request.json()["versions"]:
            self.secrets[key][number - 1].deleted = ""
        return Answer(204)

    def metadata(self, key: tuple[str, str], request: Request) -> Answer:
        """All versions' metadata."""
        if key not in self.secrets:
            raise Refused(404)
        versions = {str(number): one.metadata(number) for number, one in enumerate(self.secrets[key], start=1)}
        return done({
            "cas_required": False, "current_version": len(versions), "oldest_version": 1, "versions": versions,
            "max_versions": 0, "custom_metadata": None, "delete_version_after": "0s",
        })

    def purge(self, key: tuple[str, str], request: Request) -> Answer:
        """Remove a secret with all its versions."""
        self.secrets.pop(key, None)
        return Answer(204)

    def names(self, key: tuple[str, str], request: Request) -> Answer:
        """What is in a folder."""
        mount, folder = key[0], key[1].rstrip("/") + "/" if key[1] else ""
        names = [name for where, name in self.secrets if where == mount]
        inside = [name.removeprefix(folder) for name in names if name.startswith(folder)]
        if not inside:
            raise Refused(404)
        return done({"keys": sorted({re.sub("/.*", "/", name) for name in inside})})


OPERATIONS = {
    ("data", "GET"): VaultStandIn.read, ("data", "POST"): VaultStandIn.write, ("data", "DELETE"): VaultStandIn.delete,
    ("delete", "POST"): VaultStandIn.delete, ("undelete", "POST"): VaultStandIn.undelete,
    ("metadata", "GET"): VaultStandIn.metadata, ("metadata", "DELETE"): VaultStandIn.purge,
    ("metadata", "LIST"): VaultStandIn.names,
}


def envelope(data: dict[str, Any] | None) -> dict[str, Any]:
    """What is around the data of every answer."""
    return {
        "request_id": str(uuid.uuid4()), "lease_id": "", "renewable": False, "lease_duration": 0, "data": data,
        "wrap_info": None, "warnings": None, "auth": None,
    }


def done(data: dict[str, Any]) -> Answer:
    """An answer with data."""
    return Answer(200, envelope(data))


def now() -> str:
    """The time as Vault writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def serving(vault: VaultStandIn, tls: ssl.SSLContext | None = None) -> Iterator[VaultStandIn]:
    """Let it listen on a free port of the loopback interface; ``url`` says where."""
    with listening(vault.answer, tls) as port:
        vault.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
        yield vault
