"""IMAP after the sign-in: what Exchange Online has, in its words, and nothing else of the server behind it."""

from __future__ import annotations

import hashlib
import random
import socket
from collections.abc import Iterator

import pytest
from mail_client import CONTRACTS, PROBE, MailApp, Wire, imap, letter, mail_app, messages_in
from sandbox_fixture import RunningSandbox

FLAGS = r"(\Seen \Answered \Flagged \Deleted \Draft $MDNSent)"
ARGUMENT = "BAD Command Argument Error. 11"
COUNT = "BAD Command Argument Error. 12"
COMMAND = "BAD Command Error. 12"
STATE = "BAD Command received in Invalid state."
NO_CHARSET = "NO [BADCHARSET (US-ASCII)] The specified charset is not supported."
NO_SET = "NO The specified message set is invalid."


class Session:
    """A signed-in wire that reads whole answers."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._number = 0

    def ask(self, command: str | bytes) -> list[str]:
        """Send a command; its untagged answers, then the tagged one without the tag."""
        self._number += 1
        tag = f"a{self._number}"
        self.wire.send(tag.encode() + b" " + (command if isinstance(command, bytes) else command.encode()) + b"\r\n")
        return self.until(tag)

    def until(self, tag: str) -> list[str]:
        """Read up to a tagged answer, or to the end: mails have empty lines, but not three on end."""
        lines = [self.wire.line()]
        while not lines[-1].startswith(f"{tag} ") and lines[-3:] != [""] * 3:
            lines.append(self.wire.line())
        return [*lines[:-1], lines[-1].removeprefix(f"{tag} ")]


@pytest.fixture
def app(clean: RunningSandbox) -> MailApp:
    return mail_app(clean, PROBE)


@pytest.fixture
def session(app: MailApp) -> Iterator[Session]:
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        assert wire.ask(f"0 AUTHENTICATE XOAUTH2 {app.sasl()}") == ["0 OK AUTHENTICATE completed."]
        yield Session(wire)


@pytest.fixture
def inbox(session: Session) -> Session:
    """The inbox with one mail, which is not recent any more, is selected."""
    assert session.ask("APPEND INBOX (\\Seen) {31+}\r\nSubject: FLAGS (foo)\r\n\r\nHello\r\n")[-1].startswith("OK ")
    for _ in range(2):
        assert session.ask("SELECT INBOX")[-1] == "OK [READ-WRITE] SELECT completed."
    return session


def test_a_folder_is_selected_in_exchanges_order_and_words(inbox: Session) -> None:
    lines = inbox.ask("SELECT INBOX")
    validity = lines[4].split()[3].rstrip("]")
    assert lines == [
        "* 1 EXISTS", "* 0 RECENT", f"* FLAGS {FLAGS}", f"* OK [PERMANENTFLAGS {FLAGS}] Permanent flags",
        f"* OK [UIDVALIDITY {validity}] UIDVALIDITY value", "* OK [UIDNEXT 2] The next unique identifier value",
        "OK [READ-WRITE] SELECT completed.",
    ]
    inbox.ask("STORE 1 -FLAGS (\\Seen)")
    assert "* OK [UNSEEN 1] Is the first unseen message" in inbox.ask("EXAMINE INBOX")


REFUSED: list[tuple[str | bytes, str]] = [
    ("SORT (DATE) UTF-8 ALL", COMMAND), ("UID SORT (DATE) UTF-8 ALL", COMMAND),
    ("THREAD REFERENCES UTF-8 ALL", COMMAND), ("ENABLE CONDSTORE", COMMAND), ("NOTIFY NONE", COMMAND),
    ('XLIST "" *', COMMAND), ("GETQUOTAROOT INBOX", COMMAND), ("COMPRESS DEFLATE", COMMAND),
    ("SETMETADATA INBOX (/private/comment x)", COMMAND), ("X-CANCEL", COMMAND), ("CONTEXT", COMMAND),
    ("CANCELUPDATE x", COMMAND), ("URLFETCH x", COMMAND), ("SEARCH", COUNT),
    ('LIST "" * RETURN (SPECIAL-USE)', COUNT), ('LIST (SPECIAL-USE) "" *', COUNT), ('LIST "" (INBOX Drafts)', ARGUMENT),
    ("SELECT INBOX (CONDSTORE)", COUNT), ("SELECT", COUNT), ("CREATE Folder (USE (\\Archive))", COUNT),
    ("STATUS INBOX (HIGHESTMODSEQ)", ARGUMENT), ("STATUS INBOX (MESSAGES X-GUID)", ARGUMENT),
    ("STATUS INBOX ()", ARGUMENT),
    ("FETCH 1 (X-GUID)", ARGUMENT), ("FETCH 1 MODSEQ", ARGUMENT), ("FETCH 1 (SNIPPET)", ARGUMENT),
    ("FETCH 1 (PREVIEW)", ARGUMENT), ("FETCH 1 (BINARY[1])", ARGUMENT), ("FETCH 1 (FLAGS EMAILID)", ARGUMENT),
    ("FETCH 1 ()", ARGUMENT), ("FETCH 1 (FLAGS) (CHANGEDSINCE 1)", COUNT), ("FETCH x FLAGS", ARGUMENT),
    ("STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)", ARGUMENT), ("STORE 1 +FLAGS (Important)", ARGUMENT),
    ("STORE 1 +FLAGS (\\Seen $Forwarded)", ARGUMENT), ("UID STORE 1 FLAGS Important", ARGUMENT),
    ("STORE 1 +FLAGS (\\Recent)", ARGUMENT), ("STORE 1 +X-LABELS (\\Seen)", ARGUMENT),
    ("SEARCH KEYWORD Important", ARGUMENT), ("SEARCH UNKEYWORD $MDNSent", ARGUMENT),
    ("SEARCH NOT (SEEN KEYWORD Important)", ARGUMENT), ("SEARCH RETURN (ALL) ALL", ARGUMENT),
    ("SEARCH YOUNGER 60", ARGUMENT), ("SEARCH MODSEQ 1", ARGUMENT), ("SEARCH X-GUID 1", ARGUMENT),
    ("SEARCH SAVEDSINCE 1-Jan-2024", ARGUMENT), ("SEARCH FUZZY TEXT x", ARGUMENT), ("SEARCH $", ARGUMENT),
    ("SEARCH OR SEEN", ARGUMENT), ("SEARCH SINCE yesterday", ARGUMENT), ("SEARCH ()", ARGUMENT),
    ("SEARCH CHARSET UTF-8 SUBJECT x", NO_CHARSET), ('UID SEARCH CHARSET "utf-8" ALL', NO_CHARSET),
    ("SEARCH CHARSET ISO-8859-1 ALL", NO_CHARSET), ("SEARCH CHARSET US-ASCII", ARGUMENT),
    ("SEARCH SUBJECT {2+}\r\n\xe9".encode(), ARGUMENT),
    ("RENAME INBOX Old", ARGUMENT), ("DELETE INBOX", "NO DELETE failed."),
    ("CREATE Drafts", "NO Mailbox already exists."), ("SELECT Nowhere", "NO Nowhere doesn't exist."),
    ('STATUS "No where" (MESSAGES)', "NO No where doesn't exist."), ("DELETE Nowhere", "NO Nowhere doesn't exist."),
    ("COPY 1 Nowhere", "NO [TRYCREATE] Nowhere doesn't exist."),
    ("UID MOVE 1 Nowhere", "NO [TRYCREATE] Nowhere doesn't exist."),
    ("APPEND Nowhere {5+}\r\nHello", "NO [TRYCREATE] Nowhere doesn't exist."),
    ("APPEND INBOX (Important) {5+}\r\nHello", ARGUMENT), ("APPEND INBOX ~{5+}\r\nHello", ARGUMENT),
    ("APPEND INBOX {5+}\r\nHello {5+}\r\nthere", ARGUMENT), ("APPEND INBOX (\\Seen) now {5+}\r\nHello", ARGUMENT),
    ('APPEND INBOX "Hello"', ARGUMENT), ("APPEND INBOX", COUNT),
    ("FETCH 2 FLAGS", NO_SET), ("COPY 2 Drafts", NO_SET), ("STORE 2 +FLAGS (\\Seen)", NO_SET),
    ("LOGIN a b", STATE), ("AUTHENTICATE XOAUTH2", STATE), ("STARTTLS", STATE),
    ("SELECT (INBOX", COMMAND), ("SELECT INBOX)", COMMAND), ('SELECT "INBOX', COMMAND), ("(SELECT) INBOX", COMMAND),
    (f"SEARCH {'(' * 40}ALL{')' * 40}", COMMAND),
]


def test_what_exchange_does_not_have_is_refused_and_changes_nothing(inbox: Session) -> None:
    before = inbox.ask('LIST "" *')
    for command, answer in REFUSED:
        assert inbox.ask(command) == [answer], command
        assert inbox.ask('LIST "" *') == before, command
        assert inbox.ask("STATUS INBOX (MESSAGES UIDNEXT)")[0] == "* STATUS INBOX (MESSAGES 1 UIDNEXT 2)", command
        inbox.ask("SELECT INBOX")
        assert inbox.ask("FETCH 1 (FLAGS)") == ["* 1 FETCH (FLAGS (\\Seen))", "OK FETCH completed."], command


def test_without_a_folder_there_are_no_messages(session: Session) -> None:
    for command in (
        "FETCH 1 FLAGS", "STORE 1 +FLAGS (\\Seen)", "SEARCH ALL", "COPY 1 Drafts", "MOVE 1 Drafts", "EXPUNGE", "CLOSE",
        "UNSELECT", "CHECK", "UID FETCH 1 FLAGS", "UID EXPUNGE 1",
    ):
        assert session.ask(command) == [STATE]
        session.ask("SELECT INBOX")
        assert session.ask("SELECT Nowhere")[-1] == "NO Nowhere doesn't exist."
        assert session.ask(command) == [STATE]


@pytest.mark.parametrize(("command", "untagged"), [
    ("NOOP", []), ("CHECK", []), ("SUBSCRIBE INBOX", []), ("CREATE New", []),
    ("NAMESPACE", ['* NAMESPACE (("" "/")) NIL NIL']),
    ('ID ("name" "test")', ['* ID ("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")']),
    ('LIST "" Drafts', [r'* LIST (\HasNoChildren \Drafts) "/" Drafts']),
    ("SEARCH OR SEEN (UNSEEN SUBJECT foo) SINCE 1-Jan-2020 NOT UID 9 1:*", ["* SEARCH 1"]),
    ("SEARCH CHARSET US-ASCII SUBJECT {3+}\r\nFoo", ["* SEARCH 1"]),
    ("UID SEARCH HEADER Subject flags NOT NOT ALL", ["* SEARCH 1"]),
    ("FETCH 1 (ENVELOPE)", ['* 1 FETCH (ENVELOPE (NIL "FLAGS (foo)" NIL NIL NIL NIL NIL NIL NIL NIL))']),
    ("UID FETCH 7 (FLAGS)", []),
    ("STORE 1 +FLAGS \\Flagged $MDNSent", [r"* 1 FETCH (FLAGS (\Flagged \Seen $MDNSent))"]),
    ("UID STORE 1 -FLAGS.SILENT (\\Seen)", []),
])
def test_what_exchange_has(inbox: Session, command: str, untagged: list[str]) -> None:
    name = command.removeprefix("UID ").split()[0]
    assert inbox.ask(command) == [*untagged, f"OK {name} completed."]


ASKED = [
    # Thunderbird
    'list "" "*"', 'lsub "" "%"', "UID fetch 1:* (FLAGS)", 'STATUS "INBOX" (UIDNEXT MESSAGES UNSEEN RECENT)',
    "UID fetch 1 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority "
    "X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])", "UID fetch 1 (UID RFC822.SIZE BODY[])",
    "uid store 1 +Flags (\\Seen)", 'uid copy 1 "Deleted Items"',
    # Jakarta Mail
    'LIST "" "INBOX"', "FETCH 1 (BODY[HEADER.FIELDS (\"Message-ID\" \"Date\")]<0.1024>)",
    "FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE UID)", "FETCH 1 (BODY[]<0.16384>)",
    'SEARCH OR (FROM "a") (TO "b") UNDELETED ALL', "FETCH 1 (BODY.PEEK[TEXT]<5.10>)", "SEARCH SENTSINCE 1-Jan-2020 ALL",
    # K-9, Outlook, Apple Mail, getmail, offlineimap, node-imap
    "UID SEARCH 1:* NOT DELETED", "UID FETCH 1:1 (UID FLAGS)", "UID SEARCH UID 1:* SEEN", "FETCH 1:* (UID FLAGS)",
    "FETCH 1 BODYSTRUCTURE", "UID FETCH 1 BODY.PEEK[1]", "UID FETCH 1 (BODY.PEEK[1.MIME] BODY.PEEK[HEADER])",
    "FETCH 1 RFC822", "FETCH 1 (RFC822.HEADER)", "FETCH 1:* FAST", "FETCH 1 FULL", "fetch 1 body[]", "NOOP", "CHECK",
    "UID SEARCH SINCE 01-Jan-2020", 'SEARCH SINCE "1-Jan-2020"', "SEARCH HEADER Message-ID <a@b.example>",
    "SEARCH LARGER 1 SMALLER 1000000", 'SEARCH TEXT ""', "SEARCH (ALL) (OR UNSEEN SEEN)", "SEARCH 1:5,7,*",
    "UID FETCH *:1 (FLAGS)", "STORE 1 -FLAGS ()", "STORE 1 FLAGS (\\seen \\ANSWERED $mdnsent)",
    'APPEND "Sent Items" (\\Seen) "17-Jul-1996 02:44:25 -0700" {2+}\r\nx\n', "APPEND Drafts () {1+}\r\nx",
    "APPEND {6+}\r\nDrafts {1+}\r\nx", 'CREATE "A folder/With another/"', "SELECT inbox", "EXAMINE {5+}\r\nINBOX",
    "UNSUBSCRIBE Drafts", 'ID ("name" "Thunderbird" "version" NIL)', "ID NIL",
]


def test_what_mail_programs_ask_is_taken(inbox: Session) -> None:
    for command in ASKED:
        assert inbox.ask(command)[-1].startswith("OK "), command
        inbox.ask("SELECT INBOX")


def test_a_mail_goes_all_its_ways(inbox: Session) -> None:
    appended = inbox.ask('APPEND "Drafts" ($MDNSent \\Draft) "01-Jan-2024 10:00:00 +0000" {5+}\r\nHello')[-1]
    assert appended.startswith("OK [APPENDUID ")
    assert appended.endswith(" 1] APPEND completed.")
    copied = inbox.ask("UID COPY 1 Drafts")[-1]
    assert copied.startswith("OK [COPYUID ")
    assert copied.endswith(" 1 2] COPY completed.")
    code, *expunged, moved = inbox.ask("UID MOVE 1 Drafts")
    assert code.startswith("* OK [COPYUID ")
    assert "* 1 EXPUNGE" in expunged
    assert moved == "OK MOVE completed."
    assert inbox.ask("SELECT Drafts")[0] == "* 3 EXISTS"
    assert inbox.ask("FETCH 1 (UID FLAGS INTERNALDATE)")[0] == (
        r'* 1 FETCH (UID 1 FLAGS (\Draft \Recent $MDNSent) INTERNALDATE "01-Jan-2024 10:00:00 +0000")'
    )
    inbox.ask("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    assert inbox.ask("UID EXPUNGE 2")[0] == "* 2 EXPUNGE"
    assert inbox.ask("CLOSE") == ["OK CLOSE completed."]
    assert inbox.ask("STATUS Drafts (MESSAGES)")[0] == "* STATUS Drafts (MESSAGES 0)"


def test_a_literal_that_waits_is_asked_for_only_if_it_will_do(inbox: Session) -> None:
    wire = inbox.wire
    assert wire.ask("b1 APPEND INBOX (Important) {5}") == [f"b1 {ARGUMENT}"]
    assert wire.ask("b2 APPEND Nowhere {5}") == ["b2 NO [TRYCREATE] Nowhere doesn't exist."]
    assert wire.ask("b3 APPEND {5}") == ["+ Ready for additional command text."]
    assert wire.ask("INBOX {5}") == ["+ Ready for additional command text."]
    wire.send("Hello\r\n")
    assert inbox.until("b3")[-1].endswith("APPEND completed.")
    assert wire.ask("b4 SEARCH SUBJECT {3}") == ["+ Ready for additional command text."]
    wire.send("foo\r\n")
    assert inbox.until("b4") == ["* SEARCH 1", "OK SEARCH completed."]


def test_pipelined_commands_are_answered_in_turn(inbox: Session) -> None:
    inbox.wire.send(
        "1 FETCH 1 (BODY.PEEK[TEXT])\r\n2 SORT (DATE) UTF-8 ALL\r\n3 APPEND INBOX (Bad) {5+}\r\nHello\r\n"
        "4 NOOP\r\n5 IDLE\r\nDONE\r\n6 LOGOUT\r\n"
    )
    lines = []
    while line := inbox.wire.line():
        lines.append(line)
    assert [line for line in lines if line[:1].isdigit()] == [
        "1 OK FETCH completed.", f"2 {COMMAND}", f"3 {ARGUMENT}", "4 OK NOOP completed.", "5 OK IDLE completed.",
        "6 OK LOGOUT completed.",
    ]
    assert lines[-2] == "* BYE Microsoft Exchange Server IMAP4 server signing off."


def test_news_arrive_while_idling(app: MailApp, inbox: Session) -> None:
    assert inbox.wire.ask("1 IDLE") == ["+ IDLE accepted, awaiting DONE command."]
    with imap(app.sandbox, app, PROBE) as other:
        text, _ = letter(CONTRACTS, PROBE)
        other.append("INBOX", "", "", text.encode())
    assert inbox.wire.line() == "* 2 EXISTS"
    assert inbox.wire.line().endswith(" RECENT")
    assert inbox.wire.ask("2 LOGOUT") == [f"2 {STATE}"]
    assert inbox.wire.ask("DONE") == ["1 OK IDLE completed."]


def test_what_others_flag_is_told(app: MailApp, inbox: Session) -> None:
    with imap(app.sandbox, app, PROBE) as other:
        other.select("INBOX")
        other.store("1", "+FLAGS", "($mdnsent)")
    assert inbox.ask("NOOP") == [r"* 1 FETCH (FLAGS (\Seen $mdnsent))", "OK NOOP completed."]


def test_a_large_mail_goes_in_and_out_unharmed(app: MailApp) -> None:
    lines = random.Random(1).randbytes(5 << 20).hex()
    body = "\r\n".join(lines[start:start + 76] for start in range(0, len(lines), 76))
    text = f"Subject: large\r\n\r\n{body}\r\n".encode()
    with imap(app.sandbox, app, PROBE) as client:
        assert client.append("INBOX", "", "", text)[0] == "OK"
        (found,) = messages_in(client)
        assert hashlib.sha256(found).digest() == hashlib.sha256(text).digest()
        assert client.fetch("1", "(RFC822.SIZE)")[1] == [f"1 (RFC822.SIZE {len(text)})".encode()]


def test_an_answer_whose_line_is_very_long(session: Session) -> None:
    recipients = ",\r\n ".join(f"recipient{number}@contoso.example" for number in range(5000))
    text = f"To: {recipients}\r\n\r\nHello\r\n"
    session.ask(f"APPEND INBOX {{{len(text)}+}}\r\n{text}")
    session.ask("SELECT INBOX")
    envelope, end = session.ask("FETCH 1 (ENVELOPE)")
    assert envelope.count('"contoso.example"') == 5000
    assert envelope.endswith('(NIL NIL "recipient4999" "contoso.example")) NIL NIL NIL NIL))')
    assert end == "OK FETCH completed."


def test_a_command_without_end_ends_the_connection(inbox: Session) -> None:
    inbox.wire.send(b"1 SEARCH SUBJECT {99999999}\r\n")
    assert inbox.wire.line() == "* BYE Connection closed. 14"
    assert inbox.wire.line() == ""


def test_a_reset_ends_open_sessions(app: MailApp, inbox: Session) -> None:
    app.sandbox.control("POST", "/reset")
    lines = []
    while line := inbox.wire.line():
        lines.append(line)
    assert lines in ([], ["* BYE Connection is closed. 13"])


def test_a_client_that_goes_in_the_middle_of_a_message_leaves_nothing(app: MailApp) -> None:
    with Wire(app.sandbox, "imap") as wire:
        wire.line()
        wire.ask(f"0 AUTHENTICATE XOAUTH2 {app.sasl()}")
        wire.send("1 APPEND INBOX {1000+}\r\nSubject: half\r\n")
        wire._socket.shutdown(socket.SHUT_WR)
        assert wire.line() == ""
    with imap(app.sandbox, app, PROBE) as client:
        assert messages_in(client) == []
