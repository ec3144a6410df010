"""POP3 commands as RFC 1939 spells them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# RFC 1939's commands with their arguments, and CAPA.
ARGUMENTS = {
    **dict.fromkeys((b"STAT", b"NOOP", b"RSET", b"QUIT", b"CAPA"), re.compile(rb"")),
    **dict.fromkeys((b"LIST", b"UIDL"), re.compile(rb"|\d{1,10}")),
    **dict.fromkeys((b"RETR", b"DELE"), re.compile(rb"\d{1,10}")),
    b"TOP": re.compile(rb"\d{1,10} +\d{1,10}"),
}
"""The patterns of the arguments, by the command's name."""
COMMANDS = tuple(sorted(name.decode("ascii") for name in ARGUMENTS))
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
