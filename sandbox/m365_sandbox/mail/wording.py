"""What Exchange Online says, word for word, as recorded. A provider's words stand here and nowhere else.

Wordings that no record confirms are marked; they only show where nothing recorded fits.
"""

from __future__ import annotations

import base64
from datetime import datetime

from m365_sandbox.mail.sign_in import Reason
from m365_sandbox.mail.smtp_provider import SmtpRefusal

# A server of the tenant as its own headers and greetings name it.
SERVER = "AM0PR01MB0001.eurprd01.prod.outlook.com"
SMTP_SERVER = "AM0P190CA0001.outlook.office365.com"
SMTP_SERVER_INTERNAL = "AM0P190CA0001.EURP190.PROD.OUTLOOK.COM"
_SERVER_TAG = base64.b64encode(SERVER.encode("utf-16-le")).decode("ascii")

IMAP_GREETING = f"* OK The Microsoft Exchange IMAP4 service is ready. [{_SERVER_TAG}]"
IMAP_CAPABILITY = (
    "* CAPABILITY IMAP4 IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE "
    "LITERAL+"
)
IMAP_CAPABILITY_SIGNED_IN = (
    "* CAPABILITY IMAP4 IMAP4rev1 AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES "
    "CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+"
)
IMAP_ID = '* ID ("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")'
IMAP_AUTHENTICATED = "OK AUTHENTICATE completed."
IMAP_AUTHENTICATE_FAILED = "NO AUTHENTICATE failed."
IMAP_LOGIN_FAILED = "NO LOGIN failed."
IMAP_NOT_CONNECTED = "BAD User is authenticated but not connected."
IMAP_ARGUMENT_ERROR = "BAD Command Argument Error. 11"
IMAP_ARGUMENT_COUNT = "BAD Command Argument Error. 12"          # recorded for LIST with RETURN
IMAP_COMMAND_ERROR = "BAD Command Error. 12"                    # unconfirmed
IMAP_INVALID_STATE = "BAD Command received in Invalid state."
IMAP_BYE = "* BYE Microsoft Exchange Server IMAP4 server signing off."  # unconfirmed
IMAP_TIMEOUT = "* BYE Connection is closed. 13"                 # unconfirmed
IMAP_TOO_LONG = "* BYE Connection closed. 14"                   # unconfirmed
IMAP_BAD_CHARSET = "NO [BADCHARSET (US-ASCII)] The specified charset is not supported."
IMAP_INVALID_SET = "NO The specified message set is invalid."
IMAP_FOLDER_EXISTS = "Mailbox already exists."
IMAP_IDLING = "+ IDLE accepted, awaiting DONE command."
IMAP_REFUSALS = {
    # As imapflow's tests have it.
    "Request is throttled": "BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds",
}
IMAP_GO_ON = "+ Ready for additional command text."            # unconfirmed
IMAP_FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$MDNSent")
IMAP_SELECTED_FLAGS = (
    f"* FLAGS ({' '.join(IMAP_FLAGS)})", f"* OK [PERMANENTFLAGS ({' '.join(IMAP_FLAGS)})] Permanent flags",
)
# Response code -> what follows it in an untagged OK; the last is unconfirmed.
IMAP_CODES = {
    "UNSEEN": "Is the first unseen message", "UIDVALIDITY": "UIDVALIDITY value",
    "UIDNEXT": "The next unique identifier value", "COPYUID": "MOVE completed.",
}

POP_GREETING = f"+OK The Microsoft Exchange POP3 service is ready. [{_SERVER_TAG}]"
POP_CAPABILITY = ("+OK", "TOP", "UIDL", "SASL PLAIN XOAUTH2", "USER", ".")
POP_MECHANISMS = ("+OK", "PLAIN", "XOAUTH2", ".")               # unconfirmed
POP_AUTHENTICATED = "+OK User successfully authenticated."
POP_AUTHENTICATE_FAILED = "-ERR Authentication failure: unknown user name or bad password."
POP_LOGON_FAILED = "-ERR Logon failure: unknown user name or bad password."  # unconfirmed
POP_NOT_CONNECTED = "-ERR User is authenticated but not connected."          # unconfirmed
POP_PROTOCOL_ERROR = "-ERR Protocol error. 18"                  # unconfirmed
POP_INVALID_STATE = "-ERR Command is not valid in this state."  # unconfirmed
POP_OK = "+OK"
POP_NO_MESSAGE = "-ERR The specified message is out of range."  # unconfirmed
POP_BYE = "+OK Microsoft Exchange Server POP3 server signing off."           # unconfirmed
POP_TIMEOUT = "-ERR Connection is closed. 21"                   # unconfirmed
POP_TOO_LONG = "-ERR Connection is closed. 20"                  # unconfirmed

