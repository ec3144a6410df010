"""What Gmail says, word for word, as recorded. Words that no record confirms are marked.

Records, in public threads: jstedfast/MailKit 1396 and imapsync/imapsync 338 (IMAP), PHPMailer/PHPMailer 2328 and
SuiteCRM/SuiteCRM 4146 (EHLO), The-Login/SMTP-Smuggling-Tools 11 (MAIL to DATA), jstedfast/MimeKit 99 and
horde/Imap_Client 36 (POP3), zone-eu/wildduck 943 (capabilities before the sign-in), bberkay/openmail 1,
nodemailer/nodemailer 1388 and woowacourse-teams/2025-ah-madda 635 (refusals by a fault); for the challenge
https://developers.google.com/workspace/gmail/imap/xoauth2-protocol and jstedfast/MailKit 27.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime

from m365_sandbox.mail.sign_in import Reason
from m365_sandbox.mail.smtp_provider import SmtpRefusal

SERVER = "mx.google.com"
_CLIENT = "127.0.0.1 a640c23a62f3a-b0001"
CHALLENGE = base64.b64encode(json.dumps(
    {"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}, separators=(",", ":")
).encode()).decode("ascii")

IMAP_GREETING = f"* OK Gimap ready for requests from {_CLIENT}"
IMAP_CAPABILITY = (
    "* CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 "
    "AUTH=PLAIN AUTH=PLAIN-CLIENTTOKEN AUTH=OAUTHBEARER"
)
# Some records have COMPRESS=DEFLATE behind UIDPLUS, which is not implemented here.
IMAP_CAPABILITY_SIGNED_IN = (
    "* CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE CONDSTORE "
    "ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584"
)
IMAP_ID = (
    '* ID ("name" "GImap" "vendor" "Google, Inc." "support-url" "https://support.google.com/mail" "version" '
    '"gmail_imap_220520.08_p0" "remote-host" "127.0.0.1")'
)
IMAP_QUOTA_ROOT = '* QUOTAROOT "{folder}" ""'
IMAP_QUOTA = '* QUOTA "" (STORAGE 0 15728640)'
IMAP_BYE = "* BYE LOGOUT Requested"                             # from memory
IMAP_FAILED = "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)"
IMAP_OFF = (  # from memory
    "NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page and enable your "
    "account for IMAP access. (Failure)"
)
IMAP_TOO_MANY_SESSIONS = "NO [ALERT] Too many simultaneous connections. (Failure)"
IMAP_UNKNOWN_MECHANISM = "NO [CANNOT] Unsupported SASL mechanism. (Failure)"     # unconfirmed
IMAP_NOT_PARSED = "BAD Could not parse command"
IMAP_UNKNOWN_COMMAND = "BAD Unknown command"
IMAP_INVALID_STATE = "BAD Command is not valid in this state"   # unconfirmed
IMAP_GO_ON = "+ go ahead"                                       # from memory
IMAP_IDLING = "+ idling"                                        # from memory
IMAP_TIMEOUT = "* BYE Session expired, please login again."     # from memory
IMAP_TOO_LONG = "* BYE Line too long"                           # unconfirmed
IMAP_FLAGS = ("\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "\\Seen", "$NotPhishing", "$Phishing")
IMAP_CODES = {
    "UIDVALIDITY": " UIDs valid.", "UIDNEXT": " Predicted next UID.", "PERMANENTFLAGS": " Flags permitted.",
    "HIGHESTMODSEQ": "",
}

POP_GREETING = f"+OK Gpop ready for requests from {_CLIENT}"
POP_CAPABILITY = (
    "+OK Capability list follows", "USER", "RESP-CODES", "EXPIRE 0", "LOGIN-DELAY 300", "TOP", "UIDL", "X-GOOGLE-RICO",
    "SASL PLAIN XOAUTH2 OAUTHBEARER", ".",
)
POP_MECHANISMS = ("+OK", "PLAIN", "XOAUTH2", "OAUTHBEARER", ".")                 # unconfirmed
POP_USER_TAKEN = "+OK send PASS"
POP_AUTHENTICATED = "+OK Welcome."
POP_FAILED = "-ERR [AUTH] Username and password not accepted."
POP_OFF = (  # the first sentence is recorded
    "-ERR [SYS/PERM] Your account is not enabled for POP access. Please visit your Gmail settings page and enable your "
    "account for POP access."
)
POP_BAD_COMMAND = "-ERR bad command"                            # from memory
POP_NO_MESSAGE = "-ERR Message number out of range."            # from memory
POP_MESSAGE = "+OK message follows"
POP_DELETED = "+OK marked for deletion"                         # from memory
POP_OK = "+OK"
POP_BYE = "+OK Farewell."
POP_TIMEOUT = "-ERR Session timed out"                          # unconfirmed
POP_TOO_LONG = "-ERR Line too long"                             # unconfirmed

SMTP_SERVER = "smtp.gmail.com"
_TAIL = " {session} - gsmtp"
SMTP_SIZE = 35882577
SMTP_HELLO = f"{SMTP_SERVER} at your service, [127.0.0.1]"
SMTP_STARTTLS = "220 2.0.0 Ready to start TLS"
SMTP_AUTHENTICATED = "235 2.7.0 Accepted"
SMTP_SENDER_OK = f"250 2.1.0 OK{_TAIL}"
SMTP_RECIPIENT_OK = f"250 2.1.5 OK{_TAIL}"
SMTP_START_DATA = f"354 Go ahead{_TAIL}"
SMTP_QUEUED = "250 2.0.0 OK  {moment}{tail}"
SMTP_QUIT = f"221 2.0.0 closing connection{_TAIL}"
SMTP_FLUSHED = f"250 2.1.5 Flushed{_TAIL}"
SMTP_NOOP = f"250 2.0.0 OK{_TAIL}"
SMTP_NOT_AUTHENTICATED = (
    "530-5.7.0 Authentication Required. For more information, go to\r\n"
    f"530 5.7.0  https://support.google.com/mail/?p=WantAuthError{_TAIL}"
)
SMTP_BAD_CREDENTIALS = (
    "535-5.7.8 Username and Password not accepted. For more information, go to\r\n"
    f"535 5.7.8  https://support.google.com/mail/?p=BadCredentials{_TAIL}"
)
# By a fault. The last comes in place of 354.
SMTP_REFUSALS = {
    "534 5.7.9": SmtpRefusal(
        "AUTH",
        "534-5.7.9 Application-specific password required. For more information, go to\r\n"
        f"534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor{_TAIL}",
    ),
    "454 4.7.0": SmtpRefusal("AUTH", f"454 4.7.0 Too many login attempts, please try again later.{_TAIL}"),
    "550 5.4.5": SmtpRefusal(
        "DATA",
        "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\r\n"
        "550-5.4.5 sending limits go to\r\n"
        f"550 5.4.5  https://support.google.com/a/answer/166852{_TAIL}",
    ),
}
SMTP_UNKNOWN_MECHANISM = f"504 5.7.4 Unrecognized Authentication Type{_TAIL}"    # from memory
SMTP_SEQUENCE = f"503 5.5.1 Bad sequence of commands{_TAIL}"                     # from memory
SMTP_HELLO_FIRST = f"503 5.5.1 EHLO/HELO first.{_TAIL}"
SMTP_MAIL_FIRST = f"503 5.5.1 MAIL first.{_TAIL}"
SMTP_RECIPIENT_FIRST = f"503 5.5.1 RCPT first.{_TAIL}"                           # from memory
SMTP_SYNTAX = f"555 5.5.2 Syntax error, goodbye.{_TAIL}"                         # from memory
SMTP_UNKNOWN_COMMAND = f"502 5.5.1 Unrecognized command.{_TAIL}"                 # from memory
SMTP_TOO_LARGE = f"552 5.3.4 Your message exceeded Google's message size limits.{_TAIL}"     # from memory
SMTP_TOO_MANY_RECIPIENTS = f"452 4.5.3 Your message has too many recipients.{_TAIL}"         # from memory
SMTP_CANNOT_VERIFY = f"252 2.1.5 Send some mail, I'll try my best{_TAIL}"        # from memory
SMTP_HELP = (f"214 2.0.0 https://www.google.com/search?btnI&q=RFC+5321{_TAIL}",)     # from memory
SMTP_NOT_AVAILABLE = f"421 4.7.0 Temporary System Problem.  Try again later.{_TAIL}"
SMTP_TEMPORARY = f"451 4.3.0 Temporary system problem.  Try again later.{_TAIL}"     # from memory


def smtp_ident(moment: datetime, session: str) -> str:
    """What the banner says after the server's name."""
    return f"ESMTP {session} - gsmtp"


def smtp_refusal(reason: Reason, moment: datetime, session: str) -> str:
    """The answer to AUTH: Gmail has one for all reasons."""
    return SMTP_BAD_CREDENTIALS


def smtp_queued(moment: datetime) -> str:
    """The answer to the end of DATA."""
    return SMTP_QUEUED.format(moment=int(moment.timestamp()), tail=_TAIL)
