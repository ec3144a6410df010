"""Gmail's mail faces: sign-in with the challenge and the empty line, capabilities, and refusals in Gmail's words."""

from __future__ import annotations

import base64
import imaplib
import poplib
import smtplib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from email import message_from_bytes

import pytest
from google_client import (
    CHALLENGE,
    ORDERS,
    RETURNS,
    challenge_in,
    oauthbearer,
    token,
    xoauth2,
)
from hypothesis import given
from hypothesis import strategies as st
from m365_sandbox.google.gmail.provider import IMAP, POP3
from m365_sandbox.mail.imap.dialogue import imap_dialogue
from m365_sandbox.mail.pop3.dialogue import pop3_dialogue
from m365_sandbox.mail.xoauth2 import parse_oauthbearer
from mail_client import (
    HOST,
    PROBE,
    Wire,
    letter,
    mail_app,
    messages_in,
    never,
    play,
    port,
    sasl,
    switch_smtp_on,
    trust,
)
from mail_client import imap as exchange_imap
from mail_client import submission as exchange_submission
from sandbox_fixture import RunningSandbox

BEFORE = (
    "* CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 "
    "AUTH=PLAIN AUTH=PLAIN-CLIENTTOKEN AUTH=OAUTHBEARER"
)
AFTER = (
    "* CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE CONDSTORE "
    "ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584"
)
FAILED = "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)"
POP_FAILED = "-ERR [AUTH] Username and password not accepted."


@contextmanager
def imap(sandbox: RunningSandbox, user: str = ORDERS) -> Iterator[imaplib.IMAP4_SSL]:
    """A signed-in imaplib client."""
    with imaplib.IMAP4_SSL(HOST, port(sandbox, "gmail_imap"), ssl_context=trust(sandbox)) as client:
        client.authenticate("XOAUTH2", lambda _: base64.b64decode(xoauth2(sandbox, user)))
        yield client


@contextmanager
def submission(sandbox: RunningSandbox, user: str = ORDERS) -> Iterator[smtplib.SMTP]:
    """An smtplib client, signed in over STARTTLS."""
    with smtplib.SMTP(HOST, port(sandbox, "gmail_smtp"), timeout=30) as client:
        client.starttls(context=trust(sandbox))
        client.ehlo()
        response = base64.b64decode(xoauth2(sandbox, user)).decode()
        client.auth("XOAUTH2", lambda challenge=None: response)
        yield client


# -- IMAP -----------------------------------------------------------------------------------------------------------


def test_imap_transcript(clean: RunningSandbox) -> None:
    with Wire(clean, "gmail_imap") as wire:
        assert wire.line().startswith("* OK Gimap ready for requests from 127.0.0.1 ")
        assert wire.ask("1 CAPABILITY", 2) == [BEFORE, "1 OK Thats all she wrote!"]
        assert wire.ask(f"2 AUTHENTICATE XOAUTH2 {xoauth2(clean)}", 2) == [
            AFTER, f"2 OK {ORDERS} authenticated (Success)",
        ]
        assert wire.ask("3 NAMESPACE", 2) == ['* NAMESPACE (("" "/")) NIL NIL', "3 OK Success"]
        assert wire.ask('4 ID ("name" "test")', 2)[0].startswith('* ID ("name" "GImap" "vendor" "Google, Inc."')
        listed = [wire.ask('5 LIST "" "*"')[0]]
        while not listed[-1].startswith("5 "):
            listed.append(wire.line())
        assert listed[-1] == "5 OK Success"
        assert '* LIST (\\HasNoChildren) "/" "INBOX"' in listed
        assert wire.ask('5b LIST "" "%"', 3)[0] == '* LIST (\\Noselect \\HasChildren) "/" "[Gmail]"'
        assert '* LIST (\\HasNoChildren \\Sent) "/" "[Gmail]/Sent Mail"' in listed
        selected = [wire.ask("6 SELECT INBOX")[0]]
        while not selected[-1].startswith("6 "):
            selected.append(wire.line())
        flags = "\\Answered \\Flagged \\Draft \\Deleted \\Seen $NotPhishing $Phishing"
        assert f"* FLAGS ({flags})" in selected
        assert f"* OK [PERMANENTFLAGS ({flags} \\*)] Flags permitted." in selected
        assert selected[-1] == "6 OK [READ-WRITE] INBOX selected. (Success)"
        assert wire.ask('7 SELECT "Sent Mail"')[-1] == "7 NO [NONEXISTENT] Unknown Mailbox: Sent Mail (Failure)"
        assert wire.ask("8 GETQUOTAROOT INBOX", 3)[0] == '* QUOTAROOT "INBOX" ""'
        assert wire.ask("9 FROB") == ["9 BAD Unknown command: FROB"]
        assert wire.ask("10 LOGOUT", 3) == ["* BYE LOGOUT Requested", "10 OK 73 good day (Success)", ""]


