"""The store's answers in Gmail's words. Pure; see ``m365_sandbox.mail.imap.answers`` for the pieces that they come in.

Gmail's own attributes are made of the store's GUID of a message: its number, that of a conversation of one message, and
no labels beside the folder.
"""

from __future__ import annotations

import re

from m365_sandbox.google.gmail import wording
from m365_sandbox.mail.imap.answers import Completion
from m365_sandbox.mail.imap.syntax import Command

_UNTAGGED = re.compile(rb"\* (?:(?P<number>\d+) )?(?P<word>[A-Z]+)(?P<rest>.*)", re.DOTALL)
_STATUS = re.compile(rb"(?P<status>OK|NO|BAD)(?: \[(?P<code>[^\]]*)\])?")
_OWN_ITEM = re.compile(rb"X-GM-(?:MSGID|THRID|LABELS)", re.IGNORECASE)
_GUID = re.compile(rb"X-GUID ([0-9A-Fa-f]{16})[0-9A-Fa-f]{16}")
_NAME = re.compile(rb'(?P<before>\([^()]*\) (?:"."|NIL) )(?P<name>[^"{\s][^\s]*)')
_FLAGS = re.compile(rb"\(([^()]*)\)")
_SHOWN_CODES = (b"READ-WRITE", b"READ-ONLY", b"APPENDUID", b"COPYUID", b"HIGHESTMODSEQ")
_SELECTING = ("SELECT", "EXAMINE")
# What Gmail says of a command that went well; "Success" of all others.
_COMPLETED = {"SEARCH": "SEARCH completed (Success)", "IDLE": "IDLE terminated (Success)"}


def sent(command: Command, parts: list[bytes]) -> list[bytes]:
    """The command as the store takes it: it is asked for its GUID where Gmail's own attributes are wanted."""
    if not command.name.endswith("FETCH") or not any(_OWN_ITEM.search(part) for part in parts[::2]):
        return parts
    return [_with_guid(part) if place % 2 == 0 else part for place, part in enumerate(parts)]


def _with_guid(line: bytes) -> bytes:
    asked = iter([b"X-GUID"])
    replaced = _OWN_ITEM.sub(lambda _found: next(asked, b""), line)
    return re.sub(rb" +(?=[ )])|(?<=\() +", b"", replaced)


def continuation(command: Command) -> str:
    """What invites the client to go on."""
    return wording.IMAP_IDLING if command.name == "IDLE" else wording.IMAP_GO_ON


def untagged(line: bytes, command: Command | None) -> bytes:
    """An untagged answer as Gmail gives it; empty if it gives none."""
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
        # Gmail writes every name in quotes.
        return b"* %b%b" % (word, _NAME.sub(rb'\g<before>"\g<name>"', rest, count=1))
    if word == b"FLAGS":
        return b"* FLAGS (%b)\r\n" % _flags(rest)
    return b"" if word in (b"NO", b"BAD", b"CAPABILITY") else line


def piece(line: bytes) -> bytes:
    """A piece of FETCH data."""
    def shown(found: re.Match[bytes]) -> bytes:
        number = int(found[1], 16) >> 1
        return b"X-GM-THRID %d X-GM-MSGID %d X-GM-LABELS ()" % (number, number)

    return _GUID.sub(shown, line)


def completion(line: bytes, command: Command) -> Completion:
    """The end of a command.

    :param line: what the store said, without the tag.
    """
    found = _STATUS.match(line)
    status, code = (found["status"], found["code"] or b"") if found else (b"BAD", b"")
    name = command.name.removeprefix("UID ")
    folder = next((one.decode("ascii", "replace") for one in command.arguments if isinstance(one, bytes)), "")
    if status == b"OK":
        shown = f"[{code.decode('ascii', 'replace')}] " if code.split(b" ")[0] in _SHOWN_CODES else ""
        done = f"{folder} selected. (Success)" if name in _SELECTING else _COMPLETED.get(
            name, "(Success)" if shown else "Success"
        )
        return Completion("OK", f"OK {shown}{done}")
    if status == b"BAD":
        return Completion("BAD", wording.IMAP_NOT_PARSED)
    return Completion("NO", f"NO {_reason(line, name, command, folder)} (Failure)")


def _information(rest: bytes) -> bytes:
    code, _, _ = rest.removeprefix(b" [").partition(b"]")
    name, _, value = code.partition(b" ")
    words = wording.IMAP_CODES.get(name.decode("ascii", "replace"))
    if words is None:
        return b""
    if name == b"PERMANENTFLAGS":
        value = b"(%b \\*)" % _flags(value) if b"\\*" in value else value
    return b"* OK [%b %b]%b\r\n" % (name, value, words.encode("ascii"))


def _flags(rest: bytes) -> bytes:
    """Gmail's flags in its order, and the keywords of the folder behind them."""
    found = _FLAGS.search(rest)
    own = [flag.encode("ascii") for flag in wording.IMAP_FLAGS]
    known = {flag.lower() for flag in own} | {b"\\*", b"\\recent"}
    return b" ".join([*own, *(flag for flag in (found[1].split() if found else ()) if flag.lower() not in known)])


def _reason(line: bytes, name: str, command: Command, folder: str) -> str:
    if b"[ALREADYEXISTS]" in line:
        return f"[ALREADYEXISTS] Duplicate folder name {folder}"            # from memory
    if b"Mailbox doesn't exist" in line:
        if name in ("APPEND", "COPY", "MOVE"):
            texts = [one for one in command.arguments if isinstance(one, bytes)]
            return f"[TRYCREATE] No folder {texts[-1 if name != 'APPEND' else 0].decode('ascii', 'replace')}"
        return f"[NONEXISTENT] Unknown Mailbox: {folder}"
    return "[CANNOT] Invalid arguments"                                     # unconfirmed
