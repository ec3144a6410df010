"""From a stored message to Graph's message resource. Pure.

Header fields are decoded one by one and leniently: anything may lie in a mailbox.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, Literal

from m365_sandbox.graph.mail_ids import Place, encode_folder, encode_message
from m365_sandbox.mail.mailbox import Item
from m365_sandbox.mail.message import field_name, split
from m365_sandbox.state.clock import timestamp
from m365_sandbox.state.history import Entity

BodyType = Literal["text", "html"]
PREVIEW_LENGTH = 255


@dataclass(frozen=True)
class Shape:
    """How the caller wants messages shown: the body's type (None: as stored), and which kind of id."""

    body_type: BodyType | None = None
    immutable_ids: bool = False


def show_message(item: Item, shape: Shape, kept: Mapping[str, Any]) -> Entity:
    """The message resource with every property that is implemented; header-only items have an empty body.

    :param kept: what the mailbox keeps beside the message (see ``message_types.KEPT_BESIDE``).
    """
    fields = [(field_name(field), _value(field), field) for field in split(item.content)[0]]
    parsed = parse(item.content)
    kind, text = _body(parsed)
    plain = text_of(text) if kind == "html" else text
    if shape.body_type == "html" and kind == "text":
        text = f"<html><head></head><body><pre>{html.escape(text)}</pre></body></html>"
    elif shape.body_type == "text":
        text = plain
    received = _received(fields) or timestamp(item.received)
    sender = _addresses(fields, "sender") or _addresses(fields, "from")
    identifier = message_id_of(item, shape)
    change_key = _change_key(item, kept)
    shown: Entity = {
        "@odata.etag": f'W/"{change_key}"',
        "id": identifier,
        "createdDateTime": received,
        "lastModifiedDateTime": received,
        "changeKey": change_key,
        "categories": [],
        "receivedDateTime": received,
        "sentDateTime": _sent(fields) or received,
        "hasAttachments": any(not part.inline for part in attachments(parsed)),
        "internetMessageId": _first(fields, "message-id"),
        "subject": _first(fields, "subject") or "",
        "bodyPreview": plain[:PREVIEW_LENGTH],
        "importance": _importance(fields),
        "parentFolderId": encode_folder(item.folder.guid),
        "conversationId": _conversation_id(fields, item),
        "conversationIndex": base64.b64encode(b"\x01" + hashlib.sha256(item.guid).digest()[:21]).decode("ascii"),
        "isDeliveryReceiptRequested": _first(fields, "return-receipt-to") is not None,
        "isReadReceiptRequested": _first(fields, "disposition-notification-to") is not None,
        "isRead": "\\Seen" in item.flags,
        "isDraft": "\\Draft" in item.flags,
        "webLink": f"https://outlook.office365.com/owa/?ItemID={identifier}&exvsurl=1&viewmodel=ReadMessageItem",
        "inferenceClassification": "focused",
        "body": {"contentType": shape.body_type or kind, "content": text},
        "sender": sender[0] if sender else None,
        "from": next(iter(_addresses(fields, "from")), None),
        "toRecipients": _addresses(fields, "to"),
        "ccRecipients": _addresses(fields, "cc"),
        "bccRecipients": _addresses(fields, "bcc"),
        "replyTo": _addresses(fields, "reply-to"),
        "flag": _flag(item, kept),
        "internetMessageHeaders": [
            {"name": field.partition(b":")[0].strip().decode("ascii"), "value": value} for _, value, field in fields
        ],
    }
    return {**shown, **{name: value for name, value in kept.items() if name != "flag"}}


def message_id_of(item: Item, shape: Shape) -> str:
    """The message's id in the kind that the caller wants."""
    place = Place(item.folder.guid, item.folder.uid_validity, item.uid)
    return encode_message(place, item.guid, immutable=shape.immutable_ids)


@dataclass(frozen=True)
class Attachment:
    """One attachment; ``identifier`` is its position among the parts of the message."""

    identifier: int
    name: str
    content_type: str
    content: bytes
    inline: bool
    content_id: str | None


def attachments(parsed: Message) -> list[Attachment]:
    """Every part that is no container and no body text."""
    found = []
    for position, part in enumerate(_leaves(parsed)):
        if not _is_attachment(part):
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            inner = part.get_payload()
            first = inner[0] if isinstance(inner, list) and inner else None
            content = first.as_bytes() if isinstance(first, Message) else b""
        content_id = part.get("Content-ID")
        found.append(Attachment(
            position, _decoded(str(part.get_filename() or "attachment")), part.get_content_type(), content,
            part.get_content_disposition() == "inline" and content_id is not None,
            str(content_id).strip("<> ") if content_id is not None else None,
        ))
    return found


