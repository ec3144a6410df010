"""Management scopes: sets of recipients by a filter, for role assignments to refer to."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, identity_parameter, ignored, unsupported
from m365_sandbox.exchange.errors import already_exists, invalid, object_not_found
from m365_sandbox.exchange.objects import configuration_dn, directory_object
from m365_sandbox.exchange.output import DIRECTORY_OBJECT, Output, Row, flag, text
from m365_sandbox.exchange.parameter_types import BOOLEAN, STRING, SWITCH, identity
from m365_sandbox.exchange.recipients import parsed
from m365_sandbox.exchange.wording import not_modified
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

ID = identity("ManagementScopeIdParameter")
LONGEST_NAME = 64

OUTPUT: Output = (
    *text("RecipientRoot", default=None), *text("RecipientFilter"), *text("ServerFilter", "DatabaseFilter"),
    *text("ScopeRestrictionType", default="RecipientScope"), *flag("Exclusive"), *DIRECTORY_OBJECT,
)


def find_scope(call: Call, identity_of_scope: str) -> Entity:
    """A scope by name, distinguished name or GUID; AdminError 404 without one."""
    wanted = identity_of_scope.casefold()
    for scope in call.rows("management_scopes"):
        if wanted in (name.casefold() for name in (scope["Name"], scope["Guid"], _dn(call.tenant, scope["Name"]))):
            return scope
    raise object_not_found(identity_of_scope)


def _dn(tenant: Tenant, name: str) -> str:
    return configuration_dn(tenant, name, "Scopes", "RBAC")


def _row(tenant: Tenant, scope: Entity) -> Row:
    return {
        "RecipientFilter": scope["RecipientFilter"], "Exclusive": scope["Exclusive"],
        **directory_object(
            tenant, name=scope["Name"], dn=_dn(tenant, scope["Name"]), object_guid=scope["Guid"],
            classes=("top", "msExchScope"), created=scope["WhenCreated"], changed=scope["WhenChanged"],
        ),
    }


def _check(call: Call, scope: Entity) -> None:
    """Names are unique, and so is what a scope restricts to."""
    if not 0 < len(scope["Name"]) <= LONGEST_NAME:
        raise invalid(
            f"The value '{scope['Name']}' of the property Name isn't between 1 and {LONGEST_NAME} characters long."
        )
    for other in call.rows("management_scopes"):
        if other["Guid"] == scope["Guid"]:
            continue
        if other["Name"].casefold() == scope["Name"].casefold():
            raise already_exists(_dn(call.tenant, scope["Name"]))
        if (
            other["RecipientFilter"].casefold() == scope["RecipientFilter"].casefold()
            and other["Exclusive"] == scope["Exclusive"]
        ):
            raise invalid(
                "There's already a management scope with the same values of RecipientRoot, RecipientFilter, "
                "ServerFilter, ScopeRestrictionType, and Exclusive. Use the existing management scope instead of "
                "creating a new one."
            )


def _get(call: Call) -> Iterator[Row]:
    scopes = [find_scope(call, call["Identity"])] if "Identity" in call else call.rows("management_scopes")
    used = {one["CustomResourceScope"] for one in call.rows("management_role_assignments")}
    for scope in scopes:
        if call.get("Exclusive", scope["Exclusive"]) != scope["Exclusive"]:
            continue
        if call.get("Orphan", False) and scope["Guid"] in used:
            continue
        yield _row(call.tenant, scope)


def _new(call: Call) -> list[Row]:
    moment = timestamp(now())
    scope = {
        "Guid": str(uuid4()), "Name": call["Name"],
        "RecipientFilter": parsed(call["RecipientRestrictionFilter"]).normalised(),
        "Exclusive": call.get("Exclusive", False), "WhenCreated": moment, "WhenChanged": moment,
    }
    _check(call, scope)
    call.put("management_scopes", scope["Guid"], scope)
    return [_row(call.tenant, scope)]


def _set(call: Call) -> None:
    scope = find_scope(call, call["Identity"])
    changed = {**scope, "Name": call.get("Name", scope["Name"])}
    if "RecipientRestrictionFilter" in call:
        changed["RecipientFilter"] = parsed(call["RecipientRestrictionFilter"]).normalised()
    if changed == scope:
        call.warn(not_modified(scope["Name"]))
        return
    _check(call, changed)
    call.put("management_scopes", scope["Guid"], {**changed, "WhenChanged": timestamp(now())})


def _remove(call: Call) -> None:
    scope = find_scope(call, call["Identity"])
    users = [
        one["Name"] for one in call.rows("management_role_assignments") if one["CustomResourceScope"] == scope["Guid"]
    ]
    if users:
        raise invalid(
            f"The management scope '{scope['Name']}' can't be removed because these management role assignments use "
            f"it: {', '.join(users)}."
        )
    call.delete("management_scopes", scope["Guid"])


_FILTER = Parameter("RecipientRestrictionFilter", STRING)

CMDLETS = (
    Cmdlet(
        "Get-ManagementScope", "roles",
        (identity_parameter(ID), Parameter("Exclusive", BOOLEAN), Parameter("Orphan", SWITCH)), _get, OUTPUT,
    ),
    Cmdlet(
        "New-ManagementScope", "roles",
        (
            Parameter("Name", STRING, mandatory=True, position=0),
            Parameter("RecipientRestrictionFilter", STRING, mandatory=True), Parameter("Exclusive", SWITCH),
            *unsupported(STRING, "RecipientRoot"), *ignored(SWITCH, "Force"),
        ),
        _new, OUTPUT,
    ),
    Cmdlet(
        "Set-ManagementScope", "roles",
        (
            identity_parameter(ID, mandatory=True), Parameter("Name", STRING), _FILTER,
            *unsupported(STRING, "RecipientRoot"), *ignored(SWITCH, "Force"),
        ),
        _set,
    ),
    Cmdlet(
        "Remove-ManagementScope", "roles", (identity_parameter(ID, mandatory=True), *ignored(SWITCH, "Force")),
        _remove, prompts=True,
    ),
)
