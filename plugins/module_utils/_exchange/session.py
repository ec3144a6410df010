# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A session with Exchange: one connection that runs cmdlets, whatever carries them.

Domain code is handed an ``ExchangeSession`` and never learns which transport it is. A parameter is data on all of them.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from types import TracebackType
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ExchangeError,
    InputError,
    LostAnswerError,
)

#: What PowerShell itself adds to every cmdlet. It accepts beginnings of names, too.
#: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_commonparameters
_COMMON_PARAMETERS = (
    "debug", "erroraction", "errorvariable", "informationaction", "informationvariable", "outbuffer", "outvariable",
    "pipelinevariable", "progressaction", "verbose", "warningaction", "warningvariable",
)
_COMMON_ALIASES = frozenset({"db", "ea", "ev", "infa", "iv", "ob", "ov", "pv", "proga", "vb", "wa", "wv"})
_CMDLET = re.compile(r"[A-Za-z]+-[A-Za-z0-9]+")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True)
class Call:
    """A cmdlet with its parameters.

    :param cmdlet: for example "Set-CASMailbox".
    :param parameters: name -> text, number, bool, None, list or dictionary of these. A switch is True. A dictionary is
        a hashtable, as in ``{"EmailAddresses": {"Add": ["smtp:a@contoso.com"]}}``.
    """

    cmdlet: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Rows(list[dict[str, Any]]):
    """What a cmdlet put out, one dictionary per object; dates are ISO 8601 text.

    ``warnings`` is what it said beside that: Exchange reports "already so" and "nothing to remove" in no other way.
    """

    def __init__(self, rows: Sequence[Any] = (), warnings: Sequence[str] = ()) -> None:
        # A few cmdlets put out bare values instead of objects.
        super().__init__(row if isinstance(row, dict) else {"Value": row} for row in rows)
        self.warnings = tuple(warnings)


class ExchangeSession(ABC):
    """One connection, opened by ``async with``. It runs one cmdlet after the other."""

    @abstractmethod
    async def open(self) -> None:
        """Connect and sign in.

        :raises TransportError: if a host cannot be reached or its certificate is not trusted.
        :raises AuthenticationError: if the caller is refused.
        :raises PowerShellError: if PowerShell or the Exchange module is missing or too old.
        """

    @abstractmethod
    async def close(self) -> None:
        """Sign out and free everything; never raises for a connection that is gone already."""

    @abstractmethod
    async def _run(self, call: Call) -> Rows:
        """Run one checked call."""

    async def __aenter__(self) -> ExchangeSession:
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def invoke(self, cmdlet: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Run one cmdlet.

        :raises InputError: if the name or a parameter cannot be sent; nothing was.
        :raises ExchangeError: if Exchange refuses, by one of the types below it.
        :raises LostAnswerError: if no answer came; a cmdlet that changes something may have done so.
        :raises AuthenticationError: if the session's token is not, or no longer, good enough.
        :raises TransportError: if Exchange cannot be reached.
        """
        call = Call(cmdlet, parameters or {})
        check(call)
        return await self._run(call)

    async def invoke_many(self, calls: Sequence[Call]) -> list[Rows | ExchangeError]:
        """Run cmdlets that do not depend on each other, in any order and in as few requests as the transport allows.

        :returns: for each call, in the order given, its rows or what Exchange refused it with.
        :raises: as ``invoke``, but for what a single call was refused with.
        """
        for call in calls:
            check(call)
        return await self._run_many(calls)

    async def _run_many(self, calls: Sequence[Call]) -> list[Rows | ExchangeError]:
        results: list[Rows | ExchangeError] = []
        for call in calls:
            try:
                results.append(await self._run(call))
            except LostAnswerError:
                raise
            except ExchangeError as error:
                results.append(error)
        return results


def rows_or_raise(answer: Rows | ExchangeError) -> Rows:
    """The rows of one of the answers that ``invoke_many`` gives; raises what the call was refused with."""
    if isinstance(answer, ExchangeError):
        raise answer
    return answer


def reads_only(cmdlet: str) -> bool:
    """Whether a cmdlet changes nothing, so that it may be sent again when its answer got lost."""
    return cmdlet.casefold().startswith(("get-", "test-"))


def check(call: Call) -> None:
    """Refuse what no transport could carry unchanged, so that all of them refuse the same.

    :raises InputError: for names that are none, for PowerShell's common parameters except Confirm and WhatIf (they
        would change what the session itself relies on), and for values that JSON does not know.
    """
    if not _CMDLET.fullmatch(call.cmdlet):
        raise InputError(f"{call.cmdlet!r} is not the name of a cmdlet.", remedy="Give Verb-Noun alone.")
    names: set[str] = set()
    for name, value in call.parameters.items():
        lowered = name.casefold()
        if not _PARAMETER.fullmatch(name):
            raise InputError(f"{call.cmdlet}: {name!r} is not the name of a parameter.", remedy="Leave the dash out.")
        if lowered in _COMMON_ALIASES or any(common.startswith(lowered) for common in _COMMON_PARAMETERS):
            raise InputError(
                f"{call.cmdlet}: {name} is a parameter of PowerShell, not of Exchange.",
                remedy="Leave it out: errors and warnings are handled by the session.",
            )
        if lowered in names:
            raise InputError(f"{call.cmdlet}: {name} is given twice; PowerShell takes no notice of letter case.")
        names.add(lowered)
        _check_value(f"{call.cmdlet}: {name}", value)


def _check_value(where: str, value: Any) -> None:
    match value:
        case None | bool() | int():
            return
        case float() if isfinite(value):
            return
        case float():
            raise InputError(f"{where}: {value} cannot be sent to Exchange.")
        case str():
            _check_text(where, value)
        case Mapping():
            if len({str(key).casefold() for key in value}) < len(value):
                raise InputError(f"{where}: two keys differ in letter case alone.")
            for key, item in value.items():
                if not isinstance(key, str) or not key:
                    raise InputError(f"{where}: {key!r} cannot be a key.")
                _check_text(where, key)
                _check_value(f"{where}.{key}", item)
        case list() | tuple():
            for position, item in enumerate(value):
                _check_value(f"{where}[{position}]", item)
        case _:
            raise InputError(f"{where}: a {type(value).__name__} cannot be sent to Exchange.")


def _check_text(where: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{where}: the text is not valid Unicode.") from error
