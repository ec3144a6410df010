"""What listens: a task for each enabled e-mail port, which polls its mailbox and gives the mails to a service."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from m365_sandbox.products.integration_server import mailbox
from m365_sandbox.products.integration_server.errors import ApiError
from m365_sandbox.products.integration_server.fields import Fields
from m365_sandbox.products.integration_server.mailbox import MailboxError, SignInRefused
from m365_sandbox.products.integration_server.state import State
from m365_sandbox.products.integration_server.tokens import NoToken, Tokens

_SERVICE = re.compile(r"[\w.]+:\w+")

log = logging.getLogger("integration_server.listeners")


class Listeners:
    """The listeners of all ports. A mail is taken when the service that it is for has it, which is a line in ``mails``.

    :param fields: those of an e-mail port.
    """

    def __init__(self, state: State, tokens: Tokens, fields: Fields, tls: ssl.SSLContext) -> None:
        self._state = state
        self._tokens = tokens
        self._fields = fields
        self._tls = tls
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def resume(self) -> None:
        """Start the listeners of the ports that were enabled when the server ended."""
        for alias, port in self._state.ports.items():
            if port.get("enabled"):
                self._listen(alias)

    async def enable(self, alias: str) -> None:
        """Look into the mailbox for the first time, with a new token, and go on doing so.

        :raises ApiError: that failed; the port stays disabled.
        """
        self._tokens.drop_access_token(port_key(alias))
        try:
            await self._poll(alias)
        except MailboxError as error:
            raise ApiError(400, f"Unable to enable port {alias}", str(error)) from None
        self._state.ports[alias]["enabled"] = True
        self._state.save()
        self._listen(alias)

    def disable(self, alias: str) -> None:
        """Stop listening."""
        self._state.ports[alias]["enabled"] = False
        self._state.save()
        if task := self._tasks.pop(alias, None):
            task.cancel()

    def _listen(self, alias: str) -> None:
        if task := self._tasks.pop(alias, None):
            task.cancel()
        self._tasks[alias] = asyncio.create_task(self._keep_polling(alias))

    async def _keep_polling(self, alias: str) -> None:
        while True:
            await asyncio.sleep(self._state.ports[alias]["interval"])
            try:
                await self._poll(alias)
            except NoToken as error:
                log.error("Port %s: %s", alias, error)
                if error.needs_person:
                    self.disable(alias)
            except MailboxError as error:
                log.error("Port %s: %s", alias, error)

    async def _poll(self, alias: str) -> None:
        port = {
            name: value for name, field in self._fields.items()
            if (value := self._state.ports[alias].get(name, field.default)) is not None
        }
        key, token = port_key(alias), None
        if port.get("authentication") == "OAuth":
            token = await self._tokens.access_token(key, port)
        taken: list[dict[str, str]] = []

        def handle(mail: EmailMessage) -> bool:
            service = service_of(port, mail)
            if service is not None:
                taken.append({
                    "port": alias, "service": service, "from": str(mail["From"]), "subject": str(mail["Subject"]),
                })
            return service is not None

        try:
            await asyncio.to_thread(mailbox.empty, port, token, self._tls, handle)
        except SignInRefused:
            # It may have been revoked meanwhile.
            self._tokens.drop_access_token(key)
            raise
        finally:
            if taken:
                self._state.mails += taken
                self._state.save()


def port_key(alias: str) -> str:
    """Under which the sign-in of a port is kept."""
    return f"port/{alias}"


def service_of(port: Mapping[str, Any], mail: EmailMessage) -> str | None:
    """The service that a mail is for: the port's global one, the one that the subject names, or the default one."""
    subject = str(mail["Subject"] or "").strip()
    named = subject if _SERVICE.fullmatch(subject) else None
    service: str | None = port.get("globalService") or named or port.get("defaultService")
    return service
