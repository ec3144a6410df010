"""The application that asks for something."""

from __future__ import annotations

from dataclasses import dataclass

from m365_sandbox.identity import errors
from m365_sandbox.state.first_party import FIRST_PARTY, FirstParty
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant


@dataclass(frozen=True)
class Client:
    """Who asks.

    ``application`` is None for one that is registered in another tenant, ``principal`` for one that this tenant has no
    service principal of. ``passwords`` and ``keys`` are those of both together, ``federated`` the registration's
    federated identity credentials. ``first_party`` says so of one of Microsoft's own public clients.
    """

    app_id: str
    name: str
    application: Entity | None
    principal: Entity | None
    passwords: tuple[Entity, ...]
    keys: tuple[Entity, ...]
    federated: tuple[Entity, ...]
    first_party: FirstParty | None = None

    @property
    def is_public(self) -> bool:
        """Whether it may sign people in without a credential, where no redirect URI says what it is."""
        if self.application is None:
            return self.first_party is not None
        return bool(self.application["isFallbackPublicClient"])


def find_client(tenant: Tenant, client_id: str, lag: float = 0.0) -> Client:
    """The application with that client id.

    :param lag: seconds by which the replica that answers trails the writes.
    :raises EntraError: 700016 if there is none.
    """
    application = next(iter(tenant.find("applications", lag, appId=client_id)), None)
    principal = next(iter(tenant.find("service_principals", lag, appId=client_id)), None)
    known = [entity for entity in (application, principal) if entity is not None]
    first_party = FIRST_PARTY.get(client_id.lower())
    if not known and first_party is None:
        raise errors.unknown_application(client_id, tenant.display_name)
    return Client(
        app_id=known[0]["appId"] if known else client_id.lower(),
        name=known[0]["displayName"] if known or first_party is None else first_party.name,
        application=application,
        principal=principal,
        passwords=tuple(password for entity in known for password in entity["passwordCredentials"]),
        keys=tuple(key for entity in known for key in entity["keyCredentials"]),
        federated=tuple(
            tenant.find("federated_identity_credentials", lag, application=application["id"]) if application else ()
        ),
        first_party=first_party,
    )


def require_enabled(client: Client) -> None:
    """:raises EntraError: 7000112 if the tenant's administrator has disabled the application."""
    if client.principal is not None and not client.principal["accountEnabled"]:
        raise errors.disabled_application(client.app_id, client.principal["displayName"])