@pytest.mark.parametrize("acknowledgement", ["", "*", "AQ=="])
def test_imap_refuses_a_token_after_a_challenge(clean: RunningSandbox, acknowledgement: str) -> None:
    with Wire(clean, "gmail_imap") as wire:
        wire.line()
        challenge, = wire.ask(f"1 AUTHENTICATE XOAUTH2 {sasl(ORDERS, 'ya29.wrong')}")
        assert challenge_in(challenge) == CHALLENGE
        assert wire.ask(acknowledgement) == [f"1 {FAILED}"]
        assert wire.ask("2 AUTHENTICATE XOAUTH2") == ["+ "]
        assert wire.ask(xoauth2(clean), 2)[1] == f"2 OK {ORDERS} authenticated (Success)"


def test_whose_token_opens_what(clean: RunningSandbox) -> None:
    def answer(response: str) -> str:
        with Wire(clean, "gmail_imap") as wire:
            wire.line()
            first, = wire.ask(f"1 AUTHENTICATE XOAUTH2 {response}")
            return wire.line() if first.startswith("* CAPABILITY") else wire.ask("")[0]

    assert answer(sasl(RETURNS, token(clean, RETURNS))).startswith("1 OK")
    assert answer(sasl(RETURNS, token(clean, ORDERS))) == f"1 {FAILED}"
    assert answer(sasl(PROBE, token(clean, ORDERS))) == f"1 {FAILED}"
    good = token(clean)
    clean.control("PATCH", f"/tenant/google-users/{ORDERS}", {"suspended": True})
    assert answer(sasl(ORDERS, good)) == f"1 {FAILED}"
    clean.control("PATCH", f"/tenant/google-users/{ORDERS}", {"suspended": False, "imap": False})
    with Wire(clean, "gmail_imap") as wire:
        wire.line()
        assert wire.ask(f"1 AUTHENTICATE XOAUTH2 {sasl(ORDERS, good)}")[0].startswith(
            "1 NO [ALERT] Your account is not enabled for IMAP use."
        )
    clean.control("PATCH", f"/tenant/google-users/{ORDERS}", {"imap": True})
    clean.control("PUT", "/clock", {"offset_seconds": 3700})
    assert answer(sasl(ORDERS, good)) == f"1 {FAILED}"


def test_a_token_of_another_scope_opens_nothing(clean: RunningSandbox) -> None:
    key = clean.env["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"]
    scope = "https://www.googleapis.com/auth/gmail.readonly"
    clean.control("PATCH", f"/tenant/google-service-accounts/{key}", {"scopes": [scope]})
    with Wire(clean, "gmail_imap") as wire:
        wire.line()
        challenge, = wire.ask(f"1 AUTHENTICATE XOAUTH2 {sasl(ORDERS, token(clean, scope=scope))}")
        assert challenge_in(challenge) == CHALLENGE


