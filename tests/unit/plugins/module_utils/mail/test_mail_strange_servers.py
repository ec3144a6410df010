# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Servers that end a conversation at any byte, say something else at any line, never stop, or do not speak at all."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import DeliveryError, TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import Server, ServerProtocol
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Password
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.imap import ImapMailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Deferred, Unanswered
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.pop3 import Pop3Mailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.smtp import SmtpSender
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import client_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PROBE = Probe("0123456789abcdef", "a@b.example", ("c@d.example",), "Check")
SECRET = "S3cret~word"
#: What each server says: its greeting, then an answer to each line (of a mail's data, to the last one).
SAYS: dict[ServerProtocol, tuple[bytes, ...]] = {
    "smtp": (
        b"220-mail.example ESMTP\r\n220-No unsolicited mail.\r\n220 Ready\r\n",
        b"250-mail.example\r\n250-SIZE 1000000\r\n250 AUTH LOGIN\r\n",
        b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n", b"235 2.7.0 ok\r\n",
        b"250 2.1.0 ok\r\n", b"250 2.1.5 ok\r\n", b"354 go on\r\n", b"250-2.0.0 ok\r\n250 2.0.0 queued\r\n",
        b"221 bye\r\n",
    ),
    "imap": (
        b"* OK ready\r\n", b"* CAPABILITY IMAP4rev1\r\n$TAG OK done\r\n", b"$TAG OK LOGIN completed.\r\n",
        b"* FLAGS (\\Seen)\r\n* 0 EXISTS\r\n* 0 RECENT\r\n$TAG OK [READ-WRITE] SELECT completed.\r\n",
        b'* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\Junk) "/" "Junk Email"\r\n$TAG OK LIST completed.\r\n',
        b"* OK\r\n$TAG OK SELECT completed.\r\n", b"* SEARCH\r\n$TAG OK SEARCH completed.\r\n",
        b"* OK\r\n$TAG OK SELECT completed.\r\n", b"* SEARCH\r\n$TAG OK SEARCH completed.\r\n",
        b"* BYE\r\n$TAG OK LOGOUT completed.\r\n",
    ),
    "pop3": (
        b"+OK ready\r\n", b"+OK\r\n", b"+OK\r\n", b"+OK 1 100\r\n",
        b"+OK\r\n1 one\r\n.\r\n", b"+OK bye\r\n",
    ),
}


class Parrot:
    """A server that says the same to everybody, whatever it is told.

    :param says: answers, $TAG for the tag of the command; after the last one it hangs up.
    """

    def __init__(self, says: Sequence[bytes]) -> None:
        self.is_closing = threading.Event()
        self._says = says
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.is_closing.set()
        # A listener that is closed does not wake who waits for a connection; one more connection does.
        self._listener.settimeout(0)
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(20)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(20)
                try:
                    self._talk(connection)
                except OSError:
                    # The client has gone.
                    continue

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            tag, in_data = b"*", False
            for number, answer in enumerate(self._says):
                if number and not (tag := self._heard(lines, in_data)):
                    return
                connection.sendall(answer.replace(b"$TAG", tag))
                in_data = answer.startswith(b"354")
            connection.shutdown(socket.SHUT_WR)
            lines.read()

    @staticmethod
    def _heard(lines: Iterator[bytes], in_data: bool) -> bytes:
        """The first word of the next line, or of the last one of a mail's data; empty at the end."""
        for line in lines:
            if not in_data or line == b".\r\n":
                return line.split(b" ")[0].strip() or b"*"
        return b""


@contextmanager
def talking(server: Callable[[], Parrot]) -> Iterator[int]:
    parrot = server()
    try:
        yield parrot.port
    finally:
        parrot.close()


async def use(client: SmtpSender | ImapMailbox | Pop3Mailbox) -> None:
    if isinstance(client, SmtpSender):
        await client.send(PROBE)
        return
    try:
        await client.open()
        assert await client.find(PROBE) == []
    finally:
        await client.close()


