"""The submission faces: Exchange Online's dialogue word for word, its refusals, and where the mail goes."""

from __future__ import annotations

import base64
import re
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import aiosmtpd.smtp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365_sandbox.mail.pace import Pace
from m365_sandbox.mail.replies import exchanges
from m365_sandbox.mail.send_size import max_send_size
from mail_client import (
    CONTRACTS,
    HOST,
    PROBE,
    MailApp,
    Wire,
    imap,
    letter,
    mail_app,
    messages_in,
    pop3,
    port,
    sign_in,
    submission,
    switch_smtp_on,
    trust,
)
from sandbox_fixture import RunningSandbox

SERVER = r"[A-Z0-9]+\.outlook\.office365\.com"
PLACE = r"\[[A-Z0-9.]+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [0-9A-F]{16}\]"


@pytest.fixture
def app(clean: RunningSandbox) -> MailApp:
    switch_smtp_on(clean)
    return mail_app(clean, PROBE)


def test_transcript(app: MailApp) -> None:
    text, message_id = letter(PROBE, CONTRACTS)
    with Wire(app.sandbox, "smtp", tls=False) as wire:
        assert re.fullmatch(
            rf"220 {SERVER} Microsoft ESMTP MAIL Service ready at \w{{3}}, \d\d \w{{3}} \d{{4}} \d\d:\d\d:\d\d \+0000 "
            r"\[[0-9A-F]{16}\]", wire.line(),
        )
        hello = wire.reply("EHLO x")
        assert re.fullmatch(rf"250-{SERVER} Hello \[127\.0\.0\.1\]", hello[0])
        assert hello[1:] == [
            "250-SIZE 157286400", "250-PIPELINING", "250-ENHANCEDSTATUSCODES", "250-STARTTLS", "250-8BITMIME",
            "250 SMTPUTF8",
        ]
        assert wire.reply("STARTTLS") == ["220 2.0.0 SMTP server ready"]
        wire.start_tls()
        assert wire.reply("EHLO x")[4] == "250-AUTH LOGIN XOAUTH2"
        assert wire.reply("AUTH XOAUTH2")[0].rstrip() == "334"
        assert wire.reply(app.sasl()) == ["235 2.7.0 Authentication successful"]
        assert wire.reply(f"MAIL FROM:<{PROBE}>") == ["250 2.1.0 Sender OK"]
        assert wire.reply(f"RCPT TO:<{CONTRACTS}>") == ["250 2.1.5 Recipient OK"]
        assert wire.reply("DATA") == ["354 Start mail input; end with <CRLF>.<CRLF>"]
        assert re.fullmatch(
            rf"250 2\.0\.0 OK {re.escape(message_id)} \[Hostname=[A-Z0-9.]+\.PROD\.OUTLOOK\.COM\]",
            wire.reply(text.replace("\r\n.", "\r\n..") + ".")[0],
        )
        assert wire.reply("QUIT") == ["221 2.0.0 Service closing transmission channel"]


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "xoauth2", "XOAuth2"])
def test_xoauth2_in_one_line_and_any_case(app: MailApp, mechanism: str) -> None:
    with submission(app.sandbox) as client:
        assert client.docmd(f"AUTH {mechanism} {app.sasl()}") == (235, b"2.7.0 Authentication successful")


def delivered(app: MailApp, mailbox: str, folder: str = "INBOX") -> list[Message]:
    reader = mail_app(app.sandbox, mailbox)
    with imap(app.sandbox, reader, mailbox) as client:
        return [message_from_bytes(message) for message in messages_in(client, folder)]


