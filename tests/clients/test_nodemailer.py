"""Nodemailer sends, and shows Exchange's words when it may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from office import CONTRACTS, PROBE, Office, spoiled

DRIVER = str(Path(__file__).with_name("drive_nodemailer.cjs"))
MESSAGE = {
    "from": PROBE, "to": [CONTRACTS, "outside@elsewhere.example"], "bcc": "shared@contoso.example",
    "subject": "By Nodemailer: größer", "text": ".\nHello\n", "html": "<p>Hello</p>",
    "attachments": [{"filename": "data.bin", "content": "AAEC/w==", "encoding": "base64"}],
}


class Nodemailer:
    """Nodemailer with one mailbox and one token."""

    def __init__(self, office: Office, node_modules: Path) -> None:
        self.office = office
        self.environment = office.environment(NODE_PATH=str(node_modules))

    def send(self, *, user: str = PROBE, token: str | None = None, **message: Any) -> dict[str, Any]:
        """Send the message with these changes; gives back what became of it."""
        given = {
            "port": self.office.port("smtp"), "user": user, "token": token or self.office.token(),
            "message": MESSAGE | message,
        }
        done = self.office.run("node", DRIVER, given=json.dumps(given), environment=self.environment)
        assert done.returncode == 0, done.stderr
        seen: dict[str, Any] = json.loads(done.stdout)
        return seen


@pytest.fixture
def nodemailer(office: Office, node_modules: Path) -> Nodemailer:
    return Nodemailer(office, node_modules)


def test_it_sends(office: Office, nodemailer: Nodemailer) -> None:
    seen = nodemailer.send()
    assert seen["accepted"] == [CONTRACTS, "outside@elsewhere.example", "shared@contoso.example"]
    assert seen["response"].startswith("250 2.0.0 OK <")
    (mail,) = office.mails(CONTRACTS)
    assert (mail["Bcc"], mail["Return-Path"]) == (None, f"<{PROBE}>")
    parts = {part.get_content_type(): part.get_payload(decode=True) for part in mail.walk()}
    assert parts["application/octet-stream"] == b"\x00\x01\x02\xff"
    assert parts["text/plain"] == b".\r\nHello\r\n"
    assert len(office.mails(PROBE, "Sent Items")) == 1


def test_refusals(office: Office, nodemailer: Nodemailer) -> None:
    for refused in (
        nodemailer.send(token=spoiled(office.token())), nodemailer.send(user=CONTRACTS),
        nodemailer.send(token=office.token("https://graph.microsoft.com/.default")),
    ):
        assert refused["code"] == 535
        assert refused["response"].startswith("535 5.7.3 Authentication unsuccessful [")
    name = nodemailer.send(**{"from": CONTRACTS})
    assert name["code"] == 554
    assert name["response"].startswith(f"554 5.2.252 SendAsDenied; {PROBE} not allowed to send as {CONTRACTS}; ")
    office.sandbox.control("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": True})
    switch = nodemailer.send()
    assert (switch["code"], "disabled for the Tenant." in switch["response"]) == (535, True)
    assert office.mails(CONTRACTS) == []


def test_recipients_beyond_five_hundred_are_left_out(office: Office, nodemailer: Nodemailer) -> None:
    seen = nodemailer.send(to=[f"to{number}@elsewhere.example" for number in range(502)], bcc=[])
    assert len(seen["accepted"]) == 500
    assert seen["rejected"] == ["to500@elsewhere.example", "to501@elsewhere.example"]
