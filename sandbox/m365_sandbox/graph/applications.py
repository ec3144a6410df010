"""/applications."""

from __future__ import annotations

from dataclasses import replace

from m365_sandbox.graph.app_management import check_keys
from m365_sandbox.graph.application_rules import check_application, check_unique_name
from m365_sandbox.graph.body import parse
from m365_sandbox.graph.directory import EntitySet, created, make_owner, wants_creation
from m365_sandbox.graph.errors import resource_not_found
from m365_sandbox.graph.key_credentials import replaced_keys
from m365_sandbox.graph.lifecycle import delete_application
from m365_sandbox.graph.query import View
from m365_sandbox.graph.related import shown_owners
from m365_sandbox.graph.roles import APPLICATIONS_CREATE, APPLICATIONS_WRITE
from m365_sandbox.graph.routing import Answer, Call, Key, Route
from m365_sandbox.graph.service_principals import follow_application
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.entities import new_id
from m365_sandbox.state.entity_types import APPLICATION
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import merge

APPLICATIONS = EntitySet(View(APPLICATION, expand={"owners": shown_owners}), "applications")


async def create(call: Call) -> Answer:
    """POST /applications: 201. The service principal is not made with it."""
    return _create(call, unique_name=None)


async def update(call: Call) -> Answer:
    """PATCH: 204; by uniqueName and with ``Prefer: create-if-missing`` also 201."""
    key = call.params["object"]
    if key.property == "uniqueName":
        return _upsert(call, key)
    _update(call, APPLICATIONS.target(call, key))
    return Answer(204)


async def delete(call: Call) -> Answer:
    """DELETE: 204; the application can be restored."""
    delete_application(call.tenant, APPLICATIONS.target(call, call.params["object"]))
    return Answer(204)


def _upsert(call: Call, key: Key) -> Answer:
    if call.tenant.find("applications", uniqueName=str(key)):
        # Uniqueness is decided where writes go: a replica that trails must not lead to a second object.
        _update(call, APPLICATIONS.target(replace(call, lag=0.0), key))
        return Answer(204)
    if not wants_creation(call):
        raise resource_not_found(key)
    check_unique_name(call.tenant, key)
    return _create(call, unique_name=str(key))


def _create(call: Call, unique_name: str | None) -> Answer:
    content = parse(APPLICATION, call.json(), creating=True)
    application = merge(APPLICATION, {}, content) | {
        "id": new_id(), "appId": new_id(), "createdDateTime": timestamp(now()), "uniqueName": unique_name,
        "publisherDomain": call.tenant.initial_domain, "createdByAppId": call.claims["appid"],
        "keyCredentials": replaced_keys([], content.get("keyCredentials", [])),
        "appRoles": _with_origin(content.get("appRoles", [])),
    }
    check_application(call.tenant, None, application)
    check_keys(call.tenant, APPLICATIONS.collection, application, [])
    APPLICATIONS.put(call.tenant, application)
    make_owner(call, application["id"])
    return created(call, APPLICATIONS, application)


def _update(call: Call, before: Entity) -> None:
    content = parse(APPLICATION, call.json(), creating=False)
    after = merge(APPLICATION, before, content)
    if "keyCredentials" in content:
        after["keyCredentials"] = replaced_keys(before["keyCredentials"], content["keyCredentials"])
    after["appRoles"] = _with_origin(after["appRoles"])
    check_application(call.tenant, before, after)
    check_keys(call.tenant, APPLICATIONS.collection, after, before["keyCredentials"])
    APPLICATIONS.put(call.tenant, after)
    follow_application(call.tenant, before, after)


def _with_origin(roles: list[Entity]) -> list[Entity]:
    return [{**role, "origin": "Application"} for role in roles]


ROUTES = (
    *APPLICATIONS.read_routes(),
    Route("POST", "/applications", APPLICATIONS_CREATE, create),
    Route("PATCH", "/applications/{object}", APPLICATIONS_WRITE, update),
    Route("DELETE", "/applications/{object}", APPLICATIONS_WRITE, delete),
)
