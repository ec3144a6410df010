# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether the mailboxes that a host names are there, before anything is touched. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import users
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.users import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, address, many, read
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done, failure

_NAMED: Table = {
    "mailboxes": Key(many(address)), "users": Key(many(address)), "foreign": Key(address), "reader": Key(address),
}


def named_by(plan: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The mailboxes that a host's plan names: ``mailboxes``, ``foreign`` and ``reader``; and ``users``, by their ids.

    :param path: of the plan, for the message.
    :raises InputError: what it says makes no sense.
    """
    problems: list[str] = []
    own = {name: plan[name] for name in _NAMED if name in plan} if isinstance(plan, Mapping) else plan
    found = read(_NAMED, own, path, problems)
    if problems:
        raise InputError("\n".join(problems))
    return {"mailboxes": [], "users": [], "foreign": None, "reader": None, **found}


def judge(about: Mapping[str, Any], found: Mapping[str, Found] | GraphError) -> Verdict:
    """What there is to say of a host's mailboxes.

    :param about: see ``named_by``.
    :param found: the users by address, see ``users.look_up``; or why they could not be read.
    """
    foreign, reader = about["foreign"], about["reader"]
    if isinstance(found, GraphError):
        # Everything else can be done without, and the proof of delivery finds the same fault later. But nobody opens a
        # mailbox that does not exist, which would look like a refusal, and nothing else knows an object id.
        return failure(found) if foreign or about["users"] else done("The mailboxes could not be looked up.")
    for mailbox in (*about["mailboxes"], foreign, reader):
        unclear = found[mailbox] if mailbox else None
        if isinstance(unclear, InputError):
            return failure(unclear)
    without = [
        mailbox for mailbox in about["mailboxes"] if found[mailbox] is not None and not _has_mailbox(found[mailbox])
    ]
    if without:
        return failure(InputError(
            f"{', '.join(without)} has no mailbox in Exchange Online, so that no mail can be sent from there, or read.",
            remedy="In the Microsoft 365 admin center, assign a licence with Exchange Online to it, or name another "
            "mailbox in mail_send.from, or where it is named.",
        ))
    unknown = [address for address in about["users"] if found[address] is None]
    if unknown:
        return failure(users.unknown(unknown))
    if foreign and not _has_mailbox(found[foreign]):
        return failure(InputError(
            f"mail_verify.refused_mailbox: {foreign} is not known as the name or address of a user who has "
            "a mailbox, so that a refusal there would prove nothing.",
            remedy="Correct the address, or name another mailbox.",
        ))
    if reader and found[reader] is not None and not _has_mailbox(found[reader]):
        return failure(InputError(
            f"mail_verify.recipient: {reader} has no mailbox in Exchange Online, so that no mail can be found there.",
            remedy="Assign a licence with Exchange Online to it, or name another mailbox.",
        ))
    return done("The mailboxes are there.")


def _has_mailbox(user: Found) -> bool:
    return isinstance(user, Mapping) and user.get("mail") is not None