def test_the_mail_arrives_and_a_copy_is_in_sent_items(app: MailApp) -> None:
    hidden = "hidden@contoso.example"
    text, message_id = letter(PROBE, f"{CONTRACTS}, shared@contoso.example", X_Mark="kept", Bcc=hidden)
    with submission(app.sandbox, app) as client:
        client.sendmail(PROBE, [CONTRACTS, "shared@contoso.example"], text)
    (copy,) = delivered(app, PROBE, "Sent Items")
    assert (copy["Message-ID"], copy["Bcc"]) == (message_id, hidden)
    (found,) = delivered(app, CONTRACTS)
    assert (found["Message-ID"], found["X-Mark"], found["Bcc"]) == (message_id, "kept", None)
    assert found["Return-Path"] == f"<{PROBE}>"
    assert found["X-MS-Exchange-Organization-AuthAs"] == "Internal"
    hops = found.get_all("Received")
    assert len(hops) == 2
    assert "version=TLS1_" in hops[1]
    assert "office365.com" in hops[1]
    assert found.get_payload() == "Hello\r\n.dot\r\n"
    with pop3(app.sandbox, mail_app(app.sandbox, "shared@contoso.example"), "shared@contoso.example") as reader:
        assert message_id.encode() in b"\n".join(reader.retr(1)[1])


def test_what_is_missing_in_the_header_is_added(app: MailApp) -> None:
    with submission(app.sandbox, app) as client:
        client.sendmail(PROBE, [CONTRACTS], "Subject: bare\n\nHello\n")
    (found,) = delivered(app, CONTRACTS)
    assert found["From"] == PROBE
    assert found["Date"]
    assert re.fullmatch(r"<\S+@\S+>", found["Message-ID"])


def test_an_unknown_recipient_of_the_tenant_leads_to_a_report(app: MailApp) -> None:
    text, message_id = letter(PROBE, "nobody@contoso.example")
    with submission(app.sandbox, app) as client:
        assert client.sendmail(PROBE, [CONTRACTS, "nobody@contoso.example"], text) == {}
    assert len(delivered(app, CONTRACTS)) == 1
    (report,) = delivered(app, PROBE)
    assert report["Subject"] == "Undeliverable: A letter"
    assert report["In-Reply-To"] == message_id
    assert "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient nobody@contoso.example" in report.as_string()


def test_mail_for_others_stays_on_this_machine(app: MailApp) -> None:
    text, message_id = letter(PROBE, "someone@elsewhere.example")
    with submission(app.sandbox, app) as client:
        client.sendmail(PROBE, ["someone@elsewhere.example"], text)
    (file,) = (app.sandbox.directory / "outbound").iterdir()
    spooled = message_from_bytes(file.read_bytes())
    assert (spooled["X-Envelope-To"], spooled["Message-ID"]) == ("someone@elsewhere.example", message_id)
    assert file.stat().st_mode & 0o777 == 0o600


# -- refusals ----------------------------------------------------------------------------------------------------


def authenticate(app: MailApp, response: str | None = None) -> str:
    with submission(app.sandbox) as client:
        code, text = client.docmd(f"AUTH XOAUTH2 {response or app.sasl()}")
        return f"{code} {text.decode()}"


def test_bad_credentials(app: MailApp) -> None:
    refusal = r"535 5\.7\.3 Authentication unsuccessful \[[A-Z0-9.]+\.PROD\.OUTLOOK\.COM\]"
    assert authenticate(app).startswith("235 ")
    for response in (
        app.sasl(seconds=-60), app.sasl(resource="https://graph.microsoft.com"), app.sasl("nobody@contoso.example"),
        app.sasl("unlicensed@contoso.example"), app.sasl(CONTRACTS), "bm9uc2Vuc2U=", "%%%",
        base64.b64encode(app.sasl().encode()).decode(),
    ):
        assert re.fullmatch(refusal, authenticate(app, response))
    without_role = mail_app(app.sandbox, PROBE, roles=("IMAP.AccessAsApp",))
    unknown = mail_app(app.sandbox, PROBE, known=False)
    without_right = mail_app(app.sandbox)
    for other in (without_role, unknown, without_right):
        assert re.fullmatch(refusal, authenticate(other))


