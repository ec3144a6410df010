"""What Exchange Online's POP3 takes from a client that is signed in, and how the store's answers read. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from m365_sandbox.mail import wording

# RFC 1939's commands with their arguments, and CAPA.
_ARGUMENTS = {
    **dict.fromkeys((b"STAT", b"NOOP", b"RSET", b"QUIT", b"CAPA"), re.compile(rb"")),
    **dict.fromkeys((b"LIST", b"UIDL"), re.compile(rb"|\d{1,10}")),
    **dict.fromkeys((b"RETR", b"DELE"), re.compile(rb"\d{1,10}")),
    b"TOP": re.compile(rb"\d{1,10} +\d{1,10}"),
}
_SIGN_IN = (b"USER", b"PASS", b"AUTH")
COMMANDS = tuple(sorted(name.decode("ascii") for name in _ARGUMENTS))
"""The names of all commands, as the README lists them."""


@dataclass(frozen=True)
class Command:
    """A command with its name in upper case."""

    name: bytes
    argument: bytes

    @property
    def sent(self) -> bytes:
        """The command as bytes to send."""
        return b"%b %b" % (self.name, self.argument) if self.argument else self.name

    @property
    def gives_lines(self) -> bool:
        """Whether a good answer goes on until a line with a single dot."""
        return self.name in (b"RETR", b"TOP") or (self.name in (b"LIST", b"UIDL") and not self.argument)


def parse(line: bytes) -> Command:
    """Read a command line without its end."""
    name, _, argument = line.strip().partition(b" ")
    return Command(name.upper(), argument.strip())


def refusal(command: Command) -> str | None:
    """Exchange's answer to a command that it does not take as it is; None if it does."""
    if command.name in _SIGN_IN:
        return wording.POP_INVALID_STATE
    arguments = _ARGUMENTS.get(command.name)
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
