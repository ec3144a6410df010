# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""User names and passwords of all kinds arrive as they are, and as nothing else, at servers that parse."""

from __future__ import annotations

import asyncio
import base64
import re
import socketserver
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import Server, ServerProtocol
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Password
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.imap import ImapMailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.pop3 import Pop3Mailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.smtp import SmtpSender
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import has_control
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import client_context
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

PROBE = Probe("0123456789abcdef", "a@b.example", ("c@d.example",), "Check")
# RFC 3501's astring: a quoted string, or an atom.
_ASTRING = re.compile(r' (?:"((?:[^"\\\r\n]|\\["\\])*)"|([^(){ %*"\\\]]+))')


class Heard:
    """What a server understood: the commands, and who signed in with which password."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.signed_in: tuple[str, str] | None = None


class Listener(socketserver.StreamRequestHandler):
    """A connection."""

    protocol: ClassVar[ServerProtocol]
    heard: Heard


class Imap(Listener):
    """LOGIN alone, and mailboxes that are empty."""

    protocol = "imap"

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline().decode().removesuffix("\r\n"):
            tag, command, rest = re.match(r"(\S+) (\S+)(.*)$", line, re.DOTALL).groups()  # type: ignore[union-attr]
            self.heard.commands.append(command)
            arguments = [re.sub(r"\\(.)", r"\1", quoted) or atom for quoted, atom in _ASTRING.findall(rest)]
            if command == "LOGIN":
                assert "".join(match[0] for match in _ASTRING.finditer(rest)) == rest, rest
                self.heard.signed_in = arguments[0], arguments[1]
            said = {"CAPABILITY": "* CAPABILITY IMAP4rev1\r\n", "SELECT": "* 0 EXISTS\r\n", "LOGOUT": "* BYE\r\n"}
            self.wfile.write(f"{said.get(command, '')}{tag} OK done\r\n".encode())


class Pop3(Listener):
    """USER and PASS, and an empty mailbox."""

    protocol = "pop3"

    def handle(self) -> None:
        self.wfile.write(b"+OK ready\r\n")
        user = ""
        while line := self.rfile.readline().decode().removesuffix("\r\n"):
            command, _blank, rest = line.partition(" ")
            self.heard.commands.append(command)
            if command == "USER":
                user = rest
            elif command == "PASS":
                self.heard.signed_in = user, rest
            self.wfile.write({"STAT": b"+OK 0 0\r\n", "UIDL": b"+OK\r\n.\r\n"}.get(command, b"+OK\r\n"))


class Smtp(Listener):
    """AUTH PLAIN and LOGIN; takes every mail."""

    protocol = "smtp"
    mechanism: str

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline().decode().removesuffix("\r\n"):
            command, _blank, rest = line.partition(" ")
            self.heard.commands.append(command.upper())
            reply = "250 ok"
            if command.upper() == "EHLO":
                reply = f"250-here\r\n250 AUTH {self.mechanism}"
            elif command == "AUTH":
                self.heard.signed_in = self._plain(rest) if self.mechanism == "PLAIN" else self._login()
                reply = "235 ok"
            elif command.upper() == "DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() != b".\r\n":
                    pass
            self.wfile.write(f"{reply}\r\n".encode())

    @staticmethod
    def _plain(rest: str) -> tuple[str, str]:
        _identity, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
        return user, password

    def _login(self) -> tuple[str, str]:
        said = []
        for question in (b"Username:", b"Password:"):
            self.wfile.write(b"334 " + base64.b64encode(question) + b"\r\n")
            said.append(base64.b64decode(self.rfile.readline()).decode())
        return said[0], said[1]


@contextmanager
def listening(kind: type[Listener], **more: Any) -> Iterator[tuple[Server, Heard]]:
    heard = Heard()
    handler = type("Handler", (kind,), {"heard": heard, **more})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    # A client that failed may leave its connection open for as long as its error is looked at.
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Server(kind.protocol, "127.0.0.1", server.server_address[1], "none"), heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def by_imap(server: Server, credentials: Password) -> Awaitable[None]:
    return opened(ImapMailbox(server, credentials, client_context(None, "mail"), 60, Stopwatch()))


def by_pop3(server: Server, credentials: Password) -> Awaitable[None]:
    return opened(Pop3Mailbox(server, credentials, client_context(None, "mail"), 60, Stopwatch()))


def by_smtp(server: Server, credentials: Password) -> Awaitable[None]:
    return SmtpSender(server, credentials, client_context(None, "mail"), 60, Stopwatch()).send(PROBE)


async def opened(mailbox: ImapMailbox | Pop3Mailbox) -> None:
    await mailbox.open()
    await mailbox.close()


Client = Callable[[Server, Password], Awaitable[None]]
WAYS: dict[str, tuple[type[Listener], dict[str, str], Client, list[str]]] = {
    "imap": (Imap, {}, by_imap, ["CAPABILITY", "LOGIN", "SELECT", "LIST", "LOGOUT"]),
    "pop3": (Pop3, {}, by_pop3, ["USER", "PASS", "STAT", "UIDL", "QUIT"]),
    "smtp plain": (Smtp, {"mechanism": "PLAIN"}, by_smtp, ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]),
    "smtp login": (Smtp, {"mechanism": "LOGIN"}, by_smtp, ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]),
}
_CHARACTERS = st.one_of(st.sampled_from('"\\ {}%*\'~\r\n\t\0é'), st.characters(codec="utf-8"))
TEXTS = st.text(_CHARACTERS, min_size=1, max_size=12)


@pytest.mark.parametrize("way", WAYS)
@example(user="someone", password='pass\r\nA1 DELETE "INBOX"')
@example(user="someone\r\nDELE 1", password="password")
@example(user="some one", password='a"b\\c d')
@example(user="{5}", password="(\\Deleted)")
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(user=TEXTS, password=TEXTS)
def test_what_a_server_understands_is_what_was_given(way: str, user: str, password: str) -> None:
    kind, more, client, commands = WAYS[way]
    with listening(kind, **more) as (server, heard):
        try:
            asyncio.run(client(server, Password(user, password)))  # type: ignore[arg-type]
        except InputError:
            beyond = way == "imap" and not (user + password).isascii()
            assert beyond or has_control(user + password)
            assert heard.signed_in is None
            assert set(heard.commands) <= {"CAPABILITY", "LOGOUT"}
        else:
            assert heard.signed_in == (user, password)
            assert heard.commands == commands


@pytest.mark.parametrize("lines", ["1", "x", "1 a\r\nb", ""])
def test_a_list_that_makes_no_sense_is_an_error_of_the_server(lines: str) -> None:
    class Odd(Pop3):
        def handle(self) -> None:
            self.wfile.write(b"+OK ready\r\n")
            while line := self.rfile.readline():
                self.wfile.write(f"+OK\r\n{lines}\r\n.\r\n".encode() if line.startswith(b"UIDL") else b"+OK 1 1\r\n")

    with listening(Odd) as (server, _heard), pytest.raises(ModernAuthError, match="malformed"):
        asyncio.run(by_pop3(server, Password("user", "password")))  # type: ignore[arg-type]
