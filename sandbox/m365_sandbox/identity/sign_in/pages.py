"""The pages on which a person signs in and consents, and what they lead to."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from m365_sandbox.identity import person_errors
from m365_sandbox.identity.clients import find_client
from m365_sandbox.identity.errors import EntraError, response_headers
from m365_sandbox.identity.grants.authorization_codes import issue_code
from m365_sandbox.identity.grants.device_codes import conclude, find_user_code
from m365_sandbox.identity.grants.public_clients import flow_platform
from m365_sandbox.identity.refusals import refuse
from m365_sandbox.identity.sign_in import PAGES
from m365_sandbox.identity.sign_in.answers import Cancelled, answer
from m365_sandbox.identity.sign_in.interaction import Ask, Done, Progress, next_step
from m365_sandbox.identity.sign_in.redirect_uris import is_registered
from m365_sandbox.identity.sign_in.request import (
    ReturnedError,
    SignInRequest,
    read_admin_consent_request,
    read_authorization_request,
    told,
)
from m365_sandbox.identity.sign_in.returning import send_back, send_error_back
from m365_sandbox.identity.sign_in.sessions import Browser, read_browser, write_browser
from m365_sandbox.state.clock import now
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.seal import BrokenSeal

# Where microsoft.com/devicelogin leads to.
DEVICE_PATH = "/common/oauth2/deviceauth"

Handler = Callable[[Request], Awaitable[Response]]


def sign_in_routes(sandbox: Sandbox) -> list[Route]:
    """The routes of all pages."""
    pages = _Pages(sandbox)
    return [
        Route("/{tenant}/oauth2/v2.0/authorize", _on_page(pages.authorize), methods=["GET", "POST"]),
        Route("/{tenant}/oauth2/authorize", _on_page(pages.authorize_v1), methods=["GET", "POST"]),
        Route("/{tenant}/v2.0/adminconsent", _on_page(pages.admin_consent), methods=["GET"]),
        Route("/{tenant}/adminconsent", _on_page(pages.admin_consent_v1), methods=["GET"]),
        Route("/{tenant}/login", _on_page(pages.login), methods=["POST"]),
        Route(DEVICE_PATH, _on_page(pages.show_device_code), methods=["GET"]),
        Route(DEVICE_PATH, _on_page(pages.take_device_code), methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/logout", _on_page(pages.logout), methods=["GET"]),
        Route("/{tenant}/oauth2/logout", _on_page(pages.logout), methods=["GET"]),
    ]


def _on_page(handler: Handler) -> Handler:
    """Refusals become a page, or go back to the application."""
    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except ReturnedError as error:
            return send_error_back(error.request, error.error)
        except EntraError as error:
            return _error_page(error)

    return handle


def _error_page(error: EntraError) -> Response:
    """A refusal that nobody but the person is told."""
    trace_id = str(uuid.uuid4())
    context = {
        "error": error, "trace_id": trace_id, "correlation_id": str(uuid.uuid4()),
        "timestamp": now().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return PAGES.show("error.html", context, status=400, headers=response_headers(error.code, trace_id))


class _Pages:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def authorize(self, request: Request) -> Response:
        return await self._authorize(request, 2)

    async def authorize_v1(self, request: Request) -> Response:
        return await self._authorize(request, 1)

    async def _authorize(self, request: Request, version: int) -> Response:
        parameters = dict(request.query_params) if request.method == "GET" else await form_of(request)
        request.state.app_id = parameters.get("client_id")
        wanted = read_authorization_request(
            self.sandbox.tenant, request.path_params["tenant"], version, parameters
        )
        return self._go_on(request, self._browser(request), Progress(wanted))

    async def admin_consent(self, request: Request) -> Response:
        return self._admin_consent(request, 2)

    async def admin_consent_v1(self, request: Request) -> Response:
        return self._admin_consent(request, 1)

    def _admin_consent(self, request: Request, version: int) -> Response:
        wanted = read_admin_consent_request(
            self.sandbox.tenant, request.path_params["tenant"], version, request.query_params
        )
        return self._go_on(request, self._browser(request), Progress(wanted))

    async def show_device_code(self, request: Request) -> Response:
        """The page that a device's message names; ``otc`` fills the code in."""
        return self._device_page(self._browser(request), None)

    async def take_device_code(self, request: Request) -> Response:
        browser, form = self._browser(request), await form_of(request)
        self._flow(form, browser)
        tenant = self.sandbox.tenant
        try:
            key, flow = find_user_code(tenant, form.get("user_code", ""))
        except EntraError as error:
            return self._device_page(browser, error)
        client = find_client(tenant, flow["clientId"])
        return self._go_on(request, browser, Progress(SignInRequest(
            purpose="device", tenant_name="common", version=1 if not flow["scope"] else 2, client_id=client.app_id,
            scope=flow["scope"], resource=flow["resource"], platform=flow_platform(client), device=key,
            prompts=("select_account",),
        )))

    async def login(self, request: Request) -> Response:
        """Every form but the device's."""
        browser, form = self._browser(request), await form_of(request)
        content = self._flow(form, browser)
        if content is None:
            raise person_errors.foreign_form()
        progress = Progress.of(content)
        try:
            answered = answer(self.sandbox, browser, progress, form)
        except Cancelled as cancelled:
            return self._cancel(browser, progress.request, cancelled.error)
        if answered.ask is not None:
            return self._show(answered.browser, answered.ask, answered.error)
        return self._go_on(request, answered.browser, answered.progress, answered.error)

    async def logout(self, request: Request) -> Response:
        """Sign out, and go where the application wants if that is one of its redirect URIs."""
        query = request.query_params
        uri, client_id = query.get("post_logout_redirect_uri"), query.get("client_id")
        if uri and self._may_return_to(uri, client_id):
            state = f"?state={query['state']}" if "state" in query else ""
            response: Response = RedirectResponse(f"{uri}{state}", 302)
        else:
            response = PAGES.show("message.html", {
                "heading": "You signed out of your account", "text": "It's a good idea to close all browser windows.",
            })
        write_browser(self.sandbox, self._browser(request).without_accounts(), response)
        return response

    def _may_return_to(self, uri: str, client_id: str | None) -> bool:
        tenant = self.sandbox.tenant
        wanted = [client_id] if client_id else [one["appId"] for one in tenant["applications"].values()]
        return any(is_registered(find_client(tenant, one), uri) for one in wanted)

    def _go_on(
        self, http: Request, browser: Browser, progress: Progress, error: EntraError | None = None
    ) -> Response:
        try:
            with told(progress.request):
                refuse(self.sandbox, http, progress.request.client_id)
            step = next_step(self.sandbox, browser, progress)
            if isinstance(step, Ask):
                return self._show(browser, step, error)
            response = self._finish(browser, progress.request, step)
        # Whoever gets no further is signed in all the same.
        except ReturnedError as refusal:
            response = send_error_back(refusal.request, refusal.error)
        except EntraError as refusal:
            response = _error_page(refusal)
        write_browser(self.sandbox, browser, response)
        return response

    def _show(self, browser: Browser, ask: Ask, error: EntraError | None) -> Response:
        flow = self.sandbox.seal.seal("flow", {"browser": browser.identifier, "progress": ask.progress.content()})
        context = {"error": error, **ask.context, "flow": flow, "action": f"/{ask.progress.request.tenant_name}/login"}
        response = PAGES.show(f"{ask.page}.html", context, headers=response_headers())
        write_browser(self.sandbox, browser, response)
        return response

    def _device_page(self, browser: Browser, error: EntraError | None) -> Response:
        flow = self.sandbox.seal.seal("flow", {"browser": browser.identifier, "progress": None})
        context = {"error": error, "flow": flow, "action": DEVICE_PATH}
        response = PAGES.show("device_code.html", context, headers=response_headers())
        write_browser(self.sandbox, browser, response)
        return response

    def _finish(self, browser: Browser, request: SignInRequest, done: Done) -> Response:
        tenant = self.sandbox.tenant
        if request.purpose == "adminconsent":
            scope = {"scope": request.scope} if request.scope else {}
            return send_back(request, {"admin_consent": "True", "tenant": tenant.tenant_id, **scope})
        delegation = request.delegation(done.client, done.authentication)
        if request.purpose == "device":
            conclude(tenant, request.device or "", delegation)
            tenant.save()
            return PAGES.show("message.html", {
                "heading": done.client.name,
                "text": f"You have signed in to the {done.client.name} application on your device. You may now close "
                "this window.",
            })
        code = issue_code(tenant, delegation, request.proof)
        tenant.save()
        session = str(uuid.uuid5(uuid.UUID(tenant.tenant_id), browser.identifier))
        return send_back(request, {"code": code, "session_state": session})

    def _cancel(self, browser: Browser, request: SignInRequest, error: EntraError) -> Response:
        if request.purpose != "device":
            return send_error_back(request, error, is_cancelled=True)
        conclude(self.sandbox.tenant, request.device or "", None)
        self.sandbox.tenant.save()
        return PAGES.show("message.html", {
            "heading": "You cancelled the sign-in", "text": "The device gets no access. You may close this window.",
        })

    def _browser(self, request: Request) -> Browser:
        return read_browser(self.sandbox, request.cookies)

    def _flow(self, form: Mapping[str, str], browser: Browser) -> Mapping[str, object] | None:
        """The progress that a form carries.

        :raises EntraError: 165000 if the form was not made for this browser.
        """
        try:
            content = self.sandbox.seal.open("flow", form.get("flow", ""))
        except BrokenSeal as error:
            raise person_errors.foreign_form() from error
        if content["browser"] != browser.identifier:
            raise person_errors.foreign_form()
        progress: Mapping[str, object] | None = content["progress"]
        return progress


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a page's form."""
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
