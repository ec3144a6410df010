"""The permissions that Microsoft's own resources offer, by resource.

Permissions whose id no public source confirms are left out: an invented id would be worse than an unknown name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources

from m365_sandbox.state.history import Entity


@dataclass(frozen=True)
class Resource:
    """A first-party service principal; the roles and scopes are in Graph's shape (appRole, permissionScope)."""

    app_id: str
    display_name: str
    service_principal_names: tuple[str, ...]
    app_roles: tuple[Entity, ...]
    oauth2_permission_scopes: tuple[Entity, ...]


Catalog = dict[str, Resource]
"""Resources by appId."""


def load_catalog() -> Catalog:
    """The catalogue that comes with the package."""
    text = resources.files(__package__).joinpath("permissions.json").read_text("utf-8")
    return {
        entry["appId"]: Resource(
            app_id=entry["appId"],
            display_name=entry["displayName"],
            service_principal_names=(entry["appId"], *entry["identifierUris"]),
            app_roles=tuple(_app_role(*row) for row in entry["roles"]),
            oauth2_permission_scopes=tuple(_scope(*row) for row in entry["scopes"]),
        )
        for entry in json.loads(text)
    }


def _app_role(value: str, identifier: str, display_name: str) -> Entity:
    return {
        "allowedMemberTypes": ["Application"], "description": display_name, "displayName": display_name,
        "id": identifier, "isEnabled": True, "origin": "Application", "value": value,
    }


def _scope(value: str, identifier: str, display_name: str, kind: str) -> Entity:
    return {
        "adminConsentDescription": display_name, "adminConsentDisplayName": display_name, "id": identifier,
        "isEnabled": True, "origin": "Application", "type": kind, "userConsentDescription": display_name,
        "userConsentDisplayName": display_name, "value": value,
    }
