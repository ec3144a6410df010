"""Users with their mailboxes, as bodies of the control face describe them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from m365_sandbox.control.body import BodyError, optional, required
from m365_sandbox.control.objects import Conflict, find_mailbox, find_user
from m365_sandbox.exchange.byte_size import printed_size
from m365_sandbox.state.history import Entity
from m365_sandbox.state.sign_in_settings import change_password, change_sign_in_settings
from m365_sandbox.state.tenant import Tenant, digest

Values = Mapping[str, Any]

SIGN_IN_PROPERTIES = {
    # The second factor that the sign-in asks for; null asks for none.
    "multiFactorCode": optional(str, type(None)),
    "blockedByConditionalAccess": optional(bool),
    # After how many seconds the password is asked for again; null is never.
    "signInFrequencySeconds": optional(int, type(None)),
    "passwordExpired": optional(bool),
}
USER_PROPERTIES = {"password": optional(str), "accountEnabled": optional(bool), **SIGN_IN_PROPERTIES}
NEW_USER_PROPERTIES = {
    "userPrincipalName": required(str), "displayName": optional(str), "mail": optional(str),
    "aliases": optional(list), "licensed": optional(bool), "shared": optional(bool), **USER_PROPERTIES,
}
MAILBOX_PROPERTIES = {
    "ImapEnabled": optional(bool), "PopEnabled": optional(bool),
    # Null: as the organisation says.
    "SmtpClientAuthenticationDisabled": optional(bool, type(None)),
    # As Set-Mailbox takes it: 10MB, or Unlimited.
    "MaxSendSize": optional(str), "ProhibitSendQuota": optional(str),
    # To how many recipients it may send within 24 hours, by SMTP; 10,000 at first.
    "RecipientRateLimit": optional(int),
    # Whether it is among the restricted entities of Microsoft Defender.
    "BlockedForSpam": optional(bool),
    # The users who may send on its behalf.
    "GrantSendOnBehalfTo": optional(list),
}


def add_user(tenant: Tenant, values: Values) -> Entity:
    """A new user.

    :param values: of NEW_USER_PROPERTIES, here and below; what is left out has its default.
    :raises Conflict: the name or an address is taken.
    """
    name = values["userPrincipalName"]
    if tenant.find("users", userPrincipalName=name):
        raise Conflict(f"there is a user {name} already")
    given = {"licensed": True, "shared": False, "mail": None, "aliases": [], **values}
    _check_addresses(tenant, None, given)
    user = tenant.add_user(
        name, values.get("displayName", name), mail=given["mail"], aliases=given["aliases"],
        password=values.get("password"), licensed=given["licensed"], shared=given["shared"],
    )
    return change_account(tenant, user, values)


def bring_user(tenant: Tenant, values: Values) -> Entity:
    """A user as the values say: a new one, or the one of that name with what differs changed.

    :raises Conflict: an address is somebody else's.
    """
    existing = tenant.find("users", userPrincipalName=values["userPrincipalName"])
    if not existing:
        return add_user(tenant, values)
    user = {**existing[0], "displayName": values.get("displayName", existing[0]["displayName"])}
    mailbox = tenant["mailboxes"].get(user["id"])
    now = {
        "licensed": bool(user["assignedLicenses"]), "mail": user["mail"],
        "shared": mailbox is not None and mailbox["RecipientTypeDetails"] == "SharedMailbox",
    }
    given = {**now, **values}
    # The addresses go with the mailbox.
    kept = mailbox["addresses"][1:] if mailbox and (given["licensed"] or given["shared"]) else []
    given = {"aliases": kept, **given}
    _check_addresses(tenant, user["id"], given)
    user = tenant.give_mail(
        user, given["mail"], given["aliases"], licensed=given["licensed"], shared=given["shared"]
    )
    if "password" in values and tenant["password_digests"].get(user["id"]) == {"digest": digest(values["password"])}:
        # To give it again would end everybody's sessions.
        values = {name: value for name, value in values.items() if name != "password"}
    return change_account(tenant, user, values)


def change_account(tenant: Tenant, user: Entity, values: Values) -> Entity:
    """Change what the sign-in asks of a user.

    :param values: USER_PROPERTIES among others.
    """
    identifier = user["id"]
    if "password" in values:
        change_password(tenant, identifier, values["password"])
    if "accountEnabled" in values:
        user = {**user, "accountEnabled": values["accountEnabled"]}
        tenant["users"].put(identifier, user)
    settings = {name: value for name, value in values.items() if name in SIGN_IN_PROPERTIES}
    change_sign_in_settings(tenant, identifier, **settings)
    return user


def change_mailbox(tenant: Tenant, address: str, values: Values) -> Entity:
    """Change a mailbox.

    :param values: of MAILBOX_PROPERTIES.
    :raises UnknownObject: there is no such mailbox or user.
    """
    mailbox = {**find_mailbox(tenant, address), **values}
    for name in ("MaxSendSize", "ProhibitSendQuota"):
        if name in values:
            mailbox[name] = _size(values[name], name)
    if "GrantSendOnBehalfTo" in values:
        mailbox["GrantSendOnBehalfTo"] = [find_user(tenant, str(one))["id"] for one in values["GrantSendOnBehalfTo"]]
    tenant["mailboxes"].put(mailbox["id"], mailbox)
    return mailbox


def _size(text: str, name: str) -> str:
    try:
        return printed_size(text)
    except ValueError as error:
        raise BodyError(f"{name}: {error}") from error


def _check_addresses(tenant: Tenant, owner: str | None, values: Values) -> None:
    aliases, has_mailbox = values["aliases"], values["licensed"] or values["shared"]
    if not all(isinstance(alias, str) for alias in aliases):
        raise BodyError("must be a list of addresses", "aliases")
    if not has_mailbox:
        if aliases:
            raise BodyError("are addresses of a mailbox, which a user gets who is licensed or shared", "aliases")
        return
    for address in (values["mail"] or values["userPrincipalName"], *aliases):
        taken = tenant.find_recipient(address)
        if taken is not None and taken["id"] != owner:
            raise Conflict(f"there is a mailbox with the address {address} already")
