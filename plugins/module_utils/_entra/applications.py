# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Application registrations: find, create, update, restore, delete. https://learn.microsoft.com/graph/api/resources/application"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import (
    GUID,
    Resource,
    resource_from,
    resource_request,
    same_id,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.replication import (
    is_already_there,
    is_waiting_for_application,
    is_waiting_for_principal,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ConflictError,
    GraphError,
    InputError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient, T
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import (
    Answer,
    Entity,
    Request,
    quoted,
    segment,
)

SELECT = (
    "id,appId,displayName,uniqueName,signInAudience,web,spa,publicClient,isFallbackPublicClient,tags,notes,"
    "requiredResourceAccess,passwordCredentials,createdDateTime"
)
READ = "Application.ReadWrite.OwnedBy (for applications that the caller owns) or Application.Read.All"
WRITE = "Application.ReadWrite.OwnedBy (for applications that the caller owns) or Application.ReadWrite.All"
READ_OWNERS = "Application.Read.All"
WRITE_OWNERS = "Application.ReadWrite.OwnedBy together with Directory.Read.All"
FIND_OWNERS = "Directory.Read.All (or User.ReadBasic.All, where nobody has to be added)"

GET_DELETED = Request(
    "GET", f"/directory/deletedItems/microsoft.graph.application?$select={SELECT}", "look for deleted applications",
    READ,
)

#: Seconds for which an application that somebody names by id may be too new for the replica that answers.
PATIENCE_FOR_OTHERS = 30.0
#: Graph's default has changed over the years, so creating always says it.
DEFAULT_AUDIENCE = "AzureADMyOrg"


@dataclass(frozen=True)
class Identity:
    """By what an application is known; the first that is given, in this order, addresses it.

    :param display_name: addresses it only if ``adopt`` is set and exactly one application has that name.
    """

    object_id: str | None = None
    app_id: str | None = None
    unique_name: str | None = None
    display_name: str | None = None
    adopt: bool = False

    @property
    def path(self) -> str | None:
        """The path that addresses the application, or None if only a display name is known."""
        if self.object_id:
            return f"/applications/{segment(self.object_id)}"
        if self.app_id:
            return f"/applications(appId={quoted(self.app_id)})"
        if self.unique_name:
            return f"/applications(uniqueName={quoted(self.unique_name)})"
        return None

    @property
    def label(self) -> str:
        """How a message calls the application."""
        return f'"{self.unique_name or self.display_name or self.app_id or self.object_id}"'


@dataclass(frozen=True)
class Found:
    """What one batch of reads tells before anything is written.

    :param entity: the application, or None.
    :param moment: the tenant's time of the reads.
    :param deleted: a soft-deleted application with the unique name; only looked for while there is no other.
    :param owners: the object ids of its owners; only read if owners are wanted.
    :param wanted_owners: the object id of each wanted owner, by the name that the option uses.
    :param resources: the resources whose permissions are wanted, by the name that the option uses.
    """

    entity: Entity | None
    moment: datetime
    deleted: Entity | None = None
    owners: frozenset[str] = frozenset()
    wanted_owners: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Resource] = field(default_factory=dict)

    @property
    def missing_owners(self) -> list[str]:
        """The object ids of the wanted owners that the application does not have."""
        return [owner for owner in self.wanted_owners.values() if owner.lower() not in self.owners]


#: What is still to be written to an application of this shape: the body of a PATCH.
Pending = Callable[[Mapping[str, Any]], Entity]


