"""ImapFlow lists, uploads, searches, reads, flags, moves, deletes and idles."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from office import CONTRACTS, PROBE, SECONDS, Office, spoiled

DRIVER = str(Path(__file__).with_name("drive_imapflow.cjs"))
FLAGS = {"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$MDNSent"}


class ImapFlow:
    """ImapFlow with one mailbox and one token."""

    def __init__(self, office: Office, node_modules: Path) -> None:
        self.office = office
        self.environment = office.environment(NODE_PATH=str(node_modules))

    def given(self, job: str, *, user: str = PROBE, token: str | None = None) -> str:
        """The driver's input."""
        port = self.office.port("imap")
        return json.dumps({"port": port, "user": user, "token": token or self.office.token(), "job": job})

    def do(self, job: str, **options: str) -> dict[str, Any]:
        """Do a job; gives back what it saw."""
        done = self.office.run("node", DRIVER, given=self.given(job, **options), environment=self.environment)
        assert done.returncode == 0, done.stderr
        seen: dict[str, Any] = json.loads(done.stdout)
        return seen


@pytest.fixture
def imapflow(office: Office, node_modules: Path) -> ImapFlow:
    return ImapFlow(office, node_modules)


def test_it_does_everything(office: Office, imapflow: ImapFlow) -> None:
    seen = imapflow.do("everything")
    assert "error" not in seen, seen
    folders = dict(seen["folders"])
    assert (folders["Sent Items"], folders["Deleted Items"], folders["INBOX"]) == ("\\Sent", "\\Trash", "\\Inbox")
    assert set(seen["permanentFlags"]) == FLAGS
    assert (seen["found"], seen["notFound"]) == ([1], [])
    assert (seen["subject"], seen["source"]) == ("By ImapFlow", "Subject: By ImapFlow\r\n\r\nHello\r\n")
    assert (seen["keyword"], seen["moved"]) == (False, 1)
    assert office.subjects(PROBE) == []
    assert office.flags(PROBE, "By ImapFlow", "Archive") == {"\\Flagged"}
    assert imapflow.do("remove") == {"removed": True}
    assert office.subjects(PROBE, "Archive") == []


def test_it_hears_of_mail_while_it_idles(office: Office, imapflow: ImapFlow) -> None:
    with subprocess.Popen(
        ["node", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=imapflow.environment,
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(imapflow.given("idle"))
        client.stdin.close()
        assert client.stdout.readline() == "listening\n"
        office.put(PROBE, "News")
        assert json.loads(client.stdout.readline()) == {"count": 1, "prevCount": 0}
        assert client.wait(SECONDS) == 0


def test_refusals(office: Office, imapflow: ImapFlow) -> None:
    assert imapflow.do("open", token=spoiled(office.token())) == {"error": "AUTHENTICATE failed."}
    # ImapFlow knows "User is authenticated but not connected" for what it means.
    assert imapflow.do("open", user=CONTRACTS) == {"error": "Authentication failed"}
    office.put(PROBE, "For ImapFlow")
    assert imapflow.do("umlaut") == {"found": False}
    office.sandbox.control("PATCH", f"/tenant/mailboxes/{PROBE}", {"ImapEnabled": False})
    assert imapflow.do("open") == {"error": "Authentication failed"}
