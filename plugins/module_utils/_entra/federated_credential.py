# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A federated credential as the module entra_federated_credential knows it: its options, and what is done for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import addressed, federated
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._properties import argument_spec, merged, shown

#: The options.
OPTIONS: dict[str, dict[str, Any]] = {
    **addressed.OPTIONS,
    "name": {"required": True},
    **argument_spec(federated.PROPERTIES),
    "state": {"choices": ["present", "absent"], "default": "present"},
}


def result(credential: Entity | None) -> Entity | None:
    """A federated credential as the module returns it and shows it in a diff."""
    if credential is None:
        return None
    return {
        "object_id": credential.get("id"), "name": credential["name"], **shown(federated.PROPERTIES, credential),
    }


async def present(graph: GraphClient, params: Mapping[str, Any], check_mode: bool) -> Entity:
    """Create or change the federated credential; gives what the module returns.

    :param params: the options of the module.
    """
    federated.check(params)
    identity = addressed.identity_from(params)
    credentials = await federated.read(graph, identity)
    body = federated.pending(credentials, params)
    current = federated.named(credentials, params["name"])
    before = result(current)
    after = before
    if body and check_mode:
        after = result(merged(current or {"name": params["name"]}, body))
    elif body:
        after = result(await federated.write(graph, identity, params["name"], body))
    return {
        "changed": bool(body), "federated_credential": after, "diff": {"before": before or {}, "after": after or {}},
    }


async def absent(graph: GraphClient, params: Mapping[str, Any], check_mode: bool) -> Entity:
    """Remove the federated credential; gives what the module returns."""
    identity = addressed.identity_from(params)
    before = result(federated.named(await federated.read(graph, identity), params["name"]))
    if before and not check_mode:
        await federated.remove(graph, identity, params["name"])
    return {"changed": before is not None, "federated_credential": None, "diff": {"before": before or {}, "after": {}}}
