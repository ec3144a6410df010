"""The company's own mail relay, not Microsoft's: anonymous for the tenant's own recipients, and as told otherwise."""

from __future__ import annotations

import asyncio
import hmac
import logging
import ssl
from collections.abc import Callable, Mapping

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, TLSSetupException

from m365_sandbox.mail.mailbox import StoreError
from m365_sandbox.mail.message import envelope_sender, received
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.wording import SMTP_NOT_AUTHENTICATED, SMTP_SIZE, recipient_not_found
from m365_sandbox.state.clock import now
from m365_sandbox.state.credentials import Credentials
from m365_sandbox.state.relay import RelayBehaviour

log = logging.getLogger(__name__)

SERVER = "relay.contoso.example"
# The words of Exim and of Postfix, the usual programs of relays.
TOO_MANY_MESSAGES = "421 too many messages in this connection"
RELAY_ACCESS_DENIED = "554 5.7.1 <{}>: Relay access denied"
STARTTLS_FIRST = "530 5.7.0 Must issue a STARTTLS command first"
UNKNOWN_COMMAND = "502 5.5.2 Error: command not recognized"


class RelayConnection(SMTP):
    """One connection.

    :param tls: for STARTTLS; None if it is not offered.
    """

    def __init__(self, desk: RelayDesk, behaviour: RelayBehaviour, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            desk, hostname=SERVER, ident="ESMTP relay", data_size_limit=SMTP_SIZE, enable_SMTPUTF8=True,
            auth_require_tls=False, authenticator=desk.authenticate, tls_context=tls,
            loop=asyncio.get_running_loop(),
        )
        self.behaviour = behaviour
        self.taken = 0

    async def smtp_EHLO(self, hostname: str) -> None:
        """Unknown to a relay that is not extended."""
        if self.behaviour.extended:
            await super().smtp_EHLO(hostname)
        else:
            await self.push(UNKNOWN_COMMAND)

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Ends the connection where it has taken as many messages as it takes."""
        assert self.session is not None
        assert self.transport is not None
        if self.behaviour.messages_per_connection == self.taken:
            await self.push(TOO_MANY_MESSAGES)
            self.transport.close()
        elif self.behaviour.refuses == "anonymous" and not self.session.authenticated:
            await self.push(SMTP_NOT_AUTHENTICATED)
        elif self.behaviour.refuses == "plaintext" and self.session.ssl is None:
            await self.push(STARTTLS_FIRST)
        else:
            await super().smtp_MAIL(arg)


class TlsFirst(asyncio.Protocol):
    """Starts TLS with the first byte, and leaves the connection to the protocol proper."""

    def __init__(self, protocol: asyncio.Protocol, tls: ssl.SSLContext) -> None:
        self._protocol = protocol
        self._tls = tls
        self._starting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol. Nothing is read before TLS does it."""
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self._starting = asyncio.get_running_loop().create_task(self._start(transport))

    async def _start(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        try:
            encrypted = await loop.start_tls(transport, self._protocol, self._tls, server_side=True)
        except OSError as error:
            log.info("relay: a client gave up during the handshake: %s", error)
            return
        assert encrypted is not None
        self._protocol.connection_made(encrypted)


class RelayDesk:
    """What the relay's connections share.

    :param credentials: has the relay's one user.
    :param behaviour: gives how it behaves at the moment.
    :param tls: the server side's contexts, by the kind of certificate.
    """

    def __init__(
        self, post_office: PostOffice, credentials: Credentials, behaviour: Callable[[], RelayBehaviour],
        tls: Mapping[str, ssl.SSLContext],
    ) -> None:
        self._post_office = post_office
        self._credentials = credentials
        self._behaviour = behaviour
        self._tls = tls

    def connection(self) -> asyncio.Protocol:
        """A protocol for one connection."""
        behaviour = self._behaviour()
        tls = self._tls[behaviour.certificate]
        if behaviour.tls == "implicit":
            return TlsFirst(RelayConnection(self, behaviour, None), tls)
        return RelayConnection(self, behaviour, tls if behaviour.tls == "starttls" else None)

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword,
    ) -> AuthResult:
        """Judge AUTH LOGIN and PLAIN."""
        expected = f"{self._credentials.relay_user}\0{self._credentials.relay_password}".encode()
        good = hmac.compare_digest(given.login + b"\0" + given.password, expected)
        if not good:
            log.info("relay refuses a sign-in by %s", mechanism)
        return AuthResult(success=good, handled=False)

    # -- hooks of aiosmtpd --------------------------------------------------------------------------------------

    async def handle_RCPT(
        self, server: RelayConnection, session: Session, envelope: Envelope, address: str, options: list[str],
    ) -> str:
        if server.behaviour.refuses == "relaying":
            return RELAY_ACCESS_DENIED.format(address)
        recipient = self._post_office.sort([address])
        if recipient.unknown:
            return recipient_not_found(address)
        if recipient.foreign and not session.authenticated:
            return "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, server: RelayConnection, session: Session, envelope: Envelope) -> str:
        hop = received(f"{session.host_name} (127.0.0.1)", f"{SERVER} (127.0.0.1)", "ESMTP", now())
        content = bytes(envelope.original_content or b"")
        sender = envelope_sender(envelope.mail_from)
        await self._post_office.accept(sender, content, envelope.rcpt_tos, hop=hop)
        server.taken += 1
        return "250 2.0.0 OK: queued"

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, StoreError):
            log.error("relay: %s", error)
        elif isinstance(error, TLSSetupException):
            log.info("relay: a client gave up during STARTTLS: %s", error.__cause__)
        else:
            log.error("relay: a session failed", exc_info=error)
        return "451 4.3.0 Temporary server error"
