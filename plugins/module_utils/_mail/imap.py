# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Looks for a mail by IMAP."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail import xoauth2
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import token_in_the_clear
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Bearer
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.diagnosis import suggested_backoff
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Deferred, Refused, Step
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.server_mailbox import ServerMailbox

INBOX = "INBOX"
# Headers and folders' names are all that is asked for.
_LONGEST_LITERAL = 10_000_000
# RFC 6154 marks the folder; the names are for services that do not.
_JUNK = ("\\junk", frozenset({"junk email", "junk e-mail", "junk", "spam", "[gmail]/spam"}))
_SENT = ("\\sent", frozenset({"sent items", "sent", "[gmail]/sent mail"}))
_FOLDER = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?:\\.|[^"])*"|NIL) (?P<name>"(?:\\.|[^"\\])*"|\S+)$')
# imaplib words the answers that it raises as: SELECT command error: BAD [b'...'].
_RAISED = re.compile(r"""(?P<code>BAD|NO) \[b(?P<quote>['"])(?P<text>.*)(?P=quote)\]""", re.DOTALL)


class ImapMailbox(ServerMailbox[imaplib.IMAP4]):
    """One mailbox, on one connection that is made anew when it breaks; see ServerMailbox."""

    PROTOCOL = "imap"
    CUT, MALFORMED = "BYE", "*"
    folders = INBOX
    _junk: str | None = None
    _sent: str | None = None

    async def open(self) -> None:
        """See Mailbox."""
        await self._in_thread(self._session)

    async def put(self, probe: Probe) -> None:
        """See Inbox."""
        await self._in_thread(self._put, probe)

    async def unread(self, probe: Probe) -> list[Found]:
        """See Inbox."""
        return await self._in_thread(self._unread, probe)

    async def remove_sent(self, probe: Probe, mailbox: str) -> int | None:
        """See Mailbox. Only the mailbox that is open can be looked into."""
        return await self._in_thread(self._remove_sent, probe, mailbox)

    # -- the session --------------------------------------------------------------------------------------------

    def _session(self) -> imaplib.IMAP4:
        if self._open is None:
            self._open = self._new_session()
        return self._open

    def _connection(self, context: ssl.SSLContext | None) -> imaplib.IMAP4:
        host, port = self._server.host, self._server.port
        if context is None:
            return _Bounded(host, port, timeout=self._timeout)
        return _BoundedOverTls(host, port, ssl_context=context, timeout=self._timeout)

    def _upgraded(self, connection: imaplib.IMAP4, context: ssl.SSLContext) -> bool:
        if "STARTTLS" not in connection.capabilities:
            return False
        connection.starttls(context)
        return True

    def _sign_in(self, connection: imaplib.IMAP4) -> None:
        credentials = self._credentials
        with self._answers("sign_in"):
            if isinstance(credentials, Bearer):
                if not self.is_encrypted:
                    raise token_in_the_clear(self._server)
                token = credentials.token()
                connection.authenticate(
                    "XOAUTH2", lambda challenge: xoauth2.answer(credentials.user, token, challenge)
                )
            elif "AUTH=PLAIN" in connection.capabilities:
                plain = f"\0{credentials.user}\0{credentials.password}".encode()
                connection.authenticate("PLAIN", lambda _challenge: plain)
            elif "LOGINDISABLED" in connection.capabilities:
                raise self._refused("sign_in", "LOGINDISABLED", "the server takes no passwords")
            elif not (credentials.user + credentials.password).isascii():
                raise InputError(
                    "receive.username and receive.password: IMAP's LOGIN takes ASCII alone, and AUTH=PLAIN is not "
                    "offered."
                )
            else:
                # imaplib quotes the password, and the user name not.
                connection.login(_quoted(credentials.user), credentials.password)

    def _enter(self, connection: imaplib.IMAP4) -> None:
        self._select(connection, INBOX, "open_mailbox")
        with self._answers("open_mailbox"):
            listed = connection.list('""', "*")[1]
        self._junk = _folder_for(listed, *_JUNK)
        self._sent = _folder_for(listed, *_SENT)
        self.folders = f"{INBOX} and {self._junk}" if self._junk else INBOX

    # -- messages -----------------------------------------------------------------------------------------------

    def _find(self, probe: Probe) -> list[Found]:
        connection = self._session()
        found = self._search(connection, INBOX, probe)
        return found + (self._search(connection, self._junk, probe, is_junk=True) if self._junk else [])

    def _unread(self, probe: Probe) -> list[Found]:
        return self._search(self._session(), INBOX, probe, among="UNSEEN ")

    def _put(self, probe: Probe) -> None:
        connection = self._session()
        with self._answers("put"):
            # No date and no flags: it arrives now, and nobody has read it.
            self._checked("put", connection.append(INBOX, "", "", probe.render(datetime.now(UTC))))

    def _search(
        self, connection: imaplib.IMAP4, folder: str, probe: Probe, *, is_junk: bool = False, among: str = ""
    ) -> list[Found]:
        self._select(connection, folder, "search")
        with self._answers("search"):
            numbers = self._checked("search", connection.uid(
                "SEARCH", f'{among}OR HEADER Message-ID "{probe.message_id}" SUBJECT "{probe.token}"'
            ))
            found = []
            for uid in _numbers(numbers[0]):
                parts = self._checked("search", connection.uid("FETCH", uid, "(BODY.PEEK[HEADER])"))
                headers = [part[1] for part in parts if isinstance(part, tuple)]
                if headers and probe.is_this(headers[0]):
                    found.append(Found(folder, uid, headers[0], is_junk))
        return found

    def _remove(self, copies: Sequence[Found]) -> None:
        connection = self._session()
        for found in copies:
            self._select(connection, found.folder, "cleanup")
            with self._answers("cleanup"):
                # What is offered before and after the sign-in differs, and imaplib keeps the list from before.
                offered = self._checked("cleanup", connection.capability())[0] or b""
                if b"UIDPLUS" not in offered.split():
                    raise self._refused(
                        "cleanup", "UIDPLUS", "is not offered, and a plain EXPUNGE would remove other messages as well"
                    )
                self._checked("cleanup", connection.uid("STORE", found.key, "+FLAGS.SILENT", "(\\Deleted)"))
                self._checked("cleanup", connection.uid("EXPUNGE", found.key))

    def _remove_sent(self, probe: Probe, mailbox: str) -> int | None:
        if mailbox.casefold() != self._credentials.user.casefold() or not self._sent:
            return None
        copies = self._search(self._session(), self._sent, probe)
        self._remove(copies)
        return len(copies)

    def _select(self, connection: imaplib.IMAP4, folder: str, step: Step) -> None:
        with self._answers(step):
            self._checked(step, connection.select(_quoted(folder)))

    # -- answers ------------------------------------------------------------------------------------------------

    def _checked(self, step: Step, answer: tuple[str, list[Any]]) -> list[Any]:
        code, data = answer
        if code != "OK":
            raise self._refused(step, code, _text(data[-1] if data else b""))
        return data

    @contextmanager
    def _library_errors(self, step: Step) -> Iterator[None]:
        try:
            yield
        except imaplib.IMAP4.abort as error:
            raise self._cut(step, str(error)) from error
        except imaplib.IMAP4.error as error:
            raise self._refused(step, *_words(error)) from error

    def _refused(self, step: Step, code: str, text: str) -> Refused | Deferred:
        backoff = suggested_backoff(text)
        if backoff is not None:
            return Deferred("imap", step, self.where, code, text, subject=self._credentials.user, retry_after=backoff)
        return super()._refused(step, code, text)

    def _leave(self, connection: imaplib.IMAP4) -> None:
        try:
            connection.logout()
        except (OSError, imaplib.IMAP4.error):
            self._hang_up(connection)

    @staticmethod
    def _hang_up(connection: imaplib.IMAP4) -> None:
        # After an upgrade that failed there is no socket any more, which imaplib does not expect.
        with suppress(OSError):
            connection.shutdown()


