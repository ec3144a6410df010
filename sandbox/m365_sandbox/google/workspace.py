"""The organisation that has its mail at Google: its domain and its people. Pure over the tenant's state."""

from __future__ import annotations

import uuid

from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

DOMAIN = "fabrikam.example"


class Workspace:
    """Fabrikam's Google Workspace.

    A user is {id, address, addresses, store, displayName, suspended, imap, pop}; ``store`` is the account's name in the
    mailbox store, ``imap`` and ``pop`` tell whether the user's settings let these in.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    @property
    def domains(self) -> tuple[str, ...]:
        """Its own domain, and those of its users."""
        theirs = (user["address"].rpartition("@")[2].casefold() for user in self._tenant["google_users"].values())
        return tuple(dict.fromkeys((DOMAIN, *theirs)))

    def find_recipient(self, address: str) -> Entity | None:
        """The user with that address."""
        wanted = address.casefold()
        return next(
            (user for user in self._tenant["google_users"].values()
             if wanted in (one.casefold() for one in user["addresses"])), None,
        )

    def add_user(self, address: str, display_name: str, *, aliases: tuple[str, ...] = ()) -> Entity:
        """Create a user. The caller saves."""
        identifier = str(uuid.uuid5(uuid.UUID(self._tenant.tenant_id), f"google/{address.casefold()}"))
        user = {
            "id": identifier, "address": address, "addresses": [address, *aliases], "store": identifier,
            "displayName": display_name, "suspended": False, "imap": True, "pop": True,
        }
        self._tenant["google_users"].put(identifier, user)
        return user
