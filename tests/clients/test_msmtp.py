"""msmtp sends, and shows Exchange's words when it may not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from office import CONTRACTS, HOST, PROBE, Office, letter, spoiled

UNAVAILABLE, NO_PERMISSION = 69, 77  # sysexits.h


class Msmtp:
    """msmtp with a configuration file in a folder of its own."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.office = office
        self.folder = folder

    def send(
        self, *recipients: str, sender: str = PROBE, user: str = PROBE, token: str | None = None, author: str = PROBE,
    ) -> subprocess.CompletedProcess[str]:
        """Send a mail."""
        (self.folder / "token").write_text(token or self.office.token())
        configuration = self.folder / "msmtprc"
        configuration.write_text(
            f"account default\nhost {HOST}\nport {self.office.port('smtp')}\nfrom {sender}\nauth xoauth2\nuser {user}\n"
            f"passwordeval cat {self.folder}/token\ntls on\ntls_starttls on\ntls_trust_file {self.office.sandbox.ca}\n"
        )
        configuration.chmod(0o600)
        return self.office.run(
            "msmtp", "--file", str(configuration), "--", *recipients, given=letter(author, recipients[0], "By msmtp"),
        )


@pytest.fixture
def msmtp(office: Office, tmp_path: Path) -> Msmtp:
    return Msmtp(office, tmp_path)


def test_it_sends(office: Office, msmtp: Msmtp) -> None:
    done = msmtp.send(CONTRACTS, "shared@contoso.example")
    assert done.returncode == 0, done.stderr
    assert office.subjects(CONTRACTS) == office.subjects(PROBE, "Sent Items") == ["By msmtp"]


def test_what_nobody_receives_comes_back(office: Office, msmtp: Msmtp) -> None:
    assert msmtp.send("nobody@contoso.example").returncode == 0
    assert office.subjects(PROBE) == ["Undeliverable: By msmtp"]


def test_refusals(office: Office, msmtp: Msmtp) -> None:
    token = msmtp.send(CONTRACTS, token=spoiled(office.token()))
    assert (token.returncode, "535 5.7.3 Authentication unsuccessful" in token.stderr) == (NO_PERMISSION, True)
    mailbox = msmtp.send(PROBE, user=CONTRACTS)
    assert (mailbox.returncode, "535 5.7.3 Authentication unsuccessful" in mailbox.stderr) == (NO_PERMISSION, True)
    for name in (msmtp.send(PROBE, sender=CONTRACTS), msmtp.send(PROBE, author=CONTRACTS)):
        assert name.returncode == UNAVAILABLE
        assert f"SendAsDenied; {PROBE} not allowed to send as {CONTRACTS}" in name.stderr
    many = msmtp.send(*(f"to{number}@elsewhere.example" for number in range(501)))
    assert (many.returncode, "452 4.5.3 Too many recipients" in many.stderr) == (UNAVAILABLE, True)
    office.sandbox.control("PATCH", f"/tenant/mailboxes/{PROBE}", {"SmtpClientAuthenticationDisabled": True})
    switch = msmtp.send(CONTRACTS)
    assert (switch.returncode, "disabled for the Mailbox" in switch.stderr) == (NO_PERMISSION, True)
    assert office.mails(CONTRACTS) == office.mails(PROBE) == []
