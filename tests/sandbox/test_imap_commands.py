"""IMAP commands and answers as text, without a socket."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from m365_sandbox.mail.imap.answers import completion, piece, untagged
from m365_sandbox.mail.imap.rules import append_refusal, refusal
from m365_sandbox.mail.imap.syntax import Announcement, Atom, Command, Malformed, Text, announced, parse, unparsed

ATOMS = st.text(st.sampled_from("abcXYZ019.:,*%+-/\\$&=<>_"), min_size=1).map(lambda text: Atom(text.encode()))
TEXTS = st.binary(max_size=20).map(Text)
ARGUMENTS = st.recursive(ATOMS | TEXTS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=12)


def spelled(arguments: tuple[object, ...]) -> list[bytes]:
    """The parts of a command with these arguments, every text as a literal."""
    parts = [b""]
    for place, argument in enumerate(arguments):
        parts[-1] += b" " if place else b""
        if isinstance(argument, Text):
            parts += [bytes(argument), b""]
        elif isinstance(argument, Atom):
            parts[-1] += argument
        else:
            assert isinstance(argument, tuple)
            inner = spelled(argument)
            parts[-1] += b"(" + inner[0]
            parts += inner[1:]
            parts[-1] += b")"
    return parts


def read_again(sent: bytes) -> list[bytes]:
    """Split what was sent into parts, as the session does."""
    parts = []
    while True:
        line, sent = sent.split(b"\r\n", 1)
        line, announcement = announced(line)
        parts.append(line)
        if announcement is None:
            assert sent == b""
            return parts
        assert not announcement.waits
        parts.append(sent[:announcement.size])
        sent = sent[announcement.size:]


@given(st.lists(ARGUMENTS, max_size=5).map(tuple))
def test_every_command_is_read_back_and_sent_on_unchanged(arguments: tuple[object, ...]) -> None:
    first, *rest = spelled(arguments)
    parts = [b"t1 FROB " + first, *rest]
    command = parse(parts)
    assert command == Command("t1", "FROB", arguments)
    assert parse(read_again(unparsed(parts))) == command


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_every_quoted_string_is_read_back(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert parse([f't1 SELECT "{escaped}"'.encode()]).arguments == (Text(text.encode()),)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_no_bytes_crash_the_parser_or_the_rules(parts: list[bytes]) -> None:
    for beginning in (b"", b"1 FETCH ", b"1 SEARCH ", b"1 UID STORE 1 +FLAGS ", b"1 STATUS INBOX ", b"1 APPEND "):
        try:
            command = parse([beginning + parts[0], *parts[1:]])
        except Malformed:
            continue
        answer = refusal(command, selected=True)
        assert answer is None or answer.startswith(("BAD ", "NO "))
        assert not command.arguments or append_refusal(command.arguments) in (None, "BAD Command Argument Error. 11")


@given(st.binary())
def test_no_answer_of_the_store_crashes(line: bytes) -> None:
    command = parse([b"1 UID MOVE 1 Drafts"])
    assert completion(line, command).text.isprintable()
    for beginning in (b"* ", b"* 1 FETCH (", b"* LIST (", b"* OK [", b""):
        untagged(beginning + line, command)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_what_is_quoted_is_no_flag(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + ' FLAGS (Secret)"'
    line = f"* 1 FETCH (ENVELOPE (NIL {quoted} NIL) FLAGS (\\Seen Secret))\r\n".encode()
    shown = untagged(line, None)
    assert quoted.encode() in shown
    assert shown.endswith(b" FLAGS (\\Seen))\r\n")


def test_announcements() -> None:
    assert announced(b"1 APPEND x {12}") == (b"1 APPEND x ", Announcement(12, waits=True))
    assert announced(b"1 APPEND x {12+}") == (b"1 APPEND x ", Announcement(12, waits=False))
    assert announced(b"1 NOOP {12-}") == (b"1 NOOP {12-}", None)


def test_the_stores_own_words_never_show() -> None:
    command = parse([b"1 UID FETCH 1 FLAGS"])
    store = re.compile("Dovecot|secs|Fetch|messageset|INUSE|ALERT")
    for line in (
        b"OK [CLIENTBUG] Fetch completed (0.001 + 0.000 secs).\r\n",
        b"BAD Error in IMAP command FETCH: no (0.1 secs)\r\n",
        b"NO [INUSE] Timeout while waiting for lock\r\n", b"BAD Error in IMAP command FETCH: Invalid messageset\r\n",
    ):
        assert store.search(completion(line, command).text) is None
    for line in (
        b"* OK Still here\r\n", b"* OK [ALERT] Dovecot\r\n", b"* BAD Dovecot\r\n", b"* OK [CLOSED] Previous\r\n",
        b"* OK [HIGHESTMODSEQ 3] Highest\r\n", b"* CAPABILITY SORT\r\n", b"* FLAGS (\\Seen Foo)\r\n", b"nonsense\r\n",
    ):
        assert untagged(line, command) == b""
    assert untagged(b"* BYE Server shutting down.\r\n", None) == b"* BYE Connection is closed. 13\r\n"
    assert piece(b" UID 4 FLAGS (Foo \\Seen bar))\r\n") == b" UID 4 FLAGS (\\Seen))\r\n"
