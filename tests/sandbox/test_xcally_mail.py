"""Motion's stand-in sends and receives as the person who has signed in, and says why when it cannot."""

from __future__ import annotations

import email
import email.policy
import json
import time
import uuid
from email.message import EmailMessage
from typing import Any

import pytest
from mail_client import PROBE, imap, letter, mail_app, messages_in, submission, switch_smtp_on
from sandbox_fixture import RunningSandbox
from xcally_fixture import SECONDS, Motion, motion, served

__all__ = ["motion"]

SUPPORT = "support-test@contoso.example"
SHARED, AGENT, DIRECTOR = "support@contoso.example", "agent@contoso.example", "director@contoso.example"
# Persons who are here for one refusal each, since what ends their sign-in ends it for all tests.
REFUSED, FORGETFUL, FREQUENT, IMAPLESS = (
    f"{name}@contoso.example" for name in ("tickets", "tickets-test", "contracts", "contracts-test")
)


@pytest.fixture(scope="module", autouse=True)
def smtp(motion: Motion) -> None:
    switch_smtp_on(motion.sandbox)


@pytest.fixture(scope="module")
def own(motion: Motion) -> int:
    """The account of a mailbox whose owner has signed in."""
    return signed_in(motion, SUPPORT)


@pytest.fixture(scope="module")
def shared(motion: Motion) -> int:
    """The account of a shared mailbox, for which somebody with access has signed in."""
    return signed_in(motion, AGENT, SHARED, modernAuthenticationEmail=AGENT)


def signed_in(motion: Motion, person: str, mailbox: str | None = None, **fields: Any) -> int:
    """A new account of a mailbox, for which a person has signed in."""
    provider = motion.provider()["id"]
    motion.authenticate(provider, person)
    return motion.account(mailbox or person, provider, **fields)


def send(motion: Motion, account: int, *, status: int = 200, **mail: Any) -> Any:
    """What the API says to a mail to the probe."""
    path, whole = f"/api/mail/accounts/{account}/send", {"to": PROBE, "text": "Hello", **mail}
    return motion.ask("POST", path, whole, status=status)


def refusal(motion: Motion, account: int, **mail: Any) -> str:
    """Why a mail is not sent."""
    message: str = send(motion, account, status=500, subject="Refused", **mail)["message"]
    assert f"/api/mail/accounts/{account}/send: {message.splitlines()[0]}" in motion.log("error")
    return message


def arrived(sandbox: RunningSandbox, subject: str, mailbox: str = PROBE) -> list[EmailMessage]:
    """The mails of a subject in a mailbox."""
    with imap(sandbox, mail_app(sandbox, mailbox), mailbox) as client:
        found = [email.message_from_bytes(one, policy=email.policy.default) for one in messages_in(client)]
    return [one for one in found if one["Subject"] == subject]


def put_in(sandbox: RunningSandbox, mailbox: str) -> str:
    """Let a mail of the probe come to a mailbox; gives back its subject."""
    subject = f"Question {uuid.uuid4()}"
    app = mail_app(sandbox, PROBE)
    app.may_send_as(PROBE)
    with submission(sandbox, app) as client:
        client.sendmail(PROBE, [mailbox], letter(PROBE, mailbox, subject)[0])
    return subject


def flags(sandbox: RunningSandbox, mailbox: str, subject: str) -> str:
    """The flags of a mail."""
    with imap(sandbox, mail_app(sandbox, mailbox), mailbox) as client:
        client.select(readonly=True)
        (number,) = client.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
        return str(client.fetch(number, "(FLAGS)")[1][0])


@pytest.mark.parametrize(("fixture", "sender"), [("own", SUPPORT), ("shared", SHARED)])
def test_a_mail_is_really_sent(
    motion: Motion, request: pytest.FixtureRequest, fixture: str, sender: str,
) -> None:
    account, subject = request.getfixturevalue(fixture), f"Answer {uuid.uuid4()}"
    answer = send(motion, account, subject=subject, text="It works.")
    assert (answer["accepted"], answer["rejected"], answer["response"][:9]) == ([PROBE], [], "250 2.0.0")
    (mail,) = arrived(motion.sandbox, subject)
    assert (mail["From"].addresses[0].addr_spec, mail["Message-ID"]) == (sender, answer["messageId"])
    assert mail.get_content().strip() == "It works."
    kept = motion.until(f"/api/mail/messages?MailAccountId={account}&direction=out&sort=-id", subject=subject)
    assert (kept["from"], kept["to"], kept["messageId"]) == (sender, PROBE, answer["messageId"])


