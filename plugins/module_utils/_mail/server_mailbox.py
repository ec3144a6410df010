# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What mailboxes on a mail server have in common, whatever the protocol."""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, ClassVar, Generic, TypeVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError, TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    Connection,
    Server,
    ServerProtocol,
    closed_at_once,
    cut,
    is_encrypted,
    no_starttls,
    reach,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Credentials
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Deferred, Refused, Step
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.threads import in_thread

C = TypeVar("C", bound=Connection)
T = TypeVar("T")


class ServerMailbox(ABC, Generic[C]):
    """One mailbox, see Mailbox. A protocol's file says how its library speaks.

    :param timeout: seconds to wait for each answer.
    """

    PROTOCOL: ClassVar[ServerProtocol]
    #: The codes under which a broken connection, and an answer that makes no sense, are told.
    CUT: ClassVar[str]
    MALFORMED: ClassVar[str]
    folders: str

    def __init__(
        self, server: Server, credentials: Credentials, context: ssl.SSLContext, timeout: float, stopwatch: Stopwatch,
    ) -> None:
        self.where = server.where
        self.is_encrypted: bool | None = None
        self._server = server
        self._credentials = credentials
        self._context = context
        self._timeout = timeout
        self._stopwatch = stopwatch
        self._open: C | None = None

    async def find(self, probe: Probe) -> list[Found]:
        """See Mailbox."""
        return await self._in_thread(self._find, probe)

    async def remove(self, copies: Sequence[Found]) -> None:
        """See Mailbox."""
        await self._in_thread(self._remove, copies)

    async def close(self) -> None:
        """See Mailbox."""
        with suppress(TransportError):
            await self._in_thread(self._close)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await in_thread(self._server, self._timeout, work, *arguments, give_up=self._drop)

    # -- what a protocol's file has -----------------------------------------------------------------------------

    @abstractmethod
    def _find(self, probe: Probe) -> list[Found]: ...

    @abstractmethod
    def _remove(self, copies: Sequence[Found]) -> None: ...

    @abstractmethod
    def _connection(self, context: ssl.SSLContext | None) -> C:
        """A new connection, with TLS from the beginning where there is a context."""

    @abstractmethod
    def _upgraded(self, connection: C, context: ssl.SSLContext) -> bool:
        """Go over to TLS; False if the server does not offer it."""

    @abstractmethod
    def _sign_in(self, connection: C) -> None: ...

    @abstractmethod
    def _enter(self, connection: C) -> None:
        """Open the inbox: Exchange can say "authenticated but not connected" only now."""

    @abstractmethod
    def _library_errors(self, step: Step) -> AbstractContextManager[None]:
        """Turn what the library raises of its own into errors of ours."""

    @abstractmethod
    def _leave(self, connection: C) -> None:
        """Sign out, or hang up where that is too late."""

    @staticmethod
    @abstractmethod
    def _hang_up(connection: C) -> None: ...

    # -- the session --------------------------------------------------------------------------------------------

    def _new_session(self) -> C:
        with self._stopwatch.step("connect"):
            connection = reach(self._server, self._context, self._dial, self._hang_up)
            self.is_encrypted = is_encrypted(connection.sock)
        try:
            with self._stopwatch.step("sign_in"):
                self._sign_in(connection)
                self._enter(connection)
        except ModernAuthError:
            self._leave(connection)
            raise
        return connection

    def _dial(self, context: ssl.SSLContext) -> C:
        upgrade = self._server.upgrade
        with self._answers("connect"), ExitStack() as unless_it_works:
            connection = self._connection(context if upgrade == "at_once" else None)
            unless_it_works.callback(self._hang_up, connection)
            if (
                upgrade in ("required", "if_offered") and not self._upgraded(connection, context)
                and upgrade == "required"
            ):
                raise no_starttls(self._server)
            unless_it_works.pop_all()
            return connection

    @contextmanager
    def _answers(self, step: Step) -> Iterator[None]:
        try:
            with self._library_errors(step):
                yield
        except OSError as error:
            # A certificate that is refused is one, and a ValueError as well.
            if step == "connect":
                raise
            raise self._cut(step, str(error) or type(error).__name__) from error
        except (ValueError, IndexError) as error:
            # The libraries take what a server says for ASCII, and for what they expect.
            raise self._refused(step, self.MALFORMED, "the server sent a malformed answer") from error

    def _refused(self, step: Step, code: str, text: str) -> Refused | Deferred:
        return Refused(self.PROTOCOL, step, self.where, code, text, subject=self._credentials.user)

    def _cut(self, step: Step, reason: str) -> ModernAuthError:
        connection, self._open = self._open, None
        if connection is not None:
            self._hang_up(connection)
        if step == "connect":
            return closed_at_once(self._server)
        return Deferred(self.PROTOCOL, step, self.where, self.CUT, f"the connection was cut ({reason})")

    def _drop(self) -> None:
        connection, self._open = self._open, None
        cut(connection)

    def _close(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            self._leave(connection)