@pytest.mark.parametrize(
    ("organisation", "mailbox", "switched_off_for"),
    [(True, None, "Tenant"), (True, True, "Mailbox"), (False, True, "Mailbox"), (False, None, None),
     (True, False, None), (False, False, None)],
)
def test_smtp_auth_switched_off(
    app: MailApp, organisation: bool, mailbox: bool | None, switched_off_for: str | None,
) -> None:
    control = app.sandbox.control
    control("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": organisation})
    control("PATCH", f"/tenant/mailboxes/{PROBE}", {"SmtpClientAuthenticationDisabled": mailbox})
    answer = authenticate(app)
    if switched_off_for is None:
        assert answer == "235 2.7.0 Authentication successful"
    else:
        assert re.fullmatch(
            rf"535 5\.7\.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
            rf"{switched_off_for}\. Visit https://aka\.ms/smtp_auth_disabled for more information\. {PLACE}", answer,
        )


def log_in(app: MailApp, password: str) -> str:
    with submission(app.sandbox) as client:
        try:
            client.user, client.password = PROBE, password
            code, text = client.auth("LOGIN", client.auth_login)
        except smtplib.SMTPAuthenticationError as error:
            code, text = error.smtp_code, error.smtp_error
        return f"{code} {text.decode()}"


def test_passwords_are_refused_in_exchanges_order(app: MailApp) -> None:
    control, password = app.sandbox.control, app.sandbox.env["M365_SANDBOX_PROBE_PASSWORD"]
    failed = "535 5.7.139 Authentication unsuccessful, "
    control("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": True})
    assert log_in(app, password).startswith(f"{failed}SmtpClientAuthentication is disabled for the Tenant.")
    switch_smtp_on(app.sandbox)
    assert log_in(app, password).startswith(f"{failed}basic authentication is disabled.")
    control("PATCH", "/tenant/organization-config", {"BasicAuthenticationBlocked": False})
    assert log_in(app, "wrong").startswith(f"{failed}the user credentials were incorrect.")
    assert log_in(app, password) == "235 2.7.0 Authentication successful"


def test_no_auth_before_tls(app: MailApp) -> None:
    with Wire(app.sandbox, "smtp", tls=False) as wire:
        wire.line()
        assert not any("AUTH" in line for line in wire.reply("EHLO x"))
        assert wire.reply(f"AUTH XOAUTH2 {app.sasl()}")[0].startswith("504 5.7.4 ")
        assert wire.reply(f"MAIL FROM:<{PROBE}>")[0].startswith("530 5.7.57 Client not authenticated to send mail.")


def test_no_mail_without_auth(app: MailApp) -> None:
    with submission(app.sandbox) as client:
        code, text = client.mail(PROBE)
        assert (code, text.startswith(b"5.7.57 Client not authenticated to send mail.")) == (530, True)
        assert client.rcpt(CONTRACTS)[0] == 530
        assert client.docmd("DATA")[0] == 530


def test_the_client_cancels(app: MailApp) -> None:
    for command in ("AUTH XOAUTH2", "AUTH LOGIN"):
        with submission(app.sandbox) as client:
            assert client.docmd(command)[0] == 334
            assert client.docmd("*")[0] == 535
            assert client.docmd(f"AUTH XOAUTH2 {app.sasl()}")[0] == 235


@pytest.mark.parametrize("command", ["AUTH", "AUTH PLAIN AGEAYg==", "AUTH CRAM-MD5"])
def test_mechanisms_that_are_not_offered(app: MailApp, command: str) -> None:
    with submission(app.sandbox) as client:
        assert client.docmd(command) == (504, b"5.7.4 Unrecognized authentication type")


DENIED = (
    "5.2.252 SendAsDenied; {mailbox} not allowed to send as {sender}; STOREDRV.Submission.Exception:"
    "SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent exception with "
    "message [BeginDiagnosticData]Cannot submit message. "
)


@pytest.mark.parametrize(
    ("envelope", "author"), [(PROBE, CONTRACTS), (CONTRACTS, PROBE), (PROBE, "a@elsewhere.example")]
)
def test_another_sender_is_denied_at_the_end_of_data(app: MailApp, envelope: str, author: str) -> None:
    text, _ = letter(author, CONTRACTS)
    with submission(app.sandbox, app) as client, pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail(envelope, [CONTRACTS], text)
    other = author if author != PROBE else envelope
    assert refused.value.smtp_code == 554
    assert refused.value.smtp_error.decode().startswith(DENIED.format(mailbox=PROBE, sender=other))
    assert delivered(app, CONTRACTS) == []
    assert delivered(app, PROBE, "Sent Items") == []


