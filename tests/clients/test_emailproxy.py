"""email-oauth2-proxy lets the standard library's clients in by password, and passes on what Exchange says."""

from __future__ import annotations

import imaplib
import poplib
import re
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from m365_sandbox.process.ports import free_ports
from office import CONTRACTS, HOST, OUTLOOK, PROBE, SECONDS, Office, letter
from person import Person

PASSWORD = "for the proxy only"


class Proxy:
    """A running proxy; ``ports`` are its own, by protocol."""

    def __init__(
        self, office: Office, folder: Path, *, secret: str | None = None, account: dict[str, str] | None = None,
    ) -> None:
        self.ports = dict(zip(("IMAP", "POP", "SMTP"), free_ports(), strict=False))
        faces = {"IMAP": "imap", "POP": "pop3", "SMTP": "smtp"}
        servers = "".join(
            f"[{protocol}-{port}]\nlocal_address = {HOST}\nserver_address = {HOST}\n"
            f"server_port = {office.port(faces[protocol])}\nserver_starttls = {protocol == 'SMTP'}\n\n"
            for protocol, port in self.ports.items()
        )
        settings = {
            "token_url": f"{office.authority}/{office.tenant_id}/oauth2/v2.0/token",
            **(account or {
                "oauth2_scope": OUTLOOK, "oauth2_flow": "client_credentials", "client_id": office.app_id,
                "client_secret": secret or office.secret,
            }),
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        accounts = "".join(f"[{address}]\n{lines}\n" for address in (PROBE, CONTRACTS))
        self.configuration = folder / "emailproxy.config"
        self.configuration.write_text(servers + accounts)
        self.configuration.chmod(0o600)

    def imap(self) -> imaplib.IMAP4:
        """A client of the standard library."""
        return imaplib.IMAP4(HOST, self.ports["IMAP"], timeout=SECONDS)

    def smtp(self) -> smtplib.SMTP:
        """A client of the standard library."""
        return smtplib.SMTP(HOST, self.ports["SMTP"], timeout=SECONDS)

    def pop3(self) -> poplib.POP3:
        """A client of the standard library."""
        return poplib.POP3(HOST, self.ports["POP"], timeout=SECONDS)


@contextmanager
def running(proxy: Proxy, office: Office, *options: str) -> Iterator[Proxy]:
    """Run the proxy until all its ports are open, and as long as the caller wants."""
    command = [sys.executable, "-m", "emailproxy", "--no-gui", "--config-file", str(proxy.configuration), *options]
    log = proxy.configuration.with_name("emailproxy.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--log-file", str(log.with_suffix(".own"))], env=office.environment(HOME=str(log.parent)),
            cwd=log.parent, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )
    try:
        while process.poll() is None and not all(is_open(port) for port in proxy.ports.values()):
            time.sleep(0.05)
        assert process.poll() is None, log.read_text()
        yield proxy
    finally:
        process.terminate()
        process.wait(SECONDS)


