"""Who may sign in to which mailbox, by which protocol, and as whom he may send. Pure over the tenant's state.

Facts: Microsoft's page on OAuth for IMAP, POP and SMTP (roles of application tokens, the service principal in Exchange
with the object id of the enterprise application, FullAccess), its page on role-based access control for SMTP,
Set-CASMailbox and Set-TransportConfig.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from m365_sandbox.exchange import acl
from m365_sandbox.exchange.authorization import holds_role, reaches_by_role
from m365_sandbox.identity.tokens import TokenError
from m365_sandbox.mail.xoauth2 import Response
from m365_sandbox.state.history import Entity
from m365_sandbox.state.identity_policies import is_blocked
from m365_sandbox.state.tenant import Tenant, digest

Claims = Mapping[str, Any]
Protocol = Literal["imap", "pop3", "smtp"]

ROLES: dict[Protocol, str] = {"imap": "IMAP.AccessAsApp", "pop3": "POP.AccessAsApp", "smtp": "SMTP.SendAsApp"}
SCOPES: dict[Protocol, str] = {"imap": "IMAP.AccessAsUser.All", "pop3": "POP.AccessAsUser.All", "smtp": "SMTP.Send"}
_SWITCHES = {"imap": "ImapEnabled", "pop3": "PopEnabled"}

Reason = Literal[
    "credentials",      # token, role, service principal, mailbox or right: Exchange does not tell which
    "not_connected",    # signed in, but the mailbox cannot be opened
    "tenant_switch",    # SMTP AUTH is off for the organisation
    "mailbox_switch",   # SMTP AUTH is off for the mailbox
    "basic_disabled",
    "wrong_password",
    "security_defaults",    # Entra's security defaults are on, which take no password here
    "conditional_access",   # a policy of Entra's blocks clients of old
    "protocol_off",     # the user has not switched the protocol on
    "too_many_sessions",    # as many clients as may be are signed in to the mailbox already
]


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in: ``principal`` is the object id of the service principal or user, ``mailbox`` what it opened."""

    principal: str
    mailbox: Entity


@dataclass(frozen=True)
class Refused:
    """Why not: ``reason`` decides what the client is told, ``explanation`` is for the sandbox's log."""

    reason: Reason
    explanation: str


Outcome = SignedIn | Refused


def with_token(
    tenant: Tenant, protocol: Protocol, response: Response | None, claims_of: Callable[[str], Claims],
) -> Outcome:
    """Judge a SASL XOAUTH2 response.

    :param response: None for one that could not be read.
    :param claims_of: verifies the access token and gives its claims, or raises TokenError.
    """
    if response is None:
        return Refused("credentials", "the SASL response is no XOAUTH2 string")
    try:
        claims = claims_of(response.token)
    except TokenError as error:
        return Refused("credentials", f"the access token is refused: {error.reason}")
    if "scp" in claims:
        return _person(tenant, protocol, response.user, claims)
    role, app_id, object_id = ROLES[protocol], claims.get("appid"), claims.get("oid")
    by_permission = role in claims.get("roles", ())
    # Without the permission, a role assignment in Exchange will do; there is one for SMTP only.
    if not by_permission and not holds_role(tenant, str(object_id), {role}):
        return Refused("credentials", f"the token of application {app_id} lacks the role {role}")
    known = tenant["exchange_service_principals"].get(str(app_id))
    if known is None or known["ObjectId"] in tenant["deleted_items"]:
        return Refused("credentials", f"application {app_id} has no service principal in Exchange")
    if known["ObjectId"] != object_id:
        return Refused(
            "credentials", f"Exchange knows application {app_id} by object id {known['ObjectId']}; the token says "
            f"{object_id}",
        )
    if tenant.find_user(response.user) is None:
        return Refused("credentials", f"there is no user {response.user!r}")
    mailbox = tenant.find_mailbox(response.user)
    if protocol == "smtp":
        return _submit(tenant, mailbox, response.user, str(object_id), by_permission)
    if mailbox is None:
        return Refused("not_connected", f"{response.user!r} has no mailbox")
    if not mailbox[_SWITCHES[protocol]]:
        return Refused("not_connected", f"{_SWITCHES[protocol]} is false for {response.user!r}")
    if not has_full_access(tenant, mailbox, str(object_id)):
        return Refused("not_connected", f"service principal {object_id} lacks FullAccess to {response.user!r}")
    return SignedIn(str(object_id), mailbox)