async def find(
    graph: GraphClient, identity: Identity, *, resources: Sequence[str] = (), owners: Sequence[str] = (),
    create: bool = False,
) -> Found:
    """Read the application, and all that a change to it needs to know, in one batch.

    :param resources: names of resources whose permissions are wanted.
    :param owners: object ids or user principal names of wanted owners.
    :param create: whether a missing application is to be created, so that a soft-deleted one has to be looked for, and
        one that is given by id has to exist.
    :raises InputError: for an ambiguous display name, contradicting identities, an unknown resource or owner.
    """
    requests: dict[str, Request] = {}
    if identity.path:
        requests["application"] = _get(identity.path, identity.label)
        if owners:
            requests["owners"] = _get_owners(identity.path, identity.label)
    if identity.display_name and (identity.adopt or identity.path is None):
        requests["named"] = Request(
            "GET", f"/applications?$filter=displayName%20eq%20{quoted(identity.display_name)}&$select={SELECT}",
            f"look for applications named {identity.label}", READ,
        )
    if create and identity.unique_name:
        requests["deleted"] = GET_DELETED
    requests |= {f"resource {name}": resource_request(name) for name in resources}
    requests |= {f"owner {owner}": _get_user(owner) for owner in owners if not GUID.fullmatch(owner)}
    answers = dict(zip(requests, await graph.batch(list(requests.values())), strict=True))

    entity = await _addressed(graph, identity, answers, patient=create)
    if entity is None and "named" in answers:
        entity = _adopted(identity, await graph.pages(answers["named"]))
    deleted = None
    if entity is None and "deleted" in answers:
        deleted = _with_unique_name(identity, await graph.pages(answers["deleted"]))
    owned_by: frozenset[str] = frozenset()
    if owners and entity is not None:
        first = answers.get("owners")
        if first is None or first.status == 404:
            first = await graph.send(_get_owners(f"/applications/{entity['id']}", identity.label))
        owned_by = _ids(await graph.pages(first))
    return Found(
        entity, max(answer.moment for answer in answers.values()), deleted, owned_by,
        {owner: _owner_id(owner, answers.get(f"owner {owner}")) for owner in owners},
        {name: resource_from(name, answers[f"resource {name}"]) for name in resources},
    )


async def look_up(graph: GraphClient, identity: Identity) -> list[Entity]:
    """Every application of the identity, with its client secrets; none is an empty list."""
    select = f"$select={SELECT}"
    if identity.path:
        answer = await graph.send(Request("GET", f"{identity.path}?{select}", f"read {identity.label}", READ))
        found = answer.found()
        return [found] if found else []
    path = f"/applications?$filter=displayName%20eq%20{quoted(identity.display_name or '')}&{select}"
    request = Request("GET", path, f"look for applications named {identity.label}", READ)
    return await graph.pages(await graph.send(request))


async def read_resources(graph: GraphClient, app_ids: Iterable[str]) -> list[Resource]:
    """The resources with the application ids, except for those that the tenant does not have."""
    names = list(dict.fromkeys(app_ids))
    answers = await graph.batch([resource_request(name) for name in names])
    return [resource_from(name, answer) for name, answer in zip(names, answers, strict=True) if answer.status != 404]


async def ensure(graph: GraphClient, identity: Identity, found: Found, pending: Pending) -> Entity:
    """Make the application what it shall be: restore or create it, write what is pending, add owners, and wait for it.

    :param pending: tells what is left to write; nothing once the application is as wanted.
    :returns: the application as a replica shows it that has seen every change.
    """
    entity = found.entity
    if entity is None and found.deleted is not None:
        entity = await _restore(graph, found.deleted, identity)
    body = pending(entity or {})
    missing = found.missing_owners
    if entity is None:
        try:
            entity = await _create(graph, identity, body)
        except ConflictError:
            # A deleted application holds the unique name, and the replica that answered the reads did not know it.
            deleted = await _deleted(graph, identity)
            if deleted is None:
                raise
            return await ensure(graph, identity, replace(found, deleted=deleted), pending)
    elif body:
        await _write(graph, entity, body, identity)
    elif not missing:
        return entity
    if missing:
        await _add_owners(graph, entity, missing, identity)
    return await _settled(graph, entity, identity, pending, missing)


async def delete(graph: GraphClient, entity: Mapping[str, Any], identity: Identity) -> None:
    """Move the application to the deleted items, where it can be restored for 30 days, and wait until it is gone."""
    path = f"/applications/{entity['id']}"
    answer = await graph.send(Request("DELETE", path, f"delete the application {identity.label}", WRITE))
    answer.found()
    read = _get(path, identity.label)
    await _until(graph, lambda: graph.send(read), lambda seen: seen.found() is None, "the deletion", identity)