def is_open(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((HOST, port)) == 0


@pytest.fixture
def proxy(office: Office, tmp_path: Path) -> Iterator[Proxy]:
    with running(Proxy(office, tmp_path), office) as proxy:
        yield proxy


def test_it_sends_reads_and_deletes(office: Office, proxy: Proxy) -> None:
    with proxy.smtp() as client:
        client.login(PROBE, PASSWORD)
        client.sendmail(PROBE, [CONTRACTS, PROBE], letter(PROBE, CONTRACTS, "By proxy"))
    assert office.subjects(CONTRACTS) == ["By proxy"]
    with proxy.imap() as client:
        client.login(PROBE, PASSWORD)
        assert client.list('""', "Drafts")[1] == [b'(\\HasNoChildren \\Drafts) "/" Drafts']
        assert client.select("INBOX") == ("OK", [b"1"])
        assert client.search(None, "SUBJECT", "proxy") == ("OK", [b"1"])
        client.store("1", "+FLAGS", "(\\Flagged)")
        assert client.copy("1", "Archive")[0] == "OK"
        assert client.append("Drafts", "(\\Draft)", "", letter(PROBE, CONTRACTS, "A draft").encode())[0] == "OK"
    assert office.flags(PROBE, "By proxy", "Archive") == {"\\Flagged"}
    assert office.subjects(PROBE, "Drafts") == ["A draft"]
    client = proxy.pop3()
    client.user(PROBE)
    client.pass_(PASSWORD)
    assert client.stat()[0] == 1
    assert b"Subject: By proxy" in client.retr(1)[1]
    client.dele(1)
    client.quit()
    assert office.subjects(PROBE) == []


def test_refusals(office: Office, proxy: Proxy) -> None:
    with proxy.imap() as client:
        client.login(CONTRACTS, PASSWORD)
        with pytest.raises(imaplib.IMAP4.error, match="not connected"):
            client.select("INBOX")
    # The proxy cuts the connection where Exchange answers 535.
    with proxy.smtp() as sender, pytest.raises(smtplib.SMTPException):
        sender.login(CONTRACTS, PASSWORD)
    with proxy.smtp() as sender:
        sender.login(PROBE, PASSWORD)
        with pytest.raises(smtplib.SMTPDataError, match="SendAsDenied"):
            sender.sendmail(PROBE, [PROBE], letter(CONTRACTS, PROBE, "Not mine"))
    with proxy.imap() as client:
        client.login(PROBE, PASSWORD)
        client.select("INBOX")
        refused: list[Callable[[], object]] = [
            lambda: client.store("1", "+FLAGS", "(Important)"), lambda: client.sort("(DATE)", "UTF-8", "ALL"),
            lambda: client.append("INBOX", "(Important)", "", b"x"), lambda: client.search(None, "KEYWORD", "x"),
        ]
        for attempt in refused:
            with pytest.raises(imaplib.IMAP4.error, match=r"Command (Argument )?Error\. 1"):
                attempt()
        assert client.search("UTF-8", "ALL") == (
            "NO", [b"[BADCHARSET (US-ASCII)] The specified charset is not supported."],
        )
    assert office.mails(PROBE) == []


def test_a_wrong_secret_is_refused(office: Office, tmp_path: Path) -> None:
    with (
        running(Proxy(office, tmp_path, secret="wrong"), office) as proxy,
        pytest.raises(imaplib.IMAP4.error), proxy.imap() as client,
    ):
        client.login(PROBE, PASSWORD)


def test_a_person_signs_in_in_a_browser(office: Office, tmp_path: Path) -> None:
    redirect_uri = f"http://localhost:{next(free_ports())}"
    scopes = ["IMAP.AccessAsUser.All", "SMTP.Send"]
    app_id, secret = office.product(secret=True, redirectUris={"web": ["http://localhost"]})
    proxy = Proxy(office, tmp_path, account={
        "permission_url": f"{office.authority}/{office.tenant_id}/oauth2/v2.0/authorize", "client_id": app_id,
        "client_secret": str(secret), "redirect_uri": redirect_uri, "use_pkce": "True",
        "oauth2_scope": " ".join([*(f"https://outlook.office365.com/{scope}" for scope in scopes), "offline_access"]),
    })
    asked: list[str] = []

    def sign_in() -> None:
        asked.append(permission_address(tmp_path / "emailproxy.own"))
        person = Person(office.sandbox.ca).open(asked[0])
        assert person.press("Sign in", password=office.password).press("Accept").leave().ok

    with running(proxy, office, "--local-server-auth") as proxy:
        browser = threading.Thread(target=sign_in)
        browser.start()
        with proxy.imap() as client:
            client.login(CONTRACTS, PASSWORD)
            assert client.select("INBOX") == ("OK", [b"0"])
        browser.join(SECONDS)
        # Nobody is asked again: the proxy keeps the tokens, encrypted with the client's password.
        with proxy.smtp() as sender:
            sender.login(CONTRACTS, PASSWORD)
            sender.sendmail(CONTRACTS, [PROBE], letter(CONTRACTS, PROBE, "By a person's proxy"))
        with proxy.imap() as client:
            client.login(CONTRACTS, PASSWORD)
            assert client.select('"Sent Items"') == ("OK", [b"1"])
    assert len(asked) == 1
    assert office.subjects(PROBE) == ["By a person's proxy"]
    grants = [one for one in office.sandbox.requests("identity") if one["path"].endswith("/token")]
    assert all(one["status"] == 200 for one in grants if one["app_id"] == app_id)


def permission_address(log: Path) -> str:
    """The address that the proxy asks a person to visit."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"visit the following URL to authenticate account \S+: (\S+)", log.read_text())
        if found is not None:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text())
