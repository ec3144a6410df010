"""The IMAP face: Exchange Online's sign-in word for word, then a real IMAP server."""

from __future__ import annotations

import asyncio
import base64
import imaplib
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365_sandbox.mail.exchange_online import IMAP
from m365_sandbox.mail.front_door import FrontDoor
from m365_sandbox.mail.imap.dialogue import imap_dialogue
from m365_sandbox.mail.imap.syntax import LONGEST_COMMAND
from m365_sandbox.mail.store import MailStore
from m365_sandbox.mail.xoauth2 import parse
from m365_sandbox.state.faults import Faults
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
    never,
    play,
    port,
    sasl,
    trust,
)
from sandbox_fixture import RunningSandbox

BEFORE = (
    "* CAPABILITY IMAP4 IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE "
    "LITERAL+"
)
AFTER = (
    "* CAPABILITY IMAP4 IMAP4rev1 AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES "
    "CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+"
)


@pytest.fixture
def app(clean: RunningSandbox) -> MailApp:
    return mail_app(clean, PROBE)


def test_transcript(app: MailApp) -> None:
    with Wire(app.sandbox, "imap") as wire:
        greeting, _, tag = wire.line().partition("[")
        assert greeting == "* OK The Microsoft Exchange IMAP4 service is ready. "
        assert base64.b64decode(tag.removesuffix("]")).decode("utf-16-le").endswith(".prod.outlook.com")
        assert wire.ask("1 CAPABILITY", 2) == [BEFORE, "1 OK CAPABILITY completed."]
        assert wire.ask(f"2 AUTHENTICATE XOAUTH2 {app.sasl()}") == ["2 OK AUTHENTICATE completed."]
        capability, completed = wire.ask("3 CAPABILITY", 2)
        assert capability == AFTER
        assert completed.startswith("3 OK")
        assert wire.ask("4 NAMESPACE", 2)[0] == '* NAMESPACE (("" "/")) NIL NIL'
        assert wire.ask("5 ID NIL", 2)[0] == '* ID ("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")'


def test_authenticate_in_two_steps_and_in_any_case(app: MailApp) -> None:
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        assert wire.ask("a authenticate xoauth2") == ["+ "]
        assert wire.ask(app.sasl()) == ["a OK AUTHENTICATE completed."]


def test_nothing_that_was_sent_ahead_is_lost(app: MailApp) -> None:
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        wire.send(f"1 AUTHENTICATE XOAUTH2 {app.sasl()}\r\n2 SELECT INBOX\r\n3 APPEND Drafts {{7+}}\r\n1234567\r\n"
                  "4 STATUS Drafts (MESSAGES)\r\n5 LOGOUT\r\n")
        lines = [wire.line()]
        while lines[-1]:
            lines.append(wire.line())
        assert lines[0] == "1 OK AUTHENTICATE completed."
        assert "* STATUS Drafts (MESSAGES 1)" in lines
        assert lines[-2].startswith("5 OK")


def test_folders_are_those_of_exchange(app: MailApp) -> None:
    with imap(app.sandbox, app, PROBE) as client:
        _, listed = client.list()
        lines = [line.decode() for line in listed if isinstance(line, bytes)]
    names = {line.split(' "/" ')[1].strip('"') for line in lines}
    assert names == {"INBOX", "Archive", "Deleted Items", "Drafts", "Junk Email", "Outbox", "Sent Items"}
    assert any("\\Sent" in line and "Sent Items" in line for line in lines)
    assert any("\\Trash" in line and "Deleted Items" in line for line in lines)


