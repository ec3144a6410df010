"""google-auth gets tokens for a service account, and the standard library's clients open Gmail with them."""

from __future__ import annotations

import base64
import email
import imaplib
import poplib
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import google.auth.exceptions
import pytest
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from imapclient import IMAPClient
from office import HOST, SECONDS, letter
from proxy_process import PASSWORD, Proxy, running
from sandbox_fixture import RunningSandbox

MAIL = "https://mail.google.com/"
ORDERS = "orders@fabrikam.example"
RETURNS = "returns@fabrikam.example"


class Workspace:
    """Fabrikam's Google Workspace, with google-auth as the only way to a token."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.key_file = sandbox.env["M365_SANDBOX_GOOGLE_KEY_FILE"]
        self.account = sandbox.env["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"]

    def port(self, face: str) -> int:
        """The port of one of Gmail's faces."""
        return int(self.sandbox.env[f"M365_SANDBOX_GMAIL_{face.upper()}_PORT"])

    def token(self, user: str = ORDERS, scope: str = MAIL) -> str:
        """A token, as google-auth's own documentation gets it."""
        credentials = service_account.Credentials.from_service_account_file(
            self.key_file, scopes=[scope], subject=user
        )
        credentials.refresh(Request())
        assert credentials.valid
        return str(credentials.token)

    @contextmanager
    def imap(self, user: str = ORDERS, token: str | None = None) -> Iterator[IMAPClient]:
        """IMAPClient, signed in."""
        with IMAPClient(HOST, self.port("imap"), ssl_context=self.sandbox.tls, timeout=SECONDS) as client:
            client.oauth2_login(user, token or self.token(user))
            yield client

    def send(self, sender: str, recipient: str, subject: str) -> None:
        """Send by SMTP."""
        response = f"user={sender}\x01auth=Bearer {self.token(sender)}\x01\x01"
        with smtplib.SMTP(HOST, self.port("smtp"), timeout=SECONDS) as client:
            client.starttls(context=self.sandbox.tls)
            client.ehlo()
            client.auth("XOAUTH2", lambda challenge=None: "" if challenge else response)
            client.sendmail(sender, [recipient], letter(sender, recipient, subject))

    def subjects(self, user: str, folder: str = "INBOX") -> list[str]:
        """The subjects of a folder's mails."""
        with self.imap(user) as client:
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["RFC822"])
            return [str(email.message_from_bytes(one[b"RFC822"])["Subject"]) for one in found.values()]


