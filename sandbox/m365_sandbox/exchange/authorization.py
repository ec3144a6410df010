"""What an application may do in a mailbox: Exchange's decision, pure over the tenant's state.

Two sources of rights that add up (facts): permissions granted in Entra, which reach every mailbox unless an application
access policy keeps the application out, and role assignments in Exchange, which reach the mailboxes of their scope and
which no access policy limits. Changes act at once here; Exchange takes 30 minutes to two hours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from m365_sandbox.exchange.directory import MAILBOXES, Principal, principals
from m365_sandbox.exchange.filters import parse
from m365_sandbox.exchange.recipients import filterable
from m365_sandbox.exchange.roles import APPLICATION_ROLES
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

Verdict = Literal[
    "granted",
    "blocked",  # by an application access policy
    "denied",   # not granted at all, or not for this mailbox
]


def decide(
    tenant: Tenant, *, app_id: str, service_principal_id: str, roles: Collection[str], mailbox_id: str,
    permissions: Collection[str],
) -> Verdict:
    """Whether an application may use one of ``permissions`` on a mailbox.

    :param app_id, service_principal_id, roles: from its token: ``appid``, ``oid`` and ``roles``.
    :param mailbox_id: object id of the mailbox's user.
    """
    if reaches_by_role(tenant, service_principal_id, mailbox_id, permissions):
        return "granted"
    if not set(permissions) & set(roles):
        return "denied"
    return "granted" if passes_access_policies(tenant, app_id, mailbox_id) else "blocked"


def reaches_by_role(
    tenant: Tenant, service_principal_id: str, mailbox_id: str, permissions: Collection[str]
) -> bool:
    """Whether a role assignment in Exchange gives one of the permissions on the mailbox."""
    mailbox = _mailbox(tenant, mailbox_id)
    return mailbox is not None and any(
        in_scope(tenant, assignment, mailbox)
        for assignment in active_assignments(tenant, service_principal_id)
        if set(APPLICATION_ROLES[assignment["Role"]]) & set(permissions)
    )


def holds_role(tenant: Tenant, service_principal_id: str, permissions: Collection[str]) -> bool:
    """Whether a role assignment gives one of the permissions on any mailbox at all."""
    assignments = active_assignments(tenant, service_principal_id)
    return any(set(APPLICATION_ROLES[assignment["Role"]]) & set(permissions) for assignment in assignments)


def active_assignments(tenant: Tenant, service_principal_id: str, lag: float = 0.0) -> Iterator[Entity]:
    """The enabled role assignments of the pointer that has this object id.

    A pointer with another object id is another application's as far as its tokens are concerned.
    """
    if tenant.find("exchange_service_principals", lag, ObjectId=service_principal_id):
        for assignment in tenant["management_role_assignments"].values(lag):
            if assignment["App"] == service_principal_id and assignment["Enabled"]:
                yield assignment


def in_scope(tenant: Tenant, assignment: Entity, mailbox: Principal) -> bool:
    """Whether a role assignment covers the mailbox. Exclusive scopes do not limit applications."""
    if assignment["RecipientGroupScope"] is not None:
        group = tenant["groups"].get(assignment["RecipientGroupScope"])
        return group is not None and mailbox.id in group["Members"]
    if assignment["CustomResourceScope"] is not None:
        scope = tenant["management_scopes"].get(assignment["CustomResourceScope"])
        return scope is not None and parse(scope["RecipientFilter"]).matches(filterable(tenant, mailbox))
    return True


def passes_access_policies(tenant: Tenant, app_id: str, mailbox_id: str) -> bool:
    """The decision of the application access policies about a mailbox.

    Order (Microsoft's New-ApplicationAccessPolicy): a matching deny, a matching restriction, a restriction to others.
    """
    policies = tenant.find("application_access_policies", AppId=app_id)
    containing = {group["id"] for group in tenant["groups"].values() if mailbox_id in group["Members"]}
    matching = [policy["AccessRight"] for policy in policies if policy["Scope"] in (*containing, mailbox_id)]
    if "DenyAccess" in matching:
        return False
    if "RestrictAccess" in matching:
        return True
    return not any(policy["AccessRight"] == "RestrictAccess" for policy in policies)


def _mailbox(tenant: Tenant, mailbox_id: str) -> Principal | None:
    return next((one for one in principals(tenant, MAILBOXES) if one.id == mailbox_id), None)