def test_send_as_lets_another_sender_through(app: MailApp) -> None:
    app.may_send_as(CONTRACTS)
    text, message_id = letter(f"Contracts <{CONTRACTS.upper()}>", "shared@contoso.example")
    with submission(app.sandbox, app) as client:
        client.sendmail(CONTRACTS, ["shared@contoso.example"], text)
    assert [found["Message-ID"] for found in delivered(app, "shared@contoso.example")] == [message_id]


def test_the_fourth_connection_of_a_mailbox_is_turned_away_at_the_end_of_data(app: MailApp) -> None:
    text, _ = letter(PROBE, CONTRACTS)
    with ExitStack() as stack:
        clients = [stack.enter_context(submission(app.sandbox, app)) for _ in range(4)]
        with pytest.raises(smtplib.SMTPDataError) as refused:
            clients[3].sendmail(PROBE, [CONTRACTS], text)
        assert refused.value.smtp_code == 432
        assert refused.value.smtp_error.startswith(
            b"4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more "
            b"information. [Hostname="
        )
        clients[0].sendmail(PROBE, [CONTRACTS], text)
        clients[1].quit()
        clients[3].sendmail(PROBE, [CONTRACTS], text)
    assert len(delivered(app, CONTRACTS)) == 2


def test_a_message_that_is_announced_as_too_large_is_refused(app: MailApp) -> None:
    with submission(app.sandbox, app) as client:
        assert client.mail(PROBE, ["SIZE=157286401"])[0] == 552
        assert client.mail(PROBE, ["SIZE=157286400"])[0] == 250


def test_the_null_sender_is_the_mailbox(app: MailApp) -> None:
    with submission(app.sandbox, app) as client:
        client.sendmail("", [CONTRACTS], "Subject: x\n\nHello\n")
    (found,) = delivered(app, CONTRACTS)
    assert (found["From"], found["Return-Path"]) == (PROBE, f"<{PROBE}>")


def test_auth_without_hello(app: MailApp) -> None:
    with smtplib.SMTP_SSL(HOST, port(app.sandbox, "smtps"), context=trust(app.sandbox)) as client:
        assert client.docmd(f"AUTH XOAUTH2 {app.sasl()}") == (503, b"5.5.2 Send hello first")


BAD_ARGUMENTS = "501 5.5.4 Invalid arguments"
UNKNOWN = "500 5.3.3 Unrecognized command"


COMMANDS = [
    ("NOOP", "250 2.0.0 OK"), ("RSET", "250 2.0.0 Resetting"), ("VRFY probe", "252 2.1.5 Cannot VRFY user"),
    ("VRFY nobody@contoso.example", "252 2.1.5 Cannot VRFY user"), ("VRFY", BAD_ARGUMENTS),
    ("EXPN staff", "502 5.3.3 Command not implemented"), ("HELO", BAD_ARGUMENTS),
    ("EHLO", "501 5.5.4 Invalid domain name"), ("QUIT now", BAD_ARGUMENTS), ("RSET all", BAD_ARGUMENTS),
    ("FROB", UNKNOWN), ("", UNKNOWN), ("\xff\xfe", UNKNOWN), ("TURN", UNKNOWN), ("SEND FROM:<a@b>", UNKNOWN),
    ("STARTTLS", "503 5.5.1 Bad sequence of commands"), ("AUTH XOAUTH2 x", "503 5.5.1 Bad sequence of commands"),
    (f"RCPT TO:<{CONTRACTS}>", "503 5.5.2 Need mail command"), ("DATA", "503 5.5.2 Need rcpt command"),
    ("MAIL", BAD_ARGUMENTS), ("MAIL TO:<a@b.example>", BAD_ARGUMENTS),
    ("MAIL FROM:<a@b.example> FUTURERELEASE=1", BAD_ARGUMENTS), ("MAIL FROM:<a@b.example> SIZE=x", BAD_ARGUMENTS),
    ("MAIL FROM:<a@b.example> BODY=9BIT", BAD_ARGUMENTS), ("MAIL FROM:<a@b.example> SMTPUTF8=1", BAD_ARGUMENTS),
    ("MAIL FROM:x@", "501 5.1.3 Invalid address"),
    ("NOOP " + "x" * 70000, "500 5.3.3 Line too long"), ("FROB " + "x" * 70000, "500 5.3.3 Line too long"),
]


