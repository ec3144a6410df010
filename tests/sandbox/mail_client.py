"""Clients of the mail faces: the standard library's, and a bare socket for transcripts."""

from __future__ import annotations

import base64
import imaplib
import poplib
import smtplib
import socket
import ssl
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from graph_client import EXCHANGE_APP_ID, GRAPH_APP_ID, token_of
from m365_sandbox.mail.dialogue import Ask, Dialogue, End
from m365_sandbox.mail.sign_in import Outcome, Refused
from sandbox_fixture import RunningSandbox

OUTLOOK = "https://outlook.office365.com"
EXCHANGE_ROLES = ("IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp")
PROBE = "probe@contoso.example"
CONTRACTS = "contracts@contoso.example"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class MailApp:
    """An application with its service principal's object id."""

    sandbox: RunningSandbox
    app_id: str
    object_id: str

    def token(self, *, resource: str = OUTLOOK, seconds: int = 3600) -> str:
        """An access token."""
        return token_of(self.sandbox, self.app_id, resource=resource, seconds=seconds)

    def sasl(self, user: str = PROBE, **options: Any) -> str:
        """The SASL XOAUTH2 response for a mailbox, in base64."""
        return sasl(user, self.token(**options))

    def may_open(self, mailbox: str) -> None:
        """Give FullAccess."""
        self.sandbox.control("POST", "/tenant/mailbox-permissions", {"Identity": mailbox, "User": self.object_id})

    def may_send_as(self, mailbox: str) -> None:
        """Give SendAs."""
        self.sandbox.control("POST", "/tenant/recipient-permissions", {"Identity": mailbox, "Trustee": self.object_id})


def mail_app(
    sandbox: RunningSandbox, *mailboxes: str, roles: tuple[str, ...] = EXCHANGE_ROLES, known: bool = True,
) -> MailApp:
    """A new application with these roles of Exchange Online and FullAccess to the mailboxes.

    :param known: whether Exchange has a service principal for it.
    """
    added = sandbox.control(
        "POST", "/tenant/applications",
        {"displayName": "Mail application", "roles": {EXCHANGE_APP_ID: list(roles), GRAPH_APP_ID: ["Mail.Send"]}},
    )
    app = MailApp(sandbox, added["appId"], added["servicePrincipalId"])
    if known:
        sandbox.control("POST", "/tenant/exchange-service-principals", {"AppId": app.app_id, "ObjectId": app.object_id})
    for mailbox in mailboxes:
        app.may_open(mailbox)
    return app


def sasl(user: str, token: str) -> str:
    """The SASL XOAUTH2 response in base64."""
    return base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode()


def switch_smtp_on(sandbox: RunningSandbox) -> None:
    """Let the organisation use SMTP AUTH."""
    sandbox.control("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": False})


def port(sandbox: RunningSandbox, face: str) -> int:
    """The port of a mail face."""
    return int(sandbox.env[f"M365_SANDBOX_{face.upper()}_PORT"])


def trust(sandbox: RunningSandbox) -> ssl.SSLContext:
    """A client's context that trusts the sandbox's CA only."""
    return ssl.create_default_context(cafile=sandbox.ca)


class Wire:
    """A TLS (or plain) connection, line by line."""

    def __init__(self, sandbox: RunningSandbox, face: str, *, tls: bool = True) -> None:
        self._context = trust(sandbox)
        raw = socket.create_connection((HOST, port(sandbox, face)), timeout=60)
        self._socket = self._context.wrap_socket(raw, server_hostname=HOST) if tls else raw
        self._file = self._socket.makefile("rb")

    def start_tls(self) -> None:
        """Go on over TLS."""
        self._socket = self._context.wrap_socket(self._socket, server_hostname=HOST)
        self._file = self._socket.makefile("rb")

    def send(self, text: str | bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(text.encode() if isinstance(text, str) else text)

    def line(self) -> str:
        """The next line without its CRLF, which it must have; empty at the end."""
        try:
            line = self._file.readline()
        except (ConnectionResetError, ssl.SSLEOFError):
            # A server that ends the connection with input unread resets it.
            return ""
        assert line == b"" or line.endswith(b"\r\n"), line
        return line.removesuffix(b"\r\n").decode()

    def ask(self, command: str, lines: int = 1) -> list[str]:
        """Send a line and read that many."""
        self.send(f"{command}\r\n")
        return [self.line() for _ in range(lines)]

    def reply(self, command: str | None = None) -> list[str]:
        """Send a line if there is one, and read an SMTP reply with all its lines."""
        if command is not None:
            self.send(f"{command}\r\n")
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return lines

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def imap(sandbox: RunningSandbox, app: MailApp, mailbox: str) -> Iterator[imaplib.IMAP4_SSL]:
    """A signed-in imaplib client."""
    with imaplib.IMAP4_SSL(HOST, port(sandbox, "imap"), ssl_context=trust(sandbox)) as client:
        client.authenticate("XOAUTH2", lambda _: base64.b64decode(app.sasl(mailbox)))
        yield client


@contextmanager
def pop3(sandbox: RunningSandbox, app: MailApp, mailbox: str) -> Iterator[poplib.POP3_SSL]:
    """A signed-in poplib client, which knows no AUTH by itself."""
    client = poplib.POP3_SSL(HOST, port(sandbox, "pop3"), context=trust(sandbox), timeout=60)
    assert client._shortcmd("AUTH XOAUTH2").strip() == b"+"
    assert client._shortcmd(app.sasl(mailbox)) == b"+OK User successfully authenticated."
    try:
        yield client
    finally:
        client.quit()


@contextmanager
def submission(sandbox: RunningSandbox, app: MailApp | None = None, mailbox: str = PROBE) -> Iterator[smtplib.SMTP]:
    """An smtplib client after STARTTLS, signed in if there is an application."""
    with smtplib.SMTP(HOST, port(sandbox, "smtp"), timeout=60) as client:
        client.starttls(context=trust(sandbox))
        client.ehlo()
        if app is not None:
            sign_in(client, app, mailbox)
        yield client


def sign_in(client: smtplib.SMTP, app: MailApp, mailbox: str) -> None:
    """AUTH XOAUTH2."""
    response = base64.b64decode(app.sasl(mailbox)).decode()
    client.auth("XOAUTH2", lambda challenge=None: response)


def messages_in(client: imaplib.IMAP4, folder: str = "INBOX") -> list[bytes]:
    """Every message of a folder, whole."""
    status, _ = client.select(f'"{folder}"')
    assert status == "OK"
    _, found = client.uid("SEARCH", "ALL")
    messages = []
    for uid in found[0].split():
        _, data = client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
        messages.append(data[0][1])
    return messages


def letter(sender: str, recipient: str, subject: str = "A letter", **headers: str) -> tuple[str, str]:
    """A small message and its Message-ID."""
    message_id = f"<{uuid.uuid4()}@test.example>"
    fields = {"From": sender, "To": recipient, "Subject": subject, "Message-ID": message_id, **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\nHello\r\n.dot\r\n", message_id


def never(mechanism: str, response: bytes) -> Outcome:
    """Lets nobody in."""
    return Refused("credentials", "never")


def play(dialogue: Dialogue, lines: Sequence[bytes]) -> tuple[list[Ask], End | None]:
    """Feed a sign-in dialogue; gives back what it asked, and how it ended if it did."""
    asked = [next(dialogue)]
    for line in lines:
        try:
            asked.append(dialogue.send(line))
        except StopIteration as stop:
            return asked, stop.value
    return asked, None
