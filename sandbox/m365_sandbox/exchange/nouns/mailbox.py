"""Mailboxes. Get-EXOMailbox is the same with another choice of properties.

Property names and types: recorded answers of Get-Mailbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, identity_parameter, ignored, unsupported
from m365_sandbox.exchange.directory import MAILBOXES, Principal, find
from m365_sandbox.exchange.errors import invalid
from m365_sandbox.exchange.grantees import grantee, printed
from m365_sandbox.exchange.objects import printed_date
from m365_sandbox.exchange.output import Output, Property, Row, flag, guid, text, texts
from m365_sandbox.exchange.parameter_types import (
    BOOLEAN,
    BYTE_SIZE,
    GUID,
    STRING,
    STRINGS,
    SWITCH,
    enumeration,
    identity,
)
from m365_sandbox.exchange.recipients import CUSTOM_ATTRIBUTES, LISTING, selected, values
from m365_sandbox.exchange.recipients import OUTPUT as RECIPIENT_OUTPUT
from m365_sandbox.exchange.wording import not_modified
from m365_sandbox.state.clock import now, timestamp

ID = identity("MailboxIdParameter")

OUTPUT: Output = (
    *guid("ExchangeGuid", "DatabaseGuid", "ArchiveGuid"), *text("Database", default="EURPR01DG001-db001"),
    *flag("MessageCopyForSentAsEnabled", "MessageCopyForSendOnBehalfEnabled", "DeliverToMailboxAndForward",
          "LitigationHoldEnabled", "SingleItemRecoveryEnabled", "RetentionHoldEnabled", "IsResource", "IsLinked",
          "IsShared", "IsInactiveMailbox", "IsSoftDeletedByRemove", "IsSoftDeletedByDisable", "AccountDisabled",
          "AutoExpandingArchiveEnabled"),
    *flag("IsMailboxEnabled", "AuditEnabled", "MessageCopyForSMTPClientSubmissionEnabled", default=True),
    *flag("SKUAssigned", default=None),
    *text("ForwardingAddress", "ForwardingSmtpAddress", "ArchiveDatabase", "ResourceType", default=None),
    *texts("GrantSendOnBehalfTo", "InPlaceHolds", "Languages"),
    *text("UserPrincipalName", "WindowsLiveID", "MicrosoftOnlineServicesID", "SamAccountName", "UsageLocation"),
    *text("LitigationHoldDuration", default="Unlimited"), *text("ArchiveStatus", "ArchiveState", default="None"),
    *text("RetainDeletedItemsFor", default="14.00:00:00"), *text("AuditLogAgeLimit", default="90.00:00:00"),
    *text("ProhibitSendQuota", default="99 GB (106,300,440,576 bytes)"),
    *text("ProhibitSendReceiveQuota", default="100 GB (107,374,182,400 bytes)"),
    *text("IssueWarningQuota", default="98 GB (105,226,698,752 bytes)"),
    *text("RecoverableItemsQuota", default="30 GB (32,212,254,720 bytes)"),
    *text("MaxSendSize", default="35 MB (36,700,160 bytes)"),
    *text("MaxReceiveSize", default="36 MB (37,748,736 bytes)"),
    *text("RecipientLimits", default="500"), *text("RetentionPolicy", default="Default MRM Policy"),
    *text("RoleAssignmentPolicy", default="Default Role Assignment Policy"),
    *text("ServerName", default="am0pr01mb0001"), Property("WhenMailboxCreated", "date"),
    Property("RecipientSoftDeletedStatus", "integer", 0),
    *RECIPIENT_OUTPUT,
)

# Settings that Set-Mailbox changes, kept in the tenant's mailbox.
_FLAGS = (
    "MessageCopyForSentAsEnabled", "MessageCopyForSendOnBehalfEnabled", "MessageCopyForSMTPClientSubmissionEnabled",
    "HiddenFromAddressListsEnabled", "DeliverToMailboxAndForward", "AuditEnabled",
)
_TEXTS = ("ForwardingSmtpAddress", *CUSTOM_ATTRIBUTES)
_SIZES = ("MaxSendSize", "ProhibitSendQuota")
_MINIMUM = (
    "ExternalDirectoryObjectId", "UserPrincipalName", "Alias", "DisplayName", "EmailAddresses", "PrimarySmtpAddress",
    "RecipientType", "RecipientTypeDetails", "Identity", "Id", "Name", "ExchangeGuid", "DistinguishedName",
    "OrganizationId", "ExchangeVersion", "Guid",
)
PROPERTY_SETS = enumeration(
    "Microsoft.Exchange.Management.RestApiClient.GetExoMailbox+PropertySet",
    ("All", "Minimum", "AddressList", "Archive", "Audit", "Custom", "Delivery", "Hold", "Moderation", "Move", "Policy",
     "PublicFolder", "Quota", "Resource", "Retention", "SCL", "SoftDelete", "StatisticsSeed"),
    many=True,
)


def row(call: Call, mailbox: Principal) -> dict[str, Any]:
    """What Get-Mailbox prints."""
    entity, tenant = mailbox.entity, call.tenant
    shared = entity["RecipientTypeDetails"] == "SharedMailbox"
    stored = {name: entity[name] for name in (*_FLAGS, *_SIZES, "ForwardingSmtpAddress") if name in entity}
    name = mailbox.user_principal_name
    trustees = [printed(call, one) for one in entity.get("GrantSendOnBehalfTo", ())]
    return {
        **values(tenant, mailbox), **stored, "ExchangeGuid": entity["ExchangeGuid"],
        "GrantSendOnBehalfTo": [one for one in trustees if one is not None],
        "DatabaseGuid": "5f1c3a52-1d6e-4b8c-9d0a-2f5b8a7e6c41", "ArchiveGuid": "00000000-0000-0000-0000-000000000000",
        "IsShared": shared, "AccountDisabled": not mailbox.user["accountEnabled"],
        "SKUAssigned": None if shared else bool(mailbox.user["assignedLicenses"]),
        "UserPrincipalName": name, "WindowsLiveID": name, "MicrosoftOnlineServicesID": name,
        "SamAccountName": mailbox.name[:20], "ServerName": "am0pr01mb0001",
        "WhenMailboxCreated": printed_date(entity.get("WhenCreated", tenant.created)),
    }


def _get(call: Call) -> Iterator[Row]:
    for mailbox in selected(call, MAILBOXES):
        yield row(call, mailbox)


def _get_exo(call: Call) -> Iterator[Row]:
    chosen = [name for name in ("Identity", "ExternalDirectoryObjectId", "PrimarySmtpAddress", "UserPrincipalName")
              if name in call]
    found = [find(call.tenant, MAILBOXES, call[chosen[0]], call.lag)] if chosen else selected(call, MAILBOXES)
    names = {name.casefold() for name in (*_MINIMUM, *call.get("Properties", ()))}
    known = {one.name.casefold() for one in OUTPUT}
    if unknown := [name for name in call.get("Properties", ()) if name.casefold() not in known]:
        raise invalid(f"The properties '{', '.join(unknown)}' don't exist.")
    everything = "All" in call.get("PropertySets", ())
    for mailbox in found:
        yield {
            name: value for name, value in row(call, mailbox).items() if everything or name.casefold() in names
        }


def _set(call: Call) -> None:
    mailbox = find(call.tenant, MAILBOXES, call["Identity"])
    entity = {name: value for name, value in mailbox.entity.items() if name != "ExchangeGuid"}
    shown = row(call, mailbox)
    before = {one.name: shown.get(one.name, one.default) for one in OUTPUT}
    changed = {name: call[name] for name in (*_FLAGS, *_TEXTS, *_SIZES) if name in call and call[name] != before[name]}
    if "GrantSendOnBehalfTo" in call:
        trustees = [grantee(call, name) for name in call["GrantSendOnBehalfTo"] or ()]
        if trustees != entity.get("GrantSendOnBehalfTo", []):
            changed["GrantSendOnBehalfTo"] = trustees
    if not changed:
        call.warn(not_modified(mailbox.name))
        return
    call.put("mailboxes", mailbox.id, {**entity, **changed, "WhenChanged": timestamp(now())})


CMDLETS = (
    Cmdlet(
        "Get-Mailbox", "recipients",
        (
            identity_parameter(ID), *LISTING,
            *unsupported(SWITCH, "Archive", "GroupMailbox", "PublicFolder", "InactiveMailboxOnly", "SoftDeletedMailbox",
                         "IncludeInactiveMailbox", "Migration"),
            *ignored(STRING, "Organization", "OrganizationalUnit"),
        ),
        _get, OUTPUT,
    ),
    Cmdlet(
        "Get-EXOMailbox", "recipients",
        (
            identity_parameter(ID), Parameter("ExternalDirectoryObjectId", GUID),
            Parameter("PrimarySmtpAddress", STRING), Parameter("UserPrincipalName", STRING),
            *(one for one in LISTING if one.name != "SortBy"), Parameter("Properties", STRINGS),
            Parameter("PropertySets", PROPERTY_SETS),
            *unsupported(SWITCH, "Archive", "InactiveMailboxOnly", "SoftDeletedMailbox", "IncludeInactiveMailbox"),
        ),
        _get_exo, OUTPUT,
    ),
    Cmdlet(
        "Set-Mailbox", "recipients",
        (
            identity_parameter(ID, mandatory=True), *(Parameter(name, BOOLEAN) for name in _FLAGS),
            *(Parameter(name, STRING) for name in _TEXTS), *(Parameter(name, BYTE_SIZE) for name in _SIZES),
            Parameter("GrantSendOnBehalfTo", STRINGS),
        ),
        _set,
    ),
)
