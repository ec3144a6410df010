# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Users by address. https://learn.microsoft.com/graph/api/user-list"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request, quoted

READ = "User.ReadBasic.All"
#: How many values one "in", and how many clauses one "or" takes: https://learn.microsoft.com/graph/filter-query-parameter
MOST_VALUES = 15
FORBIDDEN = 403

#: The user of an address; None if nobody has it; or why it cannot be told whose it is.
Found: TypeAlias = Entity | InputError | None


async def look_up(graph: GraphClient, addresses: Sequence[str]) -> dict[str, Found]:
    """The users whose mail address, alias or user principal name is one of these, by the address that was asked for.

    Aliases are in no basic profile: to a caller who may read no more they are unknown.

    :raises GraphError: among others if the caller may not read users.
    """
    wanted = list(dict.fromkeys(addresses))
    parts = [wanted[start:start + MOST_VALUES] for start in range(0, len(wanted), MOST_VALUES)]
    answers = await graph.batch([*map(_by_address, parts), *map(_by_alias, parts)])
    answers = [*answers[:len(parts)], *(one for one in answers[len(parts):] if one.status != FORBIDDEN)]
    users = [user for page in await asyncio.gather(*map(graph.pages, answers)) for user in page]
    return {address: whose(address, users) for address in wanted}


def unknown(addresses: Sequence[str]) -> InputError:
    """Why the object ids of these cannot be told."""
    return InputError(
        f"{', '.join(addresses)}: no user has that principal name or primary address, so that there is no object id.",
        remedy="Correct the address, or give the mailbox's object_id beside it.",
    )


def whose(address: str, users: Iterable[Mapping[str, Any]]) -> Found:
    """The user of an address. Pure.

    An address can be the primary address of one user's mailbox and another user's principal name: mail for it goes to
    the mailbox. ``mail`` is not unique either, since guests and contacts have the address of a mailbox elsewhere. If it
    is an alias of one and the principal name of another, mail goes to the first, and who signs in is the second.
    """
    distinct = {str(user["id"]): dict(user) for user in users}.values()
    by_mail = [user for user in distinct if _is(user.get("mail"), address)]
    by_name = [user for user in distinct if _is(user.get("userPrincipalName"), address)]
    both = [user for user in by_mail if user in by_name]
    others = [
        user for user in distinct
        if user in by_name or any(_is(alias, f"smtp:{address}") for alias in user.get("proxyAddresses") or ())
    ]
    candidates = both or by_mail or others
    if len(candidates) < 2:
        return next(iter(candidates), None)
    names = ", ".join(f"{user['userPrincipalName']} ({user['id']})" for user in candidates)
    return InputError(
        f"{address} belongs to several users: {names}.",
        remedy="Give an address or a principal name that only the one who is meant has, or change those of the others.",
    )


def _is(value: object, address: str) -> bool:
    return isinstance(value, str) and value.casefold() == address.casefold()


def _by_address(addresses: Sequence[str]) -> Request:
    values = f"({','.join(map(quoted, addresses))})"
    return _request(f"userPrincipalName%20in%20{values}%20or%20mail%20in%20{values}")


def _by_alias(addresses: Sequence[str]) -> Request:
    return _request("%20or%20".join(
        f"proxyAddresses/any(one:one%20eq%20{quoted(f'smtp:{address}')})" for address in addresses
    ))


def _request(condition: str) -> Request:
    return Request(
        "GET", f"/users?$filter={condition}&$select=id,userPrincipalName,mail,proxyAddresses",
        "look up users by their addresses", READ,
    )
