"""email-oauth2-proxy lets the standard library's clients in by password, and passes on what Exchange says."""

from __future__ import annotations

import imaplib
import re
import smtplib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import pytest
from imapclient import IMAPClient
from m365_sandbox.process.ports import free_ports
from office import CONTRACTS, HOST, OUTLOOK, PROBE, SECONDS, Office, letter
from person import Person
from proxy_process import PASSWORD, Proxy, running


def configured(
    office: Office, folder: Path, *, secret: str | None = None, account: Mapping[str, str] | None = None,
) -> Proxy:
    """A proxy in front of Exchange Online, for two mailboxes; with client credentials unless told otherwise."""
    settings = {
        "token_url": f"{office.authority}/{office.tenant_id}/oauth2/v2.0/token",
        **(account or {
            "oauth2_scope": OUTLOOK, "oauth2_flow": "client_credentials", "client_id": office.app_id,
            "client_secret": secret or office.secret,
        }),
    }
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    accounts = "".join(f"[{address}]\n{lines}\n" for address in (PROBE, CONTRACTS))
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


def test_a_person_signs_in_in_a_browser(office: Office, tmp_path: Path) -> None:
    # The proxy's own servers take the first ports.
    redirect_uri = f"http://localhost:{next(islice(free_ports(), 3, None))}"
    scopes = ["IMAP.AccessAsUser.All", "SMTP.Send"]
    app_id, secret = office.product(secret=True, redirectUris={"web": ["http://localhost"]})
    proxy = configured(office, tmp_path, account={
        "permission_url": f"{office.authority}/{office.tenant_id}/oauth2/v2.0/authorize", "client_id": app_id,
        "client_secret": str(secret), "redirect_uri": redirect_uri, "use_pkce": "True",
        "oauth2_scope": " ".join([*(f"https://outlook.office365.com/{scope}" for scope in scopes), "offline_access"]),
    })
    asked: list[str] = []

    def sign_in() -> None:
        asked.append(permission_address(tmp_path / "emailproxy.own"))
        person = Person(office.sandbox.ca).open(asked[0])
        assert person.press("Sign in", password=office.password).press("Accept").leave().ok

    with running(proxy, office.environment(), "--local-server-auth") as proxy:
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
