"""Exchange's pointers to Entra's service principals.

Facts: the pointer's ObjectId is the enterprise application's; it never follows by itself, except that deleting the
service principal in Entra removes it and its role assignments. Set changes the display name only.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, identity_parameter, ignored, unsupported
from m365_sandbox.exchange.directory import POINTERS, Principal, find, list_or_find, pointer_principal
from m365_sandbox.exchange.errors import AdminError, already_exists, invalid
from m365_sandbox.exchange.objects import directory_object, recipient_dn
from m365_sandbox.exchange.output import DIRECTORY_OBJECT, Row, text
from m365_sandbox.exchange.parameter_types import BOOLEAN, STRING, identity
from m365_sandbox.exchange.wording import not_modified
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.history import Entity
from m365_sandbox.state.seed import exchange_identity
from m365_sandbox.state.tenant import Tenant

ID = identity("ServicePrincipalIdParameter")

OUTPUT = (
    *text("DisplayName", "ObjectId", "AppId", "Sid"),
    # Spelt like this in Exchange.
    *text("RecipientType", default="User"), *text("RecipientTypeDetails", default="ServicePrinciple"),
    *DIRECTORY_OBJECT,
)


def row(tenant: Tenant, pointer: Principal) -> Row:
    """What Get- and New-ServicePrincipal print."""
    created: str = pointer.entity.get("WhenCreated", tenant.created)
    return {
        "DisplayName": pointer.display_name, "ObjectId": pointer.entity["ObjectId"], "AppId": pointer.entity["AppId"],
        "Sid": pointer.sid,
        **directory_object(
            tenant, name=pointer.name, dn=pointer.dn, object_guid=pointer.guid, created=created,
            changed=pointer.entity.get("WhenChanged", created),
            classes=("top", "person", "organizationalPerson", "user"),
        ),
    }


def forget_deleted(tenant: Tenant) -> bool:
    """Remove the pointers to what was deleted in Entra, with their role assignments; whether there were any."""
    gone = [one for one in tenant["exchange_service_principals"].values() if one["ObjectId"] in tenant["deleted_items"]]
    for pointer in gone:
        tenant["exchange_service_principals"].delete(pointer["AppId"])
        for name in _assignments(tenant, pointer["ObjectId"]):
            tenant["management_role_assignments"].delete(name)
    return bool(gone)


def _get(call: Call) -> Iterator[Row]:
    for pointer in list_or_find(call.tenant, POINTERS, call.get("Identity"), call.lag):
        yield row(call.tenant, pointer)


def _new(call: Call) -> list[Row]:
    tenant = call.tenant
    object_id = call["ObjectId"]
    pointer = {
        "AppId": call["AppId"], "ObjectId": object_id, "DisplayName": call.get("DisplayName", ""),
        "WhenCreated": timestamp(now()), **exchange_identity(tenant, object_id),
    }
    existing = [*tenant.find("exchange_service_principals", AppId=call["AppId"]),
                *tenant.find("exchange_service_principals", ObjectId=object_id)]
    if existing:
        raise already_exists(recipient_dn(tenant, existing[0]["ObjectId"]))
    if tenant.exchange_behaviour["ChecksServicePrincipals"]:
        _check(tenant, pointer)
    call.put("exchange_service_principals", call["AppId"], pointer)
    return [row(tenant, pointer_principal(tenant, pointer))]


def _check(tenant: Tenant, pointer: Entity) -> None:
    """What Exchange has checked since it "prevents the creation of an invalid pointer"; the wording is not recorded."""
    for name in ("AppId", "ObjectId"):
        try:
            UUID(pointer[name])
        except ValueError as error:
            raise invalid(f"The value '{pointer[name]}' of the parameter {name} isn't a GUID.") from error
    principal = tenant["service_principals"].get(pointer["ObjectId"].lower())
    if principal is None or principal["appId"].casefold() != pointer["AppId"].casefold():
        raise _no_such_principal(pointer)


def _no_such_principal(pointer: Entity) -> AdminError:
    return invalid(
        f"There's no service principal with the object ID '{pointer['ObjectId']}' and the application ID "
        f"'{pointer['AppId']}' in Microsoft Entra ID."
    )


def _set(call: Call) -> None:
    pointer = find(call.tenant, POINTERS, call["Identity"])
    changed = {
        name: call[name] for name in ("DisplayName", "OverrideEnforceExoAppRbacPermissions")
        if name in call and call[name] != pointer.entity.get(name)
    }
    if not changed:
        call.warn(not_modified(pointer.name))
        return
    entity = {**pointer.entity, **changed, "WhenChanged": timestamp(now())}
    call.put("exchange_service_principals", pointer.entity["AppId"], entity)


def _remove(call: Call) -> None:
    pointer = find(call.tenant, POINTERS, call["Identity"])
    call.delete("exchange_service_principals", pointer.entity["AppId"])
    for name in _assignments(call.tenant, pointer.id):
        call.delete("management_role_assignments", name)


def _assignments(tenant: Tenant, object_id: str) -> list[str]:
    return [one["Guid"] for one in tenant["management_role_assignments"].values() if one["App"] == object_id]


_ORGANIZATION = unsupported(STRING, "Organization")

CMDLETS = (
    Cmdlet("Get-ServicePrincipal", "roles", (identity_parameter(ID), *_ORGANIZATION), _get, OUTPUT),
    Cmdlet(
        "New-ServicePrincipal", "roles",
        (
            Parameter("AppId", STRING, mandatory=True),
            Parameter("ObjectId", STRING, mandatory=True, former_name="ServiceId"),
            Parameter("DisplayName", STRING), *_ORGANIZATION,
        ),
        _new, OUTPUT,
    ),
    Cmdlet(
        "Set-ServicePrincipal", "roles",
        (
            identity_parameter(ID, mandatory=True), Parameter("DisplayName", STRING),
            Parameter("OverrideEnforceExoAppRbacPermissions", BOOLEAN), *ignored(STRING, "DomainController"),
        ),
        _set,
    ),
    Cmdlet(
        "Remove-ServicePrincipal", "roles",
        (identity_parameter(ID, mandatory=True), *ignored(STRING, "DomainController")), _remove, prompts=True,
    ),
)
