"""Objects related to a directory object, ready to be shown: what ``$expand`` and the relationship paths list."""

from __future__ import annotations

from collections.abc import Callable

from m365_sandbox.graph.key_credentials import without_keys
from m365_sandbox.graph.routing import Call
from m365_sandbox.state.entity_types import APP_ROLE_ASSIGNMENT, OAUTH2_PERMISSION_GRANT, SERVICE_PRINCIPAL, USER
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import EntityType, render


def shown_owners(call: Call, entity: Entity) -> list[Entity]:
    """The owners: users and service principals, told apart by ``@odata.type``."""
    ids = (call.tenant["owners"].get(entity["id"], call.lag) or {"ids": []})["ids"]
    found = (_principal(call, identifier) for identifier in ids)
    return [owner for owner in found if owner is not None]


def _principal(call: Call, identifier: str) -> Entity | None:
    user = call.tenant["users"].get(identifier, call.lag)
    if user is not None:
        return {"@odata.type": "#microsoft.graph.user", **render(USER, user)}
    principal = call.tenant["service_principals"].get(identifier, call.lag)
    if principal is None:
        return None
    return {"@odata.type": "#microsoft.graph.servicePrincipal", **render(SERVICE_PRINCIPAL, without_keys(principal))}


def _belonging(collection: str, name: str, kind: EntityType) -> Callable[[Call, Entity], list[Entity]]:
    def related(call: Call, entity: Entity) -> list[Entity]:
        found = call.tenant.find(collection, call.lag, **{name: entity["id"]})
        return [render(kind, one) for one in found]

    return related


assignments_of = _belonging("app_role_assignments", "principalId", APP_ROLE_ASSIGNMENT)
assigned_to = _belonging("app_role_assignments", "resourceId", APP_ROLE_ASSIGNMENT)
delegated_grants_of = _belonging("oauth2_permission_grants", "clientId", OAUTH2_PERMISSION_GRANT)
