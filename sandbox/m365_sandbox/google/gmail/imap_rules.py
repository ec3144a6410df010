"""What Gmail's IMAP takes from a client that is signed in. Pure.

It is RFC 3501 with the extensions that its CAPABILITY names, and with any keyword as a flag. Of the extensions that are
Gmail's own (https://developers.google.com/workspace/gmail/imap/imap-extensions) the attributes that FETCH gives are
here; what changes labels and searches in Gmail's own language is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from m365_sandbox.google.gmail import wording
from m365_sandbox.mail.imap.syntax import Argument, Atom, Command

_SELECTED = ("CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH", "FETCH", "STORE", "COPY", "MOVE")
# Commands with the least number of their arguments.
_LEAST = {
    **dict.fromkeys(("CAPABILITY", "NOOP", "LOGOUT", "NAMESPACE", "IDLE", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE"), 0),
    **dict.fromkeys((
        "ID", "ENABLE", "SELECT", "EXAMINE", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE", "CREATE", "GETQUOTA",
        "GETQUOTAROOT", "SEARCH", "UID SEARCH", "UID EXPUNGE",
    ), 1),
    **dict.fromkeys((
        "RENAME", "LIST", "LSUB", "STATUS", "APPEND", "FETCH", "COPY", "MOVE", "UID FETCH", "UID COPY", "UID MOVE",
    ), 2),
    "STORE": 3, "UID STORE": 3,
}
COMMANDS = tuple(sorted(_LEAST))
"""The names of all commands, as the README lists them."""
_BEFORE = ("AUTHENTICATE", "LOGIN", "STARTTLS")
_OWN = (b"X-GM-RAW", b"X-GM-LABELS", b"+X-GM-LABELS", b"-X-GM-LABELS", b"X-GM-MSGID", b"X-GM-THRID")


def refusal(command: Command, *, selected: bool) -> str | None:
    """Gmail's answer (without the tag) to a command that it does not take as it is; None if it does."""
    name = command.name
    least = _LEAST.get(name)
    if least is None:
        return wording.IMAP_INVALID_STATE if name in _BEFORE else f"{wording.IMAP_UNKNOWN_COMMAND}: {name}"
    if name.removeprefix("UID ") in _SELECTED and not selected:
        return wording.IMAP_INVALID_STATE
    own = not name.endswith("FETCH") and any(atom.upper() in _OWN for atom in _atoms(command.arguments))
    # APPEND is judged before its message arrives; one without a message is none.
    if len(command.arguments) < least or own or name == "APPEND":
        return wording.IMAP_NOT_PARSED
    return None


def append_refusal(arguments: Sequence[Argument]) -> str | None:
    """As ``refusal``, for what stands before the message of an APPEND."""
    return None if isinstance(arguments[0], bytes) else wording.IMAP_NOT_PARSED


def _atoms(arguments: Sequence[Argument]) -> Iterator[Atom]:
    for argument in arguments:
        if isinstance(argument, tuple):
            yield from _atoms(argument)
        elif isinstance(argument, Atom):
            yield argument
