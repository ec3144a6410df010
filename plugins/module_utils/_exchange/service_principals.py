# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Exchange's pointers to Entra's service principals.

A pointer's ObjectId has to be the enterprise application's, not the registration's, and cannot be changed: a wrong one
is removed and made anew. https://learn.microsoft.com/powershell/module/exchange/new-serviceprincipal
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    CmdletUnavailableError,
    ExchangeError,
    ExchangeNotFoundError,
    InputError,
    LostAnswerError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import wait_until

GET, NEW, SET, REMOVE = (f"{verb}-ServicePrincipal" for verb in ("Get", "New", "Set", "Remove"))
#: Seconds that a service principal of Entra, or a change, is given to arrive in every part of Exchange.
PATIENCE = 60.0

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Pointer:
    """A service principal as Exchange knows it.

    :param object_id: None where check mode cannot know it.
    :param sid: how the entries of mailbox permissions refer to it; Exchange gives it.
    """

    app_id: str
    object_id: str | None
    display_name: str
    sid: str | None = None

    def shown(self) -> dict[str, Any]:
        """The pointer as modules return it."""
        return {
            "app_id": self.app_id, "object_id": self.object_id, "display_name": self.display_name, "sid": self.sid,
        }


async def find(session: ExchangeSession, app_id: str | None, object_id: str | None = None) -> list[Pointer]:
    """Every pointer that has one of the ids: mostly one or none; more if something is wrong.

    Exchange sometimes does not find by id what it lists, so a miss is looked for in the list.
    """
    try:
        rows = await session.invoke(GET, {"Identity": app_id or object_id})
    except ExchangeNotFoundError:
        rows = None
    if rows and all(is_right(_pointer(row), app_id, object_id) for row in rows):
        return [_pointer(row) for row in rows]
    everything = [_pointer(row) for row in await session.invoke(GET)]
    return [one for one in everything if _same(one.app_id, app_id) or _same(one.object_id, object_id)]


async def known(session: ExchangeSession, app_id: str | None, object_id: str | None = None) -> Pointer | None:
    """The pointer with the ids that are given, or None.

    :raises InputError: if there is one that has another of the two ids.
    """
    found = await find(session, app_id, object_id)
    right = [one for one in found if is_right(one, app_id, object_id)]
    if found and not right:
        raise wrong_object_id(found[0], app_id, object_id)
    return right[0] if right else None


def is_right(pointer: Pointer, app_id: str | None, object_id: str | None) -> bool:
    """Whether a pointer has the ids, as far as they are known. Pure."""
    return (app_id is None or _same(pointer.app_id, app_id)) and (
        object_id is None or _same(pointer.object_id, object_id)
    )


def no_pointer(identifier: str | None) -> InputError:
    """The error for an application that Exchange does not know."""
    return InputError(
        f"Exchange has no service principal of the application {identifier}.", code="no_service_principal",
        remedy="Make it with the module exchange_service_principal first.",
    )


def wrong_object_id(pointer: Pointer, app_id: str | None, object_id: str | None) -> InputError:
    """The error for a pointer that leads nowhere."""
    return InputError(
        f"Exchange has a service principal of the application {pointer.app_id} with the object id "
        f"{pointer.object_id}, which does not belong together: the object id of {app_id} is {object_id}.",
        code="wrong_object_id",
        remedy="The module exchange_service_principal repairs it: the object id has to be that of the enterprise "
        "application, not of the app registration. Rights that the wrong one was given count for nothing.",
    )


async def ensure(
    session: ExchangeSession, wanted: Pointer, standing: Sequence[Pointer], patience: float,
    sleep: Sleep = asyncio.sleep,
) -> Pointer:
    """Make the pointer what is wanted, in place of wrong ones, and wait until Exchange shows it.

    :param wanted: with its object id.
    :param standing: what ``find`` gave for its ids.
    :param patience: seconds for which Exchange may refuse a new one, since it does not know the object id yet.
    """
    right = [one for one in standing if is_right(one, wanted.app_id, wanted.object_id)]
    lost = None
    try:
        for one in standing:
            if one not in right:
                await _remove(session, one)
        if not right:
            await _create(session, wanted, patience, sleep)
        elif right[0].display_name != wanted.display_name:
            change = {"Identity": wanted.object_id, "DisplayName": wanted.display_name, "Confirm": False}
            await session.invoke(SET, change)
    except LostAnswerError as error:
        # It may well have worked.
        lost = error

    def is_there(found: Sequence[Pointer]) -> bool:
        return len(found) == 1 and is_right(found[0], wanted.app_id, wanted.object_id) and (
            found[0].display_name == wanted.display_name
        )

    found = await _seen(session, wanted, is_there, lost, sleep)
    return found[0]


async def remove(session: ExchangeSession, standing: Sequence[Pointer], sleep: Sleep = asyncio.sleep) -> None:
    """Remove pointers, and wait until Exchange does not show them any more."""
    lost = None
    for one in standing:
        try:
            await _remove(session, one)
        except LostAnswerError as error:
            lost = error
        await _seen(session, one, lambda found: not found, lost, sleep)


async def _seen(
    session: ExchangeSession, pointer: Pointer, done: Callable[[Sequence[Pointer]], bool],
    lost: LostAnswerError | None, sleep: Sleep,
) -> list[Pointer]:
    async def look() -> list[Pointer]:
        try:
            return await find(session, pointer.app_id, pointer.object_id)
        except LostAnswerError as error:
            # PowerShell's session ends with a lost answer, so that nothing more can be found out.
            raise lost or error from error

    found = await wait_until(look, done, PATIENCE, sleep)
    if not done(found):
        raise lost or ExchangeError(
            f"Exchange accepted the change of the service principal {pointer.app_id}, but does not show it after "
            f"{PATIENCE:g} seconds.", cmdlet=GET, remedy="Run the task again: it reads what is there first.",
        )
    return found


async def _create(session: ExchangeSession, wanted: Pointer, patience: float, sleep: Sleep) -> None:
    parameters = {
        "AppId": wanted.app_id, "ObjectId": wanted.object_id, "DisplayName": wanted.display_name, "Confirm": False,
    }

    async def attempt() -> ExchangeError | None:
        try:
            await session.invoke(NEW, parameters)
        except (CmdletUnavailableError, LostAnswerError):
            raise
        except ExchangeError as error:
            return error
        return None

    # Exchange refuses what Entra made, and what itself removed, a moment ago, in more words than are known.
    error = await wait_until(attempt, lambda refusal: refusal is None, patience, sleep)
    if error is not None:
        error.remedy = error.remedy or (
            f"Check that {wanted.object_id} is the object id of the enterprise application (service principal), not of "
            "the app registration; leave object_id out to have it looked up."
        )
        raise error


async def _remove(session: ExchangeSession, pointer: Pointer) -> None:
    try:
        await session.invoke(REMOVE, {"Identity": pointer.object_id, "Confirm": False})
    except ExchangeNotFoundError:
        # Somebody, or an attempt whose answer got lost, was faster.
        return


def _pointer(row: Mapping[str, Any]) -> Pointer:
    # ServiceId is what ObjectId was called once.
    object_id = row.get("ObjectId") or row.get("ServiceId")
    return Pointer(str(row["AppId"]), object_id, row.get("DisplayName") or "", row.get("Sid"))


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one.casefold() == other.casefold()