@pytest.mark.parametrize(("fixture", "mailbox"), [("own", SUPPORT), ("shared", SHARED)])
def test_a_mail_in_the_mailbox_is_really_taken(
    motion: Motion, request: pytest.FixtureRequest, fixture: str, mailbox: str,
) -> None:
    account, subject = request.getfixturevalue(fixture), put_in(motion.sandbox, mailbox)
    taken = motion.until(f"/api/mail/messages?MailAccountId={account}&direction=in&sort=-id", subject=subject)
    assert (taken["from"], taken["to"], taken["body"].strip()) == (PROBE, mailbox, "Hello\n.dot")
    end = time.monotonic() + SECONDS
    while "\\Seen" not in flags(motion.sandbox, mailbox, subject):
        assert time.monotonic() < end, motion.log("combined")
    assert motion.ask("GET", f"/api/mail/messages?subject={subject}")["count"] == 1


def test_an_account_that_is_not_active_neither_sends_nor_receives(motion: Motion, own: int) -> None:
    path = f"/api/mail/accounts/{own}"
    motion.ask("PUT", path, {"active": False})
    try:
        assert refusal(motion, own) == f"The account {SUPPORT} is not active"
        subject = put_in(motion.sandbox, SUPPORT)
        # The other one is polled in its place, so a round has passed.
        other = put_in(motion.sandbox, SHARED)
        motion.until("/api/mail/messages?sort=-id", subject=other)
        assert "\\Seen" not in flags(motion.sandbox, SUPPORT, subject)
    finally:
        motion.ask("PUT", path, {"active": True})
    motion.until("/api/mail/messages?sort=-id", subject=subject)


def test_nobody_has_signed_in_yet(motion: Motion) -> None:
    provider = motion.provider(name="Nobody")["id"]
    account = motion.account("nobody@contoso.example", provider)
    assert refusal(motion, account) == "Nobody has signed in for the cloud provider Nobody"
    motion.ask("PUT", f"/api/mail/accounts/{account}", {"CloudProviderId": None})
    assert refusal(motion, account) == "The account nobody@contoso.example has no cloud provider"


def test_a_shared_mailbox_is_opened_by_whom_the_account_names(motion: Motion, shared: int) -> None:
    path = f"/api/mail/accounts/{shared}"
    for named, wanted in ((DIRECTOR, DIRECTOR), (None, SHARED)):
        motion.ask("PUT", path, {"modernAuthenticationEmail": named})
        message = refusal(motion, shared)
        assert message.startswith(f"{AGENT} has signed in for the cloud provider "), message
        assert message.endswith(f", not {wanted}")
    motion.ask("PUT", path, {"modernAuthenticationEmail": AGENT})
    send(motion, shared, subject="It goes again")


def test_who_may_not_open_the_mailbox_is_refused_by_exchange(motion: Motion) -> None:
    account = signed_in(motion, DIRECTOR, "shared@contoso.example", modernAuthenticationEmail=DIRECTOR)
    assert "535 5.7.3 Authentication unsuccessful" in refusal(motion, account)
    motion.logged("shared@contoso.example: IMAP: User is authenticated but not connected")
    motion.ask("PUT", f"/api/mail/accounts/{account}", {"active": False})


def test_smtp_may_be_off_for_the_mailbox(motion: Motion, own: int) -> None:
    path = f"/tenant/mailboxes/{SUPPORT}"
    motion.sandbox.control("PATCH", path, {"SmtpClientAuthenticationDisabled": True})
    assert "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox" in refusal(
        motion, own,
    )
    motion.sandbox.control("PATCH", path, {"SmtpClientAuthenticationDisabled": False})
    send(motion, own, subject="It goes again")