def test_a_mail_is_kept_marked_moved_and_removed(app: MailApp) -> None:
    text, _ = letter("a@b.example", PROBE)
    with imap(app.sandbox, app, PROBE) as client:
        assert client.append("INBOX", "", imaplib.Time2Internaldate(0), text.encode())[0] == "OK"
        client.select("INBOX")
        assert client.store("1", "+FLAGS", "\\Seen")[0] == "OK"
        assert client.uid("MOVE", "1", '"Deleted Items"')[0] == "OK"
    with imap(app.sandbox, app, PROBE) as client:
        assert messages_in(client) == []
        assert messages_in(client, "Deleted Items") == [text.encode()]
        assert b"\\Seen" in client.fetch("1", "(FLAGS)")[1][0]
        client.store("1", "+FLAGS", "\\Deleted")
        client.expunge()
        assert messages_in(client, "Deleted Items") == []


def refuse(app: MailApp, response: str) -> list[str]:
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        return wire.ask(f"7 AUTHENTICATE XOAUTH2 {response}")


def test_refusals(app: MailApp) -> None:
    sandbox = app.sandbox
    failed = ["7 NO AUTHENTICATE failed."]
    good = app.token()
    header, payload, signature = good.split(".")
    assert refuse(app, app.sasl()) == ["7 OK AUTHENTICATE completed."]
    assert refuse(app, app.sasl(seconds=-60)) == failed
    assert refuse(app, app.sasl(resource="https://graph.microsoft.com")) == failed
    assert refuse(app, sasl(PROBE, f"{header}.{payload}.{signature[:-8]}AAAAAAAA")) == failed
    assert refuse(app, sasl("nobody@contoso.example", good)) == failed
    assert refuse(app, sasl(PROBE, "")) == failed
    assert refuse(app, "=") == failed
    assert refuse(app, base64.b64encode(base64.b64decode(app.sasl()) + b"x").decode()) == failed
    assert refuse(app, base64.b64encode(app.sasl().encode()).decode()) == failed, "encoded twice"
    without_role = mail_app(sandbox, PROBE, roles=("SMTP.SendAsApp",))
    assert refuse(without_role, without_role.sasl()) == failed
    unknown = mail_app(sandbox, PROBE, known=False)
    assert refuse(unknown, unknown.sasl()) == failed
    wrong = mail_app(sandbox, PROBE, known=False)
    registration = next(
        entity for entity in sandbox.control("GET", "/tenant")["collections"]["applications"].values()
        if entity["appId"] == wrong.app_id
    )
    sandbox.control("POST", "/tenant/exchange-service-principals", {
        "AppId": wrong.app_id, "ObjectId": registration["id"],
    })
    assert refuse(wrong, wrong.sasl()) == failed, "Exchange has the object id of the registration"


@pytest.mark.parametrize("reason", ["disabled", "no right", "no mailbox"])
def test_authenticated_but_not_connected(app: MailApp, reason: str) -> None:
    user = {"disabled": PROBE, "no right": CONTRACTS, "no mailbox": "unlicensed@contoso.example"}[reason]
    if reason == "disabled":
        app.sandbox.control("PATCH", f"/tenant/mailboxes/{PROBE}", {"ImapEnabled": False})
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        assert wire.ask(f"1 AUTHENTICATE XOAUTH2 {app.sasl(user)}") == ["1 OK AUTHENTICATE completed."]
        for command in ("SELECT INBOX", 'LIST "" *', "NOOP"):
            assert wire.ask(f"2 {command}") == ["2 BAD User is authenticated but not connected."]
        assert wire.ask("3 LOGOUT", 2)[1].startswith("3 OK")


def test_one_application_opens_what_it_was_given_and_nothing_else(app: MailApp) -> None:
    app.may_open("shared@contoso.example")
    with imap(app.sandbox, app, "shared@contoso.example") as client:
        assert client.select("INBOX")[0] == "OK"
    with pytest.raises(imaplib.IMAP4.error, match="not connected"), imap(app.sandbox, app, CONTRACTS) as client:
        client.select("INBOX")


