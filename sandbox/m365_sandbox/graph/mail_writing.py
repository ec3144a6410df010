"""From Graph's message resource to a message that can be sent or kept as a draft. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.mail_body import read_body, refusal
from m365_sandbox.graph.mail_expanding import EXTENDED, normal_id
from m365_sandbox.graph.mail_reading import text_of
from m365_sandbox.graph.message_types import MESSAGE
from m365_sandbox.mail.message import addresses, canonical
from m365_sandbox.state.history import Entity

RECIPIENTS = {"toRecipients": "To", "ccRecipients": "Cc", "bccRecipients": "Bcc", "replyTo": "Reply-To"}
MOST_HEADERS = 5
MOST_RECIPIENTS = 500

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\.]+(?:\.[^\s@<>()\[\],;:\"\\.]+)*")
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]+>")
_HEADER_NAME = re.compile(r"[\x21-\x39\x3b-\x7e]+")


def read_message(resource: Mapping[str, Any], *, updating: bool = False) -> Entity:
    """The properties that a body sets, the ids of extended ones as the mailbox keeps them; GraphError as read_body."""
    values = read_body(MESSAGE, resource, updating=updating)
    for name in values.keys() & set(EXTENDED):
        values[name] = [{**one, "id": normal_id(one.get("id"))} for one in values[name]]
    return values


def build_message(resource: Mapping[str, Any], mailbox: str) -> bytes:
    """RFC 5322 with CRLF, Bcc included, from the properties of a message resource that a message itself can say.

    :param mailbox: the address that it comes from unless it says otherwise.
    :raises GraphError: 400 for an unknown property, a value of the wrong type, a bad header, address or attachment.
    """
    for entry in resource.get("attachments") or ():
        if isinstance(entry, dict) and entry.get("@odata.type", "").lower() != "#microsoft.graph.fileattachment":
            raise refusal("Only attachments of the type '#microsoft.graph.fileAttachment' are supported here.")
    values = read_message(resource)
    message = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    author = _recipient(values["from"]) if "from" in values else Address(addr_spec=mailbox)
    message["From"] = author
    if "sender" in values and (sender := _recipient(values["sender"])).addr_spec != author.addr_spec:
        message["Sender"] = sender
    for name, header in RECIPIENTS.items():
        if recipients := [_recipient(entry) for entry in values.get(name, ())]:
            message[header] = recipients
    message["Subject"] = _line(values, "subject")
    if identifier := values.get("internetMessageId"):
        if _MESSAGE_ID.fullmatch(identifier) is None:
            raise refusal("The value of the property 'internetMessageId' is not valid.")
        message["Message-ID"] = identifier
    if values.get("importance") in ("low", "high"):
        message["Importance"] = values["importance"]
    for name, header in (
        ("isReadReceiptRequested", "Disposition-Notification-To"), ("isDeliveryReceiptRequested", "Return-Receipt-To"),
    ):
        if values.get(name):
            message[header] = str(author)
    for name, value in _internet_headers(values.get("internetMessageHeaders", ())):
        message[name] = value
    _set_body(message, values.get("body", {}))
    for attachment in values.get("attachments", ()):
        _attach(message, attachment)
    return bytes(message)


def read_mime(body: bytes) -> bytes:
    """The message that a MIME request carries as base64 [GC:outlook-send-mime-message]; GraphError 400 for none."""
    try:
        return canonical(base64.b64decode(b"".join(body.split()), validate=True))
    except binascii.Error as error:
        raise GraphError(
            400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content."
        ) from error


def recipients_of(message: bytes) -> list[str]:
    """The addresses in To, Cc and Bcc; GraphError 400 if there is none, or one is malformed."""
    found = addresses(message, "To", "Cc", "Bcc")
    if not found:
        raise invalid_recipients("A message can't be sent because it contains no recipients.")
    if len(found) > MOST_RECIPIENTS:
        raise invalid_recipients(f"A message can have at most {MOST_RECIPIENTS} recipients.")
    for address in found:
        if _ADDRESS.fullmatch(address) is None:
            raise invalid_recipients(f"Recipient '{address}' is not resolved.")
    return found


def invalid_recipients(reason: str) -> GraphError:
    """The mailbox's refusal of recipients."""
    return GraphError(400, "ErrorInvalidRecipients", f"At least one recipient is not valid., {reason}")


def _set_body(message: EmailMessage, body: Entity) -> None:
    content = re.sub(r"\r\n?", "\n", body.get("content", ""))
    if body.get("contentType") == "html":
        # Exchange sends HTML with a plain text beside it.
        message.set_content(text_of(content).replace("\r\n", "\n"))
        message.add_alternative(content, subtype="html")
    else:
        message.set_content(content)


def _attach(message: EmailMessage, attachment: Entity) -> None:
    maintype, slash, subtype = attachment.get("contentType", "").partition("/")
    if not slash or maintype in ("multipart", "message"):
        maintype, subtype = "application", "octet-stream"
    content_id = re.sub(r"[^!-~]", "", attachment.get("contentId", ""))
    message.add_attachment(
        base64.b64decode(attachment.get("contentBytes", "")), maintype=maintype, subtype=subtype,
        filename=_line(attachment, "name") or "attachment",
        disposition="inline" if attachment.get("isInline") else "attachment",
        cid=f"<{content_id}>" if content_id else None,
    )


def _internet_headers(entries: Sequence[Entity]) -> list[tuple[str, str]]:
    if len(entries) > MOST_HEADERS:
        raise GraphError(
            400, "InvalidInternetMessageHeaderCollection",
            f"Maximum number of headers in one message should be less than or equal to {MOST_HEADERS}.",
        )
    headers = []
    for entry in entries:
        name = entry.get("name", "")
        if not name.lower().startswith("x-") or _HEADER_NAME.fullmatch(name) is None:
            raise GraphError(
                400, "InvalidInternetMessageHeader",
                f"The internet message header name '{name}' should start with 'x-' or 'X-'.",
            )
        headers.append((name, _line(entry, "value")))
    return headers


def _recipient(entry: Entity | None) -> Address:
    address = (entry or {}).get("emailAddress")
    if address is None:
        raise refusal("A recipient has to be an object with the property 'emailAddress'.")
    addr_spec, name = address.get("address", ""), _line(address, "name")
    if _ADDRESS.fullmatch(addr_spec) is None:
        raise invalid_recipients(f"Recipient '{addr_spec or name}' is not resolved.")
    user, _, domain = addr_spec.rpartition("@")
    return Address(name, user, domain)


def _line(values: Entity, name: str) -> str:
    """A text that goes into a header field: whatever could end the line becomes a space."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", values.get(name, "")).strip()
