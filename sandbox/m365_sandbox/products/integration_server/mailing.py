"""Sending a mail by SMTP, as ``pub.client:smtp`` does."""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid
from typing import Any

_SECONDS = 30


class NotSent(Exception):
    """The mail server refused, or could not be reached; its words."""


def send(inputs: Mapping[str, Any], tls: ssl.SSLContext) -> str:
    """Send one mail.

    :param inputs: those of the service: ``to``, ``cc``, ``bcc``, ``subject``, ``from``, ``mailhost``, ``mailhostPort``,
        ``auth`` {type, user, pass, token}, ``secure`` {transportLayerSecurity}, ``body``.
    :returns: what the mail server said at last.
    :raises NotSent: the refusal.
    """
    mail = EmailMessage()
    for header in ("From", "To", "Cc", "Subject"):
        if text := inputs.get(header.lower()):
            mail[header] = text
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="integration-server")
    mail.set_content(str(inputs.get("body") or ""))
    recipients = [
        address for _name, address in getaddresses([str(inputs.get(name) or "") for name in ("to", "cc", "bcc")])
        if address
    ]
    try:
        with _connection(inputs, tls) as connection:
            _sign_in(connection, inputs.get("auth") or {})
            return _hand_over(connection, str(inputs.get("from") or ""), recipients, mail)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotSent(_words(error)) from None


def _connection(inputs: Mapping[str, Any], tls: ssl.SSLContext) -> smtplib.SMTP:
    host = str(inputs.get("mailhost") or "localhost")
    security = (inputs.get("secure") or {}).get("transportLayerSecurity") or "none"
    if security not in ("none", "explicit", "implicit"):
        raise ValueError(f"Invalid transportLayerSecurity {security}")
    if security == "implicit":
        return smtplib.SMTP_SSL(host, int(inputs.get("mailhostPort") or 465), context=tls, timeout=_SECONDS)
    connection = smtplib.SMTP(host, int(inputs.get("mailhostPort") or 25), timeout=_SECONDS)
    if security == "explicit":
        connection.starttls(context=tls)
    return connection


def _sign_in(connection: smtplib.SMTP, auth: Mapping[str, Any]) -> None:
    user = auth.get("user")
    if not user:
        return
    connection.ehlo_or_helo_if_needed()
    if auth.get("type") == "Bearer":
        sasl = base64.b64encode(f"user={user}\x01auth=Bearer {auth.get('token')}\x01\x01".encode()).decode()
        code, text = connection.docmd("AUTH", f"XOAUTH2 {sasl}")
        if code == 334:
            code, text = connection.docmd("")
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, text)
    else:
        connection.login(user, str(auth.get("pass") or ""))


def _hand_over(connection: smtplib.SMTP, sender: str, recipients: list[str], mail: EmailMessage) -> str:
    connection.ehlo_or_helo_if_needed()
    for code, text in (connection.mail(sender), *map(connection.rcpt, recipients)):
        if code >= 400:
            raise smtplib.SMTPResponseException(code, text)
    code, text = connection.data(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
    if code != 250:
        raise smtplib.SMTPResponseException(code, text)
    return f"{code} {text.decode('utf-8', 'replace')}"


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
    return str(error)