def test_other_commands(app: MailApp) -> None:
    for command, answer in COMMANDS:
        with Wire(app.sandbox, "smtps") as wire:
            wire.line()
            wire.reply("EHLO x")
            wire.reply(f"AUTH XOAUTH2 {app.sasl()}")
            wire.send(command.encode("latin-1") + b"\r\n")
            assert wire.reply() == [answer], command
            assert wire.reply("NOOP") == ["250 2.0.0 OK"], command


def test_commands_within_a_mail(app: MailApp) -> None:
    with Wire(app.sandbox, "smtps") as wire:
        assert wire.line().startswith("220 ")
        assert wire.reply("MAIL FROM:<x@y.example>")[0].startswith("503 5.5.2 Send hello first")
        assert wire.reply("HELO x") == [f"250 {wire.reply('EHLO x')[0][4:].split()[0]} Hello [127.0.0.1]"]
        wire.reply("EHLO x")
        wire.reply(f"AUTH XOAUTH2 {app.sasl()}")
        assert wire.reply(f"MAIL FROM:<{PROBE}> SIZE=9 AUTH=<> BODY=8BITMIME") == ["250 2.1.0 Sender OK"]
        assert wire.reply(f"MAIL FROM:<{PROBE}>") == ["503 5.5.2 Sender already specified"]
        assert wire.reply("RCPT FROM:<a@b.example>") == [BAD_ARGUMENTS]
        assert wire.reply("RCPT TO:<a@b.example> FROB=1") == [BAD_ARGUMENTS]
        assert wire.reply(f"RCPT TO:<{CONTRACTS}>") == ["250 2.1.5 Recipient OK"]
        assert wire.reply("DATA now") == [BAD_ARGUMENTS]
        assert wire.reply("HELP") == wire.reply("HELP MAIL") == [
            "214-This server supports the following commands:",
            "214 HELO EHLO STARTTLS RCPT DATA RSET MAIL QUIT HELP AUTH NOOP VRFY",
        ]


def test_too_many_unknown_commands_end_the_connection(app: MailApp) -> None:
    with Wire(app.sandbox, "smtps") as wire:
        wire.line()
        answers = [wire.ask("FROB")[0]]
        while answers[-1] == UNKNOWN:
            answers += wire.ask("FROB")
        assert answers[-1] == "421 4.7.0 Too many errors on this connection, closing transmission channel"
        assert wire.line() == ""


def test_no_reply_of_the_librarys_own_is_left() -> None:
    source = Path(aiosmtpd.smtp.__file__).read_text("utf-8")
    replies = re.findall(r"""push\(\s*f?['"](\d{3}[ -][^'"{]*)|(?:status|syntaxerr) = ['"](5\d\d [^'"{]*)""", source)
    # Those that Submission makes itself, and those whose handler's answer is taken in their place.
    own = (
        "220 ", "221 Bye", "250", "252 Cannot VRFY", "354 ", "421 4.7.0 ", "501 5.", "501 Not enough",
        "501 Too many", "502 Could not VRFY", "503 Already", "504 ", "530 ", "535 ", "538 ", "554 Command refused",
    )
    left = [reply for pair in replies for reply in pair if reply and not reply.startswith(own)]
    assert len(left) > 15
    for reply in left:
        assert re.match(r"\d{3} \d\.\d\.\d+ ", exchanges(reply)), reply


# -- limits ------------------------------------------------------------------------------------------------------