def new(identity: Identity) -> Entity:
    """An application that is about to be created, before any option is applied to it.

    :raises InputError: if it cannot be created with this identity.
    """
    if not identity.unique_name:
        raise InputError(
            f"There is no application {identity.label}, and without unique_name none can be created safely.",
            remedy="Give unique_name, the key by which Graph tells a new application from one that is there.",
        )
    if not identity.display_name:
        raise InputError(f"The application {identity.label} does not exist yet; creating it needs display_name.")
    return {"uniqueName": identity.unique_name, "signInAudience": DEFAULT_AUDIENCE}


async def _addressed(
    graph: GraphClient, identity: Identity, answers: Mapping[str, Answer], patient: bool
) -> Entity | None:
    answer = answers.get("application")
    if answer is None:
        return None
    is_by_id = bool(identity.object_id or identity.app_id)
    if answer.status == 404 and is_by_id and patient:
        # Whoever made it moments ago has seen it; this replica may not have.
        request = answer.request
        answer = await graph.wait_until(
            lambda: graph.send(request), lambda seen: seen.status != 404, PATIENCE_FOR_OTHERS
        )
        if answer.status == 404:
            raise InputError(
                f"There is no application {identity.object_id or identity.app_id} in the tenant.",
                remedy="Check the id and tenant_id; to create an application give unique_name alone.",
            )
    entity = answer.found()
    if entity is not None:
        _must_match(identity, entity)
    return entity


def _must_match(identity: Identity, entity: Mapping[str, Any]) -> None:
    for option, given, actual in (
        ("app_id", identity.app_id, entity["appId"]), ("unique_name", identity.unique_name, entity.get("uniqueName")),
    ):
        if given is not None and (actual is None or not same_id(given, actual)):
            raise InputError(
                f"The application {entity['appId']} has {option} {actual}, not {given}.",
                remedy="Address it by one identity; app_id, object_id and unique_name of an application never change.",
            )


def _adopted(identity: Identity, named: Sequence[Entity]) -> Entity | None:
    if not named:
        return None
    listed = "; ".join(f"object id {entity['id']}, app id {entity['appId']}" for entity in named)
    if len(named) > 1:
        raise InputError(
            f'{len(named)} applications are named "{identity.display_name}": {listed}.',
            remedy="Say which one is meant with app_id or object_id.",
        )
    if not identity.adopt:
        raise InputError(
            f'There is an application named "{identity.display_name}" ({listed}), but display names are not unique.',
            remedy="Give its app_id or object_id, or say adopt: true to take it over by its name.",
        )
    entity = named[0]
    other = entity.get("uniqueName")
    if identity.unique_name and other:
        raise InputError(
            f'The application named "{identity.display_name}" ({listed}) already has the unique_name {other}.',
            remedy=f"Address it as unique_name: {other}, or choose another display_name for a new application.",
        )
    return entity


async def _create(graph: GraphClient, identity: Identity, body: Mapping[str, Any]) -> Entity:
    start = new(identity)
    request = Request(
        "PATCH", _path(start), f"create the application {identity.label}", WRITE,
        body={"signInAudience": start["signInAudience"], **body}, headers={"Prefer": "create-if-missing"},
    )
    created = (await graph.send(request)).entity()
    # 204 and no entity: it was there, and the replica that answered the read did not know it yet.
    return created or start


async def _deleted(graph: GraphClient, identity: Identity) -> Entity | None:
    async def look() -> Entity | None:
        return _with_unique_name(identity, await graph.pages(await graph.send(GET_DELETED)))

    return await graph.wait_until(look, lambda seen: seen is not None, PATIENCE_FOR_OTHERS)


def _with_unique_name(identity: Identity, candidates: Sequence[Entity]) -> Entity | None:
    return next((one for one in candidates if one.get("uniqueName") == identity.unique_name), None)


async def _write(graph: GraphClient, entity: Mapping[str, Any], body: Entity, identity: Identity) -> None:
    request = Request(
        "PATCH", f"/applications/{entity['id']}", f"update the application {identity.label}", WRITE, body=body
    )
    answer = await graph.wait_until(
        lambda: graph.send(request), lambda seen: seen.status != 404, PATIENCE_FOR_OTHERS
    )
    answer.ok()