CLIENTS: dict[ServerProtocol, type[SmtpSender] | type[ImapMailbox] | type[Pop3Mailbox]] = {
    "smtp": SmtpSender, "imap": ImapMailbox, "pop3": Pop3Mailbox,
}
FAILURES = (DeliveryError, TransportError)


def outcome(
    protocol: ServerProtocol, says: Sequence[bytes], timeout: float = 20, server: Callable[[], Parrot] | None = None
) -> DeliveryError | TransportError | None:
    """What the client makes of a server, None if all is well. An exception of another type fails the test."""
    found: DeliveryError | TransportError | None = None
    with talking(server or (lambda: Parrot(says))) as port:
        client = CLIENTS[protocol](
            Server(protocol, "127.0.0.1", port, "none"), Password("user", SECRET), client_context(None, "mail"),
            timeout, Stopwatch(),
        )
        try:
            asyncio.run(use(client))
        except FAILURES as error:
            found = error
    assert found is None or found.message
    assert found is None or SECRET not in str(found.result())
    return found


@pytest.mark.parametrize("protocol", SAYS)
def test_a_server_that_says_all_is_well(protocol: ServerProtocol) -> None:
    assert outcome(protocol, SAYS[protocol]) is None


def cut(protocol: ServerProtocol) -> Iterator[tuple[bytes, ...]]:
    """What a server says, ended before each byte but those of its farewell."""
    says = SAYS[protocol]
    for number, answer in enumerate(says[:-1]):
        for length in range(len(answer)):
            yield (*says[:number], answer[:length])


@pytest.mark.parametrize("protocol", SAYS)
def test_a_connection_that_is_cut_at_any_byte_is_an_error_with_words(protocol: ServerProtocol) -> None:
    for says in cut(protocol):
        # The last answer is understood as soon as its code is there.
        assert outcome(protocol, says) is not None or len(says) == len(SAYS[protocol]) - 1, says


@pytest.mark.parametrize("protocol", SAYS)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_server_says_is_an_error_with_words_or_none(protocol: ServerProtocol, data: st.DataObject) -> None:
    says = list(SAYS[protocol])
    place = data.draw(st.integers(0, len(says) - 2))
    word = st.sampled_from([
        b"220", b"250", b"250-", b"334", b"421", b"535", b"999", b"-1", b"+OK", b"-ERR", b"+", b"*", b"$TAG", b"OK",
        b"NO", b"BAD", b"BYE", b"CAPABILITY", b"LIST", b"SEARCH", b"()", b'"', b"{3}", b"{99999999999}", b"\\", b" ",
        b"\xff\xfe", "\u00fc".encode(), b"\0", b"\r\n", b"\n",
    ])
    said = data.draw(st.lists(st.one_of(word, st.binary(max_size=6)), max_size=8))
    says[place] = b" ".join(said) + b"\r\n"
    # After what it does not understand, a server often says nothing more.
    outcome(protocol, says[:place + 1] if data.draw(st.booleans()) else says, timeout=0.5)


#: Answers that the standard library's clients stumble over, some of them in another protocol's place.
ODD_ANYWHERE = (b"", b"\r\n", b"\xff\xff\xff \r\n", b"-12 x\r\n")
ODD_IMAP = (
    b"* CAPABILITY IMAP4rev1 \xfc\r\n$TAG OK done\r\n", b"* CAPABILITY\r\n$TAG OK\r\n", b"$TAG\r\n", b"$TAG NO\r\n",
    b"* LIST {99999999999999999999}\r\n", b"* LIST {9999999999}\r\n", b"* LIST {3}\r\nab", b"$TAG BAD \xff\r\n",
    b"* 1 FETCH (BODY[] {5}\r\nabcde)\r\n$TAG OK\r\n", b"* SEARCH 1 x \xfc 2\r\n$TAG OK\r\n", b"* BYE \xff\r\n",
    b"+ \r\n", b"* PREAUTH\r\n",
)
ODD_POP3 = (
    b"+OK\r\n1\r\n.\r\n", b"+OK\r\n\xff \xff\r\n.\r\n", b"+OK x y\r\n", b"-ERR\r\n", b"-ERR \xff\r\n",
    b"+OK 99999999999999999999999 1\r\n", b"+OK " + b"x" * 5000 + b"\r\n",
)
ODD_SMTP = (
    b"250 " + b"x" * 10000 + b"\r\n", b"250-" + b"x" * 10000, b"250\r\n", b"25\r\n", b"250-\xff\r\n250 \xff\r\n",
    b"334 ***\r\n", b"334 \xff\r\n",
)


