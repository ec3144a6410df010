"""/applications/{id}/owners and /servicePrincipals/{id}/owners."""

from __future__ import annotations

import re

from m365_sandbox.graph.applications import APPLICATIONS
from m365_sandbox.graph.directory import EntitySet, owner_ids
from m365_sandbox.graph.errors import GraphError, bad_request, resource_not_found
from m365_sandbox.graph.query import require_known
from m365_sandbox.graph.related import shown_owners
from m365_sandbox.graph.roles import OWNERS_READ, OWNERS_WRITE
from m365_sandbox.graph.routing import Answer, Call, Route
from m365_sandbox.graph.service_principals import SERVICE_PRINCIPALS

_REFERENCE = re.compile(r"https://[^/]+/v1\.0/(?:directoryObjects|users|servicePrincipals)/([0-9A-Fa-f-]{36})")


def _routes(entity_set: EntitySet) -> tuple[Route, ...]:
    async def show(call: Call) -> Answer:
        require_known(call.query)
        owners = shown_owners(call, entity_set.seen(call, call.params["object"]))
        return Answer(200, {"@odata.context": f"{call.base_url}/$metadata#directoryObjects", "value": owners})

    async def add(call: Call) -> Answer:
        owned = entity_set.target(call, call.params["object"])
        identifier = _referenced(call)
        ids = owner_ids(call.tenant, owned["id"])
        if identifier in ids:
            raise _refused("added", "already exist")
        call.tenant["owners"].put(owned["id"], {"ids": [*ids, identifier]})
        return Answer(204)

    async def remove(call: Call) -> Answer:
        owned = entity_set.target(call, call.params["object"])
        ids = owner_ids(call.tenant, owned["id"])
        if call.params["owner"].lower() not in ids:
            raise _refused("removed", "do not exist")
        rest = [identifier for identifier in ids if identifier != call.params["owner"].lower()]
        call.tenant["owners"].put(owned["id"], {"ids": rest})
        return Answer(204)

    owners = f"{entity_set.path}/{{object}}/owners"
    return (
        Route("GET", owners, OWNERS_READ, show),
        Route("POST", f"{owners}/$ref", OWNERS_WRITE, add),
        Route("DELETE", f"{owners}/{{owner}}/$ref", OWNERS_WRITE, remove),
    )


def _referenced(call: Call) -> str:
    """The object id that ``@odata.id`` points to: a user or a service principal that the replica knows."""
    reference = call.json().get("@odata.id")
    found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if found is None:
        raise bad_request(f"Invalid object identifier '{reference}'.")
    identifier = found[1].lower()
    if call.tenant["applications"].get(identifier) is not None:
        raise bad_request(
            f"The reference target 'Application_{identifier}' of type 'Application' is invalid for the 'owners' "
            "reference."
        )
    if all(call.tenant[name].get(identifier, call.lag) is None for name in ("users", "service_principals")):
        raise resource_not_found(identifier)
    return identifier


def _refused(what: str, why: str) -> GraphError:
    return bad_request(f"One or more {what} object references {why} for the following modified properties: 'owners'.")


ROUTES = (*_routes(APPLICATIONS), *_routes(SERVICE_PRINCIPALS))
