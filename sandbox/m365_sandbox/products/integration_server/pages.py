"""The administrator's pages on which somebody signs in: Security > Ports, and Settings > Resources.

Their addresses, labels and the request that Get Authorization Code sends are the product's. Its pages hand the code
over by script and windows, these by a form; which settings it is for is in a cookie, as that request has no state.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from m365_sandbox.http.pages import Pages
from m365_sandbox.products.integration_server.administration import NOTIFICATION, Administration
from m365_sandbox.products.integration_server.errors import ApiError
from m365_sandbox.products.integration_server.fields import REDIRECT_PAGE

PORTS, PORT = "/WmRoot/security-ports.dsp", "/WmRoot/configEmail.dsp"
RESOURCES, RESOURCES_EDIT = "/WmRoot/settings-resources.dsp", "/WmRoot/settings-resources-edit.dsp"
_COOKIE = "authorizing"
_PAGES = Pages(__package__)


def routes(administration: Administration) -> list[Route]:
    """The addresses of the pages."""
    pages = _Administrator(administration)
    return [
        Route("/", lambda _: RedirectResponse(PORTS), methods=["GET"]),
        Route(PORTS, pages.ports, methods=["GET"]),
        Route(PORT, pages.port, methods=["GET"]),
        Route(PORT, pages.save_port, methods=["POST"]),
        Route(RESOURCES, pages.resources, methods=["GET"]),
        Route(RESOURCES, pages.save_resources, methods=["POST"]),
        Route(RESOURCES_EDIT, pages.resources_edit, methods=["GET"]),
        Route(REDIRECT_PAGE, pages.code, methods=["GET"]),
    ]


class _Administrator:
    def __init__(self, administration: Administration) -> None:
        self._administration = administration

    async def ports(self, _request: Request) -> Response:
        aliases = self._administration.aliases()
        rows = [{**self._administration.port(alias), "address": port_page(alias, "view")} for alias in aliases]
        return _PAGES.show("ports.html", {"ports": rows, "resources": RESOURCES})

    async def port(self, request: Request) -> Response:
        alias = request.query_params.get("listenerKey", "")
        port = self._administration.port(alias)
        if request.query_params.get("mode") == "edit":
            # Settings are edited on a port that does not listen, and only there a code is got.
            if port["enabled"]:
                await self._administration.switch_port(alias, "disable")
            return self._edit_port(alias)
        return _PAGES.show("port.html", {
            "port": port, "is_signed_in": self._administration.is_signed_in(alias), "edit": port_page(alias, "edit"),
            "ports": PORTS,
        })

    async def save_port(self, request: Request) -> Response:
        form = await _form(request)
        alias, code, enable = form.get("listenerKey", ""), form.get("authCodeValue", ""), "enable" in form
        try:
            await self._administration.take_code_of_port(alias, code)
            if enable:
                await self._administration.switch_port(alias, "enable")
        except ApiError as error:
            return self._edit_port(alias, str(error))
        return RedirectResponse(PORTS, 303)

    async def resources(self, _request: Request) -> Response:
        return _PAGES.show("resources.html", {
            "notification": self._administration.notification(), "edit": RESOURCES_EDIT, "ports": PORTS,
        })

    async def resources_edit(self, _request: Request) -> Response:
        return self._edit_resources()

    async def save_resources(self, request: Request) -> Response:
        code = (await _form(request)).get("authCodeValue", "")
        try:
            await self._administration.change_notification({"authorizationCode": code})
        except ApiError as error:
            return self._edit_resources(str(error))
        return RedirectResponse(RESOURCES, 303)

    async def code(self, request: Request) -> Response:
        """Where persons are sent back to."""
        key = request.cookies.get(_COOKIE, "")
        alias = None if key == NOTIFICATION else key
        query = request.query_params
        error = query.get("error_description") or query.get("error")
        if error is None and not (query.get("code") and key):
            error = "No authorization code was sent to this page, or none was asked for in this browser."
        return _PAGES.show("code.html", {
            "error": error, "code": query.get("code"), "alias": alias,
            "back": RESOURCES_EDIT if alias is None else port_page(alias, "edit"),
            "action": RESOURCES if alias is None else PORT,
        }, status=400 if error else 200)

    def _edit_port(self, alias: str, error: str | None = None) -> Response:
        return _show_with_cookie("port_edit.html", alias, error, {
            "port": self._administration.port(alias), "ports": PORTS,
            "authorize": self._administration.authorize_port(alias),
        })

    def _edit_resources(self, error: str | None = None) -> Response:
        return _show_with_cookie("resources_edit.html", NOTIFICATION, error, {
            "notification": self._administration.notification(), "resources": RESOURCES,
            "authorize": self._administration.authorize_notification(),
        })


def port_page(alias: str, mode: str) -> str:
    """The address of a port's page.

    :param mode: view or edit.
    """
    return f"{PORT}?listenerKey={quote(alias, safe='')}&mode={mode}"


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def _show_with_cookie(name: str, key: str, error: str | None, context: dict[str, object]) -> Response:
    page = _PAGES.show(name, {**context, "error": error}, status=400 if error else 200)
    page.set_cookie(_COOKIE, key, path="/WmRoot", secure=True, httponly=True, samesite="lax")
    return page