SMTP_SIZE = 157286400
SMTP_STARTTLS = "220 2.0.0 SMTP server ready"
SMTP_AUTHENTICATED = "235 2.7.0 Authentication successful"
SMTP_SENDER_OK = "250 2.1.0 Sender OK"
SMTP_RECIPIENT_OK = "250 2.1.5 Recipient OK"
SMTP_START_DATA = "354 Start mail input; end with <CRLF>.<CRLF>"
SMTP_QUIT = "221 2.0.0 Service closing transmission channel"
SMTP_NOT_AVAILABLE = "421 4.3.2 Service not available"
SMTP_TEMPORARY = "451 4.7.0 Temporary server error. Please try again later."
SMTP_RESET = "250 2.0.0 Resetting"                              # unconfirmed
SMTP_NOOP = "250 2.0.0 OK"                                      # unconfirmed
SMTP_UNKNOWN_MECHANISM = "504 5.7.4 Unrecognized authentication type"        # unconfirmed
SMTP_BAD_DOMAIN = "501 5.5.4 Invalid domain name"               # unconfirmed
SMTP_HELLO_FIRST = "503 5.5.2 Send hello first"                 # unconfirmed
# These eight from public code that imitates Exchange; the first is in Microsoft's page on testing with Telnet, too.
SMTP_UNKNOWN_COMMAND = "500 5.3.3 Unrecognized command"
SMTP_BAD_ARGUMENTS = "501 5.5.4 Invalid arguments"
SMTP_NOT_IMPLEMENTED = "502 5.3.3 Command not implemented"
SMTP_LONG_LINE = "500 5.3.3 Line too long"
SMTP_NEED_MAIL = "503 5.5.2 Need mail command"
SMTP_NEED_RECIPIENT = "503 5.5.2 Need rcpt command"
SMTP_NESTED_MAIL = "503 5.5.2 Sender already specified"
SMTP_CANNOT_VERIFY = "252 2.1.5 Cannot VRFY user"
# The commands are those that are implemented here.
SMTP_HELP = (
    "214-This server supports the following commands:",
    "214 HELO EHLO STARTTLS RCPT DATA RSET MAIL QUIT HELP AUTH NOOP VRFY",
)
SMTP_TOO_MANY_ERRORS = "421 4.7.0 Too many errors on this connection, closing transmission channel"  # unconfirmed
SMTP_TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients"
SMTP_BAD_SEQUENCE = "503 5.5.1 Bad sequence of commands"        # unconfirmed
SMTP_TOO_LARGE = "552 5.3.4 Message size exceeds fixed maximum message size"  # unconfirmed
SMTP_NOT_AUTHENTICATED = f"530 5.7.57 Client not authenticated to send mail. [{SMTP_SERVER}]"
SMTP_BAD_ADDRESS = "501 5.1.3 Invalid address"                  # unconfirmed
SMTP_TOO_MANY_CONNECTIONS = (
    "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. "
    f"[Hostname={SERVER.upper()}]"
)
# As Microsoft's page on the store's changes has it; what a server adds is not on record.
SMTP_MAILBOX_FULL = (
    "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded"
)
SMTP_TOO_MANY_RECIPIENTS_A_DAY = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"
SMTP_BLOCKED_FOR_SPAM = (
    "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process message due to a permanent "
    "exception with message [BeginDiagnosticData]WASCL UserAction verdict is not None. Actual verdict is RefuseQuota. "
    "OutboundSpamException: WASCL UserAction verdict is not None. Actual verdict is RefuseQuota.[EndDiagnosticData] "
    f"[Hostname={SERVER.upper()}]"
)
# By a fault.
SMTP_REFUSALS = {
    # When it comes, how it begins and the exception are in public guides and in Microsoft's script that tests SMTP;
    # what stands between is unconfirmed.
    "430 4.2.0": SmtpRefusal(
        "message",
        "430 4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:ConnectionFailedTransientException."
        f"MapiExceptionLogonFailed [Hostname={SERVER.upper()}]",
    ),
    # Of public clients' logs, also as what ends the connection; when it comes is unconfirmed.
    "421 4.4.2": SmtpRefusal(
        "MAIL", "421 4.4.2 Message submission rate for this client has exceeded the configured limit"
    ),
    # Microsoft's page on the throttling of continuous errors; when they come is unconfirmed.
    **{
        f"550 5.2.{number}": SmtpRefusal(
            "message", f"550 5.2.{number} Sender throttled due to continuous {what} errors."
        ) for number, what in {
            251: "mailbox full", 252: "send as denied", 253: "invalid license", 254: "too many recipients",
            255: "invalid recipients",
        }.items()
    },
    # Microsoft's page on reports of mail that is not delivered; when it comes is unconfirmed.
    "550 5.7.705": SmtpRefusal("message", "550 5.7.705 Access denied, tenant has exceeded threshold"),
}
SMTP_OVER_SEND_SIZE = (  # the codes are unconfirmed
    "554 5.2.3 MapiExceptionMaxSubmissionExceeded; Message size exceeds maximum size limit.; "
    "STOREDRV.Submission.Exception:MessageSubmissionExceededException.MapiExceptionMaxSubmissionExceeded; Failed "
    "to process message due to a permanent exception with message [BeginDiagnosticData]Cannot save changes made "
    f"to an item to store. [EndDiagnosticData] [Hostname={SERVER.upper()}]"
)


