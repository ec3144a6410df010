"""IMAP commands as RFC 3501 spells them. Pure.

A command arrives in parts: a line, and after each literal's announcement the literal and another line. Parts at even
places are lines (without line end and announcement), those at odd places are literals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_COMMAND = 1 << 16
_DEEPEST_LIST = 16

_ANNOUNCEMENT = re.compile(rb"\{(\d{1,10})(\+?)\}$")
_TAG = re.compile(rb"[\x21\x23\x24\x26\x27\x2c-\x5b\x5d-\x7a\x7c\x7e]+")
_TOKEN = re.compile(
    rb'(?P<space> +)|(?P<open>\()|(?P<close>\))|"(?P<text>(?:[^"\\\x00\r\n\x80-\xff]|\\["\\])*)"'
    # A section such as BODY[HEADER.FIELDS (DATE)]<0.10> is one atom.
    rb'|(?P<atom>(?:\[[^\]\x00-\x1f\x7f-\xff]*\]|[^\x00-\x20\x7f-\xff()"{])+)'
)


class Atom(bytes):
    """A word without quotes."""


class Text(bytes):
    """What stood in quotes, or a literal."""


Argument = Atom | Text | tuple["Argument", ...]


@dataclass(frozen=True)
class Announcement:
    """A literal of ``size`` bytes follows; ``waits`` if the client first wants to be told to go on."""

    size: int
    waits: bool


@dataclass(frozen=True)
class Command:
    """A command: ``name`` in upper case, with what follows UID as in ``UID FETCH``."""

    tag: str
    name: str
    arguments: tuple[Argument, ...]


class Malformed(Exception):
    """No command; ``tag`` is that of the line, or ``*`` if it has none."""

    def __init__(self, tag: str = "*") -> None:
        super().__init__(f"malformed command {tag}")
        self.tag = tag


def announced(line: bytes) -> tuple[bytes, Announcement | None]:
    """The line without the announcement of a literal at its end, and that announcement if there is one."""
    found = _ANNOUNCEMENT.search(line)
    if found is None:
        return line, None
    return line[:found.start()], Announcement(int(found[1]), not found[2])


def parse(parts: Sequence[bytes]) -> Command:
    """Read a command; Malformed if it is none."""
    tag, _, first = parts[0].partition(b" ")
    if _TAG.fullmatch(tag) is None:
        raise Malformed
    name, *arguments = _arguments([first, *parts[1:]], tag.decode("ascii")) or [()]
    if not isinstance(name, Atom):
        raise Malformed(tag.decode("ascii"))
    full_name = name.decode("ascii").upper()
    if full_name == "UID" and arguments and isinstance(what := arguments[0], Atom):
        full_name, arguments = f"UID {what.decode('ascii').upper()}", arguments[1:]
    return Command(tag.decode("ascii"), full_name, tuple(arguments))


def unparsed(parts: Sequence[bytes], *, last: bytes = b"") -> bytes:
    """The command as bytes to send, with literals that wait for nothing (LITERAL+).

    :param last: the announcement of a literal that is sent afterwards.
    """
    sent = [
        part if place % 2 == 0 else b"{%d+}\r\n%b" % (len(part), part) for place, part in enumerate(parts)
    ]
    return b"".join([*sent, last, b"\r\n"])


def _arguments(parts: Sequence[bytes], tag: str) -> list[Argument]:
    lists: list[list[Argument]] = [[]]
    for place, part in enumerate(parts):
        if place % 2:
            lists[-1].append(Text(part))
            continue
        position = 0
        while position < len(part):
            token = _TOKEN.match(part, position)
            if token is None:
                raise Malformed(tag)
            position = token.end()
            if token["open"]:
                lists.append([])
            elif token["close"]:
                if len(lists) == 1:
                    raise Malformed(tag)
                complete = tuple(lists.pop())
                lists[-1].append(complete)
            elif token["text"] is not None:
                lists[-1].append(Text(re.sub(rb"\\(.)", rb"\1", token["text"])))
            elif token["atom"]:
                lists[-1].append(Atom(token["atom"]))
            if len(lists) > _DEEPEST_LIST:
                raise Malformed(tag)
    if len(lists) > 1:
        raise Malformed(tag)
    return lists[0]
