"""What others' clients start from: an application with its secret, tokens as anybody gets them, a look past them."""

from __future__ import annotations

import base64
import email
import imaplib
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

from sandbox_fixture import RunningSandbox

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"
OUTLOOK = "https://outlook.office365.com/.default"
ROLES = {
    EXCHANGE_APP_ID: ["IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"],
    GRAPH_APP_ID: ["Mail.ReadWrite", "Mail.Send", "User.Read.All"],
}
HOST = "127.0.0.1"
PROBE = "probe@contoso.example"
CONTRACTS = "contracts@contoso.example"
SECONDS = 60


class Office:
    """A tenant in which an application may open the probe's mailbox and send from it, and no other.

    ``app_id`` and ``secret`` are the application's, ``tenant_id`` is the tenant's.
    """

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.tenant_id = sandbox.env["AZURE_TENANT_ID"]
        self.authority = sandbox.env["AZURE_AUTHORITY_HOST"]
        sandbox.control("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": False})
        self.app_id, self.secret = self.application(ROLES, PROBE)
        self._auditor = self.application({EXCHANGE_APP_ID: ["IMAP.AccessAsApp"]}, PROBE, CONTRACTS)

    def port(self, face: str) -> int:
        """The port of a mail face."""
        return int(self.sandbox.env[f"M365_SANDBOX_{face.upper()}_PORT"])

    def application(self, roles: Mapping[str, list[str]], *mailboxes: str) -> tuple[str, str]:
        """Another application that Exchange knows, with FullAccess to mailboxes; gives back its id and its secret."""
        control = self.sandbox.control
        added = control("POST", "/tenant/applications", {"displayName": "Client", "roles": roles, "secret": True})
        principal = added["servicePrincipalId"]
        control("POST", "/tenant/exchange-service-principals", {"AppId": added["appId"], "ObjectId": principal})
        for mailbox in mailboxes:
            control("POST", "/tenant/mailbox-permissions", {"Identity": mailbox, "User": principal})
        return added["appId"], added["secret"]

    def product(self, **registration: Any) -> tuple[str, str | None]:
        """An application that persons sign in to; gives back its id and its secret, if it wants one."""
        added = self.sandbox.control("POST", "/tenant/applications", {"displayName": "Product", **registration})
        return added["appId"], added["secret"]

    @property
    def password(self) -> str:
        """The password of every person but the probe."""
        return self.sandbox.env["M365_SANDBOX_USER_PASSWORD"]

    def token(self, scope: str = OUTLOOK) -> str:
        """An access token from the token endpoint."""
        return self._token(self.app_id, self.secret, scope)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a client that finds the sandbox's authority where OpenSSL and Node.js look."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SSL_CERT_FILE": self.sandbox.ca,
            "NODE_EXTRA_CA_CERTS": self.sandbox.ca, **more,
        }

    def run(
        self, *command: str, given: str = "", folder: Path | None = None, environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a client.

        :param given: its standard input; secrets go here or into a file, never onto the command line.
        """
        return subprocess.run(
            command, input=given, cwd=folder, env=environment or self.environment(), capture_output=True, text=True,
            check=False, timeout=SECONDS,
        )

    # -- past the client ----------------------------------------------------------------------------------------

    @contextmanager
    def mailbox(self, address: str, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """A folder, opened by another application with the standard library."""
        token = self._token(*self._auditor, OUTLOOK)
        with imaplib.IMAP4_SSL(HOST, self.port("imap"), ssl_context=self.sandbox.tls) as client:
            client.authenticate("XOAUTH2", lambda _: f"user={address}\x01auth=Bearer {token}\x01\x01".encode())
            assert client.select(f'"{folder}"')[0] == "OK"
            yield client

    def mails(self, address: str, folder: str = "INBOX") -> list[Message]:
        """Every mail of a folder."""
        with self.mailbox(address, folder) as client:
            numbers = client.search(None, "ALL")[1][0].split()
            return [email.message_from_bytes(client.fetch(number, "(BODY.PEEK[])")[1][0][1]) for number in numbers]

    def subjects(self, address: str, folder: str = "INBOX") -> list[str]:
        """The subjects of a folder's mails."""
        return [str(mail["Subject"]) for mail in self.mails(address, folder)]

    def flags(self, address: str, subject: str, folder: str = "INBOX") -> set[str]:
        """The flags of the one mail with that subject, without ``\\Recent``."""
        with self.mailbox(address, folder) as client:
            (number,) = client.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
            shown = imaplib.ParseFlags(client.fetch(number, "(FLAGS)")[1][0])
            return {flag.decode() for flag in shown} - {"\\Recent"}

    def put(self, address: str, subject: str, folder: str = "INBOX", flags: str = "") -> None:
        """Put a mail into a folder."""
        with self.mailbox(address, folder) as client:
            assert client.append(f'"{folder}"', flags, "", letter(CONTRACTS, address, subject).encode())[0] == "OK"

    def _token(self, app_id: str, secret: str, scope: str) -> str:
        form = {"grant_type": "client_credentials", "client_id": app_id, "client_secret": secret, "scope": scope}
        answer = self._post(f"{self.authority}/{self.tenant_id}/oauth2/v2.0/token", form)
        return str(answer["access_token"])

    def _post(self, url: str, form: Mapping[str, str]) -> Any:
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(url, data, timeout=SECONDS, context=self.sandbox.tls) as answer:
            return json.load(answer)


def letter(sender: str, recipient: str, subject: str) -> str:
    """A small mail with CRLF line ends."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Message-ID"] = f"<{uuid.uuid4()}@test.example>"
    message.set_content("Hello\n")
    return message.as_bytes().decode().replace("\n", "\r\n")


def spoiled(token: str) -> str:
    """The token with another signature."""
    header, payload, signature = token.split(".")
    return f"{header}.{payload}.{base64.urlsafe_b64encode(bytes(len(signature) * 3 // 4)).decode().rstrip('=')}"
