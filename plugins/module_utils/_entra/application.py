# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An application as the module entra_application knows it: its options, and what is done for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import applications
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.application_properties import PROPERTIES
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import (
    PERMISSIONS_SPEC,
    Resource,
    access_by_name,
    access_set,
    required_access,
    resource_names,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._properties import (
    argument_spec,
    changes,
    merged,
    shown,
)

#: The options.
OPTIONS: dict[str, dict[str, Any]] = {
    **argument_spec(PROPERTIES),
    "unique_name": {},
    "app_id": {},
    "object_id": {},
    "adopt": {"type": "bool", "default": False},
    "permissions": PERMISSIONS_SPEC,
    "owners": {"type": "list", "elements": "str"},
    "state": {"choices": ["present", "absent"], "default": "present"},
}


def pending(params: Mapping[str, Any], found: applications.Found, entity: Mapping[str, Any]) -> Entity:
    """What is left to write to the application: the body of a PATCH."""
    body = changes(PROPERTIES, entity, params)
    if params["permissions"] is not None:
        current = entity.get("requiredResourceAccess") or []
        access = required_access(current, params["permissions"], found.resources)
        if access_set(access) != access_set(current):
            body["requiredResourceAccess"] = access
    return body


def result(params: Mapping[str, Any], found: applications.Found, entity: Mapping[str, Any] | None) -> Entity | None:
    """The application as the module returns it and shows it in a diff."""
    if entity is None:
        return None
    return {
        "object_id": entity.get("id"),
        "app_id": entity.get("appId"),
        "unique_name": entity.get("uniqueName"),
        **shown(PROPERTIES, entity),
        "permissions": access_by_name(entity.get("requiredResourceAccess") or [], found.resources.values()),
    }


@dataclass(frozen=True)
class Outcome:
    """What became of an application.

    :param entity: as Graph shows it; in check mode without the ids that it does not have yet.
    :param moment: the tenant's time.
    :param resources: the resources whose permissions are declared, by the name that the option uses.
    :param result: what the module returns.
    """

    entity: Entity
    moment: datetime
    resources: Mapping[str, Resource]
    result: Entity


async def present(graph: GraphClient, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Create, restore or update the application.

    :param params: the options of the module entra_application.
    """
    identity = identity_from(params)
    found = await applications.find(
        graph, identity, resources=resource_names(params["permissions"]), owners=params["owners"] or [], create=True
    )
    start = found.entity or found.deleted or applications.new(identity)
    to_write = pending(params, found, start)
    after: Entity = merged(start, to_write)
    changed = found.entity is None or bool(to_write) or bool(found.missing_owners)
    if changed and not check_mode:
        after = await applications.ensure(graph, identity, found, lambda entity: pending(params, found, entity))
    before, outcome = result(params, found, found.entity), result(params, found, after)
    if params["owners"] and outcome is not None:
        outcome["owners"] = sorted(found.owners | set(found.missing_owners))
        if before is not None:
            before["owners"] = sorted(found.owners)
    return Outcome(after, found.moment, found.resources, {
        "changed": changed, "application": outcome, "restored": found.entity is None and found.deleted is not None,
        "diff": {"before": before or {}, "after": outcome},
    })


async def absent(graph: GraphClient, params: Mapping[str, Any], check_mode: bool) -> Entity:
    """Move the application to the deleted items; gives what the module returns."""
    identity = identity_from(params)
    found = await applications.find(graph, identity)
    if found.entity is not None and not check_mode:
        await applications.delete(graph, found.entity, identity)
    before = result(params, found, found.entity)
    return {"changed": before is not None, "application": None, "diff": {"before": before or {}, "after": {}}}


def identity_from(params: Mapping[str, Any]) -> applications.Identity:
    """By what the application is known."""
    return applications.Identity(
        **{name: params[name] for name in ("object_id", "app_id", "unique_name", "display_name", "adopt")}
    )
