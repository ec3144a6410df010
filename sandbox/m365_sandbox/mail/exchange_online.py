"""Exchange Online as a provider of mail: its IMAP, POP3 and submission, and what its submission ports allow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from aiosmtpd.smtp import Envelope

from m365_sandbox.mail import message as mime
from m365_sandbox.mail import wording
from m365_sandbox.mail.desk import Connection, Desk
from m365_sandbox.mail.dialogue import Judge
from m365_sandbox.mail.imap import answers, rules
from m365_sandbox.mail.imap.provider import ImapProvider
from m365_sandbox.mail.imap.syntax import Command
from m365_sandbox.mail.pace import Pace
from m365_sandbox.mail.pop3 import rules as pop3_rules
from m365_sandbox.mail.pop3.provider import Pop3Provider
from m365_sandbox.mail.post_office import MailSystem, PostOffice
from m365_sandbox.mail.quota import is_full
from m365_sandbox.mail.replies import exchanges
from m365_sandbox.mail.send_size import max_send_size
from m365_sandbox.mail.sign_in import (
    Claims,
    Outcome,
    Protocol,
    Reason,
    Refused,
    SignedIn,
    may_send_as,
    representative,
    with_password,
    with_token,
)
from m365_sandbox.mail.smtp_provider import SmtpProvider
from m365_sandbox.mail.xoauth2 import parse
from m365_sandbox.state import sign_in_log
from m365_sandbox.state.clock import now
from m365_sandbox.state.faults import Faults
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

log = logging.getLogger(__name__)

CONCURRENT_CONNECTIONS = 3
#: Recipients within 24 hours, of a mailbox for which nothing else is said.
RECIPIENT_RATE_LIMIT = 10_000
#: The AADSTS numbers of the refusals that come from Entra.
_NUMBERS: Mapping[Reason, int] = {
    "wrong_password": sign_in_log.WRONG_PASSWORD,
    "security_defaults": sign_in_log.BLOCKED_BY_SECURITY_DEFAULTS,
    "conditional_access": sign_in_log.BLOCKED_BY_CONDITIONAL_ACCESS,
}
# How often a message that has to wait looks at the tenant's clock, which may be turned meanwhile.
_LOOK_SECONDS = 0.05


def _told(command: Command, signed_in: bool) -> tuple[str, ...] | None:
    if command.name == "ID" and not command.arguments:
        return None
    capability = wording.IMAP_CAPABILITY_SIGNED_IN if signed_in else wording.IMAP_CAPABILITY
    line = {"CAPABILITY": capability, "ID": wording.IMAP_ID, "LOGOUT": wording.IMAP_BYE}.get(command.name)
    return None if line is None else (line,)


def _imap_refused(refused: Refused) -> str:
    # One that is not connected is signed in, and told only then (facts).
    connected = refused.reason != "not_connected"
    return wording.IMAP_AUTHENTICATE_FAILED if connected else wording.IMAP_AUTHENTICATED


def _pop3_refused(refused: Refused) -> str:
    # As with IMAP; and basic authentication is off for POP3 and cannot be switched on again.
    return {
        "not_connected": wording.POP_AUTHENTICATED, "basic_disabled": wording.POP_LOGON_FAILED,
    }.get(refused.reason, wording.POP_AUTHENTICATE_FAILED)


IMAP = ImapProvider(
    greeting=wording.IMAP_GREETING,
    mechanisms=("XOAUTH2",),
    challenge=None,
    known=rules.COMMANDS,
    told=_told,
    completed=lambda name, signed_in: wording.imap_completed(name),
    authenticated=lambda tag, signed_in: (f"{tag} {wording.IMAP_AUTHENTICATED}",),
    refused=_imap_refused,
    mechanism_refused=wording.IMAP_AUTHENTICATE_FAILED,
    login_refused=wording.IMAP_LOGIN_FAILED,
    not_connected=wording.IMAP_NOT_CONNECTED,
    go_on=wording.IMAP_GO_ON,
    command_error=wording.IMAP_COMMAND_ERROR,
    argument_count=wording.IMAP_ARGUMENT_COUNT,
    invalid_state=wording.IMAP_INVALID_STATE,
    timeout=wording.IMAP_TIMEOUT,
    too_long=wording.IMAP_TOO_LONG,
    refusals=wording.IMAP_REFUSALS,
    rules=rules,
    answers=answers,
)
# AUTH takes two lines: Microsoft's page rules out an initial response.
POP3 = Pop3Provider(
    greeting=wording.POP_GREETING,
    capability=wording.POP_CAPABILITY,
    mechanism_list=wording.POP_MECHANISMS,
    mechanisms=("XOAUTH2", "PLAIN"),
    initial_response=False,
    challenge=None,
    authenticated=wording.POP_AUTHENTICATED,
    refused=_pop3_refused,
    user_taken=wording.POP_OK,
    login_refused=wording.POP_LOGON_FAILED,
    not_connected=wording.POP_NOT_CONNECTED,
    protocol_error=wording.POP_PROTOCOL_ERROR,
    invalid_state=wording.POP_INVALID_STATE,
    bye=wording.POP_BYE,
    timeout=wording.POP_TIMEOUT,
    too_long=wording.POP_TOO_LONG,
    refusal=pop3_rules.refusal,
    status=pop3_rules.status,
)
SMTP = SmtpProvider(
    server=wording.SMTP_SERVER,
    ident=wording.smtp_service,
    size=wording.SMTP_SIZE,
    hello=f"{wording.SMTP_SERVER} Hello [127.0.0.1]",
    extensions=(
        (f"SIZE {wording.SMTP_SIZE}", "PIPELINING", "ENHANCEDSTATUSCODES"), ("8BITMIME", "SMTPUTF8"),
    ),
    # Exchange offers two on its submission port (facts: recorded EHLO); the implicit TLS port is the sandbox's own.
    mechanisms={False: ("LOGIN", "XOAUTH2"), True: ("LOGIN", "PLAIN", "XOAUTH2")},
    challenge=None,
    authenticated=wording.SMTP_AUTHENTICATED,
    refusal=wording.smtp_refusal,
    refusals=wording.SMTP_REFUSALS,
    reply=exchanges,
    received="Microsoft SMTP Server",
    bad_domain=wording.SMTP_BAD_DOMAIN,
    bad_sequence=wording.SMTP_BAD_SEQUENCE,
    bad_arguments=wording.SMTP_BAD_ARGUMENTS,
    unknown_mechanism=wording.SMTP_UNKNOWN_MECHANISM,
    not_authenticated=wording.SMTP_NOT_AUTHENTICATED,
    not_available=wording.SMTP_NOT_AVAILABLE,
    cannot_verify=wording.SMTP_CANNOT_VERIFY,
    help=wording.SMTP_HELP,
    sender_ok=wording.SMTP_SENDER_OK,
    recipient_ok=wording.SMTP_RECIPIENT_OK,
    too_many_recipients=wording.SMTP_TOO_MANY_RECIPIENTS,
    noop=wording.SMTP_NOOP,
    reset=wording.SMTP_RESET,
    quit=wording.SMTP_QUIT,
    temporary=wording.SMTP_TEMPORARY,
)
SYSTEM = MailSystem(
    server=wording.SERVER,
    sent_folder="Sent Items",
    message_ids=wording.SERVER.replace("outlook.com", "exchangelabs.com"),
    received="Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384)",
    stamps=mime.stamps,
    report=mime.non_delivery_report,
)


def judge(tenant: Tenant, protocol: Protocol, claims_of: Callable[[str], Claims]) -> Judge:
    """Who may sign in by IMAP or POP3.

    :param claims_of: verifies an access token for Exchange and gives its claims, or raises TokenError.
    """
    def judged(mechanism: str, response: bytes) -> Outcome:
        if mechanism != "XOAUTH2":
            return Refused("basic_disabled", "basic authentication is off for IMAP and POP3")
        return with_token(tenant, protocol, parse(response), claims_of)

    return judged


class ExchangeDesk(Desk):
    """The rules of client submission: who may send as whom, how much and how fast."""

    def __init__(
        self, tenant: Tenant, post_office: PostOffice, claims_of: Callable[[str], Claims], faults: Faults, pace: Pace,
    ) -> None:
        super().__init__(SMTP, faults, "smtp")
        self._tenant = tenant
        self._post_office = post_office
        self._claims_of = claims_of
        self._pace = pace

    def judge_token(self, mechanism: str, response: bytes) -> Outcome:
        return self.logged(with_token(self._tenant, "smtp", parse(response), self._claims_of))

    def judge_password(self, user: str, password: str) -> Outcome:
        outcome = with_password(self._tenant, user, password)
        self._record(user, outcome)
        return self.logged(outcome)

    def _record(self, user: str, outcome: Outcome) -> None:
        """What Entra writes down of a password that it was shown; those that Exchange turns away it never sees."""
        account = self._tenant.find_user(user)
        code = 0 if isinstance(outcome, SignedIn) else _NUMBERS.get(outcome.reason)
        if account is None or code is None:
            return
        sign_in_log.record(self._tenant, account["id"], sign_in_log.SMTP, error_code=code)
        self._tenant.save()

    async def take(self, connection: Connection, signed_in: SignedIn, envelope: Envelope) -> str:
        mailbox = signed_in.mailbox
        # Those beyond the limit are turned away at the end of DATA (facts).
        if connection in self.connected[mailbox["id"]][CONCURRENT_CONNECTIONS:]:
            return wording.SMTP_TOO_MANY_CONNECTIONS
        content = mime.canonical(bytes(envelope.original_content or b""))
        if len(content) > max_send_size(mailbox):
            return wording.SMTP_OVER_SEND_SIZE
        for sender in (mime.envelope_sender(envelope.mail_from), *mime.addresses(content, "From", "Sender")):
            if sender and not may_send_as(self._tenant, signed_in, sender):
                log.info("smtp refuses a message: %r may not send as %r", mailbox["address"], sender)
                return wording.smtp_send_as_denied(mailbox["address"], sender)
        if mailbox.get("BlockedForSpam"):
            return wording.SMTP_BLOCKED_FOR_SPAM
        if await is_full(mailbox, self._post_office.store):
            return wording.SMTP_MAILBOX_FULL
        limit = mailbox.get("RecipientRateLimit", RECIPIENT_RATE_LIMIT)
        rate = self._post_office.store.recipient_rate
        if not rate.takes(mailbox["id"], len(envelope.rcpt_tos), limit, now().timestamp()):
            return wording.SMTP_TOO_MANY_RECIPIENTS_A_DAY
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