@pytest.fixture
def workspace(clean: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    # Where requests, google-auth's usual way to the network, looks for authorities.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", clean.ca)
    return Workspace(clean)


def test_it_sends_lists_searches_flags_moves_deletes_and_idles(workspace: Workspace) -> None:
    with workspace.imap() as client:
        folders = {name: flags for flags, _, name in client.list_folders()}
        assert b"\\Sent" in folders["[Gmail]/Sent Mail"]
        client.select_folder("INBOX")
        client.idle()
        workspace.send(RETURNS, ORDERS, "By google-auth")
        assert (1, b"EXISTS") in client.idle_check(timeout=SECONDS)
        client.idle_done()
        uid, = client.search(["SUBJECT", "google-auth", "UNSEEN"])
        client.add_flags([uid], [b"\\Flagged", b"Important"])
        assert {b"\\Flagged", b"Important"} <= set(client.get_flags([uid])[uid])
        client.create_folder("Größe")
        client.move([uid], "Größe")
        assert client.search() == []
        client.select_folder("Größe")
        client.delete_messages(client.search(["FLAGGED"]))
        client.expunge()
        assert client.search() == []
    assert workspace.subjects(RETURNS, "[Gmail]/Sent Mail") == ["By google-auth"]


def test_pop3(workspace: Workspace) -> None:
    workspace.send(RETURNS, ORDERS, "By POP")
    client = poplib.POP3_SSL(HOST, workspace.port("pop3"), context=workspace.sandbox.tls, timeout=SECONDS)
    response = f"user={ORDERS}\x01auth=Bearer {workspace.token()}\x01\x01"
    assert client._shortcmd(f"AUTH XOAUTH2 {base64.b64encode(response.encode()).decode()}") == b"+OK Welcome."
    assert b"Subject: By POP" in client.retr(1)[1]
    client.dele(1)
    client.quit()
    assert workspace.subjects(ORDERS) == []


@pytest.mark.parametrize(("user", "scope", "words"), [
    ("nobody@fabrikam.example", MAIL, "Invalid email or User ID"),
    ("probe@contoso.example", MAIL, "unauthorized_client"),
    (ORDERS, "https://www.googleapis.com/auth/drive", "not authorized for any of the scopes"),
])
def test_it_is_refused_where_google_refuses(workspace: Workspace, user: str, scope: str, words: str) -> None:
    with pytest.raises(google.auth.exceptions.RefreshError, match=words):
        workspace.token(user, scope)


def test_a_withdrawn_delegation_and_anothers_mailbox(workspace: Workspace) -> None:
    good = workspace.token()
    with pytest.raises(imaplib.IMAP4.error, match="Invalid credentials"), workspace.imap(RETURNS, good):
        pass
    workspace.sandbox.control("PATCH", f"/tenant/google-service-accounts/{workspace.account}", {"scopes": []})
    with pytest.raises(google.auth.exceptions.RefreshError, match="unauthorized_client"):
        workspace.token()


# -- email-oauth2-proxy with a service account ------------------------------------------------------------------------


@pytest.fixture
def proxy(workspace: Workspace, tmp_path: Path) -> Iterator[Proxy]:
    accounts = "".join(
        f"[{address}]\ntoken_url = {workspace.sandbox.env['MAILOPS_GOOGLE_TOKEN_URI']}\noauth2_scope = {MAIL}\n"
        f"oauth2_flow = service_account\nclient_id = file\nclient_secret = {workspace.key_file}\n\n"
        for address in (ORDERS, RETURNS, "nobody@fabrikam.example")
    )
    servers = {"IMAP": workspace.port("imap"), "POP": workspace.port("pop3"), "SMTP": workspace.port("smtp")}
    # It asks for tokens with requests, and opens mailboxes with OpenSSL.
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SSL_CERT_FILE": workspace.sandbox.ca,
        "REQUESTS_CA_BUNDLE": workspace.sandbox.ca,
    }
    with running(Proxy(tmp_path, servers, accounts), environment) as proxy:
        yield proxy


def test_the_proxy_sends_reads_and_deletes(workspace: Workspace, proxy: Proxy) -> None:
    with proxy.smtp() as sender:
        sender.login(ORDERS, PASSWORD)
        sender.sendmail(ORDERS, [RETURNS], letter(ORDERS, RETURNS, "By proxy"))
    assert workspace.subjects(RETURNS) == ["By proxy"]
    with proxy.imap() as client:
        client.login(RETURNS, PASSWORD)
        assert client.select("INBOX") == ("OK", [b"1"])
        assert client.search(None, "SUBJECT", "proxy") == ("OK", [b"1"])
        client.store("1", "+FLAGS", "(\\Flagged)")
        assert client.copy("1", "[Gmail]/Starred")[0] == "OK"
    assert workspace.subjects(RETURNS, "[Gmail]/Starred") == ["By proxy"]
    reader = proxy.pop3()
    reader.user(RETURNS)
    reader.pass_(PASSWORD)
    assert reader.stat()[0] == 1
    reader.dele(1)
    reader.quit()
    assert workspace.subjects(RETURNS) == []


def test_the_proxy_lets_nobody_in_whom_google_refuses(proxy: Proxy) -> None:
    with pytest.raises(imaplib.IMAP4.error), proxy.imap() as client:
        client.login("nobody@fabrikam.example", PASSWORD)