def test_other_mechanisms(clean: RunningSandbox) -> None:
    with Wire(clean, "gmail_imap") as wire:
        wire.line()
        assert wire.ask("1 LOGIN a b") == [f"1 {FAILED}"]
        plain = base64.b64encode(b"\0orders\0secret").decode()
        assert wire.ask(f"2 AUTHENTICATE PLAIN {plain}") == [f"2 {FAILED}"]
        assert wire.ask("3 AUTHENTICATE CRAM-MD5")[0].startswith("3 NO ")
        assert challenge_in(wire.ask(f"4 AUTHENTICATE OAUTHBEARER {oauthbearer(ORDERS, 'x')}")[0]) == CHALLENGE
        assert wire.ask("AQ==") == [f"4 {FAILED}"]
        assert wire.ask(f"5 AUTHENTICATE OAUTHBEARER {oauthbearer(ORDERS, token(clean))}", 2)[1].startswith("5 OK")


def test_gmails_attributes_keywords_and_charsets(clean: RunningSandbox) -> None:
    with imap(clean) as client:
        for number in range(2):
            client.append("INBOX", "(\\Seen Important)", "", f"Subject: größe {number}\r\n\r\nHello\r\n".encode())
        client.select("INBOX")
        _, data = client.uid("FETCH", "1:*", "(UID X-GM-MSGID X-GM-THRID X-GM-LABELS FLAGS)")
        assert all(b"X-GM-LABELS ()" in line and b"Important" in line for line in data)
        numbers = {line.split(b"X-GM-MSGID ")[1].split()[0] for line in data}
        assert len(numbers) == 2
        assert all(number.isdigit() for number in numbers)
        assert client.uid("SEARCH", "CHARSET", "UTF-8", "KEYWORD", "Important") == ("OK", [b"1 2"])
        with pytest.raises(imaplib.IMAP4.error, match="Could not parse command"):
            client.uid("SEARCH", "X-GM-RAW", '"has:attachment"')
        assert client.create('"Shop"') == ("OK", [b"Success"])
        assert client.create('"Shop"') == ("NO", [b"[ALREADYEXISTS] Duplicate folder name Shop (Failure)"])
        assert client.uid("MOVE", "1", '"Shop"')[0] == "OK"
        assert client.copy("1", '"Nowhere"') == ("NO", [b"[TRYCREATE] No folder Nowhere (Failure)"])
        assert len(messages_in(client, "Shop")) == 1


def test_idle(clean: RunningSandbox) -> None:
    with Wire(clean, "gmail_imap") as wire:
        wire.line()
        wire.ask(f"1 AUTHENTICATE XOAUTH2 {xoauth2(clean)}", 2)
        wire.send("2 SELECT INBOX\r\n")
        while not wire.line().startswith("2 OK"):
            pass
        assert wire.ask("3 IDLE") == ["+ idling"]
        with submission(clean, RETURNS) as client:
            client.sendmail(RETURNS, [ORDERS], letter(RETURNS, ORDERS)[0])
        assert wire.line() == "* 1 EXISTS"
        wire.send("DONE\r\n")
        lines = [wire.line()]
        while not lines[-1].startswith("3 "):
            lines.append(wire.line())
        assert lines[-1] == "3 OK IDLE terminated (Success)"


def is_one_too_many(sandbox: RunningSandbox) -> bool:
    """Whether another client is refused for those that are there."""
    try:
        with imap(sandbox):
            return False
    except imaplib.IMAP4.error as refused:
        return str(refused) == "[ALERT] Too many simultaneous connections. (Failure)"


def test_fifteen_imap_clients_and_no_more(clean: RunningSandbox) -> None:
    with ExitStack() as stack:
        first, *_ = [stack.enter_context(imap(clean)) for _ in range(15)]
        assert is_one_too_many(clean)
        stack.enter_context(imap(clean, RETURNS))
        first.logout()
        # It is counted until the mailbox store has let it go, too.
        assert not all(is_one_too_many(clean) for _ in range(100))


# -- SMTP -----------------------------------------------------------------------------------------------------------


