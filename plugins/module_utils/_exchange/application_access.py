# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reading and changing the roles that an application has in Exchange; what to change is in ``application_scopes``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ExchangeConflictError,
    ExchangeError,
    ExchangeNotFoundError,
    InputError,
    LostAnswerError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import mailbox_lookup, recipient_filters
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.application_scopes import (
    Assignment,
    Change,
    Scope,
    State,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.mailboxes import missing_mailboxes
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.service_principals import Pointer
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import (
    Call,
    ExchangeSession,
    Rows,
    rows_or_raise,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import wait_until

#: Seconds that a change is given to show up.
PATIENCE = 60.0
_GROUPS = ("MailUniversalSecurityGroup", "MailUniversalDistributionGroup", "GroupMailbox")

Sleep = Callable[[float], Awaitable[None]]


async def read(session: ExchangeSession, app_id: str, pointer: Pointer | None) -> State:
    """What Exchange has, by three cmdlets in as few requests as possible.

    :param pointer: the application in Exchange; None for one that it does not know.
    """
    # Get-ManagementRoleAssignment cannot be asked for an application's, and a scope may be used by others.
    calls = [Call("Get-ManagementScope"), Call("Get-ManagementRoleAssignment"), Call("Get-ApplicationAccessPolicy")]
    scopes, assignments, policies = (rows_or_raise(answer) for answer in await session.invoke_many(calls))
    ours = [row for row in assignments if pointer is not None and _is_of(row, pointer)]
    return State(
        [Scope(row["Name"], row.get("RecipientFilter") or "", bool(row.get("Exclusive"))) for row in scopes],
        [_assignment(row) for row in ours],
        {str(_assignment(row).scope) for row in assignments if row not in ours and _assignment(row).scope},
        [row for row in policies if str(row.get("AppId")).casefold() == app_id.casefold()],
    )


async def filter_of_mailboxes(session: ExchangeSession, names: Sequence[str]) -> str:
    """The filter for some mailboxes, whose primary addresses are looked up.

    :raises InputError: naming every mailbox that Exchange does not have.
    """
    found = await mailbox_lookup.find(session, names)
    return recipient_filters.of_mailboxes({row["PrimarySmtpAddress"] for row in found.values()})


async def filter_of_group(session: ExchangeSession, name: str) -> str:
    """The filter for the direct members of a group.

    :raises InputError: if there is no such group.
    """
    try:
        (row, *_others) = await session.invoke("Get-Recipient", {"Identity": name})
    except ExchangeNotFoundError as error:
        raise InputError(
            f"Exchange has no group {name}.", code="no_group", remedy="Check its name or address."
        ) from error
    if row["RecipientTypeDetails"] not in _GROUPS:
        raise InputError(
            f"{name} is no group that a scope can name, but a {row['RecipientTypeDetails']}.", code="no_group",
            remedy="Give a mail-enabled security group, a distribution group or a Microsoft 365 group.",
        )
    return recipient_filters.of_group(row["DistinguishedName"])


async def reached(
    session: ExchangeSession, pointer: Pointer | None, mailboxes: Sequence[str]
) -> dict[str, list[str]]:
    """Which roles reach each mailbox, as Exchange itself decides.

    :raises InputError: naming every mailbox that Exchange does not have.
    """
    if pointer is None:
        await filter_of_mailboxes(session, mailboxes)
        return {mailbox: [] for mailbox in mailboxes}
    answers = await session.invoke_many([
        Call("Test-ServicePrincipalAuthorization", {"Identity": pointer.object_id, "Resource": mailbox})
        for mailbox in mailboxes
    ])
    absent = [
        name for name, answer in zip(mailboxes, answers, strict=True) if isinstance(answer, ExchangeNotFoundError)
    ]
    if absent:
        raise missing_mailboxes(absent)
    return {
        mailbox: sorted({row["RoleName"] for row in rows_or_raise(answer) if str(row["InScope"]) == "True"})
        for mailbox, answer in zip(mailboxes, answers, strict=True)
    }


async def apply(
    session: ExchangeSession, pointer: Pointer | None, change: Change, look: Callable[[], Awaitable[State]],
    remaining: Callable[[State], Change], sleep: Sleep = asyncio.sleep,
) -> State:
    """Make a change, and wait until Exchange shows it.

    :param look: reads the state.
    :param remaining: tells what still has to change.
    :raises ExchangeError: if Exchange refuses, or does not show the change in time.
    """
    lost = None
    try:
        await _write_scope(session, change)
        if pointer is not None:
            await _assign(session, pointer, change, sleep)
        await _unassign(session, change)
    except LostAnswerError as error:
        # It may well have worked.
        lost = error

    async def seen() -> State:
        try:
            return await look()
        except LostAnswerError as error:
            # PowerShell's session ends with a lost answer, so that nothing more can be found out.
            raise lost or error from error

    after = await wait_until(seen, lambda state: not remaining(state), PATIENCE, sleep)
    if remaining(after):
        raise lost or ExchangeError(
            f"Exchange accepted the roles of the application, but does not show them after {PATIENCE:g} seconds.",
            cmdlet="Get-ManagementRoleAssignment", remedy="Run the task again: it reads what is there first.",
        )
    return after


async def _write_scope(session: ExchangeSession, change: Change) -> None:
    if change.scope is None:
        return
    restriction = {"RecipientRestrictionFilter": change.scope.filter, "Confirm": False}
    if change.create:
        try:
            await session.invoke("New-ManagementScope", {"Name": change.scope.name, **restriction})
        except ExchangeConflictError as error:
            error.remedy = error.remedy or "Run the task again: it reads what is there first."
            raise
    elif change.rewrite:
        await session.invoke("Set-ManagementScope", {"Identity": change.scope.name, **restriction})


async def _assign(session: ExchangeSession, pointer: Pointer, change: Change, sleep: Sleep) -> None:
    if change.scope is None:
        return
    calls = [
        Call("New-ManagementRoleAssignment", {
            "Role": role, "App": pointer.object_id, "CustomResourceScope": change.scope.name, "Confirm": False,
        })
        for role in change.assign
    ]
    calls += [
        Call("Set-ManagementRoleAssignment", {"Identity": one.name, "Enabled": True, "Confirm": False})
        for one in change.enable
    ]

    async def attempt() -> list[ExchangeError]:
        nonlocal calls
        answers = await session.invoke_many(calls)
        refused = [(call, answer) for call, answer in zip(calls, answers, strict=True)
                   if isinstance(answer, ExchangeError) and not isinstance(answer, ExchangeConflictError)]
        calls = [call for call, _answer in refused]
        return [answer for _call, answer in refused]

    def is_final(refusals: Sequence[ExchangeError]) -> bool:
        # A scope, or the application, made a moment ago may not have arrived everywhere.
        return not all(isinstance(one, ExchangeNotFoundError) for one in refusals) or not refusals

    refusals = await wait_until(attempt, is_final, PATIENCE, sleep)
    if refusals:
        raise refusals[0]


async def _unassign(session: ExchangeSession, change: Change) -> None:
    calls = [
        Call("Remove-ManagementRoleAssignment", {"Identity": one.name, "Confirm": False}) for one in change.unassign
    ]
    if calls:
        _ignoring_absence(await session.invoke_many(calls))
    if change.drop is not None:
        call = Call("Remove-ManagementScope", {"Identity": change.drop.name, "Confirm": False})
        _ignoring_absence(await session.invoke_many([call]))


def _ignoring_absence(answers: Iterable[Rows | ExchangeError]) -> None:
    for answer in answers:
        if isinstance(answer, ExchangeError) and not isinstance(answer, ExchangeNotFoundError):
            raise answer


def _is_of(row: Mapping[str, Any], pointer: Pointer) -> bool:
    names = {str(row.get(name)).casefold() for name in ("RoleAssigneeName", "RoleAssignee", "App")}
    return str(pointer.object_id).casefold() in names or pointer.app_id.casefold() in names


def _assignment(row: Mapping[str, Any]) -> Assignment:
    return Assignment(
        row["Name"], row["Role"], row.get("CustomResourceScope") or row.get("CustomRecipientWriteScope"),
        row.get("RecipientGroupScope") or row.get("RecipientAdministrativeUnitScope"), bool(row.get("Enabled", True)),
    )
