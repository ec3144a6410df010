"""Groups and management scopes, made and changed by Exchange's own cmdlets, so that what those refuse is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from m365_sandbox.control.body import optional, required
from m365_sandbox.exchange.binding import bind
from m365_sandbox.exchange.catalog import CMDLETS
from m365_sandbox.exchange.cmdlet import Call
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

Values = Mapping[str, Any]

GROUP_PROPERTIES = {
    "Name": required(str), "Type": optional(str), "Alias": optional(str), "DisplayName": optional(str),
    "PrimarySmtpAddress": optional(str), "Members": optional(list),
}
SCOPE_PROPERTIES = {"Name": required(str), "RecipientRestrictionFilter": required(str)}
_KEPT = ("Alias", "DisplayName", "PrimarySmtpAddress", "Members")
_TYPES = {"MailUniversalDistributionGroup": "Distribution", "MailUniversalSecurityGroup": "Security"}


def bring_group(tenant: Tenant, values: Values) -> Entity:
    """A group as the values (GROUP_PROPERTIES) say: a new one, or the one of that name with what differs changed.

    :raises AdminError: as New-DistributionGroup does.
    """
    existing = tenant.find("groups", Name=values["Name"])
    before: Entity = existing[0] if existing else {}
    given = dict(values)
    if before:
        kept = {name: before[name] for name in _KEPT}
        given = {**kept, "Type": _TYPES[before["RecipientTypeDetails"]], **values}
        tenant["groups"].delete(before["id"])
    _run(tenant, "New-DistributionGroup", given)
    [made] = tenant.find("groups", Name=values["Name"])
    if not before:
        return made
    tenant["groups"].delete(made["id"])
    group = {**made, "id": before["id"], "WhenCreated": before["WhenCreated"]}
    tenant["groups"].put(group["id"], group)
    return group


def bring_scope(tenant: Tenant, values: Values) -> Entity:
    """A management scope as the values (SCOPE_PROPERTIES) say: a new one, or the one of that name changed.

    :raises AdminError: as New-ManagementScope and Set-ManagementScope do.
    """
    name = values["Name"]
    if tenant.find("management_scopes", Name=name):
        given = {"Identity": name, "RecipientRestrictionFilter": values["RecipientRestrictionFilter"]}
        _run(tenant, "Set-ManagementScope", given)
    else:
        _run(tenant, "New-ManagementScope", values)
    [scope] = tenant.find("management_scopes", Name=name)
    return scope


def _run(tenant: Tenant, cmdlet: str, given: Values) -> None:
    found = CMDLETS[cmdlet.casefold()]
    call = Call(tenant, bind(found, given).arguments)
    # Generators check when they are read.
    list(found.run(call) or ())
    for change in call.changes:
        change()
