"""Exchange Online's IMAP until a client is signed in. Pure; see ``m365_sandbox.mail.dialogue``."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from m365_sandbox.mail import wording
from m365_sandbox.mail.dialogue import Ask, Dialogue, End, Judge
from m365_sandbox.mail.imap.rules import COMMANDS
from m365_sandbox.mail.imap.syntax import LONGEST_COMMAND, Argument, Atom, Malformed, announced, parse
from m365_sandbox.mail.sign_in import SignedIn


def imap_dialogue(judge: Judge) -> Dialogue:
    """The dialogue from the greeting on.

    A good token for a mailbox that cannot be opened is signed in all the same; the next command tells (facts).
    """
    send: tuple[str, ...] = (wording.IMAP_GREETING,)
    connected = True
    while True:
        parts = yield from _parts(send)
        if parts is None:
            return End((wording.IMAP_TOO_LONG,))
        try:
            command = parse(parts)
        except Malformed as error:
            send = (f"{error.tag} {wording.IMAP_COMMAND_ERROR}",)
            continue
        tag, name, arguments = command.tag, command.name, command.arguments
        if name == "LOGOUT":
            return End((wording.IMAP_BYE, f"{tag} OK LOGOUT completed."))
        if name == "CAPABILITY":
            send = (wording.IMAP_CAPABILITY, f"{tag} OK CAPABILITY completed.")
        elif name == "ID" and arguments:
            send = (wording.IMAP_ID, f"{tag} OK ID completed.")
        elif not connected:
            send = (f"{tag} {wording.IMAP_NOT_CONNECTED}",)
        elif name == "NOOP":
            send = (f"{tag} OK NOOP completed.",)
        elif name == "AUTHENTICATE":
            end_or_send = yield from _authenticate(tag, arguments, judge)
            if isinstance(end_or_send, End):
                return end_or_send
            connected, send = end_or_send
        elif name == "LOGIN":
            complete = len(arguments) >= 2
            send = (f"{tag} {wording.IMAP_LOGIN_FAILED if complete else wording.IMAP_ARGUMENT_COUNT}",)
        else:
            send = (f"{tag} {wording.IMAP_INVALID_STATE if name in COMMANDS else wording.IMAP_COMMAND_ERROR}",)


def _authenticate(
    tag: str, arguments: Sequence[Argument], judge: Judge,
) -> Generator[Ask, bytes, End | tuple[bool, tuple[str, ...]]]:
    """The end of the dialogue, or whether the mailbox is connected (to be), and the answer."""
    if not 1 <= len(arguments) <= 2:
        return True, (f"{tag} {wording.IMAP_ARGUMENT_COUNT}",)
    mechanism, *initial = [argument if isinstance(argument, Atom) else b"" for argument in arguments]
    failed = f"{tag} {wording.IMAP_AUTHENTICATE_FAILED}"
    if mechanism.upper() != b"XOAUTH2":
        return True, (failed,)
    # No challenge tells why a token was refused: Exchange answers NO directly (facts).
    response = initial[0] if initial else (yield Ask((wording.CONTINUATION,)))
    outcome = judge(b"" if response == b"=" else response)
    authenticated = f"{tag} {wording.IMAP_AUTHENTICATED}"
    if isinstance(outcome, SignedIn):
        return End((authenticated,), outcome)
    if outcome.reason == "not_connected":
        return False, (authenticated,)
    return True, (failed,)


def _parts(send: tuple[str, ...]) -> Generator[Ask, bytes, list[bytes] | None]:
    """Send, then read the parts of a command; None if it is too long."""
    parts: list[bytes] = []
    length = 0
    while True:
        line, announcement = announced((yield Ask(send)))
        parts.append(line)
        length += len(line)
        if announcement is None:
            return parts
        length += announcement.size
        if length > LONGEST_COMMAND:
            return None
        parts.append((yield Ask((wording.IMAP_GO_ON,) if announcement.waits else (), announcement.size)))
        send = ()
