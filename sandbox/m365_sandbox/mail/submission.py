"""Client submission: its dialogue on one connection, in a provider's words."""

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
from m365_sandbox.mail.desk import Desk
from m365_sandbox.mail.sign_in import Outcome, Refused, SignedIn
from m365_sandbox.state.clock import now

_LONGEST_LINE = 1 << 16
_AUTH_PARAMETER = re.compile(r" AUTH=\S+", re.IGNORECASE)


class Submission(SMTP):
    """One connection to a submission port.

    :param desk: has the provider's words.
    :param tls: for STARTTLS; None where the listener itself speaks TLS.
    """

    # Long enough for an access token in one line.
    line_length_limit = command_size_limit = _LONGEST_LINE

    def __init__(self, desk: Desk, tls: ssl.SSLContext | None) -> None:
        self._session_id = secrets.token_hex(8).upper()
        self._provider = provider = desk.provider
        super().__init__(
            desk, hostname=provider.server, ident=provider.ident(now(), self._session_id),
            data_size_limit=provider.size, enable_SMTPUTF8=True, tls_context=tls, loop=asyncio.get_running_loop(),
        )
        self.command_size_limits = collections.defaultdict(lambda: _LONGEST_LINE)
        self._desk = desk
        self._mechanisms = provider.mechanisms[tls is None]
        self.signed_in: SignedIn | None = None

    async def _handle_client(self) -> None:
        fault = self._desk.fault()
        if fault is None:
            await super()._handle_client()
            return
        if fault.kind == "unavailable":
            await self.push(self._provider.not_available)
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
        how = self._provider.received
        if tls is not None and (cipher := tls.cipher()) is not None:
            how += f" (version={(tls.version() or '').replace('.', '_').replace('v', '')}, cipher={cipher[0]})"
        return mime.received(f"{self.session.host_name} (127.0.0.1)", f"{self.hostname} (127.0.0.1)", how, now())

    async def push(self, status: AnyStr) -> None:
        if not isinstance(status, str):
            await super().push(status)
            return
        reply = self._provider.reply(status).replace("{session}", self._session_id)
        await super().push(reply)
        if reply.startswith("421"):
            # It says that the connection ends (RFC 5321).
            assert self.transport is not None
            self.transport.close()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        try:
            return super()._getaddr(arg)
        except IndexError:
            # The standard library's parser, which aiosmtpd uses, ends this way for an address without a domain.
            return None, None

    async def check_auth_needed(self, caller_method: str) -> bool:
        if self.signed_in is not None or caller_method not in ("MAIL", "RCPT", "DATA"):
            return False
        await self.push(self._provider.not_authenticated)
        return True

    async def smtp_EHLO(self, hostname: str) -> None:
        """Advertises what is implemented here, so neither DSN nor CHUNKING, in the provider's order."""
        if not hostname:
            await self.push(self._provider.bad_domain)
            return
        self.envelope = self._create_envelope()
        assert self.session is not None
        self.session.extended_smtp = True
        self.session.host_name = hostname
        security = f"AUTH {' '.join(self._mechanisms)}" if self._tls_object() is not None else "STARTTLS"
        before, behind = self._provider.extensions
        lines = [self._provider.hello, *before, security, *behind]
        for line in lines[:-1]:
            await self.push(f"250-{line}")
        await self.push(f"250 {lines[-1]}")

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Takes AUTH=, which clients may give wherever AUTH is offered (RFC 4954), and which has no effect here."""
        await super().smtp_MAIL(_AUTH_PARAMETER.sub("", arg) if arg else arg)

    async def smtp_DATA(self, arg: str) -> None:
        """Can be refused before there are any."""
        ready = self.envelope is not None and self.envelope.rcpt_tos
        if ready and (refused := self._desk.refusal("DATA")):
            await self.push(refused)
        else:
            await super().smtp_DATA(arg)

    async def smtp_STARTTLS(self, arg: str) -> None:
        """Once: the library would start TLS within TLS."""
        if self._tls_object() is not None:
            await self.push(self._provider.bad_sequence)
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_HELP(self, arg: str) -> None:
        """Lists the commands, whatever is asked about."""
        for line in self._provider.help:
            await self.push(line)

    async def smtp_VRFY(self, arg: str) -> None:
        """Verifies nobody."""
        await self.push(self._provider.cannot_verify if arg else self._provider.bad_arguments)

    async def smtp_AUTH(self, arg: str | None) -> None:
        """Mechanisms are taken in any case: Microsoft's own sample types them in lower case (facts)."""
        assert self.session is not None
        if await self.check_helo_needed("EHLO"):
            return
        if self.signed_in is not None:
            await self.push(self._provider.bad_sequence)
            return
        mechanism, *initial = (arg or "").split()[:2] or [""]
        name = mechanism.upper()
        # A provider may offer what none of its clients here uses.
        if self._tls_object() is None or name not in self._mechanisms or name not in self._MECHANISMS:
            await self.push(self._provider.unknown_mechanism)
            return
        first = initial[0].encode("utf-8", "surrogateescape") if initial else None
        outcome = await self._MECHANISMS[name](self, name, first)
        if refused := self._desk.refusal("AUTH"):
            await self.push(refused)
        elif isinstance(outcome, SignedIn):
            self.signed_in = outcome
            self._desk.enter(self, outcome)
            await self.push(self._provider.authenticated)
        else:
            await self.push(self._provider.refusal(outcome.reason, now(), self._session_id))

    async def _token(self, mechanism: str, first: bytes | None) -> Outcome:
        outcome = self._desk.judge_token(mechanism, first if first is not None else await self._challenge(""))
        challenge = self._provider.challenge
        if isinstance(outcome, Refused) and outcome.reason == "credentials" and challenge is not None:
            # Whatever the client says to it; an empty line is right.
            await self._ask(challenge)
        return outcome

    async def _login(self, mechanism: str, first: bytes | None) -> Outcome:
        user = _decoded(first if first is not None else await self._challenge("Username:"))
        password = _decoded(await self._challenge("Password:")) if user is not None else None
        return self._password(user, password)

    async def _plain(self, mechanism: str, first: bytes | None) -> Outcome:
        parts = (_decoded(first if first is not None else await self._challenge("")) or "").split("\0")
        return self._password(parts[1], parts[2]) if len(parts) == 3 else self._password(None, None)

    def _password(self, user: str | None, password: str | None) -> Outcome:
        if user is None or password is None:
            # Office 365 answers a cancelled or unreadable sign-in with 535, not with RFC 4954's 501 (facts).
            return Refused("credentials", "the sign-in was cancelled or is no base64")
        return self._desk.judge_password(user, password)

    async def _challenge(self, text: str) -> bytes:
        return await self._ask(base64.b64encode(text.encode()).decode("ascii"))

    async def _ask(self, encoded: str) -> bytes:
        await self.push(f"334 {encoded}")
        return (await self._reader.readline()).strip()

    def _tls_object(self) -> ssl.SSLObject | None:
        tls: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object") if self.transport else None
        return tls

    _MECHANISMS: ClassVar[dict[str, Any]] = {
        "XOAUTH2": _token, "OAUTHBEARER": _token, "LOGIN": _login, "PLAIN": _plain,
    }


def _decoded(line: bytes) -> str | None:
    try:
        return base64.b64decode(line, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
