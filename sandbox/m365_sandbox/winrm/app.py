"""The service itself: one address, six actions."""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from m365_sandbox.winrm import soap
from m365_sandbox.winrm.authentication import Authentication, Refused
from m365_sandbox.winrm.shells import Shells
from m365_sandbox.winrm.soap import SHELL, TRANSFER, Request, SoapFault

log = logging.getLogger(__name__)
_CONTENT_TYPE = "application/soap+xml;charset=UTF-8"


class WinRm:
    """Answers WS-Management requests."""

    def __init__(self, authentication: Authentication, shells: Shells) -> None:
        self._authentication = authentication
        self._shells = shells
        self._actions = {
            f"{TRANSFER}/Create": self._create, f"{TRANSFER}/Delete": self._delete,
            f"{SHELL}/Command": self._command, f"{SHELL}/Send": self._send,
            f"{SHELL}/Receive": self._receive, f"{SHELL}/Signal": self._signal,
        }

    async def answer(self, http: HttpRequest) -> Response:
        """Authenticate and carry out one request."""
        try:
            user = self._authentication.user(http.state.transport, http.headers.get("authorization"))
        except Refused as refused:
            response = Response(status_code=401)
            for challenge in refused.challenges:
                response.headers.append("WWW-Authenticate", challenge)
            return response
        message_id = ""
        try:
            request = soap.parse(await http.body())
            message_id = request.message_id
            action = self._actions.get(request.action)
            if action is None:
                raise soap.invalid_request(f"The action {request.action} is not known.")
            content, status = soap.answer(request, await action(request, user)), 200
        except SoapFault as error:
            content, status = soap.fault(error, message_id), 500
        return Response(content, status, media_type=_CONTENT_TYPE)

    async def _create(self, request: Request, user: str) -> str:
        request.element("rsp:Shell")
        return soap.created(self._shells.open(user).id)

    async def _command(self, request: Request, user: str) -> str:
        shell = self._shells.find(request.shell_id, user)
        line = request.element("rsp:CommandLine")
        program = line.findtext(f"{{{SHELL}}}Command", "")
        command = await self._shells.run(shell, program, line.findtext(f"{{{SHELL}}}Arguments", ""))
        log.info("%s started %s", user, program)
        return soap.command_started(command.id)

    async def _send(self, request: Request, user: str) -> str:
        shell = self._shells.find(request.shell_id, user)
        stream = request.element("rsp:Send/rsp:Stream")
        command = shell.command(stream.get("CommandId", ""))
        await command.send(soap.decoded(stream.text or ""), stream.get("End", "").casefold() == "true")
        return "<rsp:SendResponse/>"

    async def _receive(self, request: Request, user: str) -> str:
        shell = self._shells.find(request.shell_id, user)
        command = shell.command(request.element("rsp:Receive/rsp:DesiredStream").get("CommandId", ""))
        pieces, exit_code = await command.receive(request.timeout)
        # The shell may have been ended while this waited.
        self._shells.find(request.shell_id, user)
        return soap.received(command.id, pieces, exit_code)

    async def _signal(self, request: Request, user: str) -> str:
        shell = self._shells.find(request.shell_id, user)
        signal = request.element("rsp:Signal")
        if signal.findtext(f"{{{SHELL}}}Code") != f"{SHELL}/signal/terminate":
            raise soap.invalid_request("Only the signal terminate is known here.")
        command = shell.command(signal.get("CommandId", ""))
        await command.end()
        del shell.commands[command.id]
        return "<rsp:SignalResponse/>"

    async def _delete(self, request: Request, user: str) -> str:
        await self._shells.close(self._shells.find(request.shell_id, user))
        return ""


def winrm_app(authentication: Authentication, shells: Shells) -> Starlette:
    """The ASGI application; it needs the connection's transport in the state of its requests (see ``http.server``)."""
    service = WinRm(authentication, shells)
    return Starlette(routes=[Route("/wsman", service.answer, methods=["POST"])])
