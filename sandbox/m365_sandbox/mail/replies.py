"""The SMTP library's own replies in Exchange Online's words. Pure."""

from __future__ import annotations

import re

from m365_sandbox.mail import wording

_EXCHANGES = tuple((re.compile(pattern), reply) for pattern, reply in (
    (r"220 Ready to start TLS", wording.SMTP_STARTTLS),
    (r"354 End data with .*", wording.SMTP_START_DATA),
    (r"503 Error: need MAIL command", wording.SMTP_NEED_MAIL),
    (r"503 Error: need RCPT command", wording.SMTP_NEED_RECIPIENT),
    (r"503 Error: nested MAIL command", wording.SMTP_NESTED_MAIL),
    (r"503 Error: send .*", wording.SMTP_HELLO_FIRST),
    (r"454 TLS not available", wording.SMTP_BAD_SEQUENCE),
    (r"552 Error: .*", wording.SMTP_TOO_LARGE),
    (r"553 5\.1\.3 Error: malformed address", wording.SMTP_BAD_ADDRESS),
    (r"50[012] .*too long.*", wording.SMTP_LONG_LINE),
    (r"502 5\.5\.1 Too many unrecognized commands, goodbye\.", wording.SMTP_TOO_MANY_ERRORS),
    (r"502 EXPN not implemented", wording.SMTP_NOT_IMPLEMENTED),
    (r"500 Error: .*", wording.SMTP_UNKNOWN_COMMAND),
    (r"(501 (Syntax|Error):|555 ).*", wording.SMTP_BAD_ARGUMENTS),
))


def exchanges(reply: str) -> str:
    """Exchange's reply in place of one of the library's; what is none of those stays as it is."""
    return next((exchanges for pattern, exchanges in _EXCHANGES if pattern.fullmatch(reply)), reply)
