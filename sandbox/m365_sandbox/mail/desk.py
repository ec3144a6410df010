"""What the submission ports share: who may sign in and send, how much, and who is connected."""

from __future__ import annotations

import asyncio
import collections
import logging
from collections.abc import Callable
from typing import Protocol

from aiosmtpd.smtp import Envelope, Session, TLSSetupException

from m365_sandbox.mail import message as mime
from m365_sandbox.mail import wording
from m365_sandbox.mail.mailbox import StoreError
from m365_sandbox.mail.pace import Pace
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.send_size import max_send_size
from m365_sandbox.mail.sign_in import (
    Claims,
    Outcome,
    Refused,
    SignedIn,
    may_send_as,
    representative,
    with_password,
    with_token,
)
from m365_sandbox.mail.xoauth2 import parse
from m365_sandbox.state.clock import now
from m365_sandbox.state.faults import Fault, Faults
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

log = logging.getLogger(__name__)

CONCURRENT_CONNECTIONS = 3
MOST_RECIPIENTS = 500
# How often a message that has to wait looks at the tenant's clock, which may be turned meanwhile.
_LOOK_SECONDS = 0.05


class Connection(Protocol):
    """What the desk knows of a connection: who is signed in on it, and the Received field for what it brings."""

    signed_in: SignedIn | None

    def hop(self) -> str: ...


class Desk:
    """What the connections of the submission ports share: the rules, the post office and who is connected.

    :param claims_of: verifies an access token for Exchange and gives its claims, or raises TokenError.
    """

    def __init__(
        self, tenant: Tenant, post_office: PostOffice, claims_of: Callable[[str], Claims], faults: Faults, pace: Pace,
    ) -> None:
        self._tenant = tenant
        self._faults = faults
        self._post_office = post_office
        self._claims_of = claims_of
        self._pace = pace
        # By mailbox, in the order of their sign-in: those beyond the limit are turned away at the end of DATA (facts).
        self._connected: dict[str, list[Connection]] = collections.defaultdict(list)

    def fault(self) -> Fault | None:
        """What is to go wrong with a connection that has just been made."""
        return next(iter(self._faults.take("smtp", "CONNECT", "", ("unavailable", "disconnect"))), None)

    def judge_token(self, response: bytes) -> Outcome:
        """Judge the base64 of a SASL XOAUTH2 response."""
        return self._logged(with_token(self._tenant, "smtp", parse(response), self._claims_of))

    def judge_password(self, user: str, password: str) -> Outcome:
        """Judge basic authentication."""
        return self._logged(with_password(self._tenant, user, password))

    def enter(self, connection: Connection, signed_in: SignedIn) -> None:
        """Count a connection for the mailbox that it signed in to."""
        self._connected[signed_in.mailbox["id"]].append(connection)

    def leave(self, connection: Connection, signed_in: SignedIn) -> None:
        """The connection is gone."""
        self._connected[signed_in.mailbox["id"]].remove(connection)

    async def take(self, connection: Connection, signed_in: SignedIn, envelope: Envelope) -> str:
        """Send the message, or give back why not; the answer to the end of DATA."""
        mailbox = signed_in.mailbox
        if connection in self._connected[mailbox["id"]][CONCURRENT_CONNECTIONS:]:
            return wording.SMTP_TOO_MANY_CONNECTIONS
        content = mime.canonical(bytes(envelope.original_content or b""))
        if len(content) > max_send_size(mailbox):
            return wording.SMTP_OVER_SEND_SIZE
        for sender in (mime.envelope_sender(envelope.mail_from), *mime.addresses(content, "From", "Sender")):
            if sender and not may_send_as(self._tenant, signed_in, sender):
                log.info("smtp refuses a message: %r may not send as %r", mailbox["address"], sender)
                return wording.smtp_send_as_denied(mailbox["address"], sender)
        content = mime.on_behalf(content, lambda address: representative(self._tenant, signed_in, address))
        await self._turn(mailbox)
        hop = connection.hop()
        message_id = await self._post_office.submit(mailbox, content, envelope.rcpt_tos, hop=hop)
        return wording.smtp_queued(message_id)

    async def _turn(self, mailbox: Entity) -> None:
        """Wait until the mailbox may send another message."""
        while True:
            delay = self._pace.delay(mailbox["id"], now().timestamp())
            if not delay:
                return
            await asyncio.sleep(min(delay, _LOOK_SECONDS))

    # -- hooks of aiosmtpd --------------------------------------------------------------------------------------

    async def handle_MAIL(
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str],
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return wording.SMTP_SENDER_OK

    async def handle_RCPT(
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return wording.SMTP_TOO_MANY_RECIPIENTS
        # Whether the recipient exists is found out later; the sender then gets a report.
        envelope.rcpt_tos.append(address)
        return wording.SMTP_RECIPIENT_OK

    async def handle_DATA(self, server: Connection, session: Session, envelope: Envelope) -> str:
        assert server.signed_in is not None
        return await self.take(server, server.signed_in, envelope)

    async def handle_HELO(self, server: Connection, session: Session, envelope: Envelope, hostname: str) -> str:
        session.host_name = hostname
        return f"250 {wording.SMTP_SERVER} Hello [127.0.0.1]"

    async def handle_NOOP(self, server: Connection, session: Session, envelope: Envelope, argument: str) -> str:
        return wording.SMTP_NOOP

    async def handle_RSET(self, server: Connection, session: Session, envelope: Envelope) -> str:
        return wording.SMTP_RESET

    async def handle_QUIT(self, server: Connection, session: Session, envelope: Envelope) -> str:
        return wording.SMTP_QUIT

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, StoreError):
            log.error("smtp: %s", error)
        elif isinstance(error, TLSSetupException):
            log.info("smtp: a client gave up during STARTTLS: %s", error.__cause__)
        else:
            log.error("smtp: a session failed", exc_info=error)
        return wording.SMTP_TEMPORARY

    @staticmethod
    def _logged(outcome: Outcome) -> Outcome:
        if isinstance(outcome, Refused):
            log.info("smtp refuses a sign-in: %s", outcome.explanation)
        return outcome