def test_smtp_transcript(clean: RunningSandbox) -> None:
    with Wire(clean, "gmail_smtp", tls=False) as wire:
        assert wire.line().startswith("220 smtp.gmail.com ESMTP ")
        assert wire.reply("EHLO x") == [
            "250-smtp.gmail.com at your service, [127.0.0.1]", "250-SIZE 35882577", "250-8BITMIME", "250-STARTTLS",
            "250-ENHANCEDSTATUSCODES", "250-PIPELINING", "250 SMTPUTF8",
        ]
        assert wire.reply("STARTTLS") == ["220 2.0.0 Ready to start TLS"]
        wire.start_tls()
        assert wire.reply("EHLO x")[3] == (
            "250-AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH"
        )
        refusal = wire.reply(f"MAIL FROM:<{ORDERS}>")
        assert refusal[0] == "530-5.7.0 Authentication Required. For more information, go to"
        challenge, = wire.reply(f"AUTH XOAUTH2 {sasl(ORDERS, 'ya29.wrong')}")
        assert challenge.startswith("334 ")
        assert challenge_in(challenge) == CHALLENGE
        first, second = wire.reply("")
        assert first == "535-5.7.8 Username and Password not accepted. For more information, go to"
        assert second.startswith("535 5.7.8  https://support.google.com/mail/?p=BadCredentials ")
        assert wire.reply("AUTH XOAUTH")[0].startswith("504 5.7.4 ")
        assert wire.reply(f"AUTH OAUTHBEARER {oauthbearer(ORDERS, token(clean))}") == ["235 2.7.0 Accepted"]
        assert wire.reply(f"MAIL FROM:<{ORDERS}>")[0].startswith("250 2.1.0 OK ")
        assert wire.reply(f"RCPT TO:<{RETURNS}>")[0].startswith("250 2.1.5 OK ")
        assert wire.reply("DATA")[0].startswith("354 Go ahead ")
        assert wire.reply(f"{letter(ORDERS, RETURNS)[0].rstrip()}\r\n.")[0].startswith("250 2.0.0 OK ")
        assert wire.reply("QUIT")[0].startswith("221 2.0.0 closing connection ")


def test_passwords_are_refused(clean: RunningSandbox) -> None:
    with (
        smtplib.SMTP_SSL(HOST, port(clean, "gmail_smtps"), context=trust(clean), timeout=30) as client,
        pytest.raises(smtplib.SMTPAuthenticationError, match="Username and Password not accepted"),
    ):
        client.login(ORDERS, "secret")


def test_another_from_is_replaced_and_sent_mail_kept(clean: RunningSandbox) -> None:
    with submission(clean) as client:
        client.sendmail(ORDERS, [RETURNS], letter(RETURNS, RETURNS, "Borrowed")[0])
    with imap(clean, RETURNS) as client:
        mail = message_from_bytes(messages_in(client)[0])
        assert (mail["From"], mail["X-Google-Original-From"]) == (ORDERS, RETURNS)
    with imap(clean) as client:
        assert len(messages_in(client, "[Gmail]/Sent Mail")) == 1


def test_the_two_organisations_write_to_each_other(clean: RunningSandbox) -> None:
    switch_smtp_on(clean)
    app = mail_app(clean, PROBE)
    with submission(clean) as client:
        client.sendmail(ORDERS, [PROBE, "nobody@contoso.example"], letter(ORDERS, PROBE, "To Contoso")[0])
    with exchange_imap(clean, app, PROBE) as reader:
        assert [message_from_bytes(one)["Subject"] for one in messages_in(reader)] == ["To Contoso"]
    with imap(clean) as client:
        report, = messages_in(client)
        assert b"Mail Delivery Subsystem" in report
        assert b"nobody@contoso.example" in report
    with exchange_submission(clean, app) as client:
        client.sendmail(PROBE, [RETURNS, "nobody@fabrikam.example"], letter(PROBE, RETURNS, "To Fabrikam")[0])
    with imap(clean, RETURNS) as client:
        assert [message_from_bytes(one)["Subject"] for one in messages_in(client)] == ["To Fabrikam"]
    with exchange_imap(clean, app, PROBE) as reader:
        assert any(b"nobody@fabrikam.example" in one for one in messages_in(reader))
    assert not (clean.directory / "outbound").exists()


