"""One account of the mailbox store, as blocking operations over IMAP: for worker threads, never for the event loop."""

from __future__ import annotations

import base64
import imaplib
import re
import socket
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from m365_sandbox.mail.dovecot import MASTER_USER

INBOX = "INBOX"
_TIMEOUT_SECONDS = 30.0

_STATUS = re.compile(rb"\((?P<items>[^()]*)\)\s*$")
_SIZE = re.compile(rb"\(SIZE (\d+)\)\s*$")
_LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:"/"|NIL) (?P<name>.*)', re.DOTALL)
_ATTRIBUTE = {
    "uid": re.compile(rb"\bUID (\d+)"), "guid": re.compile(rb"\bX-GUID ([0-9A-Fa-f]{32})"),
    "flags": re.compile(rb"\bFLAGS \(([^)]*)\)"), "received": re.compile(rb'INTERNALDATE "([^"]+)"'),
}


class StoreError(Exception):
    """The mailbox store refused an operation that should have worked."""


class NoSuchItem(LookupError):
    """The folder or message is not there (any more)."""


@dataclass(frozen=True)
class Folder:
    """A folder; ``name`` is the whole path with slashes, ``guid`` stays the same when it is renamed."""

    name: str
    guid: bytes
    uid_validity: int
    total: int
    unread: int


@dataclass(frozen=True)
class Item:
    """A message in a folder; ``guid`` survives moves, ``content`` is the header or the whole message (RFC 5322)."""

    folder: Folder
    uid: int
    guid: bytes
    flags: frozenset[str]
    received: datetime
    content: bytes


class _UnixImap(imaplib.IMAP4):
    def __init__(self, path: Path) -> None:
        self._path = str(path)
        super().__init__(timeout=_TIMEOUT_SECONDS)
        # Search texts go out as UTF-8 in quoted strings, which Dovecot takes.
        self._encoding = "utf-8"

    def _create_socket(self, timeout: float | None) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        connection.connect(self._path)
        return connection


