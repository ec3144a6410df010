# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Roles for some mailboxes as the module exchange_application_scope knows them: its options, and what is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import consent
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import WELL_KNOWN
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import (
    application_access,
    application_roles,
    application_scopes,
    service_principals,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.application_scopes import Change, State
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.mailboxes import distinct
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient

#: The options.
OPTIONS: dict[str, dict[str, Any]] = {
    "app_id": {"required": True},
    "roles": {"type": "list", "elements": "str"},
    "mailboxes": {"type": "list", "elements": "str"},
    "group": {},
    "scope_name": {},
    "purge": {"type": "bool", "default": False},
    "check_entra_grants": {"type": "bool", "default": True},
    "state": {"choices": ["present", "absent"], "default": "present"},
}


async def grants(graph: GraphClient, params: Mapping[str, Any]) -> tuple[str | None, list[dict[str, Any]]]:
    """The object id of the enterprise application, and what Entra ID grants to it."""
    found = await consent.read(graph, params["app_id"], resources=list(WELL_KNOWN))
    object_id = None if found.principal is None else str(found.principal["id"])
    return object_id, consent.granted_by_name(found)


async def wanted_filter(session: ExchangeSession, params: Mapping[str, Any]) -> str | None:
    """The filter that the task names, or None."""
    if params["group"]:
        return await application_access.filter_of_group(session, params["group"])
    if params["mailboxes"] is None:
        return None
    names = distinct(params["mailboxes"])
    if not names:
        raise InputError("mailboxes is empty.", remedy="Name a mailbox, or use state absent to take the roles away.")
    return await application_access.filter_of_mailboxes(session, names)


async def settle(
    session: ExchangeSession, params: Mapping[str, Any], in_entra: tuple[str | None, list[dict[str, Any]]],
    check_mode: bool,
) -> dict[str, Any]:
    """Find out what has to change, and change it; gives what the module returns, with ``warnings`` beside it.

    :param params: the options of the module.
    :param in_entra: as ``grants`` tells, or None and nothing.
    """
    app_id, is_present = params["app_id"], params["state"] == "present"
    roles = application_roles.roles(params["roles"] or [])
    if is_present and not roles:
        raise InputError("roles is empty.", remedy="Name a role, or use state absent to take the roles away.")
    name = params["scope_name"] or f"mailops {app_id}"
    object_id, granted = in_entra
    pointer = await service_principals.known(session, app_id, object_id)
    if pointer is None and is_present and not check_mode:
        raise service_principals.no_pointer(app_id)
    text = await wanted_filter(session, params)

    async def look() -> State:
        return await application_access.read(session, app_id, pointer)

    def remaining(state: State) -> Change:
        if is_present:
            return application_scopes.plan(state, roles, name, str(text), purge=params["purge"])
        return application_scopes.plan_removal(state, roles, name, text, purge=params["purge"])

    before = await look()
    change = remaining(before)
    after = application_scopes.predicted(before, change)
    if change and not check_mode:
        after = await application_access.apply(session, pointer, change, look, remaining)
    scope = change.scope or change.drop
    defeated_by = application_scopes.defeats(after, roles, scope, granted) if is_present else []
    outcome = application_scopes.shown(after, scope)
    policies = application_scopes.shown_policies(after)
    return {
        "changed": bool(change), **outcome, "defeated_by": defeated_by, "access_policies": policies,
        "warnings": application_scopes.advice(defeated_by, policies),
        "diff": {"before": application_scopes.shown(before, scope), "after": outcome},
    }
