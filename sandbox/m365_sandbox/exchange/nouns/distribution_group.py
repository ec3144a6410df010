"""Mail-enabled groups and their direct members, which scopes and access policies refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

from m365_sandbox.exchange.cmdlet import RESULT_SIZE_PARAMETER, Call, Cmdlet, Parameter, identity_parameter, ignored
from m365_sandbox.exchange.directory import GROUPS, RECIPIENTS, Kinds, Principal, find, group_principal, principals
from m365_sandbox.exchange.errors import RECIPIENT_TASK, AdminError, already_exists
from m365_sandbox.exchange.objects import recipient_dn
from m365_sandbox.exchange.output import Output, Row, text, texts
from m365_sandbox.exchange.parameter_types import STRING, SWITCH, enumeration, identity, multi_valued
from m365_sandbox.exchange.recipients import LISTING, selected, values
from m365_sandbox.exchange.recipients import OUTPUT as RECIPIENT_OUTPUT
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.history import Entity

ID = identity("DistributionGroupIdParameter")
MEMBER_ID = identity("RecipientWithAdUserGroupIdParameter`1")
GROUP_TYPE = enumeration("Microsoft.Exchange.Data.Directory.Recipient.GroupType", ("Distribution", "Security"))
MEMBERS: Kinds = (*RECIPIENTS, "user")
_TYPES = {"Distribution": "MailUniversalDistributionGroup", "Security": "MailUniversalSecurityGroup"}
_GROUP_TYPES = {
    "MailUniversalDistributionGroup": "Universal", "MailUniversalSecurityGroup": "Universal, SecurityEnabled",
}

OUTPUT: Output = (*text("GroupType", "SamAccountName", "Sid"), *texts("ManagedBy"), *RECIPIENT_OUTPUT)


def row(call: Call, group: Principal) -> Row:
    """What Get-DistributionGroup prints."""
    details = group.entity["RecipientTypeDetails"]
    return {
        **values(call.tenant, group), "GroupType": _GROUP_TYPES[details], "SamAccountName": group.name[:20],
        "Sid": group.sid, "ManagedBy": ["Organization Management"],
    }


def _get(call: Call) -> Iterator[Row]:
    for group in selected(call, GROUPS):
        yield row(call, group)


def _get_members(call: Call) -> Iterator[Row]:
    group = find(call.tenant, GROUPS, call["Identity"], call.lag)
    for recipient in principals(call.tenant, MEMBERS, call.lag):
        if recipient.id in group.entity["Members"]:
            yield values(call.tenant, recipient)


def _new(call: Call) -> list[Row]:
    tenant = call.tenant
    alias = call.get("Alias", re.sub(r"[^A-Za-z0-9._-]", "", call["Name"]))
    address = call.get("PrimarySmtpAddress", f"{alias}@{tenant.domains[-1]}")
    existing = principals(tenant, RECIPIENTS)
    if any(call["Name"].casefold() == one.name.casefold() for one in existing):
        raise already_exists(recipient_dn(tenant, call["Name"]))
    if any(address.casefold() in (taken.casefold() for taken in one.addresses) for one in existing):
        raise AdminError(
            400, "Microsoft.Exchange.Management.Tasks.WLCDManagedMemberExistsException",
            f'The proxy address "SMTP:{address}" is already being used by the proxy addresses or LegacyExchangeDN. '
            "Please choose another proxy address.",
        )
    members = [find(tenant, RECIPIENTS, one).id for one in call.get("Members", ())]
    group: Entity = {
        "id": str(uuid4()), "Name": call["Name"], "DisplayName": call.get("DisplayName", call["Name"]),
        "Alias": alias, "PrimarySmtpAddress": address, "RecipientTypeDetails": _TYPES[call.get("Type", "Distribution")],
        "Members": members, "WhenCreated": timestamp(now()),
    }
    call.put("groups", group["id"], group)
    return [row(call, group_principal(tenant, group))]


def _remove(call: Call) -> None:
    call.delete("groups", find(call.tenant, GROUPS, call["Identity"]).id)


def _add_member(call: Call) -> None:
    group = find(call.tenant, GROUPS, call["Identity"])
    member = find(call.tenant, MEMBERS, call["Member"])
    if member.id in group.entity["Members"]:
        raise AdminError(
            400, "Microsoft.Exchange.Management.Tasks.MemberAlreadyExistsException",
            f'The recipient "{member.name}" is already a member of the group "{group.name}".',
        )
    call.put("groups", group.id, {**group.entity, "Members": [*group.entity["Members"], member.id]})


def _remove_member(call: Call) -> None:
    group = find(call.tenant, GROUPS, call["Identity"])
    member = find(call.tenant, MEMBERS, call["Member"])
    if member.id not in group.entity["Members"]:
        raise AdminError(
            400, RECIPIENT_TASK, f'The recipient "{member.name}" isn\'t a member of the group "{group.name}".'
        )
    members = [one for one in group.entity["Members"] if one != member.id]
    call.put("groups", group.id, {**group.entity, "Members": members})


_MEMBERSHIP = (
    identity_parameter(ID, mandatory=True), Parameter("Member", MEMBER_ID, mandatory=True),
    *ignored(SWITCH, "BypassSecurityGroupManagerCheck"),
)

CMDLETS = (
    Cmdlet("Get-DistributionGroup", "recipients", (identity_parameter(ID), *LISTING), _get, OUTPUT),
    Cmdlet(
        "Get-DistributionGroupMember", "recipients",
        (identity_parameter(ID, mandatory=True), RESULT_SIZE_PARAMETER), _get_members, RECIPIENT_OUTPUT,
    ),
    Cmdlet(
        "New-DistributionGroup", "recipients",
        (
            Parameter("Name", STRING, mandatory=True, position=0), Parameter("Type", GROUP_TYPE),
            *(Parameter(name, STRING) for name in ("Alias", "DisplayName", "PrimarySmtpAddress")),
            Parameter("Members", multi_valued()),
        ),
        _new, OUTPUT,
    ),
    Cmdlet(
        "Remove-DistributionGroup", "recipients",
        (identity_parameter(ID, mandatory=True), *ignored(SWITCH, "BypassSecurityGroupManagerCheck")), _remove,
        prompts=True,
    ),
    Cmdlet("Add-DistributionGroupMember", "recipients", _MEMBERSHIP, _add_member),
    Cmdlet("Remove-DistributionGroupMember", "recipients", _MEMBERSHIP, _remove_member, prompts=True),
)
