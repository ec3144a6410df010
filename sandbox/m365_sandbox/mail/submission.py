"""Client submission as smtp.office365.com does it: its dialogue on one connection."""

from __future__ import annotations

import asyncio
import base64
import binascii
import collections
import re
import secrets
import ssl
from typing import Any, AnyStr, ClassVar

from aiosmtpd.smtp import SMTP

from m365_sandbox.mail import message as mime
from m365_sandbox.mail import wording
from m365_sandbox.mail.desk import Desk
from m365_sandbox.mail.replies import exchanges
from m365_sandbox.mail.sign_in import Outcome, Refused, SignedIn
from m365_sandbox.state.clock import now

_LONGEST_LINE = 1 << 16
_AUTH_PARAMETER = re.compile(r" AUTH=\S+", re.IGNORECASE)


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
