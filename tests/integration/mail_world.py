"""A sandbox with applications that may send and read, and a look into its mailboxes past the collection."""

from __future__ import annotations

import email
import imaplib
import re
import ssl
from email.message import Message
from typing import Any

from module_runner import Modules
from sandbox_fixture import RunningSandbox

GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
SENDER = "contracts@contoso.example"
PROBE = "probe@contoso.example"
Options = dict[str, Any]


class MailWorld:
    """What the tests of mail_delivery start from."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.modules = Modules(sandbox)
        self._auditors: dict[str, str] = {}

    # -- the tenant ---------------------------------------------------------------------------------------------

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control face."""
        return self.sandbox.control(method, path, body)

    def application(
        self, name: str, *, graph: tuple[str, ...] = (), exchange: tuple[str, ...] = (), **values: Any
    ) -> Any:
        """Add an application with a secret; gives back id, appId, servicePrincipalId, secret."""
        roles = {resource: list(granted) for resource, granted in ((GRAPH, graph), (EXCHANGE, exchange)) if granted}
        values = {"secret": True, **values}
        return self.control("POST", "/tenant/applications", {"displayName": name, "roles": roles, **values})

    def tell_exchange(self, application: Any, *mailboxes: str, object_id: str | None = None) -> None:
        """Make the application known to Exchange, and give it FullAccess on mailboxes."""
        object_id = object_id or application["servicePrincipalId"]
        pointer = {"AppId": application["appId"], "ObjectId": object_id}
        self.control("POST", "/tenant/exchange-service-principals", pointer)
        for mailbox in mailboxes:
            self.control("POST", "/tenant/mailbox-permissions", {"Identity": mailbox, "User": object_id})

    def smtp_auth(self, mailbox: str, *, disabled: bool | None) -> None:
        """Switch SMTP AUTH of a mailbox."""
        self.control("PATCH", f"/tenant/mailboxes/{mailbox}", {"SmtpClientAuthenticationDisabled": disabled})

    def token(self, application: Any, resource: str, seconds: int = 3600) -> str:
        """An access token of an application."""
        body = {"appId": application["appId"], "resource": resource, "seconds": seconds}
        token: str = self.control("POST", "/tenant/tokens", body)["access_token"]
        return token

    def may_send(self, *, graph: bool = True, mailbox: str = SENDER) -> Any:
        """An application that may send as a mailbox by Graph and by SMTP."""
        made = self.application("Contracts mail", graph=("Mail.Send",) if graph else (), exchange=("SMTP.SendAsApp",))
        self.tell_exchange(made, mailbox)
        self.smtp_auth(mailbox, disabled=False)
        return made

    # -- options ------------------------------------------------------------------------------------------------

    def credentials(self, application: Any) -> Options:
        """The options by which an application signs in."""
        return {
            "tenant_id": self.sandbox.env["AZURE_TENANT_ID"], "client_id": application["appId"],
            "client_secret": application["secret"],
        }

    def server(self, face: str, tls: str) -> Options:
        """The options that lead to one of the sandbox's mail servers."""
        return {"host": "127.0.0.1", "port": int(self.sandbox.env[f"M365_SANDBOX_{face.upper()}_PORT"]), "tls": tls}

    def graph(self, application: Any, mailbox: str = SENDER) -> Options:
        """Send, or receive, by Microsoft Graph."""
        return {"transport": "graph", "mailbox": mailbox, **self.credentials(application)}

    def smtp(self, application: Any, mailbox: str = SENDER, face: str = "smtp", tls: str = "starttls") -> Options:
        """Send by SMTP with a token."""
        return {"transport": "smtp", "mailbox": mailbox, **self.credentials(application), **self.server(face, tls)}

    def basic(self, face: str, tls: str, username: str, password: str) -> Options:
        """Send by SMTP with a password."""
        return {
            "transport": "smtp", "authentication": "basic", "username": username, "password": password,
            **self.server(face, tls),
        }

    def anonymous(self, tls: str = "none", face: str = "relay") -> Options:
        """Send by SMTP without a sign-in."""
        return {"transport": "smtp", "authentication": "none", **self.server(face, tls)}

    def reader(self, transport: str, mailbox: str = PROBE) -> Options:
        """Receive as the seeded reader."""
        environment = self.sandbox.env
        side = {
            "transport": transport, "mailbox": mailbox, "tenant_id": environment["AZURE_TENANT_ID"],
            "client_id": environment["M365_SANDBOX_READER_CLIENT_ID"],
            "client_secret": environment["M365_SANDBOX_READER_CLIENT_SECRET"],
        }
        return side if transport == "graph" else side | self.server(transport, "implicit")

    def relay_login(self, tls: str = "none") -> Options:
        """Send by the relay with its own user."""
        environment = self.sandbox.env
        user, password = environment["M365_SANDBOX_RELAY_USER"], environment["M365_SANDBOX_RELAY_PASSWORD"]
        return self.basic("relay", tls, user, password)

    # -- running ------------------------------------------------------------------------------------------------

    def run(self, send: Options | None, receive: Options | None = None, **options: Any) -> dict[str, Any]:
        """The module's result, a failed one included."""
        options = {"timeout": 30, "poll_interval": 0.2, "request_timeout": 60, **options}
        sides = {name: side for name, side in (("send", send), ("receive", receive)) if side}
        return self.modules.run("mail_delivery", **sides, **options)

    def delivered(self, send: Options, receive: Options, **options: Any) -> dict[str, Any]:
        """The module's return value ``delivery``; it must not fail."""
        result = self.run(send, receive, **options)
        assert not result.get("failed"), result
        assert result["changed"] is False
        delivery: dict[str, Any] = result["delivery"]
        return delivery

    def refused(self, send: Options | None, receive: Options | None = None, **options: Any) -> dict[str, Any]:
        """The refusal, which is expected."""
        result = self.run(send, receive, expect="refused", **{"to": PROBE, **options})
        assert not result.get("failed"), result
        refusal: dict[str, Any] = result["delivery"]["refusal"]
        return refusal

    def failed(self, send: Options | None, receive: Options | None = None, **options: Any) -> dict[str, Any]:
        """The module's result, which must be a failure with a remedy or an explanation of the options."""
        result = self.run(send, receive, **options)
        assert result.get("failed"), result
        assert "defect of the collection" not in result["msg"], result
        return result

    # -- the far side -------------------------------------------------------------------------------------------

    def mailbox(self, address: str) -> imaplib.IMAP4_SSL:
        """An IMAP connection to a mailbox, as nobody whom the tests configure."""
        if address not in self._auditors:
            auditor = self.application(f"Auditor of {address}", exchange=("IMAP.AccessAsApp",))
            self.tell_exchange(auditor, address)
            self._auditors[address] = self.token(auditor, "https://outlook.office365.com")
        context = ssl.create_default_context(cafile=self.sandbox.ca)
        port = int(self.sandbox.env["M365_SANDBOX_IMAP_PORT"])
        connection = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context)
        response = f"user={address}\x01auth=Bearer {self._auditors[address]}\x01\x01".encode()
        connection.authenticate("XOAUTH2", lambda _challenge: response)
        return connection

    def mails(self, address: str, folder: str = "INBOX") -> list[Message]:
        """The messages in a folder."""
        connection = self.mailbox(address)
        try:
            connection.select(f'"{folder}"', readonly=True)
            numbers = connection.search(None, "ALL")[1][0].split()
            return [email.message_from_bytes(connection.fetch(number, "(RFC822)")[1][0][1]) for number in numbers]
        finally:
            connection.logout()

    def everywhere(self, address: str) -> list[Message]:
        """The messages in all folders: what was deleted for good is in none."""
        connection = self.mailbox(address)
        try:
            names = [re.search(rb'"/" "?([^"]+)"?$', line) for line in connection.list()[1]]
        finally:
            connection.logout()
        return [mail for name in names if name for mail in self.mails(address, name[1].decode())]
