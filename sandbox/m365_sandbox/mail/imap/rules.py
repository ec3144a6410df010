"""What Exchange Online's IMAP takes from a client that is signed in, and its words for the rest. Pure.

It is RFC 3501 with the extensions that its CAPABILITY names; the words are those of the facts about its errors: 11 for
an argument that it does not know, 12 for too many or too few.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from m365_sandbox.mail import wording
from m365_sandbox.mail.folders import FOLDERS
from m365_sandbox.mail.imap.syntax import Argument, Atom, Command, Text

_MANY = 1 << 16

_NUMBER = re.compile(rb"\d{1,10}")
_SEQUENCE = re.compile(rb"(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*")
_DATE = re.compile(rb"\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{4}", re.IGNORECASE)
_STORE_ITEM = re.compile(rb"[+-]?FLAGS(?:\.SILENT)?", re.IGNORECASE)
_FETCH_MACRO = re.compile(rb"ALL|FAST|FULL", re.IGNORECASE)
_FETCH_ITEM = re.compile(
    rb"BODY(?:STRUCTURE)?|ENVELOPE|FLAGS|INTERNALDATE|RFC822(?:\.(?:HEADER|SIZE|TEXT))?|UID"
    rb"|BODY(?:\.PEEK)?\[(?:(?:\d+\.)*(?:\d+|MIME|HEADER|TEXT|HEADER\.FIELDS(?:\.NOT)? \([^()]+\)))?\](?:<\d+\.\d+>)?",
    re.IGNORECASE,
)
_STATUS_ITEMS = {b"MESSAGES", b"RECENT", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN"}
_OWN_FOLDERS = {name.encode("ascii") for name in FOLDERS}
_FLAGS = {flag.lower().encode("ascii") for flag in wording.IMAP_FLAGS}

Check = Callable[[Sequence[Argument]], str | None]


@dataclass(frozen=True)
class _Rule:
    """How many arguments a command has, whether it needs a selected folder, and what is wrong with its arguments."""

    least: int = 0
    most: int = 0
    selected: bool = False
    check: Check = lambda arguments: None


def refusal(command: Command, *, selected: bool) -> str | None:
    """Exchange's answer (without the tag) to a command that it does not take as it is; None if it does.

    :param selected: whether a folder is selected.
    """
    rule = _RULES.get(command.name)
    if rule is None:
        known = command.name in ("AUTHENTICATE", "LOGIN", "STARTTLS")
        return wording.IMAP_INVALID_STATE if known else wording.IMAP_COMMAND_ERROR
    if rule.selected and not selected:
        return wording.IMAP_INVALID_STATE
    if not rule.least <= len(command.arguments) <= rule.most:
        return wording.IMAP_ARGUMENT_COUNT
    return rule.check(command.arguments)


def append_refusal(arguments: Sequence[Argument]) -> str | None:
    """As ``refusal``, for what stands before the message of an APPEND: the folder, flags and a date."""
    folder, *options = arguments
    flags = options.pop(0) if options and isinstance(options[0], tuple) else ()
    return _unless(
        _are_texts([folder]) and _are_flags(flags) and len(options) <= 1
        and all(isinstance(date, Text) for date in options)
    )


def _unless(good: bool) -> str | None:
    return None if good else wording.IMAP_ARGUMENT_ERROR


def _are_texts(arguments: Iterable[Argument]) -> bool:
    return all(isinstance(argument, bytes) and argument.isascii() for argument in arguments)


def _are_flags(flags: Argument | Sequence[Argument]) -> bool:
    return all(isinstance(flag, Atom) and flag.lower() in _FLAGS for flag in flags)


def _matches(pattern: re.Pattern[bytes], argument: Argument) -> bool:
    return isinstance(argument, Atom) and pattern.fullmatch(argument) is not None


def _texts(arguments: Sequence[Argument]) -> str | None:
    return _unless(_are_texts(arguments))


def _create(arguments: Sequence[Argument]) -> str | None:
    # The store makes a mailbox's own folders when somebody first opens them.
    if arguments[0] in _OWN_FOLDERS:
        return f"NO {wording.IMAP_FOLDER_EXISTS}"
    return _texts(arguments)


def _rename(arguments: Sequence[Argument]) -> str | None:
    folder = arguments[0]
    return _unless(_are_texts(arguments) and isinstance(folder, bytes) and folder.upper() != b"INBOX")


def _status(arguments: Sequence[Argument]) -> str | None:
    folder, items = arguments
    return _unless(_are_texts([folder]) and isinstance(items, tuple) and bool(items) and all(
        isinstance(item, Atom) and item.upper() in _STATUS_ITEMS for item in items
    ))


def _copy(arguments: Sequence[Argument]) -> str | None:
    return _unless(_matches(_SEQUENCE, arguments[0]) and _are_texts(arguments[1:]))


def _sequence(arguments: Sequence[Argument]) -> str | None:
    return _unless(_matches(_SEQUENCE, arguments[0]))


def _fetch(arguments: Sequence[Argument]) -> str | None:
    numbers, items = arguments
    good = items and all(_matches(_FETCH_ITEM, item) for item in items) if isinstance(items, tuple) else (
        _matches(_FETCH_ITEM, items) or _matches(_FETCH_MACRO, items)
    )
    return _unless(_matches(_SEQUENCE, numbers) and bool(good))


def _store(arguments: Sequence[Argument]) -> str | None:
    numbers, item, *flags = arguments
    listed = flags[0] if len(flags) == 1 and isinstance(flags[0], tuple) else flags
    return _unless(_matches(_SEQUENCE, numbers) and _matches(_STORE_ITEM, item) and _are_flags(listed))


def _search(arguments: Sequence[Argument]) -> str | None:
    first = arguments[0]
    if isinstance(first, Atom) and first.upper() == b"CHARSET":
        if len(arguments) < 3 or not isinstance(arguments[1], bytes):
            return wording.IMAP_ARGUMENT_ERROR
        if arguments[1].upper() != b"US-ASCII":
            return wording.IMAP_BAD_CHARSET
        arguments = arguments[2:]
    return _unless(_are_keys(arguments))


def _is_text(argument: Argument) -> bool:
    return _are_texts([argument])


def _is_date(argument: Argument) -> bool:
    return isinstance(argument, bytes) and _DATE.fullmatch(argument) is not None


def _is_number(argument: Argument) -> bool:
    return _matches(_NUMBER, argument)


def _is_sequence(argument: Argument) -> bool:
    return _matches(_SEQUENCE, argument)


# RFC 3501's search keys with their arguments, less KEYWORD and UNKEYWORD, which Exchange refuses.
_SEARCH_KEYS: dict[bytes, tuple[Callable[[Argument], bool], ...]] = {
    **dict.fromkeys((
        b"ALL", b"ANSWERED", b"DELETED", b"DRAFT", b"FLAGGED", b"NEW", b"OLD", b"RECENT", b"SEEN", b"UNANSWERED",
        b"UNDELETED", b"UNDRAFT", b"UNFLAGGED", b"UNSEEN",
    ), ()),
    **dict.fromkeys((b"BCC", b"BODY", b"CC", b"FROM", b"SUBJECT", b"TEXT", b"TO"), (_is_text,)),
    **dict.fromkeys((b"BEFORE", b"ON", b"SENTBEFORE", b"SENTON", b"SENTSINCE", b"SINCE"), (_is_date,)),
    **dict.fromkeys((b"LARGER", b"SMALLER"), (_is_number,)),
    b"HEADER": (_is_text, _is_text), b"UID": (_is_sequence,),
}


def _are_keys(arguments: Sequence[Argument]) -> bool:
    """Whether these are complete search keys. Not recursive but for lists, so that no chain of NOTs is too long."""
    place, owed = 0, 0
    while place < len(arguments):
        key = arguments[place]
        place += 1
        owed = max(owed, 1)
        if isinstance(key, tuple):
            if not key or not _are_keys(key):
                return False
        elif not isinstance(key, Atom):
            return False
        elif key.upper() == b"OR":
            owed += 2
        elif key.upper() == b"NOT":
            owed += 1
        elif not _is_sequence(key):
            checks = _SEARCH_KEYS.get(key.upper())
            given = arguments[place:place + len(checks or ())]
            if checks is None or len(given) < len(checks):
                return False
            if not all(check(argument) for check, argument in zip(checks, given, strict=True)):
                return False
            place += len(checks)
        owed -= 1
    return owed == 0


_FOLDER = _Rule(1, 1, check=_texts)
_SELECTED = {
    "CHECK": _Rule(selected=True), "CLOSE": _Rule(selected=True), "UNSELECT": _Rule(selected=True),
    "EXPUNGE": _Rule(selected=True),
    "SEARCH": _Rule(1, _MANY, selected=True, check=_search),
    "FETCH": _Rule(2, 2, selected=True, check=_fetch),
    "STORE": _Rule(3, _MANY, selected=True, check=_store),
    "COPY": _Rule(2, 2, selected=True, check=_copy),
    "MOVE": _Rule(2, 2, selected=True, check=_copy),
}
_RULES = {
    "CAPABILITY": _Rule(), "NOOP": _Rule(), "LOGOUT": _Rule(), "NAMESPACE": _Rule(), "IDLE": _Rule(),
    "ID": _Rule(1, 1),
    "SELECT": _FOLDER, "EXAMINE": _FOLDER, "DELETE": _FOLDER, "SUBSCRIBE": _FOLDER, "UNSUBSCRIBE": _FOLDER,
    "CREATE": _Rule(1, 1, check=_create),
    "RENAME": _Rule(2, 2, check=_rename),
    "LIST": _Rule(2, 2, check=_texts), "LSUB": _Rule(2, 2, check=_texts),
    "STATUS": _Rule(2, 2, check=_status),
    # Whole only without a message: one that has a message is judged before it arrives, by ``append_refusal``.
    "APPEND": _Rule(2, 4, check=lambda arguments: wording.IMAP_ARGUMENT_ERROR),
    **_SELECTED,
    **{f"UID {name}": _SELECTED[name] for name in ("SEARCH", "FETCH", "STORE", "COPY", "MOVE")},
    "UID EXPUNGE": _Rule(1, 1, selected=True, check=_sequence),
}
COMMANDS = tuple(sorted(_RULES))
"""The names of all commands, as the README lists them."""
