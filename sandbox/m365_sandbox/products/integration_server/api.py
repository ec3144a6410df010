"""The Administrator API: ``/admin``, JSON in and out, HTTP Basic with every request."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from m365_sandbox.products.integration_server import openapi
from m365_sandbox.products.integration_server.administration import Administration
from m365_sandbox.products.integration_server.errors import ApiError


def routes(administration: Administration) -> list[Route]:
    """The addresses of the API."""
    api = _Api(administration)
    port = "/admin/port/email/{alias}"
    return [
        Route("/admin/swagger/integrationServer", api.description, methods=["GET"]),
        Route("/admin/port/email", api.ports, methods=["GET"]),
        Route("/admin/port/email", api.add_port, methods=["POST"]),
        Route(port, api.port, methods=["GET"]),
        Route(port, api.change_port, methods=["PUT", "PATCH"]),
        Route(port, api.remove_port, methods=["DELETE"]),
        Route(port, api.switch_port, methods=["POST"]),
        Route("/admin/server/notification", api.notification, methods=["GET"]),
        Route("/admin/server/notification", api.change_notification, methods=["PATCH"]),
    ]


class _Api:
    def __init__(self, administration: Administration) -> None:
        self._administration = administration

    async def description(self, _request: Request) -> Response:
        return JSONResponse(openapi.document(self._administration.release))

    async def ports(self, request: Request) -> Response:
        aliases = self._administration.aliases()
        if request.query_params.get("expand") == "true":
            return JSONResponse({"emailPorts": [self._administration.port(alias) for alias in aliases]})
        return JSONResponse({"emailPorts": [
            {"name": alias, "url": str(request.base_url.replace(path=f"/admin/port/email/{alias}"))}
            for alias in aliases
        ]})

    async def port(self, request: Request) -> Response:
        return JSONResponse(self._administration.port(request.path_params["alias"]))

    async def add_port(self, request: Request) -> Response:
        return JSONResponse(self._administration.add_port(await _body(request)), 201)

    async def change_port(self, request: Request) -> Response:
        alias, sent = request.path_params["alias"], await _body(request)
        replace = request.method == "PUT"
        return JSONResponse(self._administration.change_port(alias, sent, replace=replace))

    async def remove_port(self, request: Request) -> Response:
        self._administration.remove_port(request.path_params["alias"])
        return Response(status_code=204)

    async def switch_port(self, request: Request) -> Response:
        alias, action = request.path_params["alias"], request.query_params.get("action")
        return JSONResponse(await self._administration.switch_port(alias, action), 201)

    async def notification(self, _request: Request) -> Response:
        return JSONResponse(self._administration.notification())

    async def change_notification(self, request: Request) -> Response:
        return JSONResponse(await self._administration.change_notification(await _body(request)))


async def _body(request: Request) -> Any:
    try:
        return await request.json()
    except ValueError as error:
        raise ApiError(400, "The request body is no JSON", str(error)) from None
