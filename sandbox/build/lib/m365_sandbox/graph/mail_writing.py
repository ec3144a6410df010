"""From Graph's message resource to a message that can be sent or kept as a draft. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.mail_reading import text_of
from m365_sandbox.mail.message import addresses, canonical

RECIPIENTS = {"toRecipients": "To", "ccRecipients": "Cc", "bccRecipients": "Bcc", "replyTo": "Reply-To"}
WRITABLE = {
    "@odata.type", "subject", "body", *RECIPIENTS, "from", "sender", "importance", "internetMessageHeaders",
    "internetMessageId", "attachments", "isReadReceiptRequested", "isDeliveryReceiptRequested", "hasAttachments",
}
MOST_HEADERS = 5

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\.]+(?:\.[^\s@<>()\[\],;:\"\\.]+)*")
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]+>")
_HEADER_NAME = re.compile(r"[\x21-\x39\x3b-\x7e]+")


def build_message(resource: Mapping[str, Any], mailbox: str) -> bytes:
    """RFC 5322 with CRLF, Bcc included, from the properties of a message resource.

    :param mailbox: the address that it comes from unless it says otherwise.
    :raises GraphError: 400 for an unknown property, a value of the wrong type, a bad header, address or attachment.
    """
    if unknown := sorted(set(resource) - WRITABLE):
        raise _body_refusal(
            f"The property '{unknown[0]}' does not exist on type 'microsoft.graph.message'. "
            "Make sure to only use property names that are defined by the type."
        )
    message = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    author = _recipient(resource["from"]) if resource.get("from") else Address(addr_spec=mailbox)
    message["From"] = author
    if resource.get("sender") and (sender := _recipient(resource["sender"])).addr_spec != author.addr_spec:
        message["Sender"] = sender
    for name, header in RECIPIENTS.items():
        if recipients := [_recipient(entry) for entry in _list(resource, name)]:
            message[header] = recipients
    message["Subject"] = _line(resource, "subject")
    if identifier := _text(resource, "internetMessageId"):
        if _MESSAGE_ID.fullmatch(identifier) is None:
            raise _body_refusal("The value of the property 'internetMessageId' is not valid.")
        message["Message-ID"] = identifier
    importance = _text(resource, "importance").lower()
    if importance not in ("", "low", "normal", "high"):
        raise _body_refusal(f"Requested value '{importance}' was not found.")
    if importance in ("low", "high"):
        message["Importance"] = importance
    for name, header in (
        ("isReadReceiptRequested", "Disposition-Notification-To"), ("isDeliveryReceiptRequested", "Return-Receipt-To"),
    ):
        if resource.get(name):
            message[header] = author
    for name, value in _internet_headers(resource):
        message[name] = value
    _set_body(message, resource)
    for entry in _list(resource, "attachments"):
        _attach(message, entry)
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
    for address in found:
        if _ADDRESS.fullmatch(address) is None:
            raise invalid_recipients(f"Recipient '{address}' is not resolved.")
    return found


def invalid_recipients(reason: str) -> GraphError:
    """The mailbox's refusal of recipients."""
    return GraphError(400, "ErrorInvalidRecipients", f"At least one recipient is not valid., {reason}")


def _set_body(message: EmailMessage, resource: Mapping[str, Any]) -> None:
    body = resource.get("body") or {}
    if not isinstance(body, dict) or set(body) - {"@odata.type", "contentType", "content"}:
        raise _body_refusal("The property 'body' is not a valid itemBody.")
    content = re.sub(r"\r\n?", "\n", _text(body, "content"))
    kind = _text(body, "contentType").lower()
    if kind not in ("", "text", "html"):
        raise _body_refusal(f"Requested value '{kind}' was not found.")
    if kind == "html":
        # Exchange sends HTML with a plain text beside it.
        message.set_content(text_of(content).replace("\r\n", "\n"))
        message.add_alternative(content, subtype="html")
    else:
        message.set_content(content)


def _attach(message: EmailMessage, entry: Any) -> None:
    if not isinstance(entry, dict) or entry.get("@odata.type", "").lower() != "#microsoft.graph.fileattachment":
        raise _body_refusal("Only attachments of the type '#microsoft.graph.fileAttachment' are supported here.")
    known = {"@odata.type", "name", "contentType", "contentBytes", "isInline", "contentId", "size"}
    if unknown := sorted(set(entry) - known):
        raise _body_refusal(f"The property '{unknown[0]}' does not exist on type 'microsoft.graph.fileAttachment'.")
    try:
        content = base64.b64decode(_text(entry, "contentBytes"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _body_refusal("Cannot convert the value of the property 'contentBytes' to Edm.Binary.") from error
    maintype, slash, subtype = _text(entry, "contentType").partition("/")
    if not slash or maintype in ("multipart", "message"):
        maintype, subtype = "application", "octet-stream"
    name = _line(entry, "name") or "attachment"
    content_id = _text(entry, "contentId")
    message.add_attachment(
        content, maintype=maintype, subtype=subtype, filename=name,
        disposition="inline" if entry.get("isInline") else "attachment",
        cid=f"<{re.sub(r'[^!-~]', '', content_id)}>" if content_id else None,
    )


def _internet_headers(resource: Mapping[str, Any]) -> list[tuple[str, str]]:
    entries = _list(resource, "internetMessageHeaders")
    if len(entries) > MOST_HEADERS:
        raise GraphError(
            400, "InvalidInternetMessageHeaderCollection",
            f"Maximum number of headers in one message should be less than or equal to {MOST_HEADERS}.",
        )
    headers = []
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) - {"@odata.type", "name", "value"}:
            raise _body_refusal("The property 'internetMessageHeaders' holds something else than name and value.")
        name, value = _text(entry, "name"), _line(entry, "value")
        if not name.lower().startswith("x-") or _HEADER_NAME.fullmatch(name) is None:
            raise GraphError(
                400, "InvalidInternetMessageHeader",
                f"The internet message header name '{name}' should start with 'x-' or 'X-'.",
            )
        headers.append((name, value))
    return headers


def _recipient(entry: Any) -> Address:
    address = entry.get("emailAddress") if isinstance(entry, dict) else None
    if not isinstance(address, dict) or set(address) - {"@odata.type", "address", "name"}:
        raise _body_refusal("A recipient has to be an object with the property 'emailAddress'.")
    addr_spec, name = _text(address, "address"), _line(address, "name")
    if _ADDRESS.fullmatch(addr_spec) is None:
        raise invalid_recipients(f"Recipient '{addr_spec or name}' is not resolved.")
    user, _, domain = addr_spec.rpartition("@")
    return Address(name, user, domain)


def _list(resource: Mapping[str, Any], name: str) -> list[Any]:
    value = resource.get(name) or []
    if not isinstance(value, list):
        raise _body_refusal(f"The property '{name}' has to be a collection.")
    return value


def _text(resource: Mapping[str, Any], name: str) -> str:
    value = resource.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _body_refusal(f"Cannot convert the value of the property '{name}' to Edm.String.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _body_refusal(f"The value of the property '{name}' is not valid Unicode.")
    return value


def _line(resource: Mapping[str, Any], name: str) -> str:
    """A text that goes into a header field: whatever could end the line becomes a space."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", _text(resource, name)).strip()


def _body_refusal(message: str) -> GraphError:
    return GraphError(400, "RequestBodyRead", message)