def _person(tenant: Tenant, protocol: Protocol, user: str, claims: Claims) -> Outcome:
    """Judge a person's token: it opens the own mailbox, and those that the person has FullAccess to."""
    scope, person = SCOPES[protocol], str(claims["oid"])
    if scope not in claims["scp"].split():
        return Refused("credentials", f"the token of {claims['upn']!r} lacks the scope {scope}")
    if tenant.find_user(user) is None:
        return Refused("credentials", f"there is no user {user!r}")
    mailbox = tenant.find_mailbox(user)
    closed: Reason = "credentials" if protocol == "smtp" else "not_connected"
    if mailbox is None:
        return Refused(closed, f"{user!r} has no mailbox")
    if protocol == "smtp":
        if (switch := smtp_switch(tenant, mailbox)) is not None:
            return switch
    elif not mailbox[_SWITCHES[protocol]]:
        return Refused(closed, f"{_SWITCHES[protocol]} is false for {user!r}")
    if mailbox["id"] != person and not has_full_access(tenant, mailbox, person):
        return Refused(closed, f"{claims['upn']!r} lacks FullAccess to {user!r}")
    return SignedIn(person, mailbox)


def _submit(
    tenant: Tenant, mailbox: Entity | None, user: str, principal: str, by_permission: bool
) -> Outcome:
    """The permission makes Exchange ask for FullAccess; a role assignment needs none, but has a scope."""
    if mailbox is None:
        return Refused("credentials", f"{user!r} has no mailbox")
    if (switch := smtp_switch(tenant, mailbox)) is not None:
        return switch
    if not by_permission and not reaches_by_role(tenant, principal, mailbox["id"], {ROLES["smtp"]}):
        return Refused("credentials", f"no role assignment of service principal {principal} reaches {user!r}")
    if by_permission and not has_full_access(tenant, mailbox, principal):
        return Refused("credentials", f"service principal {principal} lacks FullAccess to {user!r}")
    return SignedIn(principal, mailbox)


def with_password(tenant: Tenant, user: str, password: str) -> Outcome:
    """Judge basic authentication on the submission ports, in the order in which Exchange Online refuses it."""
    account, mailbox = tenant.find_user(user), tenant.find_mailbox(user)
    if (switch := smtp_switch(tenant, mailbox)) is not None:
        return switch
    if tenant.organization_config["BasicAuthenticationBlocked"]:
        return Refused("basic_disabled", "basic authentication is blocked in the organisation")
    stored = tenant["password_digests"].get(account["id"]) if account else None
    if account is None or mailbox is None or not account["accountEnabled"] or stored != {"digest": digest(password)}:
        return Refused("wrong_password", f"wrong user name or password for {user!r}")
    if tenant.security_defaults["isEnabled"]:
        return Refused("security_defaults", "the tenant's security defaults take no password by SMTP")
    if is_blocked(tenant, account["id"]):
        return Refused("conditional_access", f"a Conditional Access policy blocks {user!r}")
    return SignedIn(account["id"], mailbox)


def smtp_switch(tenant: Tenant, mailbox: Entity | None) -> Refused | None:
    """The refusal if SMTP AUTH is off: the mailbox's own value counts if it has one, else the organisation's."""
    own = mailbox["SmtpClientAuthenticationDisabled"] if mailbox else None
    if own is True:
        return Refused("mailbox_switch", "SMTP AUTH is off for the mailbox")
    if own is None and tenant.transport_config["SmtpClientAuthenticationDisabled"]:
        return Refused("tenant_switch", "SMTP AUTH is off for the organisation")
    return None


def has_full_access(tenant: Tenant, mailbox: Entity, principal: str) -> bool:
    """Whether that object id has FullAccess to the mailbox."""
    return acl.grants(acl.stored(tenant["mailbox_permissions"].get(mailbox["id"])), "User", principal, "FullAccess")


def may_send_as(tenant: Tenant, signed_in: SignedIn, address: str) -> bool:
    """Whether a From address is one of the sender's own, or of a mailbox that the principal has a right or role on."""
    home = _home(tenant, signed_in)
    if home is not None and address.casefold() in (own.casefold() for own in home["addresses"]):
        return True
    other = tenant.find_recipient(address)
    return other is not None and (
        _has_send_as(tenant, signed_in, other) or signed_in.principal in other.get("GrantSendOnBehalfTo", ())
    )


def representative(tenant: Tenant, signed_in: SignedIn, address: str) -> str | None:
    """Who the header Sender has to name: the person who may send on behalf of the From address, and not as it."""
    home, other = _home(tenant, signed_in), tenant.find_recipient(address)
    if home is None or other is None or other["id"] == home["id"] or _has_send_as(tenant, signed_in, other):
        return None
    return str(home["address"])


def _home(tenant: Tenant, signed_in: SignedIn) -> Entity | None:
    """The sender's own mailbox: a person's, whichever one they opened; an application's is the one that it opened."""
    is_person = signed_in.principal in tenant["users"]
    return tenant["mailboxes"].get(signed_in.principal) if is_person else signed_in.mailbox


def _has_send_as(tenant: Tenant, signed_in: SignedIn, mailbox: Entity) -> bool:
    entries = acl.stored(tenant["recipient_permissions"].get(mailbox["id"]))
    return acl.grants(entries, "Trustee", signed_in.principal, "SendAs") or reaches_by_role(
        tenant, signed_in.principal, mailbox["id"], {ROLES["smtp"]}
    )