def parse(message: bytes) -> Message:
    """The MIME structure of a message."""
    return BytesParser(policy=compat32).parsebytes(message)


def text_of(markup: str) -> str:
    """HTML as plain text, roughly: enough for previews and for ``outlook.body-content-type="text"``."""
    text = re.sub(r"(?is)<(script|style|head)\b.*?</\1\s*>", "", markup)
    text = re.sub(r"(?i)<br\s*/?>|</(p|div|tr|h[1-6]|li)\s*>", "\r\n", text)
    return html.unescape(re.sub(r"(?s)<[^>]*>", "", text)).strip()


def _body(parsed: Message) -> tuple[BodyType, str]:
    texts: dict[str, str] = {}
    for part in _leaves(parsed):
        if part.get_content_maintype() == "text" and not _is_attachment(part):
            texts.setdefault(part.get_content_subtype(), _text(part))
    if "html" in texts:
        return "html", texts["html"]
    return "text", next(iter(texts.values()), "")


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _leaves(parsed: Message) -> Iterator[Message]:
    """Parts that hold content; an attached message is one of them, whatever is inside."""
    content = parsed.get_payload()
    if isinstance(content, list) and parsed.get_content_maintype() == "multipart":
        for part in content:
            if isinstance(part, Message):
                yield from _leaves(part)
    else:
        yield parsed


def _is_attachment(part: Message) -> bool:
    if part.get_content_disposition() == "attachment" or part.get_filename() is not None:
        return True
    return part.get_content_type() not in ("text/plain", "text/html")


Fields = Sequence[tuple[str, str, bytes]]


def _value(field: bytes) -> str:
    raw = re.sub(rb"\r\n(?=[ \t])", b"", field.partition(b":")[2]).strip()
    return _decoded(raw.decode("utf-8", "replace"))


def _decoded(text: str) -> str:
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, UnicodeError, HeaderParseError):
        return text


def _first(fields: Fields, name: str) -> str | None:
    return next((value for known, value, _ in fields if known == name), None)


def _addresses(fields: Fields, name: str) -> list[Entity]:
    # Undecoded: an encoded display name may hold commas.
    raw = [
        re.sub(rb"\r\n(?=[ \t])", b"", field.partition(b":")[2]).decode("utf-8", "replace").strip()
        for known, _, field in fields if known == name
    ]
    return [
        {"emailAddress": {"name": _decoded(shown) or address, "address": address}}
        for shown, address in getaddresses(raw) if address
    ]


def _received(fields: Fields) -> str | None:
    # The store's own date is the machine's, and Dovecot takes none from the future.
    return _moment((_first(fields, "received") or "").rpartition(";")[2])


def _sent(fields: Fields) -> str | None:
    return _moment(_first(fields, "date") or "")


def _moment(text: str) -> str | None:
    try:
        moment = parsedate_to_datetime(text)
        return timestamp(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _importance(fields: Fields) -> str:
    named = (_first(fields, "importance") or "").strip().lower()
    return named if named in ("low", "high") else "normal"


def _conversation_id(fields: Fields, item: Item) -> str:
    references = (_first(fields, "references") or _first(fields, "in-reply-to") or "").split()
    root = references[0] if references else _first(fields, "message-id") or item.guid.hex()
    return base64.urlsafe_b64encode(b"\x00\x03\x24" + hashlib.sha256(root.encode()).digest()).decode("ascii")


def _flag(item: Item, kept: Mapping[str, Any]) -> Entity:
    """The flag with its dates, unless somebody has changed it by IMAP since, which knows flagged or not only."""
    flagged = "\\Flagged" in item.flags
    flag: Entity = kept.get("flag", {})
    if flag and (flag["flagStatus"] == "flagged") == flagged:
        return flag
    return {"flagStatus": "flagged" if flagged else "notFlagged"}


def _change_key(item: Item, kept: Mapping[str, Any]) -> str:
    state = item.guid + " ".join(sorted(item.flags - {"\\Recent"})).encode() + json.dumps(kept, sort_keys=True).encode()
    return base64.b64encode(hashlib.sha256(state).digest()[:21]).decode("ascii")
