"""Messages as bytes: reading and changing the header without touching anything else. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import format_datetime, getaddresses

from m365_sandbox.mail.wording import SERVER, SMTP_SERVER, recipient_not_found

_VERSION = "15.20.9000.012"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FIELD_START = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")


def canonical(message: bytes) -> bytes:
    """The message with CRLF as every line end, and one at its end."""
    text = _LINE_END.sub(b"\r\n", message)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def split(message: bytes) -> tuple[list[bytes], bytes]:
    """The header's fields (each with its continuation lines and line end) and the rest, from the empty line on."""
    if message.startswith(b"\r\n"):
        return [], message
    header, separator, body = message.partition(b"\r\n\r\n")
    fields: list[bytes] = []
    for line in header.removesuffix(b"\r\n").split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += line + b"\r\n"
        elif _FIELD_START.match(line):
            fields.append(line + b"\r\n")
        else:
            # No header at all, or one that ends without an empty line: everything from here is the body.
            position = len(b"".join(fields))
            return fields, b"\r\n" + message[position:]
    return fields, b"\r\n" + body if separator else b"\r\n"


def field_name(field: bytes) -> str:
    """The lower-case name of a header field."""
    return field.partition(b":")[0].strip().lower().decode("ascii")


def header(message: bytes, name: str) -> str | None:
    """The value of the first header field of that name, unfolded."""
    for field in split(message)[0]:
        if field_name(field) == name.lower():
            return re.sub(rb"\r\n[ \t]*", b" ", field.partition(b":")[2].strip()).decode("utf-8", "replace")
    return None


def addresses(message: bytes, *names: str) -> list[str]:
    """The bare addresses in the header fields of these names, in order, without empty ones."""
    parsed = BytesHeaderParser(policy=policy.compat32).parsebytes(message)
    values = [str(value) for name in names for value in parsed.get_all(name, [])]
    return [address for _, address in getaddresses(values) if address]


def without(message: bytes, names: Collection[str]) -> bytes:
    """The message without the header fields of these (lower-case) names."""
    fields, rest = split(message)
    return b"".join(field for field in fields if field_name(field) not in names) + rest


def prepend(message: bytes, lines: Sequence[str]) -> bytes:
    """The message with header fields put before all others, the first line topmost."""
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape") + message


def on_behalf(message: bytes, representative: Callable[[str], str | None]) -> bytes:
    """The message with the Sender that Exchange writes if somebody sends on behalf of another one.

    :param representative: gives the sender for a From address, None where the author sends.
    """
    sender = next(filter(None, map(representative, addresses(message, "From"))), None)
    return message if sender is None else prepend(without(message, {"sender"}), [f"Sender: {sender}"])


def envelope_sender(address: str | None) -> str:
    """The sender of an envelope as aiosmtpd keeps it; empty for the null sender, which it gives as ``<>``."""
    return "" if address in (None, "<>") else str(address)


def complete(message: bytes, sender: str, moment: datetime, server: str) -> bytes:
    """The message with From (unless ``sender`` is empty), Date, Message-ID and MIME-Version where they were missing.

    :param server: what stands behind the @ of a Message-ID.
    """
    present = {field_name(field) for field in split(message)[0]}
    defaults = {
        "From": sender,
        "Date": format_datetime(moment),
        "Message-ID": f"<{uuid.uuid4().hex.upper()}@{server}>",
        "MIME-Version": "1.0",
    }
    fields, rest = split(message)
    missing = {name: value for name, value in defaults.items() if value and name.lower() not in present}
    added = [f"{name}: {value}\r\n".encode() for name, value in missing.items()]
    return b"".join(fields + added) + rest


def received(source: str, server: str, how: str, moment: datetime) -> str:
    """A Received field as Exchange writes it."""
    return f"Received: from {source}\r\n by {server} with\r\n {how} id {_VERSION}; {format_datetime(moment)}"


def stamps(server: str, *, authenticated: bool) -> list[str]:
    """Exchange's own header fields on a message that a mailbox receives."""
    return [
        f"X-MS-Exchange-Organization-Network-Message-Id: {uuid.uuid4()}",
        f"X-MS-Exchange-Organization-AuthSource: {server}",
        f"X-MS-Exchange-Organization-AuthAs: {'Internal' if authenticated else 'Anonymous'}",
    ]


def non_delivery_report(original: bytes, recipient: str, unknown: Sequence[str], moment: datetime) -> bytes:
    """What the sender's mailbox gets when the tenant does not have some recipients."""
    report = EmailMessage(policy=policy.SMTP)
    report["From"] = f"Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@{recipient.split('@')[-1]}>"
    report["To"] = recipient
    report["Subject"] = re.sub(r"[\r\n]+", " ", f"Undeliverable: {header(original, 'Subject') or ''}".strip())
    report["Date"] = format_datetime(moment)
    report["Message-ID"] = f"<{uuid.uuid4()}@{SERVER}>"
    report["Auto-Submitted"] = "auto-replied"
    if message_id := header(original, "Message-ID"):
        report["In-Reply-To"] = message_id
    lines = "\n".join(recipient_not_found(address) for address in unknown)
    report.set_content(f"Your message couldn't be delivered to:\n\n{lines}\n")
    status = "".join(
        f"\nFinal-Recipient: rfc822;{address}\nAction: failed\nStatus: 5.1.10\n"
        f"Diagnostic-Code: smtp;{recipient_not_found(address)}\n" for address in unknown
    )
    report.add_attachment(
        f"Reporting-MTA: dns;{SMTP_SERVER}\n{status}".encode(), maintype="application", subtype="octet-stream",
        filename="details.txt",
    )
    return bytes(report)
