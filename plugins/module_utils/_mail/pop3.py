# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Looks for a mail by POP3."""

from __future__ import annotations

import base64
import poplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeVar, cast

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError, TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail import xoauth2
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    Server,
    closed_at_once,
    cut,
    is_encrypted,
    no_starttls,
    reach,
    token_in_the_clear,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Bearer, Credentials
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Deferred, Refused, Step
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.threads import in_thread

# More turns than XOAUTH2 takes: a server that keeps asking is stopped.
_MOST_CHALLENGES = 3
_LONGEST_LINE = 2048

T = TypeVar("T")


class Pop3Mailbox:
    """One mailbox. A POP3 session sees the mail of its own beginning only, so that each search is a new session.

    POP3 cannot search: what is there when the mailbox is opened is left alone, and only what comes later is looked at.

    :param timeout: seconds to wait for each answer.
    """

    def __init__(
        self, server: Server, credentials: Credentials, context: ssl.SSLContext, timeout: float, stopwatch: Stopwatch,
    ) -> None:
        self.where = server.where
        self.folders = "the inbox, which is all that POP3 shows"
        self.is_encrypted: bool | None = None
        self._server = server
        self._credentials = credentials
        self._context = context
        self._timeout = timeout
        self._stopwatch = stopwatch
        self._seen: set[bytes] = set()
        self._open: poplib.POP3 | None = None

    async def open(self) -> None:
        """See Mailbox."""
        await self._in_thread(self._remember)

    async def find(self, probe: Probe) -> list[Found]:
        """See Mailbox. The session stays open for ``remove`` if the probe is there."""
        return await self._in_thread(self._find, probe)

    async def remove(self, copies: Sequence[Found]) -> None:
        """See Mailbox. It ends the session that ``find`` left open, since only then the server deletes."""
        await self._in_thread(self._remove, copies)

    async def remove_sent(self, probe: Probe, mailbox: str) -> int | None:
        """See Mailbox. POP3 shows no folder for sent mail."""
        return None

    async def close(self) -> None:
        """See Mailbox."""
        with suppress(TransportError):
            await self._in_thread(self._close)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await in_thread(self._server, self._timeout, work, *arguments, give_up=self._drop)

    # -- the session --------------------------------------------------------------------------------------------

    def _session(self) -> poplib.POP3:
        self._close()
        self._open = self._new_session()
        return self._open

    def _new_session(self) -> poplib.POP3:
        with self._stopwatch.step("connect"):
            connection = self._connect()
        try:
            with self._stopwatch.step("sign_in"):
                self._sign_in(connection)
                with self._answers("open_mailbox"):
                    # Exchange can say "authenticated but not connected" only now.
                    connection.stat()
        except ModernAuthError:
            _hang_up(connection)
            raise
        return connection

    def _connect(self) -> poplib.POP3:
        connection = reach(self._server, self._context, self._dial, _hang_up)
        self.is_encrypted = is_encrypted(connection.sock)
        return connection

    def _dial(self, context: ssl.SSLContext) -> poplib.POP3:
        upgrade = self._server.upgrade
        host, port = self._server.host, self._server.port
        with self._answers("connect"):
            if upgrade == "at_once":
                connection: poplib.POP3 = _Pop3OverTls(host, port, timeout=self._timeout, context=context)
            else:
                connection = _Pop3(host, port, timeout=self._timeout)
            with ExitStack() as unless_it_works:
                unless_it_works.callback(_hang_up, connection)
                if upgrade in ("required", "if_offered"):
                    if _offers_stls(connection):
                        connection.stls(context)
                    elif upgrade == "required":
                        raise no_starttls(self._server)
                unless_it_works.pop_all()
        return connection

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

    # -- messages -----------------------------------------------------------------------------------------------

    def _remember(self) -> None:
        connection = self._session()
        with self._answers("open_mailbox"):
            self._seen = set(_listed(connection).values())
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
                    self._seen.add(name)
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
    def _answers(self, step: Step) -> Iterator[None]:
        try:
            yield
        except poplib.error_proto as error:
            code, text = _words(error)
            if code is None:
                raise self._cut(step, text) from error
            raise Refused("pop3", step, self.where, code, text, subject=self._credentials.user) from error
        except OSError as error:
            # A certificate that is refused is one, and a ValueError as well.
            if step == "connect":
                raise
            raise self._cut(step, str(error) or type(error).__name__) from error
        except (ValueError, IndexError) as error:
            raise Refused("pop3", step, self.where, "+", "the server sent a malformed answer") from error

    def _cut(self, step: Step, reason: str) -> ModernAuthError:
        connection, self._open = self._open, None
        if connection:
            _hang_up(connection)
        if step == "connect":
            return closed_at_once(self._server)
        return Deferred("pop3", step, self.where, "-ERR", f"the connection was cut ({reason})")

    def _drop(self) -> None:
        connection, self._open = self._open, None
        cut(connection)

    def _close(self) -> None:
        connection, self._open = self._open, None
        if connection:
            try:
                connection.quit()
            except (OSError, poplib.error_proto):
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
