"""The mail listeners of one instance."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Literal

from m365_sandbox.identity.tokens import verify
from m365_sandbox.mail.desk import Desk
from m365_sandbox.mail.front_door import HOST, FrontDoor
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.relay import RelayDesk
from m365_sandbox.mail.sign_in import Claims
from m365_sandbox.mail.store import MailStore
from m365_sandbox.mail.submission import Submission
from m365_sandbox.state.certificates import relay_contexts
from m365_sandbox.state.resources import EXCHANGE_AUDIENCES
from m365_sandbox.state.sandbox import Sandbox

# Exchange offers these two on its submission port (facts: recorded EHLO); the implicit TLS port is the sandbox's own.
SUBMISSION_MECHANISMS = ("LOGIN", "XOAUTH2")
IMPLICIT_TLS_MECHANISMS = ("LOGIN", "PLAIN", "XOAUTH2")


class MailServices:
    """The listeners smtp, smtps, relay, imap and pop3, on the ports that ``sandbox.ports`` names.

    The mailbox store has to run already.
    """

    def __init__(self, sandbox: Sandbox, store: MailStore) -> None:
        self._sandbox = sandbox
        self._store = store
        self._doors: list[FrontDoor] = []
        self._servers: list[asyncio.Server] = []
        # aiosmtpd logs what it takes for commands, and a client that is out of step sends its token as one.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

    async def start(self) -> None:
        """Listen, and write the real ports into ``sandbox.ports``."""
        sandbox = self._sandbox
        post_office = PostOffice(sandbox.tenant, self._store)
        desk = Desk(sandbox.tenant, post_office, self._claims_of, sandbox.faults, self._store.submission_pace)
        relay = RelayDesk(
            post_office, sandbox.credentials, lambda: sandbox.relay, relay_contexts(sandbox.directory),
        )
        await self._listen("smtp", lambda: Submission(desk, SUBMISSION_MECHANISMS, sandbox.tls))
        await self._listen("smtps", lambda: Submission(desk, IMPLICIT_TLS_MECHANISMS, None), implicit_tls=True)
        await self._listen("relay", relay.connection)
        protocols: tuple[Literal["imap", "pop3"], ...] = ("imap", "pop3")
        for protocol in protocols:
            door = FrontDoor(protocol, sandbox.tenant, self._store, self._claims_of, sandbox.tls)
            sandbox.ports[protocol] = await door.start(sandbox.ports.get(protocol, 0))
            self._doors.append(door)

    async def stop(self) -> None:
        """Stop listening and end what is connected to the mailbox store."""
        for server in self._servers:
            server.close()
        for door in self._doors:
            await door.stop()
        self._servers, self._doors = [], []

    async def _listen(
        self, face: str, protocol: Callable[[], asyncio.Protocol], *, implicit_tls: bool = False,
    ) -> None:
        ports = self._sandbox.ports
        server = await asyncio.get_running_loop().create_server(
            protocol, HOST, ports.get(face, 0), ssl=self._sandbox.tls if implicit_tls else None,
        )
        ports[face] = int(server.sockets[0].getsockname()[1])
        self._servers.append(server)

    def _claims_of(self, token: str) -> Claims:
        return verify(self._sandbox.keys, self._sandbox.tenant, token, EXCHANGE_AUDIENCES)
