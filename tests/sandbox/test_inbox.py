"""The inbox's pages: what they show, how mail's own markup is kept apart, and who may look."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup
from mail_client import CONTRACTS, PROBE, imap, mail_app, submission, switch_smtp_on
from sandbox_fixture import RunningSandbox, run_cli


class Looker:
    """A browser on the pages, let in by the printed address."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.address = run_cli("inbox", sandbox.directory).stdout.strip()
        self.root = self.address.partition("/?")[0]
        self.session = requests.Session()
        self.session.trust_env = False

    def open(self, path: str) -> requests.Response:
        return self.session.get(path if path.startswith("http") else self.root + path, timeout=30)

    def text(self, path: str) -> str:
        answer = self.open(path)
        assert answer.status_code == 200, answer.text
        return " ".join(BeautifulSoup(answer.text, "html.parser").get_text(" ").split())


@pytest.fixture
def looker(clean: RunningSandbox) -> Looker:
    looker = Looker(clean)
    assert looker.open(looker.address).status_code == 200
    return looker


def send(sandbox: RunningSandbox, message: EmailMessage, *recipients: str) -> None:
    switch_smtp_on(sandbox)
    with submission(sandbox, mail_app(sandbox, PROBE)) as client:
        client.send_message(message, PROBE, list(recipients))


def mail(subject: str, text: str = "Hello, reader", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = PROBE, CONTRACTS, subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def test_what_arrived(clean: RunningSandbox, looker: Looker) -> None:
    assert "contracts@contoso.example empty" in looker.text("/")
    send(clean, mail("Grüße & <b>more</b>", X_Own="a value"), CONTRACTS)
    assert "contracts@contoso.example INBOX 1" in looker.text("/")
    assert f"from {PROBE} to {CONTRACTS}" in looker.text(f"/{CONTRACTS}")
    listed = looker.open(f"/{CONTRACTS}").text
    assert "Grüße &amp; &lt;b&gt;more&lt;/b&gt;" in listed
    (link,) = re.findall(r'href="(/[^"]*/message\?[^"]*)"', listed)
    shown = looker.text(link.replace("&amp;", "&"))
    for text in ("Grüße & <b>more</b>", "Hello, reader", "X-Own a value", "Received"):
        assert text in shown
    raw = looker.open(link.replace("&amp;", "&").replace("/message?", "/raw?"))
    assert raw.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "X-Own: a value\r\n" in raw.text
    assert "Sent Items (1)" in looker.text(f"/{PROBE}")
    assert "Grüße" in looker.text(f"/{PROBE}?folder=Sent+Items")


def test_looking_leaves_a_message_unread(clean: RunningSandbox, looker: Looker) -> None:
    send(clean, mail("Unread"), CONTRACTS)
    looker.text(f"/{CONTRACTS}/message?uid=1")
    looker.text(f"/{CONTRACTS}")
    with imap(clean, mail_app(clean, CONTRACTS), CONTRACTS) as client:
        client.select("INBOX")
        assert client.search(None, "UNSEEN") == ("OK", [b"1"])


def test_what_left_for_elsewhere(clean: RunningSandbox, looker: Looker) -> None:
    for subject in ("First", "Second"):
        send(clean, mail(subject), "somebody@elsewhere.example")
    assert "Outbound: mail to other domains outbound 2" in looker.text("/")
    listed = looker.text("/outbound")
    assert listed.index("Second") < listed.index("First")
    assert "X-Envelope-To somebody@elsewhere.example" in looker.text("/outbound/message?folder=outbound&uid=1")


def test_markup_is_kept_apart_and_its_text_comes_first(clean: RunningSandbox, looker: Looker) -> None:
    message = mail("Markup", "Plain")
    message.add_alternative("<p>Rich</p><script>parent.document.title='caught'</script>", subtype="html")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="x-own", filename='a "file"\u00e4.html')
    send(clean, message, CONTRACTS)
    page = looker.open(f"/{CONTRACTS}/message?folder=INBOX&uid=1")
    assert "<script>parent" not in page.text
    frame = BeautifulSoup(page.text, "html.parser").find("iframe")
    assert frame is not None
    assert '<iframe sandbox=""' in page.text
    assert page.text.index("<h2>Text</h2>") < page.text.index("<iframe")
    markup = looker.open(str(frame["src"]))
    policy = markup.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script" not in policy
    attached = looker.open(f"/{CONTRACTS}/attachment?uid=1&number=0")
    assert (attached.content, attached.headers["Content-Type"]) == (b"\x00\x01", "application/octet-stream")
    assert attached.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''a%20%22file%22")


def test_what_is_not_there(looker: Looker) -> None:
    for path in ("/nobody@contoso.example", f"/{CONTRACTS}?folder=None", f"/{CONTRACTS}/message?uid=7",
                 f"/{CONTRACTS}/message?uid=x", f"/{CONTRACTS}/raw", f"/{CONTRACTS}/nothing/else",
                 "/outbound/message?uid=1", f"/{CONTRACTS}/attachment?uid=1&number=0"):
        answer = looker.open(path)
        assert (answer.status_code, "Nothing here" in answer.text) == (404, True), path


def test_who_may_look(clean: RunningSandbox, looker: Looker) -> None:
    for path in ("/", f"/{CONTRACTS}", "/?token=wrong", f"/{CONTRACTS}/raw?uid=1"):
        answer = requests.get(looker.root + path, timeout=30)
        assert (answer.status_code, "m365-sandbox inbox" in answer.text) == (401, True), path
    control = (clean.directory / "control-token").read_text()
    assert requests.get(f"{looker.root}/?token={control}", timeout=30).status_code == 401
    assert control not in looker.address
    foreign = looker.session.get(looker.root, headers={"Host": "evil.example"}, timeout=30)
    assert foreign.status_code == 403
    first = requests.get(looker.address, allow_redirects=False, timeout=30)
    assert (first.status_code, first.headers["Location"]) == (303, "/")
    assert "HttpOnly" in first.headers["Set-Cookie"]
    assert "SameSite=strict" in first.headers["Set-Cookie"]
    token = looker.address.partition("token=")[2]
    reset = requests.post(
        clean.env["M365_SANDBOX_CONTROL_URL"] + "/reset", headers={"Authorization": f"Bearer {token}"}, timeout=30,
    )
    assert reset.status_code == 401


def test_only_a_running_sandbox_has_an_inbox(tmp_path: Path) -> None:
    answer = run_cli("inbox", tmp_path / "nothing")
    assert answer.returncode == 1
    assert "No sandbox runs" in answer.stderr
