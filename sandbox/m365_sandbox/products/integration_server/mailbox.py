"""The mailbox of an e-mail port: its mails, by IMAP or POP3, given to a handler one by one."""

from __future__ import annotations

import email
import email.policy
import imaplib
import poplib
import ssl
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

_SECONDS = 30

Handler = Callable[[EmailMessage], bool]
"""Takes a mail; gives back whether it was a valid one."""


class MailboxError(Exception):
    """The mail server refused, or could not be reached; its words."""


class SignInRefused(MailboxError):
    """The mail server took the connection, and not the user."""


def empty(port: Mapping[str, Any], token: str | None, tls: ssl.SSLContext, handle: Handler) -> None:
    """Give the new mails of a port's mailbox to a handler, and do with each what the port's settings say.

    :param port: an e-mail port with its defaults and its password.
    :param token: an access token, of a port with OAuth.
    :raises MailboxError: the mail server's refusal.
    """
    take = _empty_by_imap if port["type"] == "IMAP" else _empty_by_pop3
    try:
        take(port, token, tls, handle)
    except (OSError, imaplib.IMAP4.error, poplib.error_proto) as error:
        raise MailboxError(_words(error)) from None


def _empty_by_imap(port: Mapping[str, Any], token: str | None, tls: ssl.SSLContext, handle: Handler) -> None:
    with _imap(port, tls) as connection:
        try:
            if token is None:
                connection.login(port["user"], port.get("password", ""))
            else:
                sasl = f"user={port['user']}\x01auth=Bearer {token}\x01\x01".encode()
                # A refusal comes with a challenge that wants an empty answer.
                connection.authenticate("XOAUTH2", lambda challenge: b"" if challenge else sasl)
        except imaplib.IMAP4.error as error:
            raise SignInRefused(_words(error)) from None
        state, words = connection.select()
        if state != "OK":
            raise MailboxError((words[0] or b"").decode("utf-8", "replace"))
        for uid in connection.uid("SEARCH", "UNSEEN")[1][0].split():
            found: Any = connection.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0]
            is_valid = handle(_parsed(found[1]))
            connection.uid("STORE", uid.decode(), "+FLAGS.SILENT", r"(\Seen)")
            if port["remove"] if is_valid else port["deleteInvalid"]:
                connection.uid("STORE", uid.decode(), "+FLAGS.SILENT", r"(\Deleted)")
                connection.expunge()


def _imap(port: Mapping[str, Any], tls: ssl.SSLContext) -> imaplib.IMAP4:
    host, security = port["host"], port["tlsSettings"]
    if security == "Implicit":
        return imaplib.IMAP4_SSL(host, port.get("serverPort", 993), ssl_context=tls, timeout=_SECONDS)
    connection = imaplib.IMAP4(host, port.get("serverPort", 143), timeout=_SECONDS)
    if security == "Explicit":
        connection.starttls(tls)
    return connection


def _empty_by_pop3(port: Mapping[str, Any], _token: str | None, tls: ssl.SSLContext, handle: Handler) -> None:
    connection = _pop3(port, tls)
    try:
        connection.user(port["user"])
        try:
            connection.pass_(port.get("password", ""))
        except poplib.error_proto as error:
            raise SignInRefused(_words(error)) from None
        for number in range(1, connection.stat()[0] + 1):
            handle(_parsed(b"\r\n".join(connection.retr(number)[1])))
            connection.dele(number)
    finally:
        connection.quit()


def _pop3(port: Mapping[str, Any], tls: ssl.SSLContext) -> poplib.POP3:
    host, security = port["host"], port["tlsSettings"]
    if security == "Implicit":
        return poplib.POP3_SSL(host, port.get("serverPort", 995), context=tls, timeout=_SECONDS)
    connection = poplib.POP3(host, port.get("serverPort", 110), timeout=_SECONDS)
    if security == "Explicit":
        connection.stls(tls)
    return connection


def _parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def _words(error: Exception) -> str:
    first = error.args[0] if len(error.args) == 1 else str(error)
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
