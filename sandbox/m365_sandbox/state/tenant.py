"""The state of the sandbox tenant: one truth for every face.

Entities are kept in the shape in which Microsoft Graph writes them (camelCase JSON), Exchange objects in the shape in
which Exchange's cmdlets print them (PascalCase). Values of secrets are never kept: only their digest is.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from m365_sandbox.state.clock import CLOCK, now, timestamp
from m365_sandbox.state.files import write_private
from m365_sandbox.state.history import Collection, Entity

STATE_FILE = "state.json"

COLLECTIONS = (
    "applications",             # by object id; Graph's application
    "deleted_items",            # by object id; soft-deleted applications and service principals, with @odata.type
    "service_principals",       # by object id; Graph's servicePrincipal
    "app_role_assignments",     # by assignment id; Graph's appRoleAssignment
    "oauth2_permission_grants", # by grant id; Graph's oAuth2PermissionGrant
    "owners",                   # by object id of the owned object; {"ids": [object id of an owner, ...]}
    "users",                    # by object id; Graph's user
    "mailboxes",                # by object id of the user; see Tenant.add_user
    "exchange_service_principals",  # by AppId; {AppId, ObjectId, DisplayName, Sid, Guid}
    # By object id of the mailbox's user; {"entries": [{"User": object id, "AccessRights": [...]}]}
    "mailbox_permissions",
    # By object id of the mailbox's user; {"entries": [{"Trustee": object id, "AccessRights": ["SendAs"]}]}
    "recipient_permissions",
    "groups",                   # by object id; see exchange.nouns.distribution_group
    "management_scopes",        # by Guid; {Guid, Name, RecipientFilter, Exclusive, WhenCreated, WhenChanged}
    # By Guid; {Guid, Name, Role, App: object id of the pointer, Enabled, CustomResourceScope: Guid or null,
    # RecipientGroupScope: object id or null, WhenCreated, WhenChanged}
    "management_role_assignments",
    "application_access_policies",  # by Identity; {Identity, AppId, Scope: object id, AccessRight, Description}
    "authentication_policies",  # by Name; {Name, Users: [object id, ...], WhenCreated, AllowBasicAuth...}
    "directory_role_assignments",   # by assignment id; {id, principalId, roleDefinitionId: the role's template id}
    # By id; Graph's federatedIdentityCredential and the object id of its application: {..., application}
    "federated_identity_credentials",
    "tenant_app_management_policy",  # by its fixed id; Graph's tenantAppManagementPolicy, once it was changed
    "app_management_policies",  # by id; Graph's appManagementPolicy
    # By object id of the application or service principal; {"policy": id of the app management policy}
    "app_management_policy_assignments",
    # By GUID (hex) of the message; what a mailbox keeps beside a message, in Graph's words: {"categories": [...], ...}
    "message_properties",
    "google_users",             # by id; a mailbox of Google Workspace, see google.workspace
    "google_service_accounts",  # by client_email; see google.service_accounts
    "google_keys",              # by private_key_id; the public halves of service accounts' keys, see there
    "credential_digests",       # by keyId; {"digest": hex}: of client secrets
    "password_digests",         # by object id of the user; {"digest": hex}
    "sign_in_settings",         # by object id of the user; see state.sign_in_settings
    "authorization_codes",      # by the code's digest; see identity.grants.authorization_codes
    "sign_ins",                 # by id; Graph's signIn with its signInEventTypes, see state.sign_in_log
    "device_codes",             # by the device code's digest; see identity.grants.device_codes
    "conditional_access_policies",  # by id; Graph's conditionalAccessPolicy, see state.identity_policies
    # By keyId; {"lastSignInDateTime", "lastSignInRequestId"}: what Entra's report says of application credentials
    "credential_sign_ins",
)


# The domain of the seeded people, which every tenant has besides its own.
PEOPLES_DOMAIN = "contoso.example"


@dataclass(frozen=True)
class Founding:
    """What a new tenant is called; None and nothing leave it to the sandbox.

    :param tenant_id: a GUID in lower case.
    :param initial_domain: the one that it has from its first day, which Exchange calls its organisation.
    :param domains: verified ones, beside that and the seeded people's.
    """

    tenant_id: str | None = None
    initial_domain: str | None = None
    domains: tuple[str, ...] = ()

    def fits(self, state: Entity) -> bool:
        """Whether a tenant that is there is called so, as its state (``Tenant.dump``) says."""
        return (
            self.tenant_id in (None, state["tenant_id"]) and self.initial_domain in (None, state["initial_domain"])
            and set(self.domains) <= set(state["domains"])
        )

    def beginning(self) -> Entity:
        """The state that a new tenant begins with."""
        initial = self.initial_domain or "contoso.onmicrosoft.com"
        return {
            "tenant_id": self.tenant_id or str(uuid.uuid4()), "initial_domain": initial,
            "domains": list(dict.fromkeys((initial, PEOPLES_DOMAIN, *self.domains))), "created": timestamp(now()),
        }


class NotSaved(Exception):
    """What was asked for cannot be kept, so it did not happen: the tenant is as it was."""


def digest(secret: str) -> str:
    """What the tenant keeps of a secret: hex SHA-256. Secrets are random and long, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Tenant:
    """The tenant's facts and collections, saved to one JSON file after every change.

    :param path: the state file; it is made 0600 in a folder that the caller made 0700.
    :param founding: counts if there is no such file.
    """

    def __init__(self, path: Path, founding: Founding = Founding()) -> None:
        self.path = path
        self._founding = founding
        self._load()

    def restore(self) -> None:
        """Be again as it was saved last, whatever was changed since."""
        self._load()

    def _load(self) -> None:
        path = self.path
        state: Entity = json.loads(path.read_text("utf-8")) if path.exists() else self._founding.beginning()
        self.tenant_id: str = state["tenant_id"]
        CLOCK.turn(state.get("clock", {}).get("offset_seconds", 0.0))
        self.display_name = "Contoso"
        self.initial_domain: str = state["initial_domain"]
        self.domains: tuple[str, ...] = tuple(state["domains"])
        self.created: str = state["created"]
        self._empty()
        self.transport_config.update(state.get("transport_config", {}))
        self.organization_config.update(state.get("organization_config", {}))
        self.exchange_behaviour.update(state.get("exchange_behaviour", {}))
        self.licences.update(state.get("licences", {}))
        self.security_defaults.update(state.get("security_defaults", {}))
        for name, stored in state.get("collections", {}).items():
            self.collections[name] = Collection(stored)

    def clear(self) -> None:
        """Forget everything but the tenant's id, names and date, and turn its clock back. The caller saves."""
        CLOCK.turn(0.0)
        self._empty()

    def _empty(self) -> None:
        # Exchange's organisation settings; the first is Microsoft's default for tenants made since 2020.
        self.transport_config: Entity = {"SmtpClientAuthenticationDisabled": True}
        self.organization_config: Entity = {"BasicAuthenticationBlocked": True}
        # Whether New-ServicePrincipal looks its ids up in Entra; when it was new, in 2022, it did not.
        self.exchange_behaviour: Entity = {"ChecksServicePrincipals": True}
        # Without P1 or P2 nobody can read who has signed in.
        self.licences: Entity = {"EntraPremium": True}
        self.security_defaults: Entity = {"isEnabled": False}
        self.collections: dict[str, Collection] = {name: Collection() for name in COLLECTIONS}

    def settle(self) -> None:
        """Make everything as old as the tenant, so that no replica misses it. The caller saves."""
        self.collections = {name: Collection(collection.dump()) for name, collection in self.collections.items()}

    @property
    def is_new(self) -> bool:
        """True until the state was saved for the first time."""
        return not self.path.exists()

    def __getitem__(self, name: str) -> Collection:
        return self.collections[name]

    def dump(self) -> Entity:
        """The whole state as JSON can hold it: what the control API shows and what the file keeps."""
        return {
            "tenant_id": self.tenant_id,
            "display_name": self.display_name,
            "initial_domain": self.initial_domain,
            "domains": list(self.domains),
            "created": self.created,
            "transport_config": self.transport_config,
            "organization_config": self.organization_config,
            "exchange_behaviour": self.exchange_behaviour,
            "licences": self.licences,
            "security_defaults": self.security_defaults,
            "clock": {"offset_seconds": CLOCK.offset},
            "collections": {name: collection.dump() for name, collection in self.collections.items()},
        }

    def save(self) -> None:
        """Write the state atomically. Every face calls this once per request that changed something.

        :raises NotSaved: if it cannot be written, as on a full disk; the tenant is then as it was saved last.
        """
        try:
            write_private(self.path, json.dumps(self.dump(), separators=(",", ":")).encode())
        except OSError as error:
            self._load()
            raise NotSaved(f"the state cannot be saved, so nothing was changed: {error.strerror}") from error

    # -- look-ups -----------------------------------------------------------------------------------------------

    def find(self, collection: str, lag: float = 0.0, **properties: Any) -> list[Entity]:
        """The objects whose named properties equal the given values, text compared without regard to case."""
        def same(left: Any, right: Any) -> bool:
            if isinstance(left, str) and isinstance(right, str):
                return left.casefold() == right.casefold()
            return bool(left == right)

        return [
            entity for entity in self[collection].values(lag)
            if all(same(entity.get(name), value) for name, value in properties.items())
        ]

    def find_user(self, key: str) -> Entity | None:
        """A user by object id, user principal name, or any address of the mailbox, in this order.

        In a hybrid tenant one user's principal name may be another's address.
        """
        wanted = key.casefold()
        for user in self["users"].values():
            if wanted in (user["id"], user["userPrincipalName"].casefold()):
                return user
        mailbox = self.find_recipient(key)
        return self["users"].get(mailbox["id"]) if mailbox else None

    def find_mailbox(self, key: str) -> Entity | None:
        """The mailbox of the user that ``find_user`` finds; None if there is no such user or it has no mailbox."""
        user = self.find_user(key)
        return self["mailboxes"].get(user["id"]) if user else None

    def find_recipient(self, address: str) -> Entity | None:
        """The mailbox that gets the mail for an address: a principal name as such is none."""
        wanted = address.casefold()
        for mailbox in self["mailboxes"].values():
            if wanted in (one.casefold() for one in mailbox["addresses"]):
                return mailbox
        return None

    # -- people -------------------------------------------------------------------------------------------------

    def add_user(
        self, user_principal_name: str, display_name: str, *, mail: str | None = None, aliases: Sequence[str] = (),
        password: str | None = None, licensed: bool = True, shared: bool = False, identifier: str | None = None,
    ) -> Entity:
        """Create a user and, if licensed or shared, its mailbox. The caller saves.

        ``mail`` is the primary address, for a mailbox the principal name when left out; ``aliases`` are its other
        addresses. ``identifier`` is the object id, a new one when left out. A mailbox is {id, address, addresses,
        store, ImapEnabled, PopEnabled, SmtpClientAuthenticationDisabled, RecipientTypeDetails}: ``store`` is the
        account's name in the mailbox store and never changes.
        """
        identifier = identifier or str(uuid.uuid4())
        user: Entity = {
            "id": identifier, "userPrincipalName": user_principal_name, "displayName": display_name,
            "mail": mail,
            "mailNickname": user_principal_name.partition("@")[0], "givenName": None, "surname": None,
            "jobTitle": None, "mobilePhone": None, "officeLocation": None, "preferredLanguage": None,
            "businessPhones": [], "accountEnabled": not shared, "assignedLicenses": [],
        }
        if password is not None:
            self["password_digests"].put(identifier, {"digest": digest(password)})
        return self.give_mail(user, mail, aliases, licensed=licensed, shared=shared)

    def give_mail(
        self, user: Entity, mail: str | None, aliases: Sequence[str], *, licensed: bool, shared: bool,
    ) -> Entity:
        """Write a user with a licence or without, and with the mailbox that follows from it. The caller saves.

        A mailbox that is there keeps its settings; without a licence, and not shared, it ends.
        """
        identifier, sku = user["id"], {"disabledPlans": [], "skuId": "3b555118-da6a-4418-894f-7df1e2096870"}
        if licensed or shared:
            mail = mail or user["userPrincipalName"]
            self["mailboxes"].put(identifier, {
                "id": identifier, "store": identifier, "ImapEnabled": True, "PopEnabled": True,
                "SmtpClientAuthenticationDisabled": None, **(self["mailboxes"].get(identifier) or {}),
                "address": mail, "addresses": [mail, *aliases],
                "RecipientTypeDetails": "SharedMailbox" if shared else "UserMailbox",
            })
        elif identifier in self["mailboxes"]:
            self["mailboxes"].delete(identifier)
        user = {**user, "mail": mail, "assignedLicenses": [sku] if licensed else []}
        self["users"].put(identifier, user)
        return user
