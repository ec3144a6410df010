"""A toy of the sandbox's sign-in and admin API that echoes: the one that ``recorded.jsonl`` was recorded with.

It knows four cmdlets, answers ``Identity: missing`` and ``Identity: pages`` in a special way, and everything else with
what it was sent, so that a test can see what arrived.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

TEXT = {"type": "String"}
SIGNATURES: dict[str, Any] = {
    "Get-ServicePrincipal": {"parameters": {"Identity": TEXT, "Filter": TEXT}},
    "New-ServicePrincipal": {
        "parameters": {
            "AppId": {"type": "String", "mandatory": True}, "ObjectId": {"type": "String", "mandatory": True},
            "DisplayName": TEXT,
        }
    },
    "Add-RecipientPermission": {
        "parameters": {"Identity": TEXT, "AccessRights": {"type": "String[]"}, "Trustee": TEXT}, "confirms": True,
    },
    "Set-CASMailbox": {
        "parameters": {
            "Identity": TEXT, "SmtpClientAuthenticationDisabled": {"type": "Boolean"},
            "EmailAddresses": {"type": "Object"},
        }
    },
}
WARNING = "no settings of 'x' have been modified."
NOT_FOUND = (
    "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|"
    "The operation couldn't be performed because object 'missing' couldn't be found on 'X'."
)


@dataclass
class ToyAdminApi:
    """``url`` is scheme, host and port of both faces; ``requests`` holds method and path of each request."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    delay: float = 0.0

    def app(self) -> ASGIApp:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
                Route("/adminapi/beta/{tenant}/EXOModuleFile", self._module_file),
                Route("/adminapi/beta/{tenant}/InvokeCommand", self._invoke, methods=["POST"]),
                Route("/adminapi/beta/{tenant}/$batch", self._batch, methods=["POST"]),
            ]
        )

    async def _token(self, request: Request) -> Response:
        self.requests.append("POST token")
        return JSONResponse({"access_token": "certificate", "token_type": "Bearer", "expires_in": 3600})

    async def _module_file(self, request: Request) -> Response:
        self.requests.append("GET EXOModuleFile")
        return _refusal(request) or JSONResponse({"value": [{"signatures": SIGNATURES}]})

    async def _invoke(self, request: Request) -> Response:
        self.requests.append("POST InvokeCommand")
        await asyncio.sleep(self.delay)
        status, body = self._run(await request.json(), "page=2" in request.url.query)
        return _refusal(request) or JSONResponse(body, status, {"request-id": "rid"})

    async def _batch(self, request: Request) -> Response:
        self.requests.append("POST $batch")
        answers = []
        for inner in (await request.json())["requests"]:
            status, body = self._run(inner["body"], False)
            answers.append({"id": inner["id"], "status": status, "headers": {"request-id": "rid"}, "body": body})
        return _refusal(request) or JSONResponse({"responses": answers})

    def _run(self, body: Any, is_second_page: bool) -> tuple[int, dict[str, Any]]:
        command = body["CmdletInput"]
        name, parameters = command["CmdletName"], command["Parameters"]
        warnings = [WARNING] if name == "Set-CASMailbox" else []
        if parameters.get("Identity") == "missing":
            error = {"code": "NotFound", "message": "Error executing cmdlet", "details": [{"message": NOT_FOUND}]}
            return 404, {"error": error, "@adminapi.warnings": warnings}
        if parameters.get("Identity") == "pages" and not is_second_page:
            link = f"{self.url}/adminapi/beta/t/InvokeCommand?page=2"
            return 200, {"value": [{"n": 1}], "@odata.nextLink": link, "@adminapi.warnings": warnings}
        row = {
            "Cmdlet": name, "S": "2026-01-02T03:04:05Z",
            "Id@data.type": "System.Guid", "Id": "00000000-0000-0000-0000-00000000000A",
            "Params": json.dumps(parameters, sort_keys=True),
            "When@data.type": "System.DateTime", "When": "2026-01-02T03:04:05Z",
        }
        return 200, {"value": [row], "@adminapi.warnings": warnings}


def _refusal(request: Request) -> Response | None:
    match request.headers["authorization"].removeprefix("Bearer "):
        case "none":
            return Response(status_code=401)
        case "norole":
            # The body that the service sends: no JSON, and not the gzip that it is declared as.
            return Response(b"\0" * 40, 403, {"Content-Encoding": "gzip"}, "application/json")
        case _:
            return None
