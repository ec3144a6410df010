"""What bodies refer to, by the names that people use."""

from __future__ import annotations

from collections.abc import Iterator

from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant


class UnknownObject(LookupError):
    """A body refers to something that the tenant does not have."""


class Conflict(ValueError):
    """The tenant has such an object already, or several where one is meant."""


def find_mailbox(tenant: Tenant, key: str) -> Entity:
    """A mailbox by address or object id of its user."""
    mailbox = tenant.find_mailbox(key)
    if mailbox is None:
        raise UnknownObject(f"there is no mailbox {key}")
    return mailbox


def find_user(tenant: Tenant, key: str) -> Entity:
    """A user by object id, user principal name or address."""
    user = tenant.find_user(key)
    if user is None:
        raise UnknownObject(f"there is no user {key}")
    return user


def find_service_principal(tenant: Tenant, key: str) -> Entity:
    """A service principal by object id or appId, by its application's uniqueName, or by a display name of its own.

    :raises UnknownObject: there is none.
    :raises Conflict: several have that display name.
    """
    found = list(_service_principals(tenant, key))
    if not found:
        raise UnknownObject(f"there is no application {key}")
    if len(found) > 1:
        raise Conflict(f"several applications are called {key}; name one by its appId or uniqueName")
    return found[0]


def find_principal(tenant: Tenant, key: str) -> Entity:
    """A user or a service principal, by what ``find_user`` and ``find_service_principal`` take.

    :raises UnknownObject: there is neither.
    :raises Conflict: several applications have that display name.
    """
    user = tenant.find_user(key)
    if user is not None:
        return user
    try:
        return find_service_principal(tenant, key)
    except UnknownObject as error:
        raise UnknownObject(f"there is no user and no application {key}") from error


def _service_principals(tenant: Tenant, key: str) -> Iterator[Entity]:
    wanted = key.casefold()
    unique = {one["appId"] for one in tenant.find("applications", uniqueName=key)}
    principals = tenant["service_principals"].values()
    named = [one for one in principals if wanted in (one["id"], one["appId"]) or one["appId"] in unique]
    yield from named or (one for one in principals if one["displayName"].casefold() == wanted)
