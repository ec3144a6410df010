"""/organization: always a collection of one."""

from __future__ import annotations

from m365_sandbox.graph.errors import resource_not_found
from m365_sandbox.graph.query import View, answer_collection, answer_entity
from m365_sandbox.graph.roles import ORGANIZATION_READ
from m365_sandbox.graph.routing import Answer, Call, Route
from m365_sandbox.state.entity_types import ORGANIZATION
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

VIEW = View(ORGANIZATION)


async def show_all(call: Call) -> Answer:
    """GET /organization."""
    return answer_collection(call, VIEW, [_organization(call.tenant)])


async def show(call: Call) -> Answer:
    """GET /organization/{tenant id}."""
    key = call.params["tenant"]
    if key.lower() != call.tenant.tenant_id:
        raise resource_not_found(key)
    return answer_entity(call, VIEW, _organization(call.tenant))


def _organization(tenant: Tenant) -> Entity:
    return {
        "id": tenant.tenant_id, "createdDateTime": tenant.created, "displayName": tenant.display_name,
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": name == tenant.domains[-1],
                "isInitial": name == tenant.initial_domain, "name": name, "type": "Managed",
            }
            for name in tenant.domains
        ],
    }


ROUTES = (
    Route("GET", "/organization", ORGANIZATION_READ, show_all),
    Route("GET", "/organization/{tenant}", ORGANIZATION_READ, show),
)
