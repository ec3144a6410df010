"""The company's own mail relay: not Microsoft's, without TLS, anonymous for the tenant's own recipients."""

from __future__ import annotations

import asyncio
import hmac
import logging

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from m365_sandbox.mail.mailbox import StoreError
from m365_sandbox.mail.message import envelope_sender, received
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.wording import SMTP_SIZE, recipient_not_found
from m365_sandbox.state.clock import now
from m365_sandbox.state.credentials import Credentials

log = logging.getLogger(__name__)

SERVER = "relay.contoso.example"


class RelayDesk:
    """What the relay's connections share.

    :param credentials: has the relay's one user.
    """

    def __init__(self, post_office: PostOffice, credentials: Credentials) -> None:
        self._post_office = post_office
        self._credentials = credentials

    def connection(self) -> SMTP:
        """A protocol for one connection."""
        return SMTP(
            self, hostname=SERVER, ident="ESMTP relay", data_size_limit=SMTP_SIZE, enable_SMTPUTF8=True,
            auth_require_tls=False, authenticator=self._authenticate, loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword,
    ) -> AuthResult:
        expected = f"{self._credentials.relay_user}\0{self._credentials.relay_password}".encode()
        good = hmac.compare_digest(given.login + b"\0" + given.password, expected)
        if not good:
            log.info("relay refuses a sign-in by %s", mechanism)
        return AuthResult(success=good, handled=False)

    # -- hooks of aiosmtpd --------------------------------------------------------------------------------------

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str],
    ) -> str:
        recipient = self._post_office.sort([address])
        if recipient.unknown:
            return recipient_not_found(address)
        if recipient.foreign and not session.authenticated:
            return "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        hop = received(f"{session.host_name} (127.0.0.1)", f"{SERVER} (127.0.0.1)", "ESMTP", now())
        content = bytes(envelope.original_content or b"")
        sender = envelope_sender(envelope.mail_from)
        await self._post_office.accept(sender, content, envelope.rcpt_tos, hop=hop)
        return "250 2.0.0 OK: queued"

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, StoreError):
            log.error("relay: %s", error)
        else:
            log.error("relay: a session failed", exc_info=error)
        return "451 4.3.0 Temporary server error"