def imap_completed(name: str) -> str:
    """The end of a command that went well; the name without UID."""
    return f"{name} completed."


def imap_failed(name: str) -> str:
    """The end of a command that went wrong, as recorded for LOGIN and AUTHENTICATE."""
    return f"{name} failed."


def imap_no_folder(name: str) -> str:
    """The answer to SELECT for a folder that is not there."""
    return f"{name} doesn't exist."


def smtp_service(moment: datetime, session: str) -> str:
    """What the banner of the submission port says after the server's name; ``session`` is 16 hex digits."""
    return f"Microsoft ESMTP MAIL Service ready at {moment:%a, %d %b %Y %H:%M:%S +0000} [{session}]"


def smtp_refusal(reason: Reason, moment: datetime, session: str) -> str:
    """The answer to AUTH by reason."""
    place = f"[{SMTP_SERVER_INTERNAL} {moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z {session}]"
    failed = "535 5.7.139 Authentication unsuccessful,"
    switch = (
        "SmtpClientAuthentication is disabled for the {}. Visit https://aka.ms/smtp_auth_disabled for more information."
    )
    return {
        "tenant_switch": f"{failed} {switch.format('Tenant')} {place}",
        "mailbox_switch": f"{failed} {switch.format('Mailbox')} {place}",
        "basic_disabled": f"{failed} basic authentication is disabled. {place}",
        "wrong_password": f"{failed} the user credentials were incorrect. {place}",
        "security_defaults": (
            f"{failed} user is locked by your organization's security defaults policy. Contact your administrator. "
            f"{place}"
        ),
        "conditional_access": (
            f"{failed} the request did not meet the criteria to be authenticated successfully. Contact your "
            f"administrator. {place}"
        ),
    }.get(reason, f"535 5.7.3 Authentication unsuccessful [{SMTP_SERVER_INTERNAL}]")


def smtp_queued(message_id: str) -> str:
    """The answer to the end of DATA; ``message_id`` with its angle brackets."""
    return f"250 2.0.0 OK {message_id} [Hostname={SERVER.upper()}]"


def smtp_send_as_denied(mailbox: str, sender: str) -> str:
    """The answer to the end of DATA when the From address is not allowed."""
    return (
        f"554 5.2.252 SendAsDenied; {mailbox} not allowed to send as {sender}; "
        "STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due "
        "to a permanent exception with message [BeginDiagnosticData]Cannot submit message. [EndDiagnosticData] "
        f"[Hostname={SERVER.upper()}]"
    )


def recipient_not_found(address: str) -> str:
    """What a report says about an address that the tenant does not have."""
    return f"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {address} not found by SMTP address lookup"
