"""Finding directory objects through a replica, and who owns them."""

from __future__ import annotations

from dataclasses import dataclass

from m365_sandbox.graph.errors import authorization_denied, resource_not_found
from m365_sandbox.graph.key_credentials import without_keys
from m365_sandbox.graph.query import View, answer_collection, answer_count, answer_entity
from m365_sandbox.graph.roles import APPLICATIONS_READ
from m365_sandbox.graph.routing import Answer, Call, Key, Route
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant


@dataclass(frozen=True)
class EntitySet:
    """Objects of one type with an address of their own.

    :param collection: where the tenant keeps them.
    """

    view: View
    collection: str

    @property
    def path(self) -> str:
        """The collection's path."""
        return f"/{self.view.type.entity_set}"

    def seen(self, call: Call, key: Key) -> Entity:
        """The object as the answering replica knows it; GraphError 404."""
        entity = _find(call.tenant, self.collection, key, call.lag)
        if entity is None:
            raise resource_not_found(key)
        require_ownership(call, entity)
        return entity

    def target(self, call: Call, key: Key) -> Entity:
        """The newest version of an object that a write is aimed at.

        GraphError 404 if the replica does not know the object yet, 403 if the caller may not change it.
        """
        newest = _find(call.tenant, self.collection, key)
        if newest is None or call.tenant[self.collection].get(newest["id"], call.lag) is None:
            raise resource_not_found(key)
        require_ownership(call, newest)
        return newest

    def put(self, tenant: Tenant, entity: Entity) -> None:
        """Write a new version of an object."""
        tenant[self.collection].put(entity["id"], entity)

    def read_routes(self) -> tuple[Route, ...]:
        """The list, its count, one object."""

        async def list_all(call: Call) -> Answer:
            return answer_collection(call, self.view, self._visible(call))

        async def count(call: Call) -> Answer:
            return answer_count(call, self.view.type, self._visible(call))

        async def get(call: Call) -> Answer:
            entity = self.seen(call, call.params["object"])
            selected = call.query.get("$select", "").split(",")
            return answer_entity(call, self.view, entity if "keyCredentials" in selected else without_keys(entity))

        return (
            Route("GET", self.path, APPLICATIONS_READ, list_all),
            Route("GET", f"{self.path}/$count", APPLICATIONS_READ, count),
            Route("GET", f"{self.path}/{{object}}", APPLICATIONS_READ, get),
        )

    def _visible(self, call: Call) -> list[Entity]:
        return [
            without_keys(entity) for entity in call.tenant[self.collection].values(call.lag)
            if not call.owned_only or is_owned(call, entity)
        ]


def require_ownership(call: Call, entity: Entity) -> None:
    """GraphError 403 if the caller may touch its own objects only and this is none of them."""
    if call.owned_only and not is_owned(call, entity):
        raise authorization_denied()


def is_owned(call: Call, entity: Entity) -> bool:
    """Whether the caller's service principal owns an application, or a service principal or its application."""
    # An application and its service principal carry the same appId.
    applications = call.tenant.find("applications", appId=entity["appId"])
    return any(call.claims["oid"] in owner_ids(call.tenant, owned["id"]) for owned in (entity, *applications))


def owner_ids(tenant: Tenant, identifier: str) -> list[str]:
    """The object ids of an object's owners."""
    ids: list[str] = (tenant["owners"].get(identifier) or {"ids": []})["ids"]
    return ids


def make_owner(call: Call, identifier: str) -> None:
    """Let the caller own the object that it just made [application-post-applications]."""
    call.tenant["owners"].put(identifier, {"ids": [call.claims["oid"]]})


def created(call: Call, entity_set: EntitySet, entity: Entity) -> Answer:
    """The answer to a creation: 201 with the object and its address."""
    answer = answer_entity(call, entity_set.view, without_keys(entity), status=201)
    return Answer(201, answer.body, {"Location": f"{call.base_url}{entity_set.path}/{entity['id']}"})


def wants_creation(call: Call) -> bool:
    """Whether a PATCH by alternate key may create the object [application-upsert]."""
    preferences = call.headers.get("prefer", "").split(",")
    return "create-if-missing" in (preference.strip().lower() for preference in preferences)


def _find(tenant: Tenant, collection: str, key: Key, lag: float = 0.0) -> Entity | None:
    if key.property == "id":
        return tenant[collection].get(key.lower(), lag)
    return next(iter(tenant.find(collection, lag, **{key.property: str(key)})), None)
