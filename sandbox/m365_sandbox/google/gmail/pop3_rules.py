"""What Gmail's POP3 takes from a client that is signed in, and how the store's answers read. Pure."""

from __future__ import annotations

from m365_sandbox.google.gmail import wording
from m365_sandbox.mail.pop3.commands import ARGUMENTS, Command

_WORDS = {
    b"RETR": wording.POP_MESSAGE, b"TOP": wording.POP_MESSAGE, b"DELE": wording.POP_DELETED, b"QUIT": wording.POP_BYE,
}


def refusal(command: Command) -> str | None:
    """Gmail's answer to a command that it does not take as it is; None if it does."""
    arguments = ARGUMENTS.get(command.name)
    if arguments is None or arguments.fullmatch(command.argument) is None:
        return wording.POP_BAD_COMMAND
    return None


def status(line: bytes, command: Command) -> str:
    """The first line of an answer in Gmail's words, without its end.

    :param line: as the store gave it.
    """
    if not line.startswith(b"+OK"):
        return wording.POP_NO_MESSAGE if command.argument else wording.POP_BAD_COMMAND
    if command.name in _WORDS:
        return _WORDS[command.name]
    # Numbers are the answer itself, and LIST begins with them.
    tells = command.name in (b"STAT", b"LIST") or (command.name == b"UIDL" and command.argument)
    return _counted(line) if tells else wording.POP_OK


def _counted(line: bytes) -> str:
    """The store says "+OK 2 messages:" where Gmail says "+OK 2 messages (123 bytes)"; the size is not known here."""
    return line.rstrip(b":\r\n").decode("ascii", "replace")
