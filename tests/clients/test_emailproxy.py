"""email-oauth2-proxy lets the standard library's clients in by password, and passes on what Exchange says."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from imapclient import IMAPClient
from office import CONTRACTS, HOST, OUTLOOK, PROBE, SECONDS, Office, letter
from proxy_process import PASSWORD, Proxy, running


def configured(office: Office, folder: Path, *, secret: str | None = None) -> Proxy:
    """A proxy in front of Exchange Online, for two mailboxes."""
    accounts = "".join(
        f"[{address}]\ntoken_url = {office.authority}/{office.tenant_id}/oauth2/v2.0/token\n"
        f"oauth2_scope = {OUTLOOK}\noauth2_flow = client_credentials\nclient_id = {office.app_id}\n"
        f"client_secret = {secret or office.secret}\n\n"
        for address in (PROBE, CONTRACTS)
    )
    servers = {"IMAP": office.port("imap"), "POP": office.port("pop3"), "SMTP": office.port("smtp")}
    return Proxy(folder, servers, accounts)


@pytest.fixture
def proxy(office: Office, tmp_path: Path) -> Iterator[Proxy]:
    with running(configured(office, tmp_path), office.environment()) as proxy:
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
        running(configured(office, tmp_path, secret="wrong"), office.environment()) as proxy,
        pytest.raises(imaplib.IMAP4.error), proxy.imap() as client,
    ):
        client.login(PROBE, PASSWORD)
