"""A full disk: what cannot be kept is refused, did not happen, and leaves nothing behind."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, prlimit

import httpx
import pytest
from graph_client import Graph, refusal
from mail_client import HOST, port
from sandbox_fixture import ControlRefused, RunningSandbox

OUTSIDE = "outside@elsewhere.example"


@contextmanager
def full_disk(sandbox: RunningSandbox) -> Iterator[None]:
    """No file of the sandbox's process may grow."""
    pid = sandbox.control("GET", "/status")["pid"]
    before = prlimit(pid, RLIMIT_FSIZE)
    prlimit(pid, RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        prlimit(pid, RLIMIT_FSIZE, before)


def files(directory: Path) -> dict[str, int]:
    """What the process has written: the sizes of all files but those of the mailbox store, which is another."""
    return {
        str(path.relative_to(directory)): path.stat().st_size for path in directory.rglob("*")
        if path.is_file() and "dovecot" not in path.parts
    }


def test_nothing_changes(clean: RunningSandbox) -> None:
    graph = Graph(clean, "Application.ReadWrite.All")
    before, written = clean.control("GET", "/tenant"), files(clean.directory)
    with full_disk(clean):
        for method, path, body in (
            ("POST", "/tenant/applications", {"displayName": "Lost", "secret": True}),
            ("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": False}),
            ("PUT", "/clock", {"offset_seconds": 3600}),
            ("POST", "/reset", None),
        ):
            with pytest.raises(ControlRefused) as caught:
                clean.control(method, path, body)
            assert caught.value.status == 507
            assert "nothing was changed" in caught.value.body["error"]
        answer: httpx.Response = graph.post("/applications", json={"displayName": "Lost"})
        assert refusal(answer)[:2] == (503, "ServiceUnavailable")
        assert clean.control("GET", "/tenant") == before
        assert files(clean.directory) == written
    assert graph.application(displayName="Found")["displayName"] == "Found"


def test_mail_is_not_taken(clean: RunningSandbox) -> None:
    graph = Graph(clean, "Mail.Send")
    body = {"contentType": "text", "content": "x" * 2000}
    message = {"subject": "Lost", "body": body, "toRecipients": [{"emailAddress": {"address": OUTSIDE}}]}
    written = files(clean.directory)
    with full_disk(clean):
        answer = graph.post("/users/contracts@contoso.example/sendMail", json={"message": message})
        assert refusal(answer)[0] == 503
        with smtplib.SMTP(HOST, port(clean, "relay"), timeout=60) as client:
            client.login(clean.env["M365_SANDBOX_RELAY_USER"], clean.env["M365_SANDBOX_RELAY_PASSWORD"])
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("erp@contoso.example", [OUTSIDE], "To: x\r\n\r\n" + "A line.\r\n" * 200)
        assert refused.value.smtp_code // 100 == 4
        # The log goes on; on a disk that is really full it would not.
        assert {**files(clean.directory), "sandbox.log": 0} == {**written, "sandbox.log": 0}