def test_a_password_is_refused(app: MailApp) -> None:
    password = app.sandbox.env["M365_SANDBOX_PROBE_PASSWORD"]
    with imaplib.IMAP4_SSL(HOST, port(app.sandbox, "imap"), ssl_context=trust(app.sandbox)) as client:
        assert "LOGINDISABLED" in client.capabilities
        with pytest.raises(imaplib.IMAP4.error, match=r"LOGIN failed\."):
            client.login(PROBE, password)
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        assert wire.ask("1 LOGIN {5}")[0].startswith("+ ")
        assert wire.ask("probe {3+}\r\nabc") == ["1 NO LOGIN failed."]
        assert wire.ask("2 AUTHENTICATE PLAIN AHByb2JlAGFiYw==") == ["2 NO AUTHENTICATE failed."]


def test_the_client_cancels(app: MailApp) -> None:
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        assert wire.ask("1 AUTHENTICATE XOAUTH2") == ["+ "]
        assert wire.ask("*") == ["1 NO AUTHENTICATE failed."]
        assert wire.ask(f"2 AUTHENTICATE XOAUTH2 {app.sasl()}") == ["2 OK AUTHENTICATE completed."]


@pytest.mark.parametrize(
    "command", ["", "   ", "x", "1 ", "1 FROBNICATE", "1 SELECT INBOX", "1 AUTHENTICATE", "1 LOGIN", "\\ NOOP",
                "1 AUTHENTICATE XOAUTH2 a b", "\xff\xfe \xff"],
)
def test_malformed_commands_are_bad_and_harmless(app: MailApp, command: str) -> None:
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        wire.send(command.encode("latin-1") + b"\r\n")
        assert wire.line().partition(" ")[2].startswith("BAD ")
        assert wire.ask(f"2 AUTHENTICATE XOAUTH2 {app.sasl()}") == ["2 OK AUTHENTICATE completed."]


@pytest.mark.parametrize("flood", [b"1 LOGIN {99999999}\r\n", b"1 " + b"x" * LONGEST_COMMAND + b"\r\n"])
def test_a_command_without_end_ends_the_connection(app: MailApp, flood: bytes) -> None:
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        wire.send(flood)
        assert wire.line().startswith("* BYE ")
        assert wire.line() == ""


def test_old_tls_is_refused(app: MailApp) -> None:
    context = trust(app.sandbox)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.deprecated_call():
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        imaplib.IMAP4_SSL(HOST, port(app.sandbox, "imap"), ssl_context=context)


def test_a_silent_client_is_told_goodbye(app: MailApp, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(app.sandbox.directory / "server.pem")

    async def listen_in_vain() -> list[bytes]:
        door = FrontDoor(IMAP, MailStore(tmp_path), never, tls, Faults(), "imap", idle_seconds=0.01)
        reader, _ = await asyncio.open_connection(HOST, await door.start(0), ssl=trust(app.sandbox))
        lines = (await reader.read()).splitlines()
        await door.stop()
        return lines

    greeting, goodbye = asyncio.run(listen_in_vain())
    assert greeting.startswith(b"* OK ")
    assert goodbye == b"* BYE Connection is closed. 13"


# -- the dialogue and the SASL string without a socket -----------------------------------------------------------


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_input_crashes_the_dialogue_or_is_let_in(lines: list[bytes]) -> None:
    asked, end = play(imap_dialogue(IMAP, never), lines)
    assert end is None or end.signed_in is None
    assert all(text.isascii() and text.isprintable() for ask in asked for text in ask.send)


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_xoauth2_parser(line: bytes) -> None:
    assert parse(line) is None or base64.b64decode(line.strip()).startswith(b"user=")


@given(st.text(st.characters(exclude_characters="\x01", exclude_categories=["Cs"])),
       st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_every_xoauth2_string_is_read_back(user: str, token: str) -> None:
    read = parse(sasl(user, token).encode())
    assert read is not None
    assert (read.user, read.token) == (user, token)
    assert repr(read) == f"Response(user={user!r})"
