"""The store's answers in Exchange Online's words. Pure.

An answer is a line with its CRLF, or as much of it as goes before a literal; what follows a literal comes as another
piece. Whole commands are answered one after the other, so the command that runs decides the words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from m365_sandbox.mail import wording
from m365_sandbox.mail.imap.syntax import Command

_UNTAGGED = re.compile(rb"\* (?:(?P<number>\d+) )?(?P<word>[A-Z]+)(?P<rest>.*)", re.DOTALL)
_STATUS = re.compile(rb"(?P<status>OK|NO|BAD)(?: \[(?P<code>[^\]]*)\])?")
# A quoted string may say FLAGS as well, so strings are matched first.
_FLAGS = re.compile(rb'"(?:[^"\\]|\\.)*"|(?P<before>[( ]FLAGS )\((?P<flags>[^()]*)\)')
_ATTRIBUTES = re.compile(rb"(?<=\()[^()]*(?=\))")

_SHOWN_FLAGS = {flag.lower().encode("ascii") for flag in (*wording.IMAP_FLAGS, "\\Recent")}
_SHOWN_CODES = (b"READ-WRITE", b"READ-ONLY", b"APPENDUID", b"COPYUID")
_SHOWN_ATTRIBUTES = re.compile(
    rb"\\(?:Noinferiors|Noselect|Marked|Unmarked|HasChildren|HasNoChildren|Sent|Drafts|Trash|Junk|Archive)",
    re.IGNORECASE,
)
_SELECTING = ("SELECT", "EXAMINE")
_TO_A_FOLDER = ("APPEND", "COPY", "MOVE")


@dataclass(frozen=True)
class Completion:
    """The line that ends a command, without its tag, and what became of the command."""

    status: Literal["OK", "NO", "BAD"]
    text: str


def sent(command: Command, parts: list[bytes]) -> list[bytes]:
    """The command's parts as the store gets them."""
    return parts


def continuation(command: Command) -> str:
    """What invites the client to go on."""
    return wording.IMAP_IDLING if command.name == "IDLE" else wording.IMAP_GO_ON


def untagged(line: bytes, command: Command | None) -> bytes:
    """An untagged answer as Exchange gives it; empty if it gives none.

    :param command: the command that runs, if one does.
    """
    found = _UNTAGGED.match(line)
    if found is None:
        return b""
    word, rest = found["word"], found["rest"]
    if word == b"OK":
        return _information(rest)
    if word == b"BYE":
        return f"{wording.IMAP_TIMEOUT}\r\n".encode("ascii")
    if word == b"FETCH":
        return piece(line)
    if word in (b"LIST", b"LSUB"):
        return b"* %b%b" % (word, _ATTRIBUTES.sub(_shown_attributes, rest, count=1))
    if word == b"RECENT" and command is not None and command.name in _SELECTING:
        # Exchange tells the flags behind the numbers, and they are the same for every folder.
        return line + "".join(f"{flags}\r\n" for flags in wording.IMAP_SELECTED_FLAGS).encode("ascii")
    return b"" if word in (b"FLAGS", b"NO", b"BAD", b"CAPABILITY") else line


def piece(line: bytes) -> bytes:
    """A piece of FETCH data, with the flags that Exchange knows only."""
    def shown(found: re.Match[bytes]) -> bytes:
        if found["flags"] is None:
            return found[0]
        flags = b" ".join(flag for flag in found["flags"].split() if flag.lower() in _SHOWN_FLAGS)
        return b"%b(%b)" % (found["before"], flags)

    return _FLAGS.sub(shown, line)


def completion(line: bytes, command: Command) -> Completion:
    """The end of a command.

    :param line: what the store said, without the tag.
    """
    found = _STATUS.match(line)
    status, code = (found["status"], found["code"] or b"") if found else (b"BAD", b"")
    name = command.name.removeprefix("UID ")
    if status == b"OK":
        shown = f"[{code.decode('ascii', 'replace')}] " if code.split(b" ")[0] in _SHOWN_CODES else ""
        return Completion("OK", f"OK {shown}{wording.imap_completed(name)}")
    if status == b"NO":
        return Completion("NO", f"NO {_reason(line, name, command)}")
    if b"messageset" in line:
        return Completion("NO", wording.IMAP_INVALID_SET)
    return Completion("BAD", wording.IMAP_ARGUMENT_ERROR)


def _information(rest: bytes) -> bytes:
    code, _, _ = rest.removeprefix(b" [").partition(b"]")
    words = wording.IMAP_CODES.get(code.split(b" ")[0].decode("ascii", "replace"))
    return b"* OK [%b] %b\r\n" % (code, words.encode("ascii")) if words else b""


def _shown_attributes(found: re.Match[bytes]) -> bytes:
    return b" ".join(name for name in found[0].split() if _SHOWN_ATTRIBUTES.fullmatch(name))


def _reason(line: bytes, name: str, command: Command) -> str:
    if b"[ALREADYEXISTS]" in line:
        return wording.IMAP_FOLDER_EXISTS
    if b"Mailbox doesn't exist" in line:
        folders = [argument for argument in command.arguments if isinstance(argument, bytes)]
        missing = wording.imap_no_folder(folders[-1 if name in ("COPY", "MOVE") else 0].decode("ascii", "replace"))
        return f"[TRYCREATE] {missing}" if name in _TO_A_FOLDER else missing
    return wording.imap_failed(name)
