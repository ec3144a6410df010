# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The rights FullAccess and SendAs on mailboxes.

Exchange takes an entry that is there already, and the removal of one that is not, for a success with a warning:
https://learn.microsoft.com/powershell/module/exchange/add-mailboxpermission
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ExchangeError,
    ExchangeNotFoundError,
    InputError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import mailbox_lookup
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.mailboxes import missing_mailboxes
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.service_principals import Pointer
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import (
    Call,
    ExchangeSession,
    Rows,
    rows_or_raise,
)

Right = Literal["full_access", "send_as"]
RIGHTS: tuple[Right, ...] = ("full_access", "send_as")

#: Up to as many mailboxes are asked one by one: a list of SendAs goes through all recipients of the organisation.
FEW = 5

#: (mailbox, right)
Entry = tuple[str, Right]

#: What warnings say of an entry that is there already, or not there.
_NO_CHANGE = ("is already present on the object", "the ace doesn't exist", "the ace isn't present")


@dataclass(frozen=True)
class Principal:
    """Who has a right.

    :param identity: what cmdlets are given: the object id of a service principal, the principal name of a user.
    :param sid: what entries are matched by; names in them are cut, resolved or neither.
    """

    identity: str
    name: str
    sid: str


@dataclass(frozen=True)
class Survey:
    """What a principal has.

    :param unread: what only writing it tells of.
    """

    held: Set[Entry]
    unread: Set[Entry] = frozenset()


def of_pointer(pointer: Pointer) -> Principal:
    """A service principal of Exchange as one who has rights."""
    return Principal(str(pointer.object_id), pointer.display_name or pointer.app_id, str(pointer.sid))


async def user(session: ExchangeSession, identity: str) -> Principal:
    """A user by address, user principal name or object id.

    :raises InputError: if there is none.
    """
    try:
        (row, *_others) = await session.invoke("Get-User", {"Identity": identity})
    except ExchangeNotFoundError as error:
        raise InputError(
            f"Exchange has no user {identity}.", code="no_user", remedy="Give the user principal name."
        ) from error
    name = str(row["UserPrincipalName"])
    return Principal(name, name, str(row["Sid"]))


async def read(
    session: ExchangeSession, principal: Principal | None, mailboxes: Sequence[str], rights: Collection[Right]
) -> set[Entry]:
    """What the principal has of the rights, by one cmdlet for each right and mailbox, in as few requests as possible.

    :param principal: None for one that is not there yet, and has nothing.
    :raises InputError: naming every mailbox that Exchange does not have.
    """
    entries = _entries(mailboxes, rights)
    answers = await session.invoke_many([_get(principal, *entry) for entry in entries])
    found = dict(zip(entries, answers, strict=True))
    # Where the search for entries does not know the principal yet, it has none.
    told = {entry: rows for entry, rows in found.items() if principal is None or not _names(rows, principal)}
    absent = [mailbox for (mailbox, _right), rows in told.items() if isinstance(rows, ExchangeNotFoundError)]
    if absent:
        raise missing_mailboxes(absent)
    return {
        (mailbox, right) for (mailbox, right), rows in told.items()
        if any(principal is not None and _gives(row, right, principal) for row in rows_or_raise(rows))
    }


async def survey(
    session: ExchangeSession, principal: Principal, mailboxes: Sequence[str], *, granting: bool
) -> Survey:
    """What the principal has of both rights, so that reading and writing take two cmdlets a mailbox at most.

    There is no list of FullAccess over several mailboxes, but one of SendAs. Where SendAs is as it shall be, FullAccess
    is read. Elsewhere both rights are probably still to be written, and writing tells what was there.

    :param granting: whether the rights shall be there.
    :raises InputError: naming every mailbox that Exchange does not have.
    """
    rows = await mailbox_lookup.find(session, mailboxes)
    listed = await session.invoke_many([
        Call("Get-RecipientPermission", {"Trustee": principal.identity, "ResultSize": "Unlimited"})
    ])
    entries = [] if _names(listed[0], principal) else rows_or_raise(listed[0])
    senders = {str(row["Identity"]).casefold() for row in entries if _gives(row, "send_as", principal)}
    sendable = [mailbox for mailbox in mailboxes if mailbox_lookup.known_as(rows[mailbox]) & senders]
    settled = [mailbox for mailbox in mailboxes if (mailbox in sendable) == granting]
    held = await read(session, principal, settled, ["full_access"])
    unread = {mailbox for mailbox in mailboxes if mailbox not in settled}
    return Survey(
        held | {(mailbox, "send_as") for mailbox in sendable}, {(mailbox, "full_access") for mailbox in unread}
    )


