"""What Exchange Online's POP3 takes from a client that is signed in, and how the store's answers read. Pure."""

from __future__ import annotations

from m365_sandbox.mail import wording
from m365_sandbox.mail.pop3.commands import ARGUMENTS, Command

_SIGN_IN = (b"USER", b"PASS", b"AUTH")


def refusal(command: Command) -> str | None:
    """Exchange's answer to a command that it does not take as it is; None if it does."""
    if command.name in _SIGN_IN:
        return wording.POP_INVALID_STATE
    arguments = ARGUMENTS.get(command.name)
    if arguments is None or arguments.fullmatch(command.argument) is None:
        return wording.POP_PROTOCOL_ERROR
    return None


def status(line: bytes, command: Command) -> str:
    """The first line of an answer in Exchange's words, without its end.

    :param line: as the store gave it.
    """
    if not line.startswith(b"+OK"):
        return wording.POP_NO_MESSAGE if command.argument else wording.POP_PROTOCOL_ERROR
    if command.name == b"QUIT":
        return wording.POP_BYE
    # Numbers are the answer itself; everything else behind +OK is the store's own chatter.
    tells = command.name == b"STAT" or (command.name in (b"LIST", b"UIDL") and command.argument)
    return line.rstrip(b"\r\n").decode("ascii", "replace") if tells else wording.POP_OK