def test_five_hundred_recipients_and_no_more(app: MailApp) -> None:
    with submission(app.sandbox, app) as client:
        client.mail(PROBE)
        assert {client.rcpt(f"to{number}@elsewhere.example")[0] for number in range(500)} == {250}
        assert client.rcpt(CONTRACTS) == (452, b"4.5.3 Too many recipients")
        assert client.data(letter(PROBE, "all@elsewhere.example")[0])[0] == 250
    (spooled,) = (app.sandbox.directory / "outbound").iterdir()
    assert len(message_from_bytes(spooled.read_bytes()).get_all("X-Envelope-To")) == 500
    assert delivered(app, CONTRACTS) == []


def test_no_more_than_the_mailboxs_send_size(app: MailApp) -> None:
    large = letter(PROBE, CONTRACTS)[0] + "x" * 70 + "\r\n" * 60_000
    for size, sent in (("100KB", False), ("200KB", True), ("Unlimited", True)):
        app.sandbox.control("PATCH", f"/tenant/mailboxes/{PROBE}", {"MaxSendSize": size})
        with submission(app.sandbox, app) as client:
            client.mail(PROBE)
            client.rcpt(CONTRACTS)
            code, text = client.data(large)
        assert code == (250 if sent else 554)
        assert sent or text.startswith(
            b"5.2.3 MapiExceptionMaxSubmissionExceeded; Message size exceeds maximum size limit.; STOREDRV.Submission."
            b"Exception:MessageSubmissionExceededException.MapiExceptionMaxSubmissionExceeded; Failed to process "
        )
    assert len(delivered(app, CONTRACTS)) == len(delivered(app, PROBE, "Sent Items")) == 2


def test_a_mailbox_that_is_full_sends_nothing(app: MailApp) -> None:
    for quota, sent in (("1KB", True), ("1KB", False), ("10KB", True), ("0B", False), ("Unlimited", True)):
        app.sandbox.control("PATCH", f"/tenant/mailboxes/{PROBE}", {"ProhibitSendQuota": quota})
        with submission(app.sandbox, app) as client:
            client.mail(PROBE)
            client.rcpt(CONTRACTS)
            code, text = client.data(letter(PROBE, CONTRACTS)[0] + "x" * 998 + "\r\n")
        assert code == (250 if sent else 554)
        assert sent or text == (
            b"5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException."
            b"MapiExceptionShutoffQuotaExceeded"
        )
    assert len(delivered(app, CONTRACTS)) == len(delivered(app, PROBE, "Sent Items")) == 3


def test_so_many_recipients_a_day_and_no_more(app: MailApp) -> None:
    app.sandbox.control("PATCH", f"/tenant/mailboxes/{PROBE}", {"RecipientRateLimit": 3})
    for recipients, offset, sent in ((2, 0, True), (2, 0, False), (1, 0, True), (1, 86000, False), (3, 87000, True)):
        app.sandbox.control("PUT", "/clock", {"offset_seconds": offset})
        with submission(app.sandbox, app) as client:
            client.mail(PROBE)
            for number in range(recipients):
                client.rcpt(f"to{number}@elsewhere.example")
            answer = client.data(letter(PROBE, CONTRACTS)[0])
        assert sent is (answer[0] == 250)
        assert sent or answer == (554, b"5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException")
    app.sandbox.control("PUT", "/clock", {"offset_seconds": 0})


def test_a_mailbox_that_is_blocked_for_spam_sends_nothing(app: MailApp) -> None:
    for blocked in (True, False):
        app.sandbox.control("PATCH", f"/tenant/mailboxes/{PROBE}", {"BlockedForSpam": blocked})
        with submission(app.sandbox, app) as client:
            client.mail(PROBE)
            client.rcpt(CONTRACTS)
            code, text = client.data(letter(PROBE, CONTRACTS)[0])
        assert code == (554 if blocked else 250)
        assert text.startswith(b"5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed") is blocked
    assert len(delivered(app, CONTRACTS)) == 1


def test_a_mailbox_may_send_35_mb_at_first() -> None:
    assert max_send_size({}) == 35 * 1024 * 1024
    assert max_send_size({"MaxSendSize": "10 MB (10,485,760 bytes)"}) == 10_485_760
    assert max_send_size({"MaxSendSize": "Unlimited"}) == float("inf")