class _Bounded(imaplib.IMAP4):
    """imaplib reads as much as a server announces, and asks for the memory before."""

    def read(self, size: int) -> bytes:
        """See imaplib."""
        if size > _LONGEST_LITERAL:
            raise self.abort(f"the server announced {size} bytes")
        return super().read(size)


class _BoundedOverTls(_Bounded, imaplib.IMAP4_SSL):
    pass


def _folder_for(listed: list[Any], flag: str, names: frozenset[str]) -> str | None:
    """The folder with a special-use flag, else the one with a usual name."""
    by_name: str | None = None
    for line in listed:
        matched = _FOLDER.search(line) if isinstance(line, bytes) else None
        if not matched:
            continue
        if not matched["name"].isascii():
            # A name beyond ASCII is none of the usual ones, and RFC 3501 has it in an ASCII form of its own.
            continue
        name = _unquoted(matched["name"].decode("ascii"))
        if flag in matched["flags"].decode("ascii", "replace").casefold().split():
            return name
        if name.casefold() in names:
            by_name = name
    return by_name


def _numbers(found: bytes | None) -> list[str]:
    """The numbers in the answer to a search."""
    return [word.decode("ascii") for word in (found or b"").split() if word.isdigit()]


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def _words(error: Exception) -> tuple[str, str]:
    """The code and the text of an answer that imaplib raised."""
    text = _text(error.args[0] if error.args else b"")
    matched = _RAISED.search(text)
    return (matched["code"], matched["text"]) if matched else ("NO", text)


def _text(value: bytes | str) -> str:
    return " ".join((value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).split())
