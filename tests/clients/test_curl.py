"""curl: sends, lists, searches, reads, flags, moves and deletes by SMTP, IMAP and POP3. It knows no IDLE."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from office import CONTRACTS, HOST, PROBE, Office, letter, spoiled

# Of curl's exit codes; the last is what it makes of a 554 at the end of the data.
LOGIN_DENIED, QUOTE_ERROR, WEIRD_REPLY = 67, 21, 8


class Curl:
    """curl with one mailbox and one token, which it reads from standard input."""

    def __init__(self, office: Office, token: str | None = None, user: str = PROBE) -> None:
        self.office = office
        self._config = (
            f'silent\nshow-error\ncacert = "{office.sandbox.ca}"\nuser = "{user}:"\n'
            f'oauth2-bearer = "{token or office.token()}"\n'
        )

    def __call__(self, scheme: str, face: str, path: str = "", *options: str) -> subprocess.CompletedProcess[str]:
        """Ask a URL of a face."""
        url = f"{scheme}://{HOST}:{self.office.port(face)}/{path}"
        return self.office.run("curl", "--config", "-", *options, url, given=self._config)

    def imap(self, path: str, *options: str) -> str:
        """What an IMAP URL gives."""
        done = self("imaps", "imap", path, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def send(self, file: Path, sender: str, *recipients: str) -> subprocess.CompletedProcess[str]:
        """Send a file."""
        to = [option for address in recipients for option in ("--mail-rcpt", address)]
        return self("smtp", "smtp", "", "--ssl-reqd", "--mail-from", sender, *to, "--upload-file", str(file))


@pytest.fixture
def curl(office: Office) -> Curl:
    return Curl(office)


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    file = tmp_path / "mail.eml"
    file.write_text(letter(PROBE, CONTRACTS, "By curl"), newline="")
    return file


def test_it_sends(office: Office, curl: Curl, mail: Path) -> None:
    done = curl.send(mail, PROBE, CONTRACTS)
    assert done.returncode == 0, done.stderr
    assert office.subjects(CONTRACTS) == office.subjects(PROBE, "Sent Items") == ["By curl"]


def test_it_does_everything_by_imap(office: Office, curl: Curl, mail: Path) -> None:
    assert '"Deleted Items"' in curl.imap("")
    curl.imap("INBOX", "--upload-file", str(mail))
    assert office.subjects(PROBE) == ["By curl"]
    assert curl.imap("INBOX?SUBJECT%20curl") == "* SEARCH 1\n"
    assert curl.imap("INBOX?SUBJECT%20other") == "* SEARCH\n"
    assert "Subject: By curl\n" in curl.imap("INBOX;UID=1")
    curl.imap("INBOX", "--request", "STORE 1 +FLAGS (\\Seen \\Flagged)")
    assert office.flags(PROBE, "By curl") == {"\\Seen", "\\Flagged"}
    assert "[COPYUID" in curl.imap("INBOX", "--request", 'UID MOVE 1 "Deleted Items"')
    assert office.subjects(PROBE) == []
    curl.imap("Deleted%20Items", "--request", "STORE 1 +FLAGS.SILENT (\\Deleted)")
    curl.imap("Deleted%20Items", "--request", "EXPUNGE")
    assert office.subjects(PROBE, "Deleted Items") == []


def test_it_reads_and_deletes_by_pop3(office: Office, curl: Curl) -> None:
    office.put(PROBE, "For curl")
    assert curl("pop3s", "pop3").stdout.split()[0] == "1"
    assert "Subject: For curl\n" in curl("pop3s", "pop3", "1").stdout
    assert curl("pop3s", "pop3", "1", "--request", "DELE", "--head").returncode == 0
    assert office.subjects(PROBE) == []


@pytest.mark.parametrize(("scheme", "face"), [("imaps", "imap"), ("pop3s", "pop3")])
def test_a_bad_token_is_refused(office: Office, scheme: str, face: str) -> None:
    for token in (spoiled(office.token()), office.token("https://graph.microsoft.com/.default")):
        assert Curl(office, token)(scheme, face).returncode == LOGIN_DENIED


def test_a_bad_token_sends_nothing(office: Office, mail: Path) -> None:
    assert Curl(office, spoiled(office.token())).send(mail, PROBE, CONTRACTS).returncode == LOGIN_DENIED
    assert office.subjects(CONTRACTS) == []


def test_anothers_mailbox_is_refused(office: Office, mail: Path) -> None:
    other = Curl(office, user=CONTRACTS)
    assert other("imaps", "imap", "INBOX").returncode != 0
    assert other("pop3s", "pop3").returncode != 0
    assert other.send(mail, CONTRACTS, PROBE).returncode == LOGIN_DENIED


def test_anothers_name_is_refused(office: Office, curl: Curl, mail: Path) -> None:
    mail.write_text(letter(CONTRACTS, PROBE, "Not mine"), newline="")
    done = curl.send(mail, CONTRACTS, PROBE)
    assert done.returncode == WEIRD_REPLY
    assert office.subjects(PROBE) == []


@pytest.mark.parametrize("command", [
    "STORE 1 +FLAGS (Important)", "SEARCH KEYWORD Important", "SEARCH CHARSET UTF-8 SUBJECT x", "SORT (DATE) UTF-8 ALL",
    "FETCH 1 (X-GUID)", "ENABLE CONDSTORE",
])
def test_what_exchange_does_not_have_is_refused(office: Office, curl: Curl, command: str) -> None:
    office.put(PROBE, "For curl")
    assert curl("imaps", "imap", "INBOX", "--request", command).returncode == QUOTE_ERROR
    assert office.flags(PROBE, "For curl") == set()
