"""A session with Exchange that answers from a list, for tests of what is done with the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import Call, ExchangeSession, Rows

Reply: TypeAlias = "Rows | ModernAuthError"


class Scripted(ExchangeSession):
    """Answers a cmdlet as the given function does, and remembers what was asked and how long was waited."""

    def __init__(self, reply: Callable[[Call, int], Reply]) -> None:
        self._reply = reply
        self.calls: list[Call] = []
        self.pauses: list[float] = []

    async def open(self) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""

    async def sleep(self, seconds: float) -> None:
        """Remember the seconds."""
        self.pauses.append(seconds)

    async def _run(self, call: Call) -> Rows:
        self.calls.append(call)
        answer = self._reply(call, self.names().count(call.cmdlet))
        if isinstance(answer, ModernAuthError):
            raise answer
        return answer

    def names(self) -> list[str]:
        """The cmdlets so far."""
        return [call.cmdlet for call in self.calls]

    def parameters(self, cmdlet: str) -> list[dict[str, Any]]:
        """What a cmdlet was given, time by time."""
        return [dict(call.parameters) for call in self.calls if call.cmdlet == cmdlet]