def test_imap_may_be_off_for_the_mailbox(motion: Motion) -> None:
    account = signed_in(motion, IMAPLESS)
    motion.sandbox.control("PATCH", f"/tenant/mailboxes/{IMAPLESS}", {"ImapEnabled": False})
    motion.logged(f"{IMAPLESS}: IMAP: User is authenticated but not connected")
    motion.ask("PUT", f"/api/mail/accounts/{account}", {"active": False})


@pytest.mark.parametrize(("person", "method", "path", "change", "code"), [
    (REFUSED, "POST", "/revoke-sessions", None, "AADSTS50173: "),
    (FORGETFUL, "PATCH", "", {"password": "Another-Password-1"}, "AADSTS50173: "),
    (FREQUENT, "PATCH", "", {"signInFrequencySeconds": 1}, "AADSTS70043: "),
], ids=["revoked", "password", "frequency"])
def test_a_sign_in_that_has_ended_is_told_in_microsofts_words(
    motion: Motion, person: str, method: str, path: str, change: Any, code: str,
) -> None:
    account = signed_in(motion, person)
    send(motion, account, subject="Before")
    # Moments are compared by the second.
    time.sleep(1.1)
    motion.sandbox.control(method, f"/tenant/users/{person}{path}", change)
    assert refusal(motion, account).startswith(code)
    provider = motion.ask("GET", f"/api/mail/accounts/{account}")["CloudProviderId"]
    assert motion.ask("GET", f"/api/cloudProviders/{provider}")["authenticated"] is True
    motion.ask("PUT", f"/api/mail/accounts/{account}", {"active": False})


def test_a_secret_is_used_as_soon_as_it_is_there(motion: Motion, own: int) -> None:
    account = motion.ask("GET", f"/api/mail/accounts/{own}")
    path = f"/api/cloudProviders/{account['CloudProviderId']}"
    kept = {row["id"]: row for row in json.loads((motion.folder / "motion.json").read_text())["cloudProviders"]["rows"]}
    secret = kept[account["CloudProviderId"]]["clientSecret"]
    motion.ask("PUT", path, {"clientSecret": "wrong"})
    assert refusal(motion, own).startswith("AADSTS7000215: ")
    motion.ask("PUT", path, {"clientSecret": secret})
    send(motion, own, subject="It goes again")


def test_a_password_is_no_way_in_any_more(motion: Motion) -> None:
    password = {"pass": motion.sandbox.env["M365_SANDBOX_PROBE_PASSWORD"]}
    account = motion.account(PROBE, 0, modernAuthentication=False, CloudProviderId=None, **password)
    assert "535 5.7.139 Authentication unsuccessful, basic authentication is disabled" in refusal(motion, account)
    motion.ask("PUT", f"/api/mail/accounts/{account}", {"active": False})


def test_a_mail_needs_a_recipient_and_an_account(motion: Motion, own: int) -> None:
    assert refusal(motion, own, to="") == "No recipients defined"
    assert send(motion, 999, status=404) == {"message": "Not Found"}


def test_a_mail_does_not_read_the_servers_files(motion: Motion, own: int) -> None:
    assert refusal(motion, own, html={"path": "/etc/passwd"}).startswith("File access rejected")


def test_the_log_says_more_after_the_switch_and_a_restart_and_never_a_secret(motion: Motion, own: int) -> None:
    assert " debug: " not in motion.log("combined")
    (motion.folder / ".env").write_text("XC_DEBUG_LEVEL='DEBUG'\n")
    motion.restart()
    motion.logged("XC_DEBUG_LEVEL DEBUG")
    send(motion, own, subject="Debugged")
    motion.logged(" debug: Microsoft answers a refresh_token")
    kept = json.loads((motion.folder / "motion.json").read_text())["cloudProviders"]["rows"]
    secrets = [row[name] for row in kept for name in ("clientSecret", "refreshToken") if row.get(name)]
    written = motion.log("combined") + motion.log("error") + (motion.folder / "server.log").read_text()
    assert len(secrets) > 1
    assert not any(secret in written for secret in (*secrets, "eyJ"))


def test_what_it_knows_outlives_its_process(motion: Motion, own: int) -> None:
    before = motion.ask("GET", f"/api/mail/accounts/{own}")
    motion.end()
    served(motion.sandbox, motion.name)
    assert motion.ask("GET", f"/api/mail/accounts/{own}") == before
    send(motion, own, subject="As before")