async def add(session: ExchangeSession, principal: Principal, entries: Iterable[Entry]) -> set[Entry]:
    """Give rights.

    :returns: those that were not there before.
    """
    return await _write(session, "Add", principal, entries)


async def remove(session: ExchangeSession, principal: Principal, entries: Iterable[Entry]) -> set[Entry]:
    """Take rights away.

    :returns: those that were there before.
    """
    return await _write(session, "Remove", principal, entries)


def shown(mailboxes: Sequence[str], rights: Collection[Right], held: Collection[Entry]) -> list[dict[str, Any]]:
    """The rights by mailbox as modules return them. Pure."""
    return [
        {"mailbox": mailbox, **{right: (mailbox, right) in held for right in RIGHTS if right in rights}}
        for mailbox in mailboxes
    ]


async def _write(
    session: ExchangeSession, verb: str, principal: Principal, entries: Iterable[Entry]
) -> set[Entry]:
    entries = list(entries)
    calls = [_change(verb, principal, *entry) for entry in entries]
    answers = [rows_or_raise(rows) for rows in await session.invoke_many(calls)]
    return {entry for entry, rows in zip(entries, answers, strict=True) if not _was_so(rows)}


def _entries(mailboxes: Sequence[str], rights: Collection[Right]) -> list[Entry]:
    return [(mailbox, right) for mailbox in mailboxes for right in RIGHTS if right in rights]


def _get(principal: Principal | None, mailbox: str, right: Right) -> Call:
    if right == "full_access" or principal is None:
        return Call("Get-MailboxPermission", {"Identity": mailbox})
    # Its output need not say the trustee's SID, so that Exchange has to compare.
    return Call("Get-RecipientPermission", {"Identity": mailbox, "Trustee": principal.identity})


def _change(verb: str, principal: Principal, mailbox: str, right: Right) -> Call:
    if right == "full_access":
        # With AutoMapping, Outlook would open the mailbox for a user without being asked.
        mapping = {"AutoMapping": False, "InheritanceType": "All"} if verb == "Add" else {}
        return Call(f"{verb}-MailboxPermission", {
            "Identity": mailbox, "User": principal.identity, "AccessRights": ["FullAccess"], **mapping,
            "Confirm": False,
        })
    return Call(f"{verb}-RecipientPermission", {
        "Identity": mailbox, "Trustee": principal.identity, "AccessRights": ["SendAs"], "Confirm": False,
    })


def _gives(row: Mapping[str, Any], right: Right, principal: Principal) -> bool:
    if row.get("IsInherited"):
        return False
    if right == "full_access":
        return row.get("UserSid") == principal.sid and not row.get("Deny") and "FullAccess" in _words(row)
    return row.get("AccessControlType", "Allow") == "Allow" and "SendAs" in _words(row)


def _names(answer: Rows | ExchangeError, principal: Principal) -> bool:
    return isinstance(answer, ExchangeNotFoundError) and principal.identity in answer.answer


def _words(row: Mapping[str, Any]) -> list[str]:
    value = row.get("AccessRights") or []
    texts = value if isinstance(value, list) else [value]
    return [word.strip() for text in texts for word in str(text).split(",")]


def _was_so(rows: Rows) -> bool:
    return any(words in warning.casefold() for warning in rows.warnings for words in _NO_CHANGE)
