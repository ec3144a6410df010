"""A plain HTTP client of Exchange's admin API, with a token of the roles that a test asks for."""

from __future__ import annotations

import json
import ssl
from typing import Any

import httpx
from graph_client import EXCHANGE_APP_ID, token_of
from sandbox_fixture import RunningSandbox

OUTLOOK = "https://outlook.office365.com"
ORGANIZATION = "contoso.onmicrosoft.com"
DOMAIN_CONTROLLER = "AM0PR01A001DC004.EURPR01A001.PROD.OUTLOOK.COM"
NOT_FOUND = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
ADMINISTRATOR = "Exchange Administrator"

Rows = list[dict[str, Any]]


class Exchange(httpx.Client):
    """Requests with paths below the tenant's; ``app_id`` and ``object_id`` are the caller's own."""

    def __init__(
        self, sandbox: RunningSandbox, *directory_roles: str, app_roles: tuple[str, ...] = ("Exchange.ManageAsApp",),
        resource: str = OUTLOOK, seconds: int = 3600,
    ) -> None:
        self.sandbox = sandbox
        added = sandbox.control(
            "POST", "/tenant/applications", {"displayName": "Caller", "roles": {EXCHANGE_APP_ID: list(app_roles)}}
        )
        self.app_id, self.object_id = added["appId"], added["servicePrincipalId"]
        for role in directory_roles:
            sandbox.control("POST", "/tenant/directory-roles", {"appId": self.app_id, "role": role})
        token = token_of(sandbox, self.app_id, resource=resource, seconds=seconds)
        super().__init__(
            base_url=f"{sandbox.env['MAILOPS_EXCHANGE_ENDPOINT']}/adminapi/beta/{ORGANIZATION}/",
            verify=ssl.create_default_context(cafile=sandbox.ca), headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )

    def invoke(
        self, cmdlet: str, parameters: dict[str, Any] | None = None, *, query: str = "",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """The whole answer of a cmdlet."""
        return self.post(
            f"InvokeCommand{query}", content=ascii_json(command(cmdlet, parameters)),
            headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        )

    def run(self, cmdlet: str, **parameters: Any) -> Rows:
        """The rows of a cmdlet that has to succeed without a warning."""
        rows, warnings = self.run_warned(cmdlet, **parameters)
        assert warnings == []
        return rows

    def run_warned(self, cmdlet: str, **parameters: Any) -> tuple[Rows, list[str]]:
        """The rows, without annotations, and the warnings of a cmdlet that has to succeed."""
        response = self.invoke(cmdlet, parameters)
        assert response.status_code == 200, response.text
        answer = response.json()
        return [plain(row) for row in answer["value"] or []], answer["@adminapi.warnings"]

    def refusal(self, cmdlet: str, **parameters: Any) -> tuple[int, str]:
        """Status and text of a cmdlet that has to be refused."""
        response = self.invoke(cmdlet, parameters)
        assert response.status_code >= 400, response.text
        return response.status_code, response.json()["error"]["innererror"]["internalexception"]["message"]

    def tenant(self, collection: str) -> dict[str, Any]:
        """The far side: what the tenant holds."""
        found: dict[str, Any] = self.sandbox.control("GET", "/tenant")["collections"][collection]
        return found


def ascii_json(content: Any) -> bytes:
    """JSON with escapes, so that it can hold what UTF-8 cannot."""
    return json.dumps(content).encode("ascii")


def command(cmdlet: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of InvokeCommand."""
    return {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters or {}}}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row without its annotations."""
    return {name: value for name, value in row.items() if "@" not in name}


def not_found(identity: str) -> tuple[int, str]:
    """The usual 404."""
    return 404, (
        f"Ex6F9304|{NOT_FOUND}|The operation couldn't be performed because object '{identity}' couldn't be found on "
        f"'{DOMAIN_CONTROLLER}'."
    )
