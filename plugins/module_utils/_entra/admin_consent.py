# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Admin consent as the module entra_admin_consent knows it: its options, and what is done for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import consent
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import (
    DELEGATED,
    PERMISSIONS_SPEC,
    Resource,
    resource_names,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity

#: The options.
OPTIONS: dict[str, dict[str, Any]] = {
    "app_id": {"required": True},
    "permissions": {**PERMISSIONS_SPEC, "default": []},
    "purge": {"type": "bool", "default": False},
    "state": {"choices": ["present", "absent"], "default": "present"},
}


def result(state: consent.Consent, others: Sequence[Resource]) -> Entity:
    """The consent as the module returns it and shows it in a diff."""
    return {"service_principal": consent.shown_principal(state), "granted": consent.granted_by_name(state, others)}


async def settle(
    graph: GraphClient, params: Mapping[str, Any], check_mode: bool, *, application: Entity | None = None,
    known: Mapping[str, Resource] | None = None,
) -> Entity:
    """Find out what has to change, and change it; gives what the module returns.

    :param params: the options of the module.
    :param application, known: what was read already, as for ``consent.read``.
    """
    permissions = params["permissions"]
    delegated = params["purge"] or any(entry[DELEGATED] for entry in permissions)

    def remaining(state: consent.Consent) -> consent.Change:
        return consent.plan(state, permissions, granted=params["state"] == "present", purge=params["purge"])

    before = await consent.read(
        graph, params["app_id"], resources=resource_names(permissions), delegated=delegated, application=application,
        known=known,
    )
    # What is about to be revoked on other resources is worth a name.
    others = await consent.read_resources(graph, before) if params["purge"] else []
    change = remaining(before)
    after = consent.predicted(before, change)
    if change and not check_mode:
        after = await consent.apply(graph, before, remaining, delegated=delegated)
    outcome = result(after, others)
    return {"changed": bool(change), **outcome, "diff": {"before": result(before, others), "after": outcome}}
