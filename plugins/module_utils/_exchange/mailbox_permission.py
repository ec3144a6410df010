# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rights on mailboxes as the module exchange_mailbox_permission knows them: its options, and what is done for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import (
    mailbox_permissions,
    mailboxes,
    service_principals,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.mailbox_permissions import Principal, Survey
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession

#: The options.
OPTIONS: dict[str, dict[str, Any]] = {
    "mailboxes": {"type": "list", "elements": "str", "required": True},
    "rights": {"type": "list", "elements": "str", "choices": list(mailbox_permissions.RIGHTS), "required": True},
    "app_id": {},
    "object_id": {},
    "user": {},
    "state": {"choices": ["present", "absent"], "default": "present"},
}


async def principal(session: ExchangeSession, params: Mapping[str, Any]) -> Principal | None:
    """Who is meant; None for an application that Exchange does not know."""
    if params["user"]:
        return await mailbox_permissions.user(session, params["user"])
    pointer = await service_principals.known(session, params["app_id"], params["object_id"])
    return None if pointer is None else mailbox_permissions.of_pointer(pointer)


async def settle(session: ExchangeSession, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Find out which rights have to change, and change them; gives what the module returns.

    :param params: the options of the module.
    """
    names, rights = mailboxes.distinct(params["mailboxes"]), params["rights"]
    wanted = {(name, right) for name in names for right in rights}
    granting = params["state"] == "present"
    who = await principal(session, params)
    if who is None and granting and not check_mode:
        raise service_principals.no_pointer(params["app_id"] or params["object_id"])
    if who is not None and not check_mode and len(names) > mailbox_permissions.FEW and len(set(rights)) > 1:
        found = await mailbox_permissions.survey(session, who, names, granting=granting)
    else:
        found = Survey(await mailbox_permissions.read(session, who, names, rights))
    held = found.held
    to_change = wanted - held if granting else wanted & (held | found.unread)
    if who is not None and to_change and not check_mode:
        write = mailbox_permissions.add if granting else mailbox_permissions.remove
        changed = await write(session, who, [entry for entry in sorted(wanted) if entry in to_change])
        # What was not read, or what a replica that lags behind showed, may have been so before.
        held = wanted - changed if granting else changed
        to_change = changed
    before = mailbox_permissions.shown(names, rights, held)
    after = mailbox_permissions.shown(names, rights, wanted if granting else ())
    return {
        "changed": bool(to_change), "principal": who and {"name": who.name, "sid": who.sid}, "permissions": after,
        "diff": {"before": {"permissions": before}, "after": {"permissions": after}},
    }
