"""What one provider's SMTP submission differs in from another's: its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from m365_sandbox.mail.sign_in import Reason


@dataclass(frozen=True)
class SmtpRefusal:
    """A refusal that a fault asks for.

    :param at: the command that it answers; ``message`` is the end of the data.
    """

    at: Literal["AUTH", "MAIL", "DATA", "message"]
    words: str


@dataclass(frozen=True)
class SmtpProvider:
    """One provider's submission. In every reply ``{session}`` stands for the connection's id.

    :param ident: what the banner says after the server's name, from the moment and the session's id.
    :param hello: what EHLO and HELO answer with, in front of the extensions.
    :param extensions: what EHLO names before and behind AUTH or STARTTLS.
    :param mechanisms: what AUTH offers once the connection is encrypted, by whether that was from the first byte on.
    :param challenge: as an ImapProvider's.
    :param refusal: the answer to AUTH by reason, from the moment and the session's id.
    :param refusals: what it can be made to refuse with by a fault, by code.
    :param reply: the provider's reply in place of one of aiosmtpd's own.
    :param received: how the Received field calls the protocol.
    """

    server: str
    ident: Callable[[datetime, str], str]
    size: int
    hello: str
    extensions: tuple[tuple[str, ...], tuple[str, ...]]
    mechanisms: Mapping[bool, tuple[str, ...]]
    challenge: str | None
    authenticated: str
    refusal: Callable[[Reason, datetime, str], str]
    refusals: Mapping[str, SmtpRefusal]
    reply: Callable[[str], str]
    received: str
    bad_domain: str
    bad_sequence: str
    bad_arguments: str
    unknown_mechanism: str
    not_authenticated: str
    not_available: str
    cannot_verify: str
    help: tuple[str, ...]
    sender_ok: str
    recipient_ok: str
    too_many_recipients: str
    noop: str
    reset: str
    quit: str
    temporary: str
