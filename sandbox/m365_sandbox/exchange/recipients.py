"""What Exchange knows of a recipient: the values that its cmdlets print and that filters ask for."""

from __future__ import annotations

from typing import Any

from m365_sandbox.exchange.cmdlet import RESULT_SIZE_PARAMETER, Call, Parameter
from m365_sandbox.exchange.directory import GROUPS, Kinds, Principal, list_or_find
from m365_sandbox.exchange.errors import invalid
from m365_sandbox.exchange.filters import Expression, FilterError, parse
from m365_sandbox.exchange.objects import directory_object, organizational_unit
from m365_sandbox.exchange.output import DIRECTORY_OBJECT, flag, text, texts
from m365_sandbox.exchange.parameter_types import STRING, enumeration
from m365_sandbox.state.tenant import Tenant

CUSTOM_ATTRIBUTES = tuple(f"CustomAttribute{number}" for number in range(1, 16))
_RECIPIENT_TYPES = {
    "UserMailbox": "UserMailbox", "SharedMailbox": "UserMailbox", "RoomMailbox": "UserMailbox",
    "EquipmentMailbox": "UserMailbox", "User": "User", "DisabledUser": "User",
    "MailUniversalDistributionGroup": "MailUniversalDistributionGroup",
    "MailUniversalSecurityGroup": "MailUniversalSecurityGroup", "GroupMailbox": "MailUniversalDistributionGroup",
}
RECIPIENT_TYPE_DETAILS = enumeration(
    "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails",
    ("UserMailbox", "SharedMailbox", "RoomMailbox", "EquipmentMailbox", "MailUniversalDistributionGroup",
     "MailUniversalSecurityGroup", "GroupMailbox", "MailContact", "MailUser", "DynamicDistributionGroup", "User",
     "DisabledUser"),
    many=True,
)

OUTPUT = (
    *text("DisplayName", "Alias", "PrimarySmtpAddress"), *texts("EmailAddresses"),
    *text("RecipientType", "RecipientTypeDetails"), *text("ExternalDirectoryObjectId"),
    *flag("HiddenFromAddressListsEnabled", "IsDirSynced"), *text("OrganizationalUnit", *CUSTOM_ATTRIBUTES),
    *text("Office", "WindowsEmailAddress"), *DIRECTORY_OBJECT,
)
# Every list of recipients takes these; Anr and SortBy come without a meaning of their own in the sandbox.
LISTING = (
    Parameter("Filter", STRING), Parameter("RecipientTypeDetails", RECIPIENT_TYPE_DETAILS), RESULT_SIZE_PARAMETER,
    Parameter("SortBy", STRING), Parameter("Anr", STRING),
)


def type_details(principal: Principal) -> str:
    """RecipientTypeDetails."""
    if principal.kind == "user":
        return "User" if principal.entity["accountEnabled"] else "DisabledUser"
    return str(principal.entity["RecipientTypeDetails"])


def primary_address(principal: Principal) -> str:
    """The primary SMTP address; empty without one."""
    return principal.addresses[0] if principal.addresses else ""


def email_addresses(principal: Principal) -> list[str]:
    """The proxy addresses: the primary one's prefix is in capitals."""
    return [f"{'smtp' if number else 'SMTP'}:{address}" for number, address in enumerate(principal.addresses)]


def values(tenant: Tenant, principal: Principal) -> dict[str, Any]:
    """The properties of ``OUTPUT``."""
    details = type_details(principal)
    created: str = principal.entity.get("WhenCreated", tenant.created)
    classes = ("top", "group") if principal.kind == "group" else ("top", "person", "organizationalPerson", "user")
    return {
        "DisplayName": principal.display_name, "Alias": principal.alias,
        "PrimarySmtpAddress": primary_address(principal), "EmailAddresses": email_addresses(principal),
        "RecipientType": _RECIPIENT_TYPES[details], "RecipientTypeDetails": details,
        "ExternalDirectoryObjectId": principal.id,
        "HiddenFromAddressListsEnabled": principal.entity.get("HiddenFromAddressListsEnabled", False),
        "OrganizationalUnit": organizational_unit(tenant),
        **{name: principal.entity.get(name, "") for name in CUSTOM_ATTRIBUTES},
        "Office": principal.user.get("officeLocation") or "", "WindowsEmailAddress": primary_address(principal),
        **directory_object(
            tenant, name=principal.name, dn=principal.dn, object_guid=principal.guid, created=created,
            changed=principal.entity.get("WhenChanged", created), classes=classes,
        ),
    }


def filterable(tenant: Tenant, principal: Principal) -> dict[str, Any]:
    """The values that a filter asks for, by the names of ``filters.PROPERTIES``."""
    user = principal.user
    return {
        **values(tenant, principal),
        # Both forms are found in practice: with the prefix and without.
        "EmailAddresses": [*email_addresses(principal), *principal.addresses],
        "ExchangeGuid": principal.entity.get("ExchangeGuid"),
        "UserPrincipalName": principal.user_principal_name, "WindowsLiveID": principal.user_principal_name,
        "City": user.get("city"), "Company": user.get("companyName"), "Department": user.get("department"),
        "Title": user.get("jobTitle"), "MemberOfGroup": _groups_of(tenant, principal),
    }


def _groups_of(tenant: Tenant, principal: Principal) -> list[str]:
    """The distinguished names of the groups that it is a direct member of."""
    groups = list_or_find(tenant, GROUPS, None)
    return [group.dn for group in groups if principal.id in group.entity["Members"]]


def parsed(text_of_filter: str) -> Expression:
    """The expression of a filter; AdminError 400 if it is none."""
    try:
        return parse(text_of_filter)
    except FilterError as error:
        raise invalid(str(error)) from error


def selected(call: Call, kinds: Kinds) -> list[Principal]:
    """The recipients that ``-Identity`` and the parameters of ``LISTING`` choose."""
    found = list_or_find(call.tenant, kinds, call.get("Identity"), call.lag)
    if "Filter" in call:
        expression = parsed(call["Filter"])
        found = [one for one in found if expression.matches(filterable(call.tenant, one))]
    if "RecipientTypeDetails" in call:
        found = [one for one in found if type_details(one) in call["RecipientTypeDetails"]]
    if "Anr" in call:
        start = call["Anr"].casefold()
        found = [
            one for one in found
            if any(name.casefold().startswith(start) for name in (one.name, one.alias, one.display_name))
        ]
    if "SortBy" in call:
        found = sorted(found, key=lambda one: str(_sort_key(call.tenant, one, call["SortBy"])).casefold())
    return found


def _sort_key(tenant: Tenant, principal: Principal, name: str) -> Any:
    table = {key.casefold(): value for key, value in values(tenant, principal).items()}
    if name.casefold() not in table:
        raise invalid(f"The property '{name}' isn't sortable.")
    return table[name.casefold()]
