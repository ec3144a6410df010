# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A client secret as the module entra_application_secret knows it: its options, and what is done for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import addressed, app_policy, managed, secrets
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import SECRET, Registration
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity

#: The options.
OPTIONS: dict[str, dict[str, Any]] = {
    **addressed.OPTIONS,
    "name": {"default": "mail"},
    "key_id": {"no_log": False},
    "known_key_ids": {"type": "list", "elements": "str", "no_log": False},
    "remove_unknown": {"type": "bool", "default": True},
    "lifetime": {"default": "180d"},
    "renew_within": {"default": "30d"},
    "state": {"choices": ["present", "absent"], "default": "present"},
}


async def present(
    graph: GraphClient, params: Mapping[str, Any], check_mode: bool, registration: Registration | None = None
) -> Entity:
    """Make a secret if the known one is missing or due; gives what the module returns, with ``warnings`` beside it.

    :param params: the options of the module.
    :param registration: what was read of the application already.
    """
    name, key_id, known = params["name"], params["key_id"], params["known_key_ids"]
    lifetime, renew_within = managed.periods(params)
    if registration is None or (key_id is not None and registration.find(key_id) is None):
        registration = await secrets.read(graph, addressed.identity_from(params), key_id)
    before = registration.managed(name)
    current = registration.find(key_id)
    if current is not None and not managed.is_due(current, registration.moment, renew_within):
        difference = managed.diff(SECRET, before)
        return {"changed": False, "secret": managed.shown(current), "removed": [], "diff": difference, "warnings": []}
    if before and key_id is None and known is None:
        raise managed.unknown(registration, name)
    allowed = await app_policy.allowed(graph, registration, lifetime, renew_within)
    stale = managed.orphans(registration, name, key_id, known) if params["remove_unknown"] else []
    removed = [one["keyId"] for one in stale]
    if check_mode:
        credential: Entity = {"displayName": f"{managed.OWNER}{name}"}
        return {
            "changed": True, "secret": managed.shown(credential), "removed": removed,
            "diff": managed.diff(SECRET, before, removed, credential), "warnings": allowed.warnings,
        }
    made = await secrets.make(graph, registration, name, allowed.lifetime, stale)
    return {
        "changed": True, "secret": managed.shown(made.credential), "secret_text": made.credential["secretText"],
        "removed": removed, "diff": managed.diff(SECRET, before, removed, made.credential),
        "warnings": [*allowed.warnings, *made.warnings],
    }


async def absent(graph: GraphClient, params: Mapping[str, Any], check_mode: bool) -> Entity:
    """Remove the managed secret; gives what the module returns."""
    registration = await secrets.read(graph, addressed.identity_from(params))
    credential = registration.find(params["key_id"])
    if credential is None:
        return {"changed": False, "secret": None, "removed": [], "diff": managed.diff(SECRET, [])}
    managed.must_be_managed(registration, credential)
    if not check_mode:
        await secrets.remove(graph, registration, credential)
    removed = [credential["keyId"]]
    return {"changed": True, "secret": None, "removed": removed, "diff": managed.diff(SECRET, [credential], removed)}
