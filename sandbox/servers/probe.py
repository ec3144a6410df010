"""The mailbox that the products' mails go to, and who lives where in the sandbox's tenant."""

from __future__ import annotations

import base64
import email
import imaplib
import json
import poplib
import ssl
import urllib.parse
import urllib.request
from email.message import Message
from typing import Any

RECIPIENT = "probe@contoso.example"


class Probe:
    """The mailbox that the mails go to, as the sandbox's reader sees it.

    :param env: what the sandbox says of itself, by the names of environment variables.
    """

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._tls = ssl.create_default_context(cafile=env["MAILOPS_CA_FILE"])
        token = self._token("M365_SANDBOX_READER", "https://outlook.office365.com")
        self._sasl = f"user={RECIPIENT}\x01auth=Bearer {token}\x01\x01".encode()

    def _token(self, application: str, resource: str) -> str:
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials", "scope": f"{resource}/.default",
            "client_id": self._env[f"{application}_CLIENT_ID"],
            "client_secret": self._env[f"{application}_CLIENT_SECRET"],
        })
        url = f"{self._env['AZURE_AUTHORITY_HOST'].rstrip('/')}/{self._env['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        with urllib.request.urlopen(url, form.encode(), context=self._tls) as answer:
            token: str = json.load(answer)["access_token"]
        return token

    def by_imap(self, subject: str) -> list[Message]:
        """The mails of a subject."""
        host, port = self._env["M365_SANDBOX_HOST"], int(self._env["M365_SANDBOX_IMAP_PORT"])
        with imaplib.IMAP4_SSL(host, port, ssl_context=self._tls) as connection:
            connection.authenticate("XOAUTH2", lambda _challenge: self._sasl)
            connection.select(readonly=True)
            numbers = connection.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
            found: list[Any] = [connection.fetch(number, "(RFC822)")[1][0] for number in numbers]
        return [email.message_from_bytes(content) for _head, content in found]

    def by_pop3(self, subject: str) -> list[Message]:
        """The same by POP3."""
        host, port = self._env["M365_SANDBOX_HOST"], int(self._env["M365_SANDBOX_POP3_PORT"])
        connection = poplib.POP3_SSL(host, port, context=self._tls)
        connection._shortcmd("AUTH XOAUTH2")
        connection._shortcmd(base64.b64encode(self._sasl).decode())
        count = connection.stat()[0]
        mails = [email.message_from_bytes(b"\r\n".join(connection.retr(number + 1)[1])) for number in range(count)]
        connection.quit()
        return [mail for mail in mails if mail["Subject"] == subject]

    def address(self, user_id: str) -> str:
        """The address of a user, by the object id."""
        request = urllib.request.Request(
            f"{self._env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/users/{user_id}?$select=mail",
            headers={"Authorization": f"Bearer {self._token('AZURE', 'https://graph.microsoft.com')}"},
        )
        with urllib.request.urlopen(request, context=self._tls) as answer:
            mail: str = json.load(answer)["mail"]
        return mail
