"""/servicePrincipals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from m365_sandbox.graph.app_management import check_keys
from m365_sandbox.graph.body import parse
from m365_sandbox.graph.directory import EntitySet, created, make_owner, require_ownership, wants_creation
from m365_sandbox.graph.errors import authorization_denied
from m365_sandbox.graph.key_credentials import replaced_keys
from m365_sandbox.graph.lifecycle import check_service_principal_name, delete_service_principal, no_backing_application
from m365_sandbox.graph.query import View
from m365_sandbox.graph.related import assigned_to, assignments_of, delegated_grants_of, shown_owners
from m365_sandbox.graph.roles import SERVICE_PRINCIPALS_WRITE
from m365_sandbox.graph.routing import Answer, Call, Key, Route
from m365_sandbox.state.entities import new_id
from m365_sandbox.state.entity_types import SERVICE_PRINCIPAL
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import merge
from m365_sandbox.state.tenant import Tenant

SERVICE_PRINCIPALS = EntitySet(View(SERVICE_PRINCIPAL, expand={
    "owners": shown_owners,
    "appRoleAssignments": assignments_of,
    "appRoleAssignedTo": assigned_to,
    "oauth2PermissionGrants": delegated_grants_of,
}), "service_principals")


def follow_application(tenant: Tenant, before: Entity, after: Entity) -> None:
    """Copy what changed in an application to its service principal in this tenant, if there is one."""
    old, new = _taken_over(before), _taken_over(after)
    changes = {name: value for name, value in new.items() if value != old[name]}
    for principal in tenant.find("service_principals", appId=after["appId"]):
        SERVICE_PRINCIPALS.put(tenant, principal | changes)


async def create(call: Call) -> Answer:
    """POST /servicePrincipals: 201."""
    return _create(call, call.json())


async def update(call: Call) -> Answer:
    """PATCH: 204; by appId and with ``Prefer: create-if-missing`` also 201."""
    key = call.params["object"]
    if key.property == "appId" and wants_creation(call):
        # Uniqueness is decided where writes go: a replica that trails must not lead to a second object.
        if not call.tenant.find("service_principals", appId=str(key)):
            return _create(call, {**call.json(), "appId": str(key)})
        call = replace(call, lag=0.0)
    before = _changeable(call, key)
    content = parse(SERVICE_PRINCIPAL, call.json(), creating=False)
    after = merge(SERVICE_PRINCIPAL, before, content)
    if "keyCredentials" in content:
        after["keyCredentials"] = replaced_keys(before["keyCredentials"], content["keyCredentials"])
    check_keys(call.tenant, SERVICE_PRINCIPALS.collection, after, before["keyCredentials"])
    SERVICE_PRINCIPALS.put(call.tenant, after)
    return Answer(204)


async def delete(call: Call) -> Answer:
    """DELETE: 204; the service principal can be restored, what it was granted cannot."""
    delete_service_principal(call.tenant, _changeable(call, call.params["object"]))
    return Answer(204)


def _changeable(call: Call, key: Key) -> Entity:
    principal = SERVICE_PRINCIPALS.target(call, key)
    if principal["appOwnerOrganizationId"] != call.tenant.tenant_id:
        # Microsoft's own applications: no tenant may change or delete what they are.
        raise authorization_denied()
    return principal


def _create(call: Call, body: dict[str, Any]) -> Answer:
    content = parse(SERVICE_PRINCIPAL, body, creating=True)
    application = _backing_application(call, content["appId"])
    check_service_principal_name(call.tenant, application["appId"])
    principal = merge(SERVICE_PRINCIPAL, _taken_over(application), content) | {
        "id": new_id(), "appId": application["appId"], "createdByAppId": call.claims["appid"],
        "appOwnerOrganizationId": call.tenant.tenant_id,
        "keyCredentials": replaced_keys([], content.get("keyCredentials", [])),
        # Entra ID says which type it is; azure.azcollection names it in lower case when it makes one.
        "servicePrincipalType": "Application",
    }
    check_keys(call.tenant, SERVICE_PRINCIPALS.collection, principal, [])
    SERVICE_PRINCIPALS.put(call.tenant, principal)
    make_owner(call, principal["id"])
    return created(call, SERVICE_PRINCIPALS, principal)


def _backing_application(call: Call, app_id: str) -> Entity:
    # An appId of Microsoft's own has its service principal already: the conflict is what the caller should hear.
    check_service_principal_name(call.tenant, app_id)
    seen = call.tenant.find("applications", call.lag, appId=app_id)
    newest = call.tenant.find("applications", appId=app_id)
    if not seen or not newest:
        if call.owned_only:
            raise authorization_denied(
                "When using this permission, the backing application of the service principal being created must in "
                "the local tenant"
            )
        raise no_backing_application(app_id)
    require_ownership(call, newest[0])
    return newest[0]


def _taken_over(application: Entity) -> Entity:
    platforms = (application["web"], application["spa"], application["publicClient"])
    return {
        "addIns": application["addIns"],
        "appDescription": application["description"],
        "appDisplayName": application["displayName"],
        "appRoles": application["appRoles"],
        "displayName": application["displayName"],
        "homepage": application["web"]["homePageUrl"],
        "info": application["info"],
        "logoutUrl": application["web"]["logoutUrl"],
        "oauth2PermissionScopes": application["api"]["oauth2PermissionScopes"],
        "replyUrls": [uri for platform in platforms for uri in platform["redirectUris"]],
        "servicePrincipalNames": [application["appId"], *application["identifierUris"]],
        "signInAudience": application["signInAudience"],
        "verifiedPublisher": application["verifiedPublisher"],
    }


ROUTES = (
    *SERVICE_PRINCIPALS.read_routes(),
    Route("POST", "/servicePrincipals", SERVICE_PRINCIPALS_WRITE, create),
    Route("PATCH", "/servicePrincipals/{object}", SERVICE_PRINCIPALS_WRITE, update),
    Route("DELETE", "/servicePrincipals/{object}", SERVICE_PRINCIPALS_WRITE, delete),
)
