"""Which delegated permissions an application has been granted, which it lacks, and the granting of them.

Grants are Graph's oAuth2PermissionGrant objects: one person's (``Principal``) or everybody's (``AllPrincipals``).
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from m365_sandbox.identity import errors, person_errors
from m365_sandbox.identity.clients import Client
from m365_sandbox.identity.own_addresses import official_resource
from m365_sandbox.identity.scopes import DEFAULT, SIGN_IN_SCOPES, ResourceScopes, Scope
from m365_sandbox.state.directory_roles import DIRECTORY_ROLES
from m365_sandbox.state.entities import new_app_role_assignment, new_service_principal
from m365_sandbox.state.history import Entity
from m365_sandbox.state.resources import GRAPH_APP_ID, MICROSOFT_TENANT_ID, find_resource
from m365_sandbox.state.tenant import Tenant

CONSENTING_ROLE = DIRECTORY_ROLES["Global Administrator"]


@dataclass(frozen=True)
class Permission:
    """A permission of a resource: one of its ``oauth2PermissionScopes`` or, for applications, of its ``appRoles``."""

    resource: Entity
    entity: Entity
    is_role: bool = False

    @property
    def value(self) -> str:
        """Its name, for example ``Mail.Read``."""
        return str(self.entity["value"])

    @property
    def title(self) -> str:
        """What the consent page calls it."""
        return str(self.entity["displayName"] if self.is_role else self.entity["userConsentDisplayName"])

    @property
    def description(self) -> str:
        """What the consent page says about it."""
        return str(self.entity["description"] if self.is_role else self.entity["userConsentDescription"])

    @property
    def needs_admin(self) -> bool:
        """Whether only an administrator can grant it."""
        return self.is_role or self.entity["type"] == "Admin"


@dataclass(frozen=True)
class Target:
    """The resource of an access token: what becomes ``aud``, and the service principal."""

    audience: str
    resource: Entity


def is_consenting_admin(tenant: Tenant, user_id: str) -> bool:
    """Whether the user may consent for everybody."""
    return bool(tenant.find("directory_role_assignments", principalId=user_id, roleDefinitionId=CONSENTING_ROLE))


def find_target(tenant: Tenant, wanted: ResourceScopes, ports: Mapping[str, int]) -> Target:
    """The resource that a client names.

    :raises EntraError: 500011 for an unknown one, 500014 for a disabled one.
    """
    audience = official_resource(wanted.resource, ports)
    resource = find_resource(tenant, audience)
    if resource is None:
        raise errors.unknown_resource(wanted.resource, tenant.display_name)
    if not resource["accountEnabled"]:
        raise errors.disabled_resource(wanted.resource)
    return Target(audience, resource)


def granted_names(tenant: Tenant, client: Client, resource: Entity, user_id: str) -> set[str]:
    """The delegated permissions of the resource that the application has for this user, as the resource writes them."""
    given = client.first_party.preauthorized.get(resource["appId"], ()) if client.first_party else ()
    names = {name.casefold() for name in given}
    if client.principal is not None:
        names |= {
            name.casefold()
            for grant in tenant.find(
                "oauth2_permission_grants", clientId=client.principal["id"], resourceId=resource["id"]
            )
            if grant["principalId"] in (None, user_id) for name in (grant["scope"] or "").split()
        }
    return {
        scope["value"] for scope in resource["oauth2PermissionScopes"]
        if scope["isEnabled"] and scope["value"].casefold() in names
    }


def is_granted_any(tenant: Tenant, client: Client, resource: Entity, user_id: str) -> bool:
    """Whether the application has any permission of the resource beside the sign-in scopes, which Graph defines."""
    return bool(granted_names(tenant, client, resource, user_id) - SIGN_IN_SCOPES)


def registered_permissions(tenant: Tenant, client: Client, kinds: Collection[str] = ("Scope",)) -> list[Permission]:
    """What the application's requiredResourceAccess lists, as far as the resources have it.

    :param kinds: ``Scope`` for delegated permissions, ``Role`` for the application's own.
    """
    found = []
    for required in client.application["requiredResourceAccess"] if client.application else ():
        resource = find_resource(tenant, required["resourceAppId"])
        if resource is None:
            raise errors.unknown_resource(required["resourceAppId"], tenant.display_name)
        ids = {(access["id"], access["type"]) for access in required["resourceAccess"]}
        for kind, name in (("Scope", "oauth2PermissionScopes"), ("Role", "appRoles")):
            found += [
                Permission(resource, entity, is_role=kind == "Role") for entity in resource[name]
                if kind in kinds and (entity["id"], kind) in ids
            ]
    return found


def requested_permissions(
    tenant: Tenant, client: Client, wanted: ResourceScopes, user_id: str, ports: Mapping[str, int]
) -> list[Permission]:
    """The permissions that a request names, granted or not; ``.default`` names everything that is registered.

    :raises EntraError: for a resource or a permission that does not exist, and 650057 for ``.default`` of a resource
        that the application is neither registered for nor has a permission of; 65002 for one of Microsoft's own that
        the resource has not preauthorized.
    """
    resource = find_target(tenant, wanted, ports).resource
    if client.first_party is not None and not client.first_party.asks:
        granted = {name.casefold() for name in granted_names(tenant, client, resource, user_id)}
        if not granted or not {name.casefold() for name in wanted.names} <= granted | {DEFAULT}:
            raise person_errors.not_preauthorized(client.app_id, resource["appId"])
    if wanted.is_default:
        registered = registered_permissions(tenant, client)
        if not any(one.resource["id"] == resource["id"] for one in registered):
            if not is_granted_any(tenant, client, resource, user_id):
                raise person_errors.unregistered_resource(
                    client.app_id, client.name, wanted.resource, resource["appId"]
                )
            return []
        return registered
    scopes = {one["value"].casefold(): one for one in resource["oauth2PermissionScopes"] if one["isEnabled"]}
    for name in wanted.names:
        if name.casefold() not in scopes:
            raise person_errors.unknown_permission(client.name, name, resource["appId"])
    return [Permission(resource, scopes[name.casefold()]) for name in wanted.names]


def sign_in_permissions(tenant: Tenant, scope: Scope) -> list[Permission]:
    """The sign-in scopes of a request, which Graph defines."""
    graph = find_resource(tenant, GRAPH_APP_ID)
    assert graph is not None
    return [Permission(graph, one) for one in graph["oauth2PermissionScopes"] if one["value"] in scope.sign_in]


def missing_permissions(
    tenant: Tenant, client: Client, scope: Scope, user_id: str, ports: Mapping[str, int]
) -> list[Permission]:
    """What a person or an administrator still has to consent to.

    ``.default`` is content with any permission of the resource. The sign-in scopes come along with the first consent,
    and are not asked for by themselves afterwards: an administrator who grants an application's permissions does not
    grant them, and yet nobody is asked again.
    """
    missing: list[Permission] = []
    for wanted in scope.resources:
        permissions = requested_permissions(tenant, client, wanted, user_id, ports)
        resource = find_target(tenant, wanted, ports).resource
        if not (wanted.is_default and is_granted_any(tenant, client, resource, user_id)):
            missing += [
                one for one in permissions if one.value not in granted_names(tenant, client, one.resource, user_id)
            ]
    if missing or not _has_consent(tenant, client, user_id):
        missing += sign_in_permissions(tenant, scope)
    return missing


def _has_consent(tenant: Tenant, client: Client, user_id: str) -> bool:
    """Whether the application has any delegated permission for the user."""
    if client.first_party is not None and client.first_party.preauthorized:
        return True
    return client.principal is not None and any(
        grant["principalId"] in (None, user_id)
        for grant in tenant.find("oauth2_permission_grants", clientId=client.principal["id"])
    )


def grant(tenant: Tenant, client: Client, permissions: Iterable[Permission], user_id: str | None) -> None:
    """Grant permissions, making the application's service principal if there is none. The caller saves.

    :param user_id: whose consent it is; None is everybody's.
    """
    principal = client.principal or _new_principal(tenant, client)
    names: dict[str, list[str]] = defaultdict(list)
    for permission in permissions:
        if permission.is_role:
            _assign(tenant, principal, permission)
        else:
            names[permission.resource["id"]].append(permission.value)
    for resource_id, values in names.items():
        four = {
            "clientId": principal["id"], "consentType": "Principal" if user_id else "AllPrincipals",
            "principalId": user_id, "resourceId": resource_id,
        }
        kept = next(iter(tenant.find("oauth2_permission_grants", **four)), {"id": secrets.token_urlsafe(32)})
        scope = dict.fromkeys([*(kept.get("scope") or "").split(), *values])
        tenant["oauth2_permission_grants"].put(kept["id"], {**kept, **four, "scope": " ".join(scope)})


def _assign(tenant: Tenant, principal: Entity, permission: Permission) -> None:
    three = {
        "principalId": principal["id"], "resourceId": permission.resource["id"],
        "appRoleId": permission.entity["id"],
    }
    if not tenant.find("app_role_assignments", **three):
        assignment = new_app_role_assignment(principal, permission.resource, permission.entity["id"])
        tenant["app_role_assignments"].put(assignment["id"], assignment)


def _new_principal(tenant: Tenant, client: Client) -> Entity:
    owner = MICROSOFT_TENANT_ID if client.first_party else tenant.tenant_id
    principal = new_service_principal(client.app_id, client.name, owner)
    tenant["service_principals"].put(principal["id"], principal)
    return principal
