# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Finding many mailboxes by a few questions.

What can be filtered by: https://learn.microsoft.com/powershell/exchange/filter-properties
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ExchangeNotFoundError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import recipient_filters
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.mailboxes import missing_mailboxes
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import (
    Call,
    ExchangeSession,
    rows_or_raise,
)

#: How many mailboxes one filter names; Exchange does not say how long a filter may be.
TOGETHER = 20
# Anything else, quotes above all, is not trusted to a filter.
_ADDRESS = re.compile(r"[\w.+%&~#=-]+@[\w.-]+")
_BY_ADDRESS = ("EmailAddresses", "UserPrincipalName")
_BY_ID = ("ExternalDirectoryObjectId", "Guid")


async def find(session: ExchangeSession, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """What Get-Mailbox tells of each mailbox, by the name that is given.

    Addresses, principal names and ids are asked for together; what that does not find, one by one.

    :raises InputError: naming every mailbox that Exchange does not have.
    """
    askable = [name for name in names if _properties(name)]
    calls = [_by_filter(askable[start:start + TOGETHER]) for start in range(0, len(askable), TOGETHER)]
    rows = [row for answer in await session.invoke_many(calls) for row in rows_or_raise(answer)]
    by_name = {known: row for row in rows for known in known_as(row)}
    found = {name: by_name[name.casefold()] for name in names if name.casefold() in by_name}
    left = [name for name in names if name not in found]
    answers = dict(zip(left, await session.invoke_many([_by_identity(name) for name in left]), strict=True))
    absent = [name for name, answer in answers.items() if isinstance(answer, ExchangeNotFoundError)]
    if absent:
        raise missing_mailboxes(absent)
    return {**found, **{name: rows_or_raise(answer)[0] for name, answer in answers.items()}}


def known_as(row: Mapping[str, Any]) -> set[str]:
    """Every name that belongs to this mailbox alone, in small letters. Pure.

    Other cmdlets call it by its Identity, its Name or its DistinguishedName.
    """
    single = ("Identity", "Name", "DistinguishedName", "PrimarySmtpAddress", "UserPrincipalName", *_BY_ID)
    addresses = (address.partition(":")[2] or address for address in row.get("EmailAddresses") or [])
    return {str(name).casefold() for name in (*(row.get(key) for key in single), *addresses) if name}


def _by_identity(name: str) -> Call:
    return Call("Get-Mailbox", {"Identity": name})


def _by_filter(names: Sequence[str]) -> Call:
    comparisons = [(property_name, name) for name in names for property_name in _properties(name)]
    return Call("Get-Mailbox", {"Filter": recipient_filters.any_of(comparisons), "ResultSize": "Unlimited"})


def _properties(name: str) -> tuple[str, ...]:
    """The properties that a filter can look for a name in; none for one that may be anything."""
    return _BY_ADDRESS if _ADDRESS.fullmatch(name) else _BY_ID if _is_id(name) else ()


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
