"""What the connections of a provider's submission ports share: who may sign in and send, and who is connected."""

from __future__ import annotations

import collections
import logging
from abc import ABC, abstractmethod
from typing import Protocol

from aiosmtpd.smtp import Envelope, Session, TLSSetupException

from m365_sandbox.mail.mailbox import StoreError
from m365_sandbox.mail.sign_in import Outcome, Refused, SignedIn
from m365_sandbox.mail.smtp_provider import SmtpProvider
from m365_sandbox.state.faults import Fault, Faults

log = logging.getLogger(__name__)

MOST_RECIPIENTS = 500


class Connection(Protocol):
    """What the desk knows of a connection: who is signed in on it, and the Received field for what it brings."""

    signed_in: SignedIn | None

    def hop(self) -> str: ...


class Desk(ABC):
    """What the connections share.

    :param provider: its words.
    :param face: the face that faults and the log name.
    """

    def __init__(self, provider: SmtpProvider, faults: Faults, face: str) -> None:
        self.provider = provider
        self._faults = faults
        self._face = face
        # By mailbox, in the order of their sign-in.
        self.connected: dict[str, list[Connection]] = collections.defaultdict(list)

    @abstractmethod
    def judge_token(self, mechanism: str, response: bytes) -> Outcome:
        """Judge the base64 of a SASL response with a token."""

    @abstractmethod
    def judge_password(self, user: str, password: str) -> Outcome:
        """Judge basic authentication."""

    @abstractmethod
    async def take(self, connection: Connection, signed_in: SignedIn, envelope: Envelope) -> str:
        """Send the message, or give back why not; the answer to the end of DATA."""

    def fault(self) -> Fault | None:
        """What is to go wrong with a connection that has just been made."""
        return next(iter(self._faults.take(self._face, "CONNECT", "", ("unavailable", "disconnect"))), None)

    def refusal(self, at: str) -> str | None:
        """What a fault makes it answer, see SmtpRefusal; None if there is none."""
        refusals = self.provider.refusals
        code = self._faults.refusal(self._face, [code for code, one in refusals.items() if one.at == at])
        return None if code is None else refusals[code].words

    def enter(self, connection: Connection, signed_in: SignedIn) -> None:
        """Count a connection for the mailbox that it signed in to."""
        self.connected[signed_in.mailbox["id"]].append(connection)

    def leave(self, connection: Connection, signed_in: SignedIn) -> None:
        """The connection is gone."""
        self.connected[signed_in.mailbox["id"]].remove(connection)

    # -- hooks of aiosmtpd --------------------------------------------------------------------------------------

    async def handle_MAIL(
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str],
    ) -> str:
        if refused := self.refusal("MAIL"):
            return refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.provider.sender_ok

    async def handle_RCPT(
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return self.provider.too_many_recipients
        # Whether the recipient exists is found out later; the sender then gets a report.
        envelope.rcpt_tos.append(address)
        return self.provider.recipient_ok

    async def handle_DATA(self, server: Connection, session: Session, envelope: Envelope) -> str:
        assert server.signed_in is not None
        return self.refusal("message") or await self.take(server, server.signed_in, envelope)

    async def handle_HELO(self, server: Connection, session: Session, envelope: Envelope, hostname: str) -> str:
        session.host_name = hostname
        return f"250 {self.provider.hello}"

    async def handle_NOOP(self, server: Connection, session: Session, envelope: Envelope, argument: str) -> str:
        return self.provider.noop

    async def handle_RSET(self, server: Connection, session: Session, envelope: Envelope) -> str:
        return self.provider.reset

    async def handle_QUIT(self, server: Connection, session: Session, envelope: Envelope) -> str:
        return self.provider.quit

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, StoreError):
            log.error("smtp: %s", error)
        elif isinstance(error, TLSSetupException):
            log.info("smtp: a client gave up during STARTTLS: %s", error.__cause__)
        else:
            log.error("smtp: a session failed", exc_info=error)
        return self.provider.temporary

    def logged(self, outcome: Outcome) -> Outcome:
        """The outcome, which the log is told if it is a refusal."""
        if isinstance(outcome, Refused):
            log.info("%s refuses a sign-in: %s", self._face, outcome.explanation)
        return outcome