class Mailbox:
    """An open account.

    :param path: the IMAP socket of Dovecot.
    :param store: the account's name.
    :param password: the master user's.
    :raises StoreError: by every operation that Dovecot refuses.
    """

    def __init__(self, path: Path, store: str, password: str) -> None:
        self._imap = _UnixImap(path)
        self._imap.authenticate("PLAIN", lambda _: f"{store}\0{MASTER_USER}\0{password}".encode())
        self._selected: str | None = None

    def close(self) -> None:
        """Sign out."""
        self._imap.logout()

    # -- folders ------------------------------------------------------------------------------------------------

    def folders(self) -> list[Folder]:
        """Every folder, INBOX included."""
        self._imap.untagged_responses.clear()
        self._checked(self._imap.xatom("LIST", '""', '"*"'))
        listed = self._imap.response("LIST")[1] or []
        return [self.folder(name) for name in _folder_names(listed)]

    def folder(self, name: str) -> Folder:
        """The folder of that name; NoSuchItem if there is none."""
        answer, data = self._imap.status(_folder(name), "(X-GUID UIDVALIDITY MESSAGES UNSEEN)")
        matched = _STATUS.search(data[-1] or b"") if answer == "OK" and data else None
        if matched is None:
            raise NoSuchItem(name)
        words = matched["items"].decode("ascii").split()
        values = dict(zip(words[::2], words[1::2], strict=True))
        return Folder(
            name, bytes.fromhex(values["X-GUID"]), int(values["UIDVALIDITY"]), int(values["MESSAGES"]),
            int(values["UNSEEN"]),
        )

    def size(self) -> int:
        """The bytes of all messages."""
        answers = [self._checked(self._imap.status(_folder(one.name), "(SIZE)")) for one in self.folders()]
        return sum(int(size[1]) for [answer] in answers if (size := _SIZE.search(answer)))

    def create(self, name: str) -> Folder:
        """Make a folder and show it to IMAP clients; StoreError if the name is taken."""
        self._checked(self._imap.create(_folder(name)))
        self._checked(self._imap.subscribe(_folder(name)))
        return self.folder(name)

    # -- messages -----------------------------------------------------------------------------------------------

    def search(self, folder: Folder, *criteria: str) -> list[int]:
        """UIDs, ascending, of what matches IMAP search criteria; all without any. Texts have to be ``quoted``."""
        self._select(folder)
        answer = self._imap.uid("SEARCH", "CHARSET", "UTF-8", *(criteria or ("ALL",)))
        return [int(uid) for uid in (self._checked(answer)[0] or b"").split()]

    def fetch(self, folder: Folder, uids: Sequence[int], *, whole: bool) -> list[Item]:
        """Those messages that are still there, in the order of ``uids``; only their headers unless ``whole``."""
        if not uids:
            return []
        self._select(folder)
        part = "BODY.PEEK[]" if whole else "BODY.PEEK[HEADER]"
        numbers = ",".join(str(uid) for uid in uids)
        data = self._checked(self._imap.uid("FETCH", numbers, f"(UID X-GUID FLAGS INTERNALDATE {part})"))
        found = {item.uid: item for item in _items(folder, data)}
        return [found[uid] for uid in uids if uid in found]

    def find(self, guid: bytes) -> tuple[Folder, int]:
        """Folder and UID of the message with that GUID; NoSuchItem if there is none."""
        for folder in self.folders():
            if uids := self.search(folder, "X-GUID", guid.hex()):
                return folder, uids[0]
        raise NoSuchItem(guid.hex())

    def append(self, folder: Folder, message: bytes, flags: Collection[str] = ()) -> int:
        """Put a message (RFC 5322, CRLF) into a folder; gives back its UID."""
        received = imaplib.Time2Internaldate(datetime.now(UTC))
        self._imap.untagged_responses.clear()
        self._checked(self._imap.append(_folder(folder.name), f"({' '.join(flags)})", received, message))
        return _new_uid(self._imap.response("APPENDUID")[1])

    def set_flags(self, folder: Folder, uid: int, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        """Add and remove flags such as ``\\Seen``."""
        self._select(folder)
        for sign, flags in (("+", add), ("-", remove)):
            if flags:
                self._checked(self._imap.uid("STORE", str(uid), f"{sign}FLAGS.SILENT", f"({' '.join(flags)})"))

    def move(self, folder: Folder, uid: int, destination: Folder) -> int:
        """Move a message; gives back its UID in the destination. Its GUID stays."""
        self._select(folder)
        self._imap.untagged_responses.pop("COPYUID", None)
        self._checked(self._imap.uid("MOVE", str(uid), _folder(destination.name)))
        return _new_uid(self._imap.response("COPYUID")[1])

    def expunge(self, folder: Folder, uid: int) -> None:
        """Remove a message for good."""
        self.set_flags(folder, uid, add=("\\Deleted",))
        self._checked(self._imap.uid("EXPUNGE", str(uid)))

    def _select(self, folder: Folder) -> None:
        if self._selected != folder.name:
            self._checked(self._imap.select(_folder(folder.name)))
            self._selected = folder.name

    @staticmethod
    def _checked(answer: tuple[str, list[Any]]) -> list[Any]:
        status, data = answer
        if status != "OK":
            raise StoreError(b" ".join(part for part in data if isinstance(part, bytes)).decode("utf-8", "replace"))
        return data


def _folder_names(listed: Sequence[Any]) -> Iterator[str]:
    for line in listed:
        # imaplib gives a tuple where the server sent the name as a literal, followed by what came after it.
        prefix, literal = line if isinstance(line, tuple) else (line, None)
        matched = _LIST.match(prefix)
        if matched is None or b"\\noselect" in matched["flags"].lower() or b"\\nonexistent" in matched["flags"].lower():
            continue
        name = matched["name"] if literal is None else literal
        if literal is None and name.startswith(b'"'):
            name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
        yield decode_utf7(name.decode("ascii"))


def _items(folder: Folder, data: Sequence[Any]) -> Iterator[Item]:
    for position, part in enumerate(data):
        if not isinstance(part, tuple):
            continue
        # Attributes may stand before or after the literal.
        after = data[position + 1] if position + 1 < len(data) and isinstance(data[position + 1], bytes) else b""
        found = {name: pattern.search(part[0] + b" " + after) for name, pattern in _ATTRIBUTE.items()}
        uid, guid, flags, received = (found[name] for name in ("uid", "guid", "flags", "received"))
        if uid and guid and flags and received:
            yield Item(
                folder, int(uid[1]), bytes.fromhex(guid[1].decode("ascii")),
                frozenset(flags[1].decode("ascii").split()),
                datetime.strptime(received[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC), part[1],
            )


def _new_uid(data: Sequence[Any]) -> int:
    """The last UID of an APPENDUID or COPYUID response code."""
    if not data or data[-1] is None:
        raise StoreError("The store did not say which UID it gave")
    return int(data[-1].split()[-1])


def quoted(text: str) -> str:
    """A text as an IMAP quoted string; line breaks, which cannot stand in one, become spaces."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    spaced = re.sub(r"[\0\r\n]", " ", escaped)
    return f'"{spaced}"'


def _folder(name: str) -> str:
    return quoted(encode_utf7(name))


def encode_utf7(name: str) -> str:
    """A folder's name in IMAP's modified UTF-7 (RFC 3501 section 5.1.3)."""
    encoded: list[str] = []
    for plain, other in re.findall(r"([\x20-\x7e]+)|([^\x20-\x7e]+)", name):
        if plain:
            encoded.append(plain.replace("&", "&-"))
        else:
            text = base64.b64encode(other.encode("utf-16-be")).decode("ascii")
            encoded.append(f"&{text.rstrip('=').replace('/', ',')}-")
    return "".join(encoded)


def decode_utf7(name: str) -> str:
    """The reverse of ``encode_utf7``; what is no modified UTF-7 stays as it is."""
    def decoded(match: re.Match[str]) -> str:
        text = match[1].replace(",", "/")
        if not text:
            return "&"
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-16-be")
        except ValueError:
            return match[0]
    return re.sub(r"&([^-]*)-", decoded, name)