def test_thirty_messages_a_minute(app: MailApp) -> None:
    text, _ = letter(PROBE, CONTRACTS)
    app.may_open(CONTRACTS)
    with submission(app.sandbox, app) as client, imap(app.sandbox, app, CONTRACTS) as reader:
        for _ in range(30):
            client.sendmail(PROBE, [CONTRACTS], text)
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(client.sendmail, PROBE, [CONTRACTS], text)
            with pytest.raises(TimeoutError):
                late.result(0.5)
            assert len(messages_in(reader)) == 30
            app.sandbox.control("PUT", "/clock", {"offset_seconds": 61})
            assert late.result(30) == {}
        assert len(messages_in(reader)) == 31


@given(st.lists(st.integers(0, 200), max_size=60))
def test_no_while_sees_more_than_the_limit(gaps: list[int]) -> None:
    pace, moment, left = Pace(3, 60), 0.0, []
    for gap in gaps:
        moment += gap
        while delay := pace.delay("mailbox", moment):
            assert 0 < delay <= 60
            moment += delay
        left.append(moment)
    assert all(later - earlier >= 60 for earlier, later in zip(left, left[3:], strict=False))


def test_a_pace_is_one_mailboxs_and_forgets() -> None:
    pace = Pace(1, 60.0)
    assert pace.delay("one", 100) == 0
    assert pace.delay("one", 110) == 50
    assert pace.delay("other", 110) == 0
    assert pace.delay("one", 10) == 0, "the clock was put back"
    pace.clear()
    assert pace.delay("one", 11) == 0


def test_pipelined_commands(app: MailApp) -> None:
    text, _ = letter(PROBE, CONTRACTS)
    with Wire(app.sandbox, "smtps") as wire:
        wire.line()
        wire.reply("EHLO x")
        wire.reply(f"AUTH XOAUTH2 {app.sasl()}")
        wire.send(f"MAIL FROM:<{PROBE}>\r\nRCPT TO:<{CONTRACTS}>\r\nDATA\r\n")
        assert [wire.line()[:3] for _ in range(3)] == ["250", "250", "354"]
        assert wire.reply(f"{text}.")[0].startswith("250 2.0.0 OK ")


def test_implicit_tls_offers_plain_too(app: MailApp) -> None:
    app.sandbox.control("PATCH", "/tenant/organization-config", {"BasicAuthenticationBlocked": False})
    with smtplib.SMTP_SSL(HOST, port(app.sandbox, "smtps"), context=trust(app.sandbox)) as client:
        client.ehlo()
        assert client.esmtp_features["auth"].split() == ["LOGIN", "PLAIN", "XOAUTH2"]
        assert not client.has_extn("starttls")
        client.user, client.password = PROBE, app.sandbox.env["M365_SANDBOX_PROBE_PASSWORD"]
        assert client.auth("PLAIN", client.auth_plain)[0] == 235
        text, _ = letter(PROBE, CONTRACTS)
        client.sendmail(PROBE, [CONTRACTS], text)
    with smtplib.SMTP_SSL(HOST, port(app.sandbox, "smtps"), context=trust(app.sandbox)) as client:
        client.ehlo()
        sign_in(client, app, PROBE)
    assert len(delivered(app, CONTRACTS)) == 1


def test_an_untrusting_client_gets_no_connection(app: MailApp) -> None:
    with smtplib.SMTP(HOST, port(app.sandbox, "smtp")) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())


def test_no_token_reaches_the_log(app: MailApp) -> None:
    token = app.token()
    response = base64.b64encode(f"user={PROBE}\x01auth=Bearer {token}\x01\x01".encode()).decode()
    authenticate(app, response)
    authenticate(app, response[:-8])
    with submission(app.sandbox) as client:
        assert client.docmd(response)[0] == 500
    for file in (app.sandbox.directory / "sandbox.log", app.sandbox.directory / "dovecot" / "dovecot.log"):
        text = file.read_text("utf-8")
        assert token not in text
        assert response[:60] not in text
