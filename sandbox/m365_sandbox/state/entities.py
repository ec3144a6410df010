"""New directory objects with every property that Microsoft Graph shows, and the defaults that it gives them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.entity_types import APPLICATION, SERVICE_PRINCIPAL
from m365_sandbox.state.history import Entity

# Of a client secret whose maker names no end [GR:passwordcredential].
DEFAULT_LIFETIME = timedelta(days=730)


def new_id() -> str:
    """An object id, appId or keyId."""
    return str(uuid.uuid4())


def new_application(display_name: str, **properties: Any) -> Entity:
    """An application registration; ``properties`` replace defaults, ``id`` and ``appId`` among them."""
    return {
        **APPLICATION.defaults(), "id": new_id(), "appId": new_id(), "createdDateTime": timestamp(now()),
        "displayName": display_name, **properties,
    }


def new_service_principal(app_id: str, display_name: str, owner_tenant_id: str, **properties: Any) -> Entity:
    """The enterprise application of ``app_id``; ``properties`` replace defaults."""
    return {
        **SERVICE_PRINCIPAL.defaults(), "id": new_id(), "appId": app_id, "appDisplayName": display_name,
        "appOwnerOrganizationId": owner_tenant_id, "displayName": display_name, "servicePrincipalNames": [app_id],
        "signInAudience": "AzureADMyOrg", **properties,
    }


def new_app_role_assignment(principal: Entity, resource: Entity, role_id: str, **properties: Any) -> Entity:
    """The grant of an application permission of ``resource`` to the service principal ``principal``."""
    return {
        "id": secrets.token_urlsafe(32), "deletedDateTime": None, "appRoleId": role_id,
        "createdDateTime": timestamp(now()), "principalDisplayName": principal["displayName"],
        "principalId": principal["id"], "principalType": "ServicePrincipal",
        "resourceDisplayName": resource["displayName"], "resourceId": resource["id"],
        **properties,
    }


def new_password_credential(secret: str, **properties: Any) -> Entity:
    """A client secret as later reads show it: without its value, valid for two years."""
    return {
        "customKeyIdentifier": None, "displayName": None, "endDateTime": timestamp(now() + DEFAULT_LIFETIME),
        "hint": secret[:3], "keyId": new_id(), "secretText": None, "startDateTime": timestamp(now()),
        **properties,
    }


def role_ids(resource: Entity, names: Iterable[str]) -> list[str]:
    """The ids of a resource's application permissions; a KeyError names the one that does not exist."""
    known = {role["value"]: role["id"] for role in resource["appRoles"]}
    return [known[name] for name in names]


def scope_ids(resource: Entity, names: Iterable[str]) -> list[str]:
    """The ids of a resource's delegated permissions; a KeyError names the one that does not exist."""
    known = {scope["value"]: scope["id"] for scope in resource["oauth2PermissionScopes"]}
    return [known[name] for name in names]
