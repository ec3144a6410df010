# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Looks for a mail by POP3."""

from __future__ import annotations

import base64
import poplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

from ansible_collections.mailops.modern_auth.plugins.module_utils._mail import xoauth2
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import token_in_the_clear
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Bearer
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Deferred, Step
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.server_mailbox import ServerMailbox

# More turns than XOAUTH2 takes: a server that keeps asking is stopped.
_MOST_CHALLENGES = 3
_LONGEST_LINE = 2048


class Pop3Mailbox(ServerMailbox[poplib.POP3]):
    """One mailbox. A POP3 session sees the mail of its own beginning only, so that each search is a new session.

    POP3 cannot search: what is there when the mailbox is opened is left alone, and only what comes later is looked at.
    The session that has found the mail stays open for its removal, which ends it: only then the server deletes.
    """

    PROTOCOL = "pop3"
    CUT, MALFORMED = "-ERR", "+"
    folders = "the inbox, which is all that POP3 shows"
    _seen: frozenset[bytes] = frozenset()

    async def open(self) -> None:
        """See Mailbox."""
        await self._in_thread(self._remember)

    async def remove_sent(self, probe: Probe, mailbox: str) -> int | None:
        """See Mailbox. POP3 shows no folder for sent mail."""
        return None

    # -- the session --------------------------------------------------------------------------------------------

    def _session(self) -> poplib.POP3:
        self._close()
        self._open = self._new_session()
        return self._open

    def _connection(self, context: ssl.SSLContext | None) -> poplib.POP3:
        host, port = self._server.host, self._server.port
        if context is None:
            return _Pop3(host, port, timeout=self._timeout)
        return _Pop3OverTls(host, port, timeout=self._timeout, context=context)

    def _upgraded(self, connection: poplib.POP3, context: ssl.SSLContext) -> bool:
        if not _offers_stls(connection):
            return False
        connection.stls(context)
        return True

    def _sign_in(self, connection: poplib.POP3) -> None:
        credentials = self._credentials
        with self._answers("sign_in"):
            if not isinstance(credentials, Bearer):
                connection.user(credentials.user)
                connection.pass_(credentials.password)
                return
            if not self.is_encrypted:
                raise token_in_the_clear(self._server)
            token = credentials.token()
            # Exchange takes AUTH XOAUTH2 on two lines only, and poplib knows no AUTH.
            reply = _exchange(connection, b"AUTH XOAUTH2")
            for _turn in range(_MOST_CHALLENGES):
                if not reply.startswith(b"+ ") and reply != b"+":
                    break
                challenge = base64.b64decode(reply[2:])
                reply = _exchange(connection, base64.b64encode(xoauth2.answer(credentials.user, token, challenge)))
            if not reply.startswith(b"+OK"):
                raise poplib.error_proto(reply)

    def _enter(self, connection: poplib.POP3) -> None:
        with self._answers("open_mailbox"):
            connection.stat()

    # -- messages -----------------------------------------------------------------------------------------------

    def _remember(self) -> None:
        connection = self._session()
        with self._answers("open_mailbox"):
            self._seen = frozenset(_listed(connection).values())
        self._close()

    def _find(self, probe: Probe) -> list[Found]:
        connection = self._session()
        found = []
        with self._answers("search"):
            for number, name in _listed(connection).items():
                if name in self._seen:
                    continue
                header = b"\r\n".join(connection.top(int(number), 0)[1])
                if probe.is_this(header):
                    found.append(Found("the inbox", number, header))
                else:
                    self._seen |= {name}
        if not found:
            self._close()
        return found

    def _remove(self, copies: Sequence[Found]) -> None:
        connection, self._open = self._open, None
        if connection is None:
            raise Deferred("pop3", "cleanup", self.where, "-ERR", "the session that found the mail has ended")
        with self._answers("cleanup"):
            for found in copies:
                connection.dele(int(found.key))
            connection.quit()

    # -- answers ------------------------------------------------------------------------------------------------

    @contextmanager
    def _library_errors(self, step: Step) -> Iterator[None]:
        try:
            yield
        except poplib.error_proto as error:
            code, text = _words(error)
            if code is None:
                raise self._cut(step, text) from error
            raise self._refused(step, code, text) from error

    def _leave(self, connection: poplib.POP3) -> None:
        try:
            connection.quit()
        except (OSError, poplib.error_proto):
            self._hang_up(connection)

    @staticmethod
    def _hang_up(connection: poplib.POP3) -> None:
        _hang_up(connection)


class _ClosesItself:
    """poplib leaves the socket open where a server does not greet, and servers count connections."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        try:
            super().__init__(*arguments, **options)
        except (OSError, poplib.error_proto):
            _hang_up(cast(poplib.POP3, self))
            raise


class _Pop3(_ClosesItself, poplib.POP3):
    pass


class _Pop3OverTls(_ClosesItself, poplib.POP3_SSL):
    pass


def _hang_up(connection: poplib.POP3) -> None:
    # Before a connection is made and after an upgrade that failed there is no socket, which poplib does not expect.
    with suppress(OSError, AttributeError):
        connection.close()


def _offers_stls(connection: poplib.POP3) -> bool:
    try:
        return "STLS" in connection.capa()
    except poplib.error_proto as error:
        # poplib says of each failure that CAPA is not supported; only a server that answered does not know it
        # (RFC 2449), and so has no extensions.
        answer = error.__context__
        if isinstance(answer, poplib.error_proto) and _words(answer)[0] is None:
            raise answer from None
        return False


def _exchange(connection: poplib.POP3, line: bytes) -> bytes:
    connection.sock.sendall(line + b"\r\n")
    reply: bytes = connection.file.readline(_LONGEST_LINE)
    if not reply:
        raise poplib.error_proto("-ERR EOF")
    return reply.rstrip(b"\r\n")


def _listed(connection: poplib.POP3) -> dict[str, bytes]:
    """The messages of a session: their unique names by their numbers."""
    lines = connection.uidl()[1]
    return {line.split()[0].decode("ascii"): line.split()[1] for line in lines}


def _words(error: poplib.error_proto) -> tuple[str | None, str]:
    """The code and the text of an answer that poplib raised; no code if it is poplib that speaks."""
    raw = error.args[0] if error.args else ""
    if not isinstance(raw, bytes):
        return None, str(raw).removeprefix("-ERR ")
    text = raw.decode("utf-8", "replace")
    return "-ERR", " ".join(text.removeprefix("-ERR").split())
