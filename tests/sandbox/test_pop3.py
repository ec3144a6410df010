"""The POP3 face: Exchange Online's sign-in word for word, then a real POP3 server."""

from __future__ import annotations

import base64
import poplib
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365_sandbox.mail.exchange_online import POP3
from m365_sandbox.mail.imap.syntax import LONGEST_COMMAND
from m365_sandbox.mail.pop3.dialogue import pop3_dialogue
from mail_client import CONTRACTS, HOST, PROBE, MailApp, Wire, imap, letter, mail_app, never, play, pop3, port, trust
from sandbox_fixture import RunningSandbox

OUT_OF_RANGE = "-ERR The specified message is out of range."
PROTOCOL_ERROR = "-ERR Protocol error. 18"
FAILED = "-ERR Authentication failure: unknown user name or bad password."


@pytest.fixture
def app(clean: RunningSandbox) -> MailApp:
    return mail_app(clean, PROBE)


def test_transcript(app: MailApp) -> None:
    with Wire(app.sandbox, "pop3") as wire:
        greeting, _, tag = wire.line().partition("[")
        assert greeting == "+OK The Microsoft Exchange POP3 service is ready. "
        assert base64.b64decode(tag.removesuffix("]")).decode("utf-16-le").endswith(".prod.outlook.com")
        assert wire.ask("CAPA", 6) == ["+OK", "TOP", "UIDL", "SASL PLAIN XOAUTH2", "USER", "."]
        assert wire.ask("AUTH XOAUTH2")[0].rstrip() == "+"
        assert wire.ask(app.sasl()) == ["+OK User successfully authenticated."]
        assert wire.ask("STAT") == ["+OK 0 0"]


def test_the_response_does_not_go_into_the_command_line(app: MailApp) -> None:
    with Wire(app.sandbox, "pop3") as wire:
        wire.line()
        assert wire.ask(f"AUTH XOAUTH2 {app.sasl()}")[0].startswith("-ERR ")
        assert wire.ask("STAT")[0].startswith("-ERR "), "nobody is signed in"


def test_nothing_that_was_sent_ahead_is_lost(app: MailApp) -> None:
    with Wire(app.sandbox, "pop3") as wire:
        wire.line()
        wire.send(f"AUTH XOAUTH2\r\n{app.sasl()}\r\nSTAT\r\nQUIT\r\n")
        lines = [wire.line() for _ in range(4)]
        assert lines[:3] == ["+ ", "+OK User successfully authenticated.", "+OK 0 0"]
        assert lines[3].startswith("+OK")
        assert wire.line() == ""


def test_a_mail_is_listed_read_and_deleted(app: MailApp) -> None:
    text, _ = letter("a@b.example", PROBE)
    with imap(app.sandbox, app, PROBE) as client:
        client.append("INBOX", "", "", text.encode())
    with pop3(app.sandbox, app, PROBE) as client:
        assert client.stat() == (1, len(text))
        assert b"\r\n".join(client.retr(1)[1]) == text.removesuffix("\r\n").encode()
        assert len(client.uidl()[1]) == 1
        assert b"Subject: A letter" in client.top(1, 0)[1]
        client.dele(1)
    with pop3(app.sandbox, app, PROBE) as client:
        assert client.stat() == (0, 0)


@pytest.fixture
def full(app: MailApp) -> Iterator[Wire]:
    """A signed-in wire to a mailbox with one mail."""
    with imap(app.sandbox, app, PROBE) as client:
        client.append("INBOX", "", "", b"Subject: one\r\n\r\n.dot\r\nHello\r\n")
    with Wire(app.sandbox, "pop3") as wire:
        wire.line()
        wire.ask("AUTH XOAUTH2")
        assert wire.ask(app.sasl()) == ["+OK User successfully authenticated."]
        yield wire


@pytest.mark.parametrize(("command", "answer"), [
    ("STAT", ["+OK 1 29"]), ("stat", ["+OK 1 29"]), ("NOOP", ["+OK"]), ("RSET", ["+OK"]), ("DELE 1", ["+OK"]),
    ("LIST 1", ["+OK 1 29"]), ("LIST", ["+OK", "1 29", "."]),
    ("RETR 1", ["+OK", "Subject: one", "", "..dot", "Hello", "."]),
    ("TOP 1 1", ["+OK", "Subject: one", "", "..dot", "."]),
    ("CAPA", ["+OK", "TOP", "UIDL", "SASL PLAIN XOAUTH2", "USER", "."]),
    ("QUIT", ["+OK Microsoft Exchange Server POP3 server signing off."]),
])
def test_what_exchange_has(full: Wire, command: str, answer: list[str]) -> None:
    assert full.ask(command, len(answer)) == answer


REFUSED = [
    ("RETR 2", OUT_OF_RANGE), ("DELE 0", OUT_OF_RANGE),
    ("LIST 9", OUT_OF_RANGE), ("TOP 2 1", OUT_OF_RANGE),
    ("RETR", PROTOCOL_ERROR), ("RETR 1 2", PROTOCOL_ERROR), ("TOP 1", PROTOCOL_ERROR),
    ("RETR one", PROTOCOL_ERROR), ("STAT now", PROTOCOL_ERROR),
    ("LAST", PROTOCOL_ERROR), ("XOIP 1", PROTOCOL_ERROR), ("UTF8", PROTOCOL_ERROR),
    ("LANG *", PROTOCOL_ERROR), ("", PROTOCOL_ERROR), ("\xff", PROTOCOL_ERROR),
    ("AUTH XOAUTH2", "-ERR Command is not valid in this state."),
    ("USER probe", "-ERR Command is not valid in this state."), ("PASS x", "-ERR Command is not valid in this state."),
]


