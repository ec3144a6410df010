"""isync's mbsync keeps a Maildir the same as a mailbox: reads, uploads, flags, moves and deletes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from office import CONTRACTS, PROBE, Office, letter, spoiled


class Mbsync:
    """mbsync with a Maildir of its own."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.office = office
        self.folder = folder
        (folder / "mail").mkdir()

    def sync(self, *, user: str = PROBE, token: str | None = None) -> subprocess.CompletedProcess[str]:
        """Make both sides the same."""
        (self.folder / "token").write_text(token or self.office.token())
        (self.folder / "mbsyncrc").write_text(
            f"IMAPAccount office\nHost localhost\nPort {self.office.port('imap')}\nUser {user}\n"
            f'PassCmd "cat {self.folder}/token"\nSSLType IMAPS\nCertificateFile {self.office.sandbox.ca}\n'
            "AuthMechs XOAUTH2\n\nIMAPStore far\nAccount office\n\nMaildirStore near\n"
            f"Path {self.folder}/mail/\nInbox {self.folder}/mail/INBOX\nSubFolders Verbatim\n\n"
            "Channel office\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n"
        )
        environment = self.office.environment(HOME=str(self.folder))
        return self.office.run(
            "mbsync", "--config", str(self.folder / "mbsyncrc"), "office", environment=environment,
        )

    def folders(self) -> set[str]:
        """The folders of the Maildir."""
        return {path.name for path in (self.folder / "mail").iterdir()}

    def files(self, folder: str = "INBOX") -> list[Path]:
        """The mails of a folder of the Maildir."""
        return sorted(
            file for part in ("new", "cur") for file in (self.folder / "mail" / folder / part).iterdir()
        )

    def mark(self, file: Path, flags: Iterable[str]) -> None:
        """Give a mail these flags, as a reader of a Maildir does."""
        file.rename(file.parents[1] / "cur" / f"{file.name.partition(':')[0]}:2,{''.join(sorted(flags))}")


@pytest.fixture
def mbsync(office: Office, tmp_path: Path) -> Mbsync:
    return Mbsync(office, tmp_path)


def test_it_keeps_both_sides_the_same(office: Office, mbsync: Mbsync) -> None:
    office.put(PROBE, "First")
    office.put(PROBE, "Second", flags="(\\Seen)")
    office.put(PROBE, "In a folder", "Archive")
    done = mbsync.sync()
    assert done.returncode == 0, done.stderr
    assert mbsync.folders() == {
        "INBOX", "Archive", "Deleted Items", "Drafts", "Junk Email", "Outbox", "Sent Items",
    }
    assert ["Subject: In a folder" in file.read_text() for file in mbsync.files("Archive")] == [True]
    first, second = sorted(mbsync.files(), key=lambda file: "Subject: Second" in file.read_text())
    assert second.name.endswith(":2,S")

    mbsync.mark(first, "FRS")
    second.rename(mbsync.folder / "mail" / "Deleted Items" / "cur" / second.name.split(",U=")[0])
    (mbsync.folder / "mail" / "Drafts" / "new" / "1.new.example").write_text(letter(PROBE, CONTRACTS, "A draft"))
    done = mbsync.sync()
    assert done.returncode == 0, done.stderr
    assert office.flags(PROBE, "First") == {"\\Flagged", "\\Answered", "\\Seen"}
    assert office.subjects(PROBE) == ["First"]
    assert office.subjects(PROBE, "Deleted Items") == ["Second"]
    assert office.subjects(PROBE, "Drafts") == ["A draft"]

    (mbsync.folder / "mail" / "Near").mkdir()
    for part in ("new", "cur", "tmp"):
        (mbsync.folder / "mail" / "Near" / part).mkdir()
    (first,) = mbsync.files()
    mbsync.mark(first, "ST")
    assert mbsync.sync().returncode == 0
    assert office.subjects(PROBE) == []
    assert mbsync.files() == []
    assert office.mails(PROBE, "Near") == []


def test_a_flag_that_exchange_does_not_have_stays_near(office: Office, mbsync: Mbsync) -> None:
    office.put(PROBE, "First")
    assert mbsync.sync().returncode == 0
    (first,) = mbsync.files()
    mbsync.mark(first, "PS")
    assert "far side store does not support flag(s) 'P'" in mbsync.sync().stdout
    assert office.flags(PROBE, "First") == {"\\Seen"}


def test_refusals(office: Office, mbsync: Mbsync) -> None:
    token = mbsync.sync(token=spoiled(office.token()))
    assert token.returncode != 0
    assert "AUTHENTICATE failed." in token.stdout + token.stderr
    mailbox = mbsync.sync(user=CONTRACTS)
    assert mailbox.returncode != 0
    assert "User is authenticated but not connected." in mailbox.stdout + mailbox.stderr
