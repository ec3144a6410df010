"""email-oauth2-proxy lets the standard library's clients in by password, and passes on what Exchange says."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from imapclient import IMAPClient
from m365_sandbox.process.ports import free_ports
from office import CONTRACTS, HOST, OUTLOOK, PROBE, SECONDS, Office, letter

PASSWORD = "for the proxy only"


class Proxy:
    """A running proxy; ``ports`` are its own, by protocol."""

    def __init__(self, office: Office, folder: Path, *, secret: str | None = None) -> None:
        self.ports = dict(zip(("IMAP", "POP", "SMTP"), free_ports(), strict=False))
        faces = {"IMAP": "imap", "POP": "pop3", "SMTP": "smtp"}
        servers = "".join(
            f"[{protocol}-{port}]\nlocal_address = {HOST}\nserver_address = {HOST}\n"
            f"server_port = {office.port(faces[protocol])}\nserver_starttls = {protocol == 'SMTP'}\n\n"
            for protocol, port in self.ports.items()
        )
        accounts = "".join(
            f"[{address}]\ntoken_url = {office.authority}/{office.tenant_id}/oauth2/v2.0/token\n"
            f"oauth2_scope = {OUTLOOK}\noauth2_flow = client_credentials\nclient_id = {office.app_id}\n"
            f"client_secret = {secret or office.secret}\n\n"
            for address in (PROBE, CONTRACTS)
        )
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
def running(proxy: Proxy, office: Office) -> Iterator[Proxy]:
    """Run the proxy until all its ports are open, and as long as the caller wants."""
    command = [sys.executable, "-m", "emailproxy", "--no-gui", "--config-file", str(proxy.configuration)]
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
        assert client.append("INBOX", "", "", letter(CONTRACTS, PROBE, "To be moved").encode())[0] == "OK"
        assert client.uid("MOVE", "2", '"Deleted Items"')[0] == "OK"
    assert office.subjects(PROBE, "Deleted Items") == ["To be moved"]
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


def test_whoever_idles_behind_it_hears_of_mail(office: Office, proxy: Proxy) -> None:
    with IMAPClient(HOST, proxy.ports["IMAP"], ssl=False, timeout=SECONDS) as client:
        client.login(PROBE, PASSWORD)
        client.select_folder("INBOX")
        client.idle()
        office.put(PROBE, "News")
        assert (1, b"EXISTS") in client.idle_check(timeout=SECONDS)
        client.idle_done()
        client.delete_messages([1])
        client.expunge()
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
