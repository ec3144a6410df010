"""What a tenant has once, and is changed: by the control face's paths and in seed files."""

from __future__ import annotations

from collections.abc import Mapping

from m365_sandbox.control.body import Property, optional, required
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

SETTINGS: Mapping[str, Mapping[str, Property]] = {
    "transport-config": {"SmtpClientAuthenticationDisabled": optional(bool)},
    "organization-config": {"BasicAuthenticationBlocked": optional(bool)},
    "exchange-behaviour": {"ChecksServicePrincipals": optional(bool)},
    "licences": {"EntraPremium": optional(bool)},
    "security-defaults": {"isEnabled": required(bool)},
}


def settings_of(tenant: Tenant, name: str) -> Entity:
    """The settings of a name of SETTINGS, to be changed in place."""
    settings: Entity = getattr(tenant, name.replace("-", "_"))
    return settings
