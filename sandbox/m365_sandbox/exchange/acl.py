"""Access control entries of a mailbox or a recipient. Pure functions over the stored form.

Stored is {"entries": [...], "denied": [...]}; an entry names its principal by the object id in Entra, so it outlives
the principal, and the faces that let people in read ``entries`` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from m365_sandbox.state.history import Entity

Acl = dict[str, list[Entity]]


def stored(entity: Entity | None) -> Acl:
    """The stored entity, or an empty one."""
    return {"entries": [], "denied": [], **(entity or {})}


def add(acl: Acl, side: str, who: str, principal: str, rights: Sequence[str], **properties: Any) -> Acl | None:
    """The list with the rights added, or None if the principal has them all.

    :param side: ``entries`` or ``denied``.
    :param who: the key that names the principal in an entry: ``User`` or ``Trustee``.
    """
    others = [entry for entry in acl[side] if entry[who] != principal]
    held = _held(acl, side, who, principal)
    if set(rights) <= set(held):
        return None
    entry = {who: principal, "AccessRights": [*held, *(right for right in rights if right not in held)], **properties}
    return {**acl, side: [*others, entry]}


def remove(acl: Acl, side: str, who: str, principal: str, rights: Sequence[str]) -> Acl | None:
    """The list without the rights, or None if the principal has none of them."""
    held = _held(acl, side, who, principal)
    if not set(rights) & set(held):
        return None
    entries = []
    for entry in acl[side]:
        if entry[who] == principal:
            left = [right for right in entry["AccessRights"] if right not in rights]
            if not left:
                continue
            entry = {**entry, "AccessRights": left}
        entries.append(entry)
    return {**acl, side: entries}


def grants(acl: Acl, who: str, principal: str, right: str) -> bool:
    """Whether the list gives the principal the right. A denied entry wins over a granting one."""
    return right in _held(acl, "entries", who, principal) and right not in _held(acl, "denied", who, principal)


def _held(acl: Acl, side: str, who: str, principal: str) -> list[str]:
    return [right for entry in acl[side] if entry[who] == principal for right in entry["AccessRights"]]
