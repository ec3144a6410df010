"""Client submission as smtp.office365.com does it: sign-in, the sender's right, then the post office."""

from __future__ import annotations

import asyncio
import base64
import binascii
import collections
import logging
import re
import secrets
import ssl
from collections.abc import Callable
from typing import Any, AnyStr, ClassVar

from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException

from m365_sandbox.mail import message as mime
from m365_sandbox.mail import wording
from m365_sandbox.mail.mailbox import StoreError
from m365_sandbox.mail.pace import Pace
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.replies import exchanges
from m365_sandbox.mail.send_size import max_send_size
from m365_sandbox.mail.sign_in import (
    Claims,
    Outcome,
    Refused,
    SignedIn,
    may_send_as,
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
_LONGEST_LINE = 1 << 16
_AUTH_PARAMETER = re.compile(r" AUTH=\S+", re.IGNORECASE)


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
        self._connected: dict[str, list[Submission]] = collections.defaultdict(list)

    def fault(self) -> Fault | None:
        """What is to go wrong with a connection that has just been made."""
        return next(iter(self._faults.take("smtp", "CONNECT", "", ("unavailable", "disconnect"))), None)

    def judge_token(self, response: bytes) -> Outcome:
        """Judge the base64 of a SASL XOAUTH2 response."""
        return self._logged(with_token(self._tenant, "smtp", parse(response), self._claims_of))

    def judge_password(self, user: str, password: str) -> Outcome:
        """Judge basic authentication."""
        return self._logged(with_password(self._tenant, user, password))

    def enter(self, connection: Submission, signed_in: SignedIn) -> None:
        """Count a connection for the mailbox that it signed in to."""
        self._connected[signed_in.mailbox["id"]].append(connection)

    def leave(self, connection: Submission, signed_in: SignedIn) -> None:
        """The connection is gone."""
        self._connected[signed_in.mailbox["id"]].remove(connection)

    async def take(self, connection: Submission, signed_in: SignedIn, envelope: Envelope) -> str:
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
        self, server: Submission, session: Session, envelope: Envelope, address: str, options: list[str],
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return wording.SMTP_SENDER_OK

    async def handle_RCPT(
        self, server: Submission, session: Session, envelope: Envelope, address: str, options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return wording.SMTP_TOO_MANY_RECIPIENTS
        # Whether the recipient exists is found out later; the sender then gets a report.
        envelope.rcpt_tos.append(address)
        return wording.SMTP_RECIPIENT_OK

    async def handle_DATA(self, server: Submission, session: Session, envelope: Envelope) -> str:
        assert server.signed_in is not None
        return await self.take(server, server.signed_in, envelope)

    async def handle_HELO(self, server: Submission, session: Session, envelope: Envelope, hostname: str) -> str:
        session.host_name = hostname
        return f"250 {wording.SMTP_SERVER} Hello [127.0.0.1]"

    async def handle_NOOP(self, server: Submission, session: Session, envelope: Envelope, argument: str) -> str:
        return wording.SMTP_NOOP

    async def handle_RSET(self, server: Submission, session: Session, envelope: Envelope) -> str:
        return wording.SMTP_RESET

    async def handle_QUIT(self, server: Submission, session: Session, envelope: Envelope) -> str:
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


class Submission(SMTP):
    """One connection to a submission port.

    :param tls: for STARTTLS; None where the listener itself speaks TLS.
    :param mechanisms: what AUTH offers once the connection is encrypted.
    """

    # Long enough for an access token in one line.
    line_length_limit = command_size_limit = _LONGEST_LINE

    def __init__(self, desk: Desk, mechanisms: tuple[str, ...], tls: ssl.SSLContext | None) -> None:
        self._session_id = secrets.token_hex(8).upper()
        super().__init__(
            desk, hostname=wording.SMTP_SERVER, ident=wording.smtp_service(now(), self._session_id),
            data_size_limit=wording.SMTP_SIZE, enable_SMTPUTF8=True, tls_context=tls,
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits = collections.defaultdict(lambda: _LONGEST_LINE)
        self._desk = desk
        self._mechanisms = mechanisms
        self.signed_in: SignedIn | None = None

    async def _handle_client(self) -> None:
        fault = self._desk.fault()
        if fault is None:
            await super()._handle_client()
            return
        if fault.kind == "unavailable":
            await self.push(wording.SMTP_NOT_AVAILABLE)
        assert self.transport is not None
        self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self.signed_in is not None:
            self._desk.leave(self, self.signed_in)
            self.signed_in = None
        super().connection_lost(error)

    def hop(self) -> str:
        """The Received field for a message taken over this connection."""
        assert self.session is not None
        tls = self._tls_object()
        how = "Microsoft SMTP Server"
        if tls is not None and (cipher := tls.cipher()) is not None:
            how += f" (version={(tls.version() or '').replace('.', '_').replace('v', '')}, cipher={cipher[0]})"
        return mime.received(f"{self.session.host_name} (127.0.0.1)", f"{wording.SMTP_SERVER} (127.0.0.1)", how, now())

    async def push(self, status: AnyStr) -> None:
        await super().push(exchanges(status) if isinstance(status, str) else status)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        try:
            return super()._getaddr(arg)
        except IndexError:
            # The standard library's parser, which aiosmtpd uses, ends this way for an address without a domain.
            return None, None

    async def check_auth_needed(self, caller_method: str) -> bool:
        if self.signed_in is not None or caller_method not in ("MAIL", "RCPT", "DATA"):
            return False
        await self.push(wording.SMTP_NOT_AUTHENTICATED)
        return True

    async def smtp_EHLO(self, hostname: str) -> None:
        """Advertises what is implemented here, so neither DSN nor CHUNKING, in Exchange's order."""
        if not hostname:
            await self.push(wording.SMTP_BAD_DOMAIN)
            return
        self.envelope = self._create_envelope()
        assert self.session is not None
        self.session.extended_smtp = True
        self.session.host_name = hostname
        security = f"AUTH {' '.join(self._mechanisms)}" if self._tls_object() is not None else "STARTTLS"
        lines = [
            f"{self.hostname} Hello [127.0.0.1]", f"SIZE {self.data_size_limit}", "PIPELINING", "ENHANCEDSTATUSCODES",
            security, "8BITMIME", "SMTPUTF8",
        ]
        for line in lines[:-1]:
            await self.push(f"250-{line}")
        await self.push(f"250 {lines[-1]}")

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Takes AUTH=, which clients may give wherever AUTH is offered (RFC 4954), and which has no effect here."""
        await super().smtp_MAIL(_AUTH_PARAMETER.sub("", arg) if arg else arg)

    async def smtp_STARTTLS(self, arg: str) -> None:
        """Once: the library would start TLS within TLS."""
        if self._tls_object() is not None:
            await self.push(wording.SMTP_BAD_SEQUENCE)
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_HELP(self, arg: str) -> None:
        """Lists the commands, whatever is asked about."""
        for line in wording.SMTP_HELP:
            await self.push(line)

    async def smtp_VRFY(self, arg: str) -> None:
        """Verifies nobody."""
        await self.push(wording.SMTP_CANNOT_VERIFY if arg else wording.SMTP_BAD_ARGUMENTS)

    async def smtp_AUTH(self, arg: str | None) -> None:
        """Mechanisms are taken in any case: Microsoft's own sample types them in lower case (facts)."""
        assert self.session is not None
        if await self.check_helo_needed("EHLO"):
            return
        if self.signed_in is not None:
            await self.push(wording.SMTP_BAD_SEQUENCE)
            return
        mechanism, *initial = (arg or "").split()[:2] or [""]
        if self._tls_object() is None or mechanism.upper() not in self._mechanisms:
            await self.push(wording.SMTP_UNKNOWN_MECHANISM)
            return
        first = initial[0].encode("utf-8", "surrogateescape") if initial else None
        outcome = await self._MECHANISMS[mechanism.upper()](self, first)
        if isinstance(outcome, SignedIn):
            self.signed_in = outcome
            self._desk.enter(self, outcome)
            await self.push(wording.SMTP_AUTHENTICATED)
        else:
            await self.push(wording.smtp_refusal(outcome.reason, now(), self._session_id))

    async def _xoauth2(self, first: bytes | None) -> Outcome:
        return self._desk.judge_token(first if first is not None else await self._challenge(""))

    async def _login(self, first: bytes | None) -> Outcome:
        user = _decoded(first if first is not None else await self._challenge("Username:"))
        password = _decoded(await self._challenge("Password:")) if user is not None else None
        return self._password(user, password)

    async def _plain(self, first: bytes | None) -> Outcome:
        parts = (_decoded(first if first is not None else await self._challenge("")) or "").split("\0")
        return self._password(parts[1], parts[2]) if len(parts) == 3 else self._password(None, None)

    def _password(self, user: str | None, password: str | None) -> Outcome:
        if user is None or password is None:
            # Office 365 answers a cancelled or unreadable sign-in with 535, not with RFC 4954's 501 (facts).
            return Refused("credentials", "the sign-in was cancelled or is no base64")
        return self._desk.judge_password(user, password)

    async def _challenge(self, text: str) -> bytes:
        await self.push(f"334 {base64.b64encode(text.encode()).decode('ascii')}")
        return (await self._reader.readline()).strip()

    def _tls_object(self) -> ssl.SSLObject | None:
        tls: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object") if self.transport else None
        return tls

    _MECHANISMS: ClassVar[dict[str, Any]] = {"XOAUTH2": _xoauth2, "LOGIN": _login, "PLAIN": _plain}


def _decoded(line: bytes) -> str | None:
    try:
        return base64.b64decode(line, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
