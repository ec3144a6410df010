"""The mail listeners of one instance."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from m365_sandbox.google.gmail import provider as gmail
from m365_sandbox.google.gmail.desk import GmailDesk
from m365_sandbox.google.gmail.sign_in import judged
from m365_sandbox.identity.tokens import verify
from m365_sandbox.mail import exchange_online
from m365_sandbox.mail.desk import Desk
from m365_sandbox.mail.dialogue import Judge
from m365_sandbox.mail.exchange_online import ExchangeDesk
from m365_sandbox.mail.front_door import HOST, FrontDoor
from m365_sandbox.mail.imap.provider import ImapProvider
from m365_sandbox.mail.pop3.provider import Pop3Provider
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.relay import RelayDesk
from m365_sandbox.mail.sign_in import Claims, Protocol
from m365_sandbox.mail.store import MailStore
from m365_sandbox.mail.submission import Submission
from m365_sandbox.state.certificates import relay_contexts
from m365_sandbox.state.resources import EXCHANGE_AUDIENCES
from m365_sandbox.state.sandbox import Sandbox


class MailListeners:
    """The listeners of Exchange Online, of Gmail and of the company's own relay, on the ports of ``sandbox.ports``.

    The mailbox stores have to run already.

    :param contoso: the post office of the organisation that has its mail in Exchange Online.
    :param fabrikam: that of the one that has it in Gmail.
    """

    def __init__(self, sandbox: Sandbox, contoso: PostOffice, fabrikam: PostOffice) -> None:
        self._sandbox = sandbox
        self._contoso = contoso
        self._fabrikam = fabrikam
        self._doors: list[FrontDoor] = []
        self._servers: list[asyncio.Server] = []
        # aiosmtpd logs what it takes for commands, and a client that is out of step sends its token as one.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

    async def start(self) -> None:
        """Listen, and write the real ports into ``sandbox.ports``."""
        sandbox, contoso, fabrikam = self._sandbox, self._contoso, self._fabrikam
        pace = contoso.store.submission_pace
        await self._submissions("", ExchangeDesk(sandbox.tenant, contoso, self._claims_of, sandbox.faults, pace))
        relay = RelayDesk(contoso, sandbox.credentials, lambda: sandbox.relay, relay_contexts(sandbox.directory))
        await self._listen("relay", relay.connection)
        await self._door("imap", exchange_online.IMAP, contoso.store, self._judge_of("imap"))
        await self._door("pop3", exchange_online.POP3, contoso.store, self._judge_of("pop3"))
        await self._submissions("gmail_", GmailDesk(sandbox, fabrikam))
        await self._door(
            "gmail_imap", gmail.IMAP, fabrikam.store, partial(judged, sandbox, "imap"), gmail.MOST_SESSIONS,
        )
        await self._door("gmail_pop3", gmail.POP3, fabrikam.store, partial(judged, sandbox, "pop3"))

    async def stop(self) -> None:
        """Stop listening and end what is connected to the mailbox stores."""
        for server in self._servers:
            server.close()
        for door in self._doors:
            await door.stop()
        self._servers, self._doors = [], []

    async def _submissions(self, prefix: str, desk: Desk) -> None:
        await self._listen(f"{prefix}smtp", lambda: Submission(desk, self._sandbox.tls))
        await self._listen(f"{prefix}smtps", lambda: Submission(desk, None), implicit_tls=True)

    async def _door(
        self, face: str, provider: ImapProvider | Pop3Provider, store: MailStore, judge: Judge,
        most_sessions: int | None = None,
    ) -> None:
        sandbox = self._sandbox
        door = FrontDoor(
            provider, store, judge, sandbox.tls, sandbox.faults, face, most_sessions=most_sessions
        )
        sandbox.ports[face] = await door.start(sandbox.ports.get(face, 0))
        self._doors.append(door)

    async def _listen(
        self, face: str, protocol: Callable[[], asyncio.Protocol], *, implicit_tls: bool = False,
    ) -> None:
        ports = self._sandbox.ports
        server = await asyncio.get_running_loop().create_server(
            protocol, HOST, ports.get(face, 0), ssl=self._sandbox.tls if implicit_tls else None,
        )
        ports[face] = int(server.sockets[0].getsockname()[1])
        self._servers.append(server)

    def _judge_of(self, protocol: Protocol) -> Judge:
        return exchange_online.judge(self._sandbox.tenant, protocol, self._claims_of)

    def _claims_of(self, token: str) -> Claims:
        return verify(self._sandbox.keys, self._sandbox.tenant, token, EXCHANGE_AUDIENCES)
