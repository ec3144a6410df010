"""Gmail in the shape in which the mail rooms take a provider."""

from __future__ import annotations

import re

from m365_sandbox.google.gmail import imap_answers, imap_rules, pop3_rules, report, wording
from m365_sandbox.mail.imap.provider import ImapProvider
from m365_sandbox.mail.imap.syntax import Command
from m365_sandbox.mail.pop3.provider import Pop3Provider
from m365_sandbox.mail.post_office import MailSystem
from m365_sandbox.mail.sign_in import Refused, SignedIn
from m365_sandbox.mail.smtp_provider import SmtpProvider

#: How many IMAP clients may be signed in to a mailbox at a time [https://support.google.com/mail/answer/7126229].
MOST_SESSIONS = 15
#: What every mailbox has from the start. In Gmail these are labels, and what has none of them is in All Mail alone.
FOLDERS = {
    "[Gmail]/All Mail": "\\All", "[Gmail]/Drafts": "\\Drafts", "[Gmail]/Important": None,
    "[Gmail]/Sent Mail": "\\Sent", "[Gmail]/Spam": "\\Junk", "[Gmail]/Starred": "\\Flagged", "[Gmail]/Trash": "\\Trash",
}
# The library's replies in Gmail's words.
_REPLIES = tuple((re.compile(pattern), reply) for pattern, reply in (
    (r"220 Ready to start TLS", wording.SMTP_STARTTLS),
    (r"354 End data with .*", wording.SMTP_START_DATA),
    (r"503 Error: need MAIL command", wording.SMTP_MAIL_FIRST),
    (r"503 Error: need RCPT command", wording.SMTP_RECIPIENT_FIRST),
    (r"503 Error: nested MAIL command", wording.SMTP_SEQUENCE),
    (r"503 Error: send .*", wording.SMTP_HELLO_FIRST),
    (r"454 TLS not available", wording.SMTP_SEQUENCE),
    (r"552 Error: .*", wording.SMTP_TOO_LARGE),
    (r"553 5\.1\.3 Error: malformed address", wording.SMTP_SYNTAX),
    (r"50[012] .*(too long|not implemented|too many unrecognized).*|500 Error: .*", wording.SMTP_UNKNOWN_COMMAND),
    (r"(501 (Syntax|Error):|555 ).*", wording.SMTP_SYNTAX),
))


def _told(command: Command, signed_in: bool) -> tuple[str, ...] | None:
    folder = command.arguments[0] if command.arguments else b""
    named = folder.decode("ascii", "replace") if isinstance(folder, bytes) else ""
    always = {
        "CAPABILITY": (wording.IMAP_CAPABILITY_SIGNED_IN if signed_in else wording.IMAP_CAPABILITY,),
        "ID": (wording.IMAP_ID,), "LOGOUT": (wording.IMAP_BYE,),
    }
    quota = {
        "GETQUOTA": (wording.IMAP_QUOTA,),
        "GETQUOTAROOT": (wording.IMAP_QUOTA_ROOT.format(folder=named), wording.IMAP_QUOTA),
    }
    return {**always, **(quota if signed_in else {})}.get(command.name)


def _completed(name: str, signed_in: bool) -> str:
    if name == "LOGOUT":
        return "73 good day (Success)"
    return "Thats all she wrote!" if name == "CAPABILITY" and not signed_in else "Success"


def _authenticated(tag: str, signed_in: SignedIn) -> tuple[str, ...]:
    return wording.IMAP_CAPABILITY_SIGNED_IN, f"{tag} OK {signed_in.mailbox['address']} authenticated (Success)"


def _imap_refused(refused: Refused) -> str:
    return {
        "protocol_off": wording.IMAP_OFF, "too_many_sessions": wording.IMAP_TOO_MANY_SESSIONS,
    }.get(refused.reason, wording.IMAP_FAILED)


def _pop3_refused(refused: Refused) -> str:
    return wording.POP_OFF if refused.reason == "protocol_off" else wording.POP_FAILED


def _reply(reply: str) -> str:
    return next((words for pattern, words in _REPLIES if pattern.fullmatch(reply)), reply)


def _stamps(server: str, *, authenticated: bool) -> list[str]:
    return ["X-Received: by 127.0.0.1 with SMTP id a640c23a62f3a-b0001"]