# -- POP3 -----------------------------------------------------------------------------------------------------------


def test_pop3_transcript(clean: RunningSandbox) -> None:
    with submission(clean, RETURNS) as client:
        client.sendmail(RETURNS, [ORDERS], letter(RETURNS, ORDERS, "By POP")[0])
    with Wire(clean, "gmail_pop3") as wire:
        assert wire.line().startswith("+OK Gpop ready for requests from 127.0.0.1 ")
        assert wire.ask("CAPA", 10) == [
            "+OK Capability list follows", "USER", "RESP-CODES", "EXPIRE 0", "LOGIN-DELAY 300", "TOP", "UIDL",
            "X-GOOGLE-RICO", "SASL PLAIN XOAUTH2 OAUTHBEARER", ".",
        ]
        assert wire.ask("USER orders") == ["+OK send PASS"]
        assert wire.ask("PASS secret") == [POP_FAILED]
        challenge, = wire.ask(f"AUTH XOAUTH2 {sasl(ORDERS, 'ya29.wrong')}")
        assert challenge_in(challenge) == CHALLENGE
        assert wire.ask("") == [POP_FAILED]
        assert wire.ask("AUTH XOAUTH2") == ["+ "]
        assert wire.ask(xoauth2(clean)) == ["+OK Welcome."]
        assert wire.ask("STAT")[0].startswith("+OK 1 ")
        assert wire.ask("LAST") == ["-ERR bad command"]
        assert wire.ask("RETR 2") == ["-ERR Message number out of range."]
        assert wire.ask("RETR 1") == ["+OK message follows"]
        lines = [wire.line()]
        while lines[-1] != ".":
            lines.append(wire.line())
        assert "Subject: By POP" in lines
        assert wire.ask("DELE 1") == ["+OK marked for deletion"]
        assert wire.ask("QUIT") == ["+OK Farewell."]
    with imap(clean) as client:
        assert messages_in(client) == []


def test_pop_in_one_line_and_switched_off(clean: RunningSandbox) -> None:
    client = poplib.POP3_SSL(HOST, port(clean, "gmail_pop3"), context=trust(clean), timeout=30)
    assert client._shortcmd(f"AUTH XOAUTH2 {xoauth2(clean)}") == b"+OK Welcome."
    client.quit()
    clean.control("PATCH", f"/tenant/google-users/{ORDERS}", {"pop": False})
    client = poplib.POP3_SSL(HOST, port(clean, "gmail_pop3"), context=trust(clean), timeout=30)
    with pytest.raises(poplib.error_proto, match="not enabled for POP access"):
        client._shortcmd(f"AUTH XOAUTH2 {xoauth2(clean)}")
    client.close()


def test_a_reset_empties_gmail_too(clean: RunningSandbox) -> None:
    with imap(clean) as client:
        client.append("INBOX", "", "", b"Subject: x\r\n\r\n")
    clean.control("POST", "/reset")
    with imap(clean) as client:
        assert messages_in(client) == []


# -- without a socket -------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_input_crashes_imap_or_is_let_in(lines: list[bytes]) -> None:
    asked, end = play(imap_dialogue(IMAP, never), lines)
    assert end is None or end.signed_in is None
    assert all(text.isascii() and text.isprintable() for one in asked for text in one.send)


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"AUTH XOAUTH2", b"USER a", b"AUTH PLAIN"])),
                max_size=8))
def test_no_input_crashes_pop3_or_is_let_in(lines: list[bytes]) -> None:
    asked, end = play(pop3_dialogue(POP3, never), lines)
    assert end is None or end.signed_in is None
    assert all(text.isascii() and text.isprintable() for one in asked for text in one.send)


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_oauthbearer_parser(line: bytes) -> None:
    assert parse_oauthbearer(line) is None or base64.b64decode(line.strip())[:2] in (b"n,", b"y,")