def test_what_exchange_does_not_have_is_refused_and_changes_nothing(full: Wire) -> None:
    for command, answer in REFUSED:
        assert full.ask(command) == [answer], command
        assert full.ask("LIST", 3) == ["+OK", "1 29", "."], command


def test_pipelined_commands_are_answered_in_turn(full: Wire) -> None:
    full.send("STAT\r\nFROB\r\nRETR 1\r\nLIST 1\r\nDELE 1\r\nQUIT\r\n")
    assert [full.line() for _ in range(12)] == [
        "+OK 1 29", PROTOCOL_ERROR, "+OK", "Subject: one", "", "..dot", "Hello", ".", "+OK 1 29", "+OK",
        "+OK Microsoft Exchange Server POP3 server signing off.", "",
    ]


def test_a_number_lives_as_long_as_its_mail(full: Wire) -> None:
    status, listed, end = full.ask("UIDL", 3)
    number, _, identifier = listed.partition(" ")
    assert (status, number, end) == ("+OK", "1", ".")
    assert full.ask("UIDL 1") == [f"+OK 1 {identifier}"]
    full.ask("DELE 1")
    assert full.ask("RETR 1") == [OUT_OF_RANGE]
    assert full.ask("RSET") == ["+OK"]
    assert full.ask("UIDL 1") == [f"+OK 1 {identifier}"]


def test_a_large_mail_comes_unharmed(app: MailApp) -> None:
    lines = random.Random(1).randbytes(1 << 20).hex()
    body = "\r\n".join(f".{lines[start:start + 70]}" for start in range(0, len(lines), 70))
    text = f"Subject: large\r\n\r\n{body}".encode()
    with imap(app.sandbox, app, PROBE) as client:
        client.append("INBOX", "", "", text + b"\r\n")
    with pop3(app.sandbox, app, PROBE) as reader:
        assert b"\r\n".join(reader.retr(1)[1]) == text


def test_a_reset_ends_open_sessions(app: MailApp, full: Wire) -> None:
    app.sandbox.control("POST", "/reset")
    assert full.line() == ""


def test_refusals(app: MailApp) -> None:
    def refuse(response: str) -> str:
        with Wire(app.sandbox, "pop3") as wire:
            wire.line()
            wire.ask("AUTH XOAUTH2")
            return wire.ask(response)[0]

    assert refuse(app.sasl()) == "+OK User successfully authenticated."
    assert refuse(app.sasl(seconds=-60)) == FAILED
    assert refuse(app.sasl(resource="https://graph.microsoft.com")) == FAILED
    assert refuse("*") == FAILED
    assert refuse("") == FAILED
    assert refuse("not base64") == FAILED
    other = mail_app(app.sandbox, PROBE, roles=("IMAP.AccessAsApp",))
    assert refuse(other.sasl()) == FAILED


@pytest.mark.parametrize("reason", ["disabled", "no right", "no mailbox"])
def test_authenticated_but_not_connected(app: MailApp, reason: str) -> None:
    user = {"disabled": PROBE, "no right": CONTRACTS, "no mailbox": "unlicensed@contoso.example"}[reason]
    if reason == "disabled":
        app.sandbox.control("PATCH", f"/tenant/mailboxes/{PROBE}", {"PopEnabled": False})
    with Wire(app.sandbox, "pop3") as wire:
        wire.line()
        wire.ask("AUTH XOAUTH2")
        assert wire.ask(app.sasl(user)) == ["+OK User successfully authenticated."]
        assert wire.ask("STAT") == ["-ERR User is authenticated but not connected."]


def test_a_password_is_refused(app: MailApp) -> None:
    password = app.sandbox.env["M365_SANDBOX_PROBE_PASSWORD"]
    client = poplib.POP3_SSL(HOST, port(app.sandbox, "pop3"), context=trust(app.sandbox))
    client.user(PROBE)
    with pytest.raises(poplib.error_proto, match="Logon failure: unknown user name or bad password"):
        client.pass_(password)
    client.quit()
    with Wire(app.sandbox, "pop3") as wire:
        wire.line()
        wire.ask("AUTH PLAIN")
        plain = base64.b64encode(f"\0{PROBE}\0{password}".encode()).decode()
        assert wire.ask(plain)[0].startswith("-ERR Logon failure")


@pytest.mark.parametrize("command", ["", "FROB", "STLS", "RETR 1", "USER", "PASS x", "AUTH CRAM-MD5", "1 2 3", "\xff"])
def test_malformed_commands_are_refused_and_harmless(app: MailApp, command: str) -> None:
    with Wire(app.sandbox, "pop3") as wire:
        wire.line()
        wire.send(command.encode("latin-1") + b"\r\n")
        assert wire.line().startswith("-ERR ")
        wire.ask("AUTH XOAUTH2")
        assert wire.ask(app.sasl()) == ["+OK User successfully authenticated."]


def test_a_line_without_end_ends_the_connection(app: MailApp) -> None:
    with Wire(app.sandbox, "pop3") as wire:
        wire.line()
        wire.send(b"x" * LONGEST_COMMAND + b"\r\n")
        assert wire.line().startswith("-ERR ")
        assert wire.line() == ""


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"AUTH XOAUTH2", b"USER a", b"AUTH PLAIN"])),
                max_size=8))
def test_no_input_crashes_the_dialogue_or_is_let_in(lines: list[bytes]) -> None:
    asked, end = play(pop3_dialogue(POP3, never), lines)
    assert end is None or end.signed_in is None
    assert all(text.isascii() and text.isprintable() for ask in asked for text in ask.send)
