"""Exchange Online's IMAP until a client is signed in. Pure; see ``dialogue``."""

from __future__ import annotations

import re
from collections.abc import Generator

from m365_sandbox.mail import wording
from m365_sandbox.mail.dialogue import Ask, Dialogue, End, Judge
from m365_sandbox.mail.sign_in import SignedIn

LONGEST_COMMAND = 1 << 16

_LITERAL = re.compile(rb"\{(\d{1,10})(\+?)\}$")
_TAG = re.compile(rb"[\x21\x23\x24\x26\x27\x2c-\x5b\x5d-\x7a\x7c\x7e]+")


def imap_dialogue(judge: Judge) -> Dialogue:
    """The dialogue from the greeting on.

    A good token for a mailbox that cannot be opened is signed in all the same; the next command tells (facts).
    """
    send: tuple[str, ...] = (wording.IMAP_GREETING,)
    connected = True
    while True:
        command = yield from _command(send)
        if command is None:
            return End((wording.IMAP_TOO_LONG,))
        tag_bytes, name, arguments = command
        if _TAG.fullmatch(tag_bytes) is None or not name:
            send = (f"* {wording.IMAP_COMMAND_ERROR}",)
            continue
        tag = tag_bytes.decode("ascii")
        if name == b"LOGOUT":
            return End((wording.IMAP_BYE, f"{tag} OK LOGOUT completed."))
        if name == b"CAPABILITY":
            send = (wording.IMAP_CAPABILITY, f"{tag} OK CAPABILITY completed.")
        elif name == b"ID" and arguments:
            send = (wording.IMAP_ID, f"{tag} OK ID completed.")
        elif not connected:
            send = (f"{tag} {wording.IMAP_NOT_CONNECTED}",)
        elif name == b"NOOP":
            send = (f"{tag} OK NOOP completed.",)
        elif name == b"AUTHENTICATE":
            end_or_send = yield from _authenticate(tag, arguments, judge)
            if isinstance(end_or_send, End):
                return end_or_send
            connected, send = end_or_send
        elif name == b"LOGIN":
            complete = len(arguments) >= 2
            send = (f"{tag} {wording.IMAP_LOGIN_FAILED if complete else wording.IMAP_ARGUMENT_ERROR}",)
        else:
            send = (f"{tag} {wording.IMAP_INVALID_STATE if name.isalpha() else wording.IMAP_COMMAND_ERROR}",)


def _authenticate(
    tag: str, arguments: list[bytes], judge: Judge,
) -> Generator[Ask, bytes, End | tuple[bool, tuple[str, ...]]]:
    """The end of the dialogue, or whether the mailbox is connected (to be), and the answer."""
    if not 1 <= len(arguments) <= 2:
        return True, (f"{tag} {wording.IMAP_ARGUMENT_ERROR}",)
    failed = f"{tag} {wording.IMAP_AUTHENTICATE_FAILED}"
    if arguments[0].upper() != b"XOAUTH2":
        return True, (failed,)
    # No challenge tells why a token was refused: Exchange answers NO directly (facts).
    response = arguments[1] if len(arguments) == 2 else (yield Ask((wording.CONTINUATION,)))
    outcome = judge(b"" if response == b"=" else response)
    authenticated = f"{tag} {wording.IMAP_AUTHENTICATED}"
    if isinstance(outcome, SignedIn):
        return End((authenticated,), outcome)
    if outcome.reason == "not_connected":
        return False, (authenticated,)
    return True, (failed,)


def _command(send: tuple[str, ...]) -> Generator[Ask, bytes, tuple[bytes, bytes, list[bytes]] | None]:
    """Send, then read a command with its literals: tag, upper-case name, arguments. None if it is too long."""
    line = yield Ask(send)
    words = line.split()
    length = len(line)
    while literal := _LITERAL.search(line):
        length += int(literal[1])
        if length > LONGEST_COMMAND:
            return None
        content = yield Ask(() if literal[2] else (f"{wording.CONTINUATION}Ready for additional command text.",),
                            int(literal[1]))
        line = yield Ask()
        length += len(line)
        words[-1:] = [content, *line.split()]
    if len(words) < 2:
        return b"", b"", []
    return words[0], words[1].upper(), words[2:]