IMAP = ImapProvider(
    greeting=wording.IMAP_GREETING,
    mechanisms=("XOAUTH2", "OAUTHBEARER", "PLAIN"),
    challenge=wording.CHALLENGE,
    known=imap_rules.COMMANDS,
    told=_told,
    completed=_completed,
    authenticated=_authenticated,
    refused=_imap_refused,
    mechanism_refused=wording.IMAP_UNKNOWN_MECHANISM,
    login_refused=wording.IMAP_FAILED,
    not_connected=wording.IMAP_INVALID_STATE,
    go_on=wording.IMAP_GO_ON,
    command_error=wording.IMAP_UNKNOWN_COMMAND,
    argument_count=wording.IMAP_NOT_PARSED,
    invalid_state=wording.IMAP_INVALID_STATE,
    timeout=wording.IMAP_TIMEOUT,
    too_long=wording.IMAP_TOO_LONG,
    refusals={},
    rules=imap_rules,
    answers=imap_answers,
)
POP3 = Pop3Provider(
    greeting=wording.POP_GREETING,
    capability=wording.POP_CAPABILITY,
    mechanism_list=wording.POP_MECHANISMS,
    mechanisms=("XOAUTH2", "OAUTHBEARER", "PLAIN"),
    initial_response=True,
    challenge=wording.CHALLENGE,
    authenticated=wording.POP_AUTHENTICATED,
    refused=_pop3_refused,
    user_taken=wording.POP_USER_TAKEN,
    login_refused=wording.POP_FAILED,
    not_connected=wording.POP_BAD_COMMAND,
    protocol_error=wording.POP_BAD_COMMAND,
    invalid_state=wording.POP_BAD_COMMAND,
    bye=wording.POP_BYE,
    timeout=wording.POP_TIMEOUT,
    too_long=wording.POP_TOO_LONG,
    refusal=pop3_rules.refusal,
    status=pop3_rules.status,
)
# PLAIN-CLIENTTOKEN and XOAUTH are offered as Gmail offers them; both are its own clients'.
_MECHANISMS = ("LOGIN", "PLAIN", "XOAUTH2", "PLAIN-CLIENTTOKEN", "OAUTHBEARER", "XOAUTH")
SMTP = SmtpProvider(
    server=wording.SMTP_SERVER,
    ident=wording.smtp_ident,
    size=wording.SMTP_SIZE,
    hello=wording.SMTP_HELLO,
    extensions=((f"SIZE {wording.SMTP_SIZE}", "8BITMIME"), ("ENHANCEDSTATUSCODES", "PIPELINING", "SMTPUTF8")),
    mechanisms={False: _MECHANISMS, True: _MECHANISMS},
    challenge=wording.CHALLENGE,
    authenticated=wording.SMTP_AUTHENTICATED,
    refusal=wording.smtp_refusal,
    refusals=wording.SMTP_REFUSALS,
    reply=_reply,
    received="ESMTPSA",
    bad_domain=wording.SMTP_SYNTAX,
    bad_sequence=wording.SMTP_SEQUENCE,
    bad_arguments=wording.SMTP_SYNTAX,
    unknown_mechanism=wording.SMTP_UNKNOWN_MECHANISM,
    not_authenticated=wording.SMTP_NOT_AUTHENTICATED,
    not_available=wording.SMTP_NOT_AVAILABLE,
    cannot_verify=wording.SMTP_CANNOT_VERIFY,
    help=wording.SMTP_HELP,
    sender_ok=wording.SMTP_SENDER_OK,
    recipient_ok=wording.SMTP_RECIPIENT_OK,
    too_many_recipients=wording.SMTP_TOO_MANY_RECIPIENTS,
    noop=wording.SMTP_NOOP,
    reset=wording.SMTP_FLUSHED,
    quit=wording.SMTP_QUIT,
    temporary=wording.SMTP_TEMPORARY,
)
SYSTEM = MailSystem(
    server=wording.SERVER,
    sent_folder="[Gmail]/Sent Mail",
    message_ids="mail.gmail.com",
    received="SMTP",
    stamps=_stamps,
    report=report.non_delivery_report,
)