@pytest.mark.parametrize("protocol", SAYS)
@pytest.mark.parametrize("odd", ODD_ANYWHERE + ODD_IMAP + ODD_POP3 + ODD_SMTP)
def test_odd_answers_at_any_line_are_errors_with_words_or_none(protocol: ServerProtocol, odd: bytes) -> None:
    says = SAYS[protocol]
    for place in range(len(says) - 1):
        outcome(protocol, [*says[:place], odd, *says[place + 1:]], timeout=0.2)


@pytest.mark.parametrize("place", range(9))
def test_421_at_any_point_is_put_off_in_the_servers_words(place: int) -> None:
    found = outcome("smtp", [*SAYS["smtp"][:place], b"421 4.3.2 Service not available\r\n"])
    assert isinstance(found, Deferred)
    assert found.code == "421 4.3.2"
    assert "Service not available" in found.message


def test_a_server_that_knows_no_ehlo_is_greeted_in_the_old_way() -> None:
    says = SAYS["smtp"]
    found = outcome("smtp", [says[0], b"502 5.5.1 Unknown command\r\n", b"250 mail.example\r\n", b"221 bye\r\n"])
    # It took HELO, and so offers no sign-in.
    assert found is not None
    assert "no AUTH at all" in found.message


@pytest.mark.parametrize("protocol", SAYS)
def test_words_beyond_ascii_are_shown(protocol: ServerProtocol) -> None:
    refusals = {
        "smtp": [*SAYS["smtp"][:5], "550 5.7.1 Ung\u00fcltiger Absender\r\n".encode(), b"221 bye\r\n"],
        "imap": [*SAYS["imap"][:2], "$TAG NO Ung\u00fcltiges Kennwort\r\n".encode(), b"* BYE\r\n$TAG OK\r\n"],
        "pop3": [*SAYS["pop3"][:2], "-ERR Ung\u00fcltiges Kennwort\r\n".encode(), b"+OK\r\n"],
    }
    found = outcome(protocol, refusals[protocol])
    assert found is not None
    assert "Ung\u00fcltig" in found.message


def test_an_answer_that_never_comes_after_the_mail_leaves_it_open() -> None:
    assert isinstance(outcome("smtp", SAYS["smtp"][:8]), Unanswered)


class Flood(Parrot):
    """A server that never comes to an end, however much is read."""

    def __init__(self, beginning: Sequence[bytes], for_ever: bytes) -> None:
        self._for_ever = for_ever
        super().__init__(beginning)

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            tag = b"*"
            for number, answer in enumerate(self._says):
                tag = self._heard(lines, in_data=False) if number else tag
                connection.sendall(answer.replace(b"$TAG", tag))
        while not self.is_closing.wait(0.01):
            connection.sendall(self._for_ever)


@pytest.mark.parametrize(
    ("protocol", "beginning", "for_ever"),
    [
        ("smtp", (b"220-x",), b"220-x\r\n"), ("smtp", (*SAYS["smtp"][:5], b"250-x\r\n"), b"250-x\r\n"),
        ("imap", SAYS["imap"][:2], b"* OK x\r\n"), ("imap", (*SAYS["imap"][:5], b"* 1 EXISTS\r\n"), b"* 1 EXISTS\r\n"),
        ("pop3", (*SAYS["pop3"][:4], b"+OK\r\n"), b"1 x\r\n"),
    ],
)
def test_an_answer_that_never_ends_is_not_waited_for(
    protocol: ServerProtocol, beginning: Sequence[bytes], for_ever: bytes
) -> None:
    found = outcome(protocol, [], timeout=0.1, server=lambda: Flood(beginning, for_ever))
    assert isinstance(found, TransportError)
    assert "came to no end within 2 seconds" in found.message
