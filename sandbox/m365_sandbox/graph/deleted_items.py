"""/directory/deletedItems: what was deleted during the last 30 days."""

from __future__ import annotations

from m365_sandbox.graph.applications import APPLICATIONS
from m365_sandbox.graph.directory import EntitySet, is_owned, require_ownership
from m365_sandbox.graph.errors import resource_not_found
from m365_sandbox.graph.key_credentials import without_keys
from m365_sandbox.graph.lifecycle import TYPES, purge, restore
from m365_sandbox.graph.query import View, answer_collection, answer_count, answer_entity
from m365_sandbox.graph.roles import APPLICATIONS_READ, APPLICATIONS_WRITE
from m365_sandbox.graph.routing import Answer, Call, Route
from m365_sandbox.graph.service_principals import SERVICE_PRINCIPALS
from m365_sandbox.state.history import Entity

PATH = "/directory/deletedItems"
CONTEXT = "directoryObjects"


def _typed(entity: Entity) -> Entity:
    return {"@odata.type": entity["@odata.type"]}


# In this collection objects say what they are.
VIEWS = {TYPES[one.collection]: View(one.view.type, annotate=_typed) for one in (APPLICATIONS, SERVICE_PRINCIPALS)}


async def get(call: Call) -> Answer:
    """GET one deleted object."""
    entity = _find(call)
    return answer_entity(call, VIEWS[entity["@odata.type"]], without_keys(entity), context=CONTEXT)


async def bring_back(call: Call) -> Answer:
    """POST .../restore: 200 with the object."""
    deleted = _find(call)
    entity = restore(call.tenant, deleted)
    shown = {**without_keys(entity), "@odata.type": deleted["@odata.type"]}
    return answer_entity(call, VIEWS[deleted["@odata.type"]], shown, context=CONTEXT)


async def remove(call: Call) -> Answer:
    """DELETE: 204, for good."""
    purge(call.tenant, _find(call))
    return Answer(204)


def _find(call: Call) -> Entity:
    identifier = call.params["object"].lower()
    entity = call.tenant["deleted_items"].get(identifier, call.lag)
    if entity is None or identifier not in call.tenant["deleted_items"]:
        raise resource_not_found(identifier)
    require_ownership(call, entity)
    return entity


def _list_routes(entity_set: EntitySet) -> tuple[Route, ...]:
    kind = TYPES[entity_set.collection]
    path = f"{PATH}/{kind.removeprefix('#')}"

    def found(call: Call) -> list[Entity]:
        return [
            without_keys(entity) for entity in call.tenant["deleted_items"].values(call.lag)
            if entity["@odata.type"] == kind and (not call.owned_only or is_owned(call, entity))
        ]

    async def show(call: Call) -> Answer:
        return answer_collection(call, VIEWS[kind], found(call), context=CONTEXT)

    async def count(call: Call) -> Answer:
        return answer_count(call, entity_set.view.type, found(call))

    return (
        Route("GET", path, APPLICATIONS_READ, show),
        Route("GET", f"{path}/$count", APPLICATIONS_READ, count),
    )


ROUTES = (
    *_list_routes(APPLICATIONS),
    *_list_routes(SERVICE_PRINCIPALS),
    Route("GET", f"{PATH}/{{object}}", APPLICATIONS_READ, get),
    Route("POST", f"{PATH}/{{object}}/restore", APPLICATIONS_WRITE, bring_back),
    Route("DELETE", f"{PATH}/{{object}}", APPLICATIONS_WRITE, remove),
)