async def _restore(graph: GraphClient, deleted: Mapping[str, Any], identity: Identity) -> Entity:
    """Restore the application, and its service principal, which does not come back by itself:
    https://learn.microsoft.com/graph/api/directory-deleteditems-restore
    """
    await _restore_item(graph, deleted["id"], f"restore the deleted application {identity.label}")
    first = await graph.send(Request(
        "GET", "/directory/deletedItems/microsoft.graph.servicePrincipal?$select=id,appId",
        "look for deleted service principals", READ,
    ))
    for principal in await graph.pages(first):
        if same_id(principal["appId"], deleted["appId"]):
            await _restore_item(graph, principal["id"], f"restore the deleted service principal of {identity.label}")
    read = _get(f"/applications/{deleted['id']}", identity.label)
    seen = await _until(
        graph, lambda: graph.send(read), lambda answer: answer.found() is not None, "the restored application", identity
    )
    return seen.entity()


async def _restore_item(graph: GraphClient, object_id: str, action: str) -> None:
    # A second restore finds nothing to restore, so that it may be repeated; the read that follows tells the truth.
    request = Request("POST", f"/directory/deletedItems/{object_id}/restore", action, WRITE, repeatable=True)
    answer = await graph.wait_until(
        lambda: graph.send(request), lambda seen: not is_waiting_for_application(seen), PATIENCE_FOR_OTHERS
    )
    answer.found()


async def _add_owners(
    graph: GraphClient, entity: Mapping[str, Any], missing: Sequence[str], identity: Identity
) -> None:
    path = f"{_path(entity)}/owners/$ref"
    requests = [
        Request(
            "POST", path, f"add the owner {owner} to the application {identity.label}", WRITE_OWNERS,
            body={"@odata.id": f"{graph.endpoint}/directoryObjects/{owner}"}, repeatable=True,
        )
        for owner in missing
    ]
    answers = await graph.wait_until(
        lambda: graph.batch(requests), lambda seen: not any(is_waiting_for_principal(answer) for answer in seen),
        PATIENCE_FOR_OTHERS,
    )
    for answer in answers:
        if not is_already_there(answer):
            answer.ok()


async def _settled(
    graph: GraphClient, entity: Mapping[str, Any], identity: Identity, pending: Pending, owners: Sequence[str]
) -> Entity:
    path = _path(entity)
    reads = [_get(path, identity.label)] + ([_get_owners(path, identity.label)] if owners else [])

    async def look() -> list[Answer]:
        return await graph.batch(reads) if owners else [await graph.send(reads[0])]

    def is_settled(seen: list[Answer]) -> bool:
        current = seen[0].found()
        if current is None or pending(current):
            return False
        return not owners or (
            seen[1].found() is not None and {owner.lower() for owner in owners} <= _ids(seen[1].body.get("value", []))
        )

    seen = await _until(graph, look, is_settled, "the change", identity)
    return seen[0].entity()


async def _until(
    graph: GraphClient, attempt: Callable[[], Awaitable[T]], done: Callable[[T], bool], what: str, identity: Identity
) -> T:
    seen = await graph.wait_until(attempt, done)
    if not done(seen):
        raise GraphError(
            f"Microsoft Graph accepted {what} of {identity.label}, but does not show it after two minutes.",
            status=0, remedy="Run again; nothing is created twice.",
        )
    return seen


def _path(entity: Mapping[str, Any]) -> str:
    key = f"/{entity['id']}" if "id" in entity else f"(uniqueName={quoted(entity['uniqueName'])})"
    return f"/applications{key}"


def _get(path: str, label: str) -> Request:
    return Request("GET", f"{path}?$select={SELECT}", f"read the application {label}", READ)


def _get_owners(path: str, label: str) -> Request:
    return Request("GET", f"{path}/owners", f"read the owners of the application {label}", READ_OWNERS)


def _get_user(owner: str) -> Request:
    return Request("GET", f"/users/{segment(owner)}?$select=id", f"find the owner {owner}", FIND_OWNERS)


def _owner_id(owner: str, answer: Answer | None) -> str:
    if answer is None:
        return owner.lower()
    user = answer.found()
    if user is None:
        raise InputError(
            f"The wanted owner {owner} is no user of the tenant.", remedy="Give a user principal name or an object id."
        )
    return str(user["id"]).lower()


def _ids(objects: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(str(item["id"]).lower() for item in objects)
