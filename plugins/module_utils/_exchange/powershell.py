# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An Exchange session in one PowerShell process, wherever that runs: the session script's protocol over a pipe."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    LostAnswerError,
    ModernAuthError,
    PowerShellError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection_refusals import (
    connection_refused,
    module_refused,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.refusals import refused_by_powershell
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.script import first_line
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import (
    Call,
    ExchangeSession,
    Rows,
    reads_only,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.wire import (
    AnswerReader,
    WireError,
    request_line,
)

#: Seconds that signing out may take; Exchange ends idle sessions by itself.
GOODBYE_SECONDS = 10.0


class BrokenPipe(Exception):
    """The process, or the way to it, is gone. The message says how."""


class Pipe(Protocol):
    """Standard input and output of one PowerShell process that was started with ``script.arguments()``."""

    #: Where the process runs, as it is called in messages.
    where: str

    async def start(self) -> None:
        """Start the process.

        :raises ModernAuthError: if that is not possible.
        """

    async def write(self, data: bytes) -> None:
        """Hand input to the process.

        :raises BrokenPipe: if nothing reads it any more.
        """

    async def read(self, seconds: float) -> bytes | None:
        """Some output; None if there was none for about the given time, or less.

        :raises BrokenPipe: if there will be no more.
        """

    async def close(self) -> None:
        """End the input and the process; never raises for one that is gone already."""

    def complaint(self) -> str:
        """The end of what the process wrote on standard error."""


@dataclass(frozen=True)
class SignIn:
    """What Connect-ExchangeOnline is given.

    :param parameters: as they are.
    :param secure: those that have to be a SecureString.
    """

    parameters: Mapping[str, Any]
    secure: Mapping[str, str] = field(default_factory=dict)


class PowerShellSession(ExchangeSession):
    """A session over a pipe.

    :param sign_in: asked for once, when the process is ready: a token should not age while PowerShell starts.
    :param start_seconds: how long PowerShell may take to start and to sign in.
    :param call_seconds: how long a cmdlet may take.
    :param clock: seconds that only ever grow.
    """

    def __init__(
        self, pipe: Pipe, sign_in: Callable[[], SignIn], *, start_seconds: float, call_seconds: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._pipe = pipe
        self._sign_in = sign_in
        self._start_seconds = start_seconds
        self._call_seconds = call_seconds
        self._clock = clock
        self._nonce = secrets.token_hex(16)
        self._reader = AnswerReader(self._nonce)
        self._number = 0
        self._is_usable = False
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Start PowerShell, check the module, connect."""
        await self._pipe.start()
        self._is_usable = True
        try:
            hello = await self._ask({"op": "hello", "nonce": self._nonce}, self._start_seconds, before=first_line())
            if not hello["ok"]:
                raise BrokenPipe(hello["error"]["message"])
            refusal = module_refused(hello["module"], self._pipe.where)
            if refusal:
                raise refusal
            sign_in = await asyncio.to_thread(self._sign_in)
            request = {"op": "connect", "parameters": dict(sign_in.parameters), "secure": dict(sign_in.secure)}
            connected = await self._ask(request, self._start_seconds)
        except BrokenPipe as error:
            raise PowerShellError(
                f"PowerShell on {self._pipe.where} broke off before Exchange was reached: {error}{self._last_words()}",
                remedy="Try there by hand whether PowerShell starts and Import-Module ExchangeOnlineManagement works.",
            ) from error
        if not connected["ok"]:
            raise connection_refused(connected["error"], self._pipe.where)

    async def close(self) -> None:
        """Sign out and end the process."""
        if self._is_usable:
            # Whatever is wrong with the process, it is ended next.
            with suppress(BrokenPipe, ModernAuthError):
                await self._ask({"op": "bye"}, GOODBYE_SECONDS)
        self._is_usable = False
        await self._pipe.close()

    async def _run(self, call: Call) -> Rows:
        request = {"op": "invoke", "cmdlet": call.cmdlet, "parameters": call.parameters}
        try:
            answer = await self._ask(request, self._call_seconds)
        except BrokenPipe as error:
            raise self._lost(call, error) from error
        if not answer["ok"]:
            raise refused_by_powershell(call.cmdlet, answer["error"])
        return Rows(answer["value"], answer["warnings"])

    async def _ask(self, request: Mapping[str, Any], seconds: float, before: bytes = b"") -> dict[str, Any]:
        """Send one request and wait for its answer.

        A request whose answer was not waited for leaves the pipe in an unknown state, so it is not used again.
        """
        async with self._turn:
            if not self._is_usable:
                raise BrokenPipe("the session has ended already")
            self._number += 1
            self._is_usable = False
            await self._pipe.write(before + request_line({"id": self._number, **request}))
            answer = await self._answer(self._clock() + seconds, seconds)
            self._is_usable = True
            return answer

    async def _answer(self, deadline: float, seconds: float) -> dict[str, Any]:
        while (left := deadline - self._clock()) > 0:
            piece = await self._pipe.read(left)
            try:
                answers = self._reader.feed(piece or b"")
            except WireError as error:
                raise BrokenPipe(str(error)) from error
            for answer in answers:
                if answer.get("id") != self._number:
                    raise BrokenPipe("an answer came that nobody had asked for")
                return answer
        raise BrokenPipe(f"no answer within {seconds:g} seconds")

    def _lost(self, call: Call, error: BrokenPipe) -> LostAnswerError:
        unknown = "" if reads_only(call.cmdlet) else " It may have taken effect."
        return LostAnswerError(
            f"{call.cmdlet} got no answer from PowerShell on {self._pipe.where}: {error}.{unknown}{self._last_words()}",
            cmdlet=call.cmdlet,
            remedy="Run the task again: it reads what is there first. command_timeout says how long to wait.",
        )

    def _last_words(self) -> str:
        words = "\n".join(filter(None, [self._reader.noise(), self._pipe.complaint()]))
        return f" Its last words: {words}" if words else ""
