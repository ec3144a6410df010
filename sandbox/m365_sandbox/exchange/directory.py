"""Who and what the tenant's directory has, as Exchange sees it, and how an ``-Identity`` finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from m365_sandbox.exchange.errors import ambiguous, object_not_found
from m365_sandbox.exchange.objects import guid, recipient_dn, sid
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

Kind = Literal["mailbox", "user", "group", "service_principal"]
Kinds = tuple[Kind, ...]

MAILBOXES: Kinds = ("mailbox",)
PEOPLE: Kinds = ("mailbox", "user")
GROUPS: Kinds = ("group",)
RECIPIENTS: Kinds = ("mailbox", "group")
POINTERS: Kinds = ("service_principal",)
SECURITY_PRINCIPALS: Kinds = ("mailbox", "user", "group", "service_principal")


@dataclass(frozen=True)
class Principal:
    """A recipient, a user without a mailbox, or Exchange's pointer to a service principal.

    :param id: the object id in Entra.
    :param name: Exchange's internal name, which ``Identity`` prints.
    :param entity: the object of the tenant: mailbox, user, group or pointer.
    :param user: the user behind a mailbox.
    """

    kind: Kind
    id: str
    guid: str
    name: str
    alias: str
    display_name: str
    dn: str
    sid: str
    addresses: tuple[str, ...]
    user_principal_name: str
    entity: Entity
    user: Entity

    @property
    def unique_names(self) -> list[str]:
        """What can belong to one object only."""
        names = [
            self.id, self.guid, self.dn, self.sid, self.user_principal_name, *self.addresses,
            self.entity.get("AppId", ""), self.entity.get("ExchangeGuid", ""),
        ]
        return [name for name in names if name]

    @property
    def names(self) -> list[str]:
        """What several objects may share."""
        return [name for name in (self.name, self.alias, self.display_name) if name]

    @property
    def resolved_name(self) -> str:
        """How Get cmdlets print who has a right: users by principal name, others by name; see facts on UserSid."""
        return self.sid if self.kind == "service_principal" else self.user_principal_name or self.name


def principals(tenant: Tenant, kinds: Kinds, lag: float = 0.0) -> list[Principal]:
    """Every object of these kinds. A user with a mailbox is a mailbox."""
    found: list[Principal] = []
    for user in tenant["users"].values(lag):
        mailbox = tenant["mailboxes"].get(user["id"], lag)
        if ("user" if mailbox is None else "mailbox") in kinds:
            found.append(_person(tenant, user, mailbox))
    if "group" in kinds:
        found += [group_principal(tenant, group) for group in tenant["groups"].values(lag)]
    if "service_principal" in kinds:
        found += [pointer_principal(tenant, pointer) for pointer in tenant["exchange_service_principals"].values(lag)]
    return found


def resolve(found: Sequence[Principal], identity: str) -> Principal | None:
    """The one object that answers to an identity, None if there is none.

    A name that is unique by its nature wins over one that is not. AdminError 400 for several matches.
    """
    wanted = identity.casefold()
    for names in ("unique_names", "names"):
        matching = [one for one in found if wanted in (name.casefold() for name in getattr(one, names))]
        if len(matching) > 1:
            raise ambiguous(identity)
        if matching:
            return matching[0]
    return None


def find(tenant: Tenant, kinds: Kinds, identity: str, lag: float = 0.0) -> Principal:
    """The object that answers to an identity; AdminError 404 without one, 400 with several."""
    found = resolve(principals(tenant, kinds, lag), identity)
    if found is None:
        raise object_not_found(identity)
    return found


def by_id(tenant: Tenant, object_id: str, lag: float = 0.0) -> Principal | None:
    """The security principal with this object id in Entra."""
    matching = (one for one in principals(tenant, SECURITY_PRINCIPALS, lag) if one.id == object_id)
    return next(matching, None)


def list_or_find(
    tenant: Tenant, kinds: Kinds, identity: str | None, lag: float = 0.0
) -> list[Principal]:
    """All objects of these kinds, or the one that answers to an identity."""
    return principals(tenant, kinds, lag) if identity is None else [find(tenant, kinds, identity, lag)]


def _internal_name(tenant: Tenant, alias: str, object_id: str) -> str:
    """The name that Exchange makes of an alias: with date and time behind it, so it is no address (recorded)."""
    date = tenant.created.partition("T")[0].replace("-", "")
    return f"{alias}{date}{UUID(object_id).int % 10**6:06d}"


def _person(tenant: Tenant, user: Entity, mailbox: Entity | None) -> Principal:
    alias = user["mailNickname"] or user["userPrincipalName"].partition("@")[0]
    name = _internal_name(tenant, alias, user["id"])
    return Principal(
        kind="user" if mailbox is None else "mailbox", id=user["id"], guid=guid(tenant, "recipient", user["id"]),
        name=name, alias=alias, display_name=user["displayName"], dn=recipient_dn(tenant, name),
        sid=sid(tenant, user["id"]), addresses=tuple(mailbox["addresses"]) if mailbox else (),
        user_principal_name=user["userPrincipalName"],
        entity={**mailbox, "ExchangeGuid": guid(tenant, "mailbox", user["id"])} if mailbox else user, user=user,
    )


def group_principal(tenant: Tenant, group: Entity) -> Principal:
    """A group of the tenant as a principal."""
    return Principal(
        kind="group", id=group["id"], guid=guid(tenant, "recipient", group["id"]), name=group["Name"],
        alias=group["Alias"], display_name=group["DisplayName"], dn=recipient_dn(tenant, group["Name"]),
        sid=sid(tenant, group["id"]), addresses=(group["PrimarySmtpAddress"],), user_principal_name="",
        entity=group, user={},
    )


def pointer_principal(tenant: Tenant, pointer: Entity) -> Principal:
    """A pointer to a service principal as a principal."""
    return Principal(
        kind="service_principal", id=pointer["ObjectId"], guid=pointer["Guid"], name=pointer["ObjectId"], alias="",
        display_name=pointer["DisplayName"] or "", dn=recipient_dn(tenant, pointer["ObjectId"]), sid=pointer["Sid"],
        addresses=(), user_principal_name="", entity=pointer, user={},
    )
