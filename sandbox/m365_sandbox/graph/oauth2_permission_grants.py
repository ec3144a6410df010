"""Consent to delegated permissions: /oauth2PermissionGrants."""

from __future__ import annotations

import secrets

from m365_sandbox.graph.body import parse
from m365_sandbox.graph.errors import GraphError, invalid_value, resource_not_found
from m365_sandbox.graph.query import View, answer_collection, answer_entity
from m365_sandbox.graph.roles import GRANTS_READ, GRANTS_WRITE
from m365_sandbox.graph.routing import Answer, Call, Route
from m365_sandbox.graph.service_principals import SERVICE_PRINCIPALS
from m365_sandbox.state.entity_types import OAUTH2_PERMISSION_GRANT
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import merge

VIEW = View(OAUTH2_PERMISSION_GRANT)
UNIQUE = ("clientId", "consentType", "principalId", "resourceId")
REFERENCES = (("clientId", "service_principals"), ("resourceId", "service_principals"), ("principalId", "users"))


async def show_all(call: Call) -> Answer:
    """GET /oauth2PermissionGrants."""
    return answer_collection(call, VIEW, call.tenant["oauth2_permission_grants"].values(call.lag))


async def show_of_client(call: Call) -> Answer:
    """GET /servicePrincipals/{id}/oauth2PermissionGrants."""
    client = SERVICE_PRINCIPALS.seen(call, call.params["object"])
    found = call.tenant.find("oauth2_permission_grants", call.lag, clientId=client["id"])
    return answer_collection(call, VIEW, found)


async def show(call: Call) -> Answer:
    """GET /oauth2PermissionGrants/{id}."""
    return answer_entity(call, VIEW, _find(call))


async def create(call: Call) -> Answer:
    """POST: 201; 404 for a service principal that is not there (yet), 409 for a second grant of the same four."""
    content = parse(OAUTH2_PERMISSION_GRANT, call.json(), creating=True)
    grant = merge(OAUTH2_PERMISSION_GRANT, {}, content) | {"id": secrets.token_urlsafe(32)}
    if (grant["consentType"] == "Principal") is (grant["principalId"] is None):
        raise invalid_value("principalId", OAUTH2_PERMISSION_GRANT.title)
    for name, collection in REFERENCES:
        if grant[name] is not None and call.tenant[collection].get(grant[name], call.lag) is None:
            raise GraphError(
                404, "Directory_ObjectNotFound", "Unable to read the company information from the directory."
            )
    if call.tenant.find("oauth2_permission_grants", **{name: grant[name] for name in UNIQUE}):
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.")
    call.tenant["oauth2_permission_grants"].put(grant["id"], grant)
    answer = answer_entity(call, VIEW, grant, status=201)
    return Answer(201, answer.body, {"Location": f"{call.base_url}{call.path}/{grant['id']}"})


async def update(call: Call) -> Answer:
    """PATCH: 204; the scopes are replaced in full, nothing else can change."""
    grant = _find(call)
    content = parse(OAUTH2_PERMISSION_GRANT, call.json(), creating=False)
    call.tenant["oauth2_permission_grants"].put(grant["id"], grant | content)
    return Answer(204)


async def delete(call: Call) -> Answer:
    """DELETE: 204."""
    call.tenant["oauth2_permission_grants"].delete(_find(call)["id"])
    return Answer(204)


def _find(call: Call) -> Entity:
    key = call.params["grant"]
    grants = call.tenant["oauth2_permission_grants"]
    grant = grants.get(key, call.lag)
    if grant is None or key not in grants:
        raise resource_not_found(key)
    return grant


ROUTES = (
    Route("GET", "/oauth2PermissionGrants", GRANTS_READ, show_all),
    Route("GET", "/oauth2PermissionGrants/{grant}", GRANTS_READ, show),
    Route("GET", "/servicePrincipals/{object}/oauth2PermissionGrants", GRANTS_READ, show_of_client),
    Route("POST", "/oauth2PermissionGrants", GRANTS_WRITE, create),
    Route("PATCH", "/oauth2PermissionGrants/{grant}", GRANTS_WRITE, update),
    Route("DELETE", "/oauth2PermissionGrants/{grant}", GRANTS_WRITE, delete),
)
