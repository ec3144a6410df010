"""Role assignments of applications: a role, a service principal, and the mailboxes that they are limited to.

Assignments to people and role groups are not kept here; Get-ManagementRoleAssignment shows the applications' only. It
has no -App parameter (facts), so asking with one is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, identity_parameter, ignored, unsupported
from m365_sandbox.exchange.directory import GROUPS, POINTERS, find, pointer_principal, resolve
from m365_sandbox.exchange.errors import already_exists, invalid, object_not_found, unresolved_parameter_set
from m365_sandbox.exchange.nouns.management_scope import ID as SCOPE_ID
from m365_sandbox.exchange.nouns.management_scope import LONGEST_NAME, find_scope
from m365_sandbox.exchange.nouns.service_principal import ID as APP_ID
from m365_sandbox.exchange.objects import configuration_dn, directory_object
from m365_sandbox.exchange.output import DIRECTORY_OBJECT, Output, Row, flag, text
from m365_sandbox.exchange.parameter_types import BOOLEAN, STRING, SWITCH, enumeration, identity
from m365_sandbox.exchange.roles import canonical_role
from m365_sandbox.exchange.wording import not_modified
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

ID = identity("RoleAssignmentIdParameter")
ROLE_ID = identity("RoleIdParameter")
ASSIGNEE_ID = identity("RoleAssigneeIdParameter")
UNIT_ID = identity("AdministrativeUnitIdParameter")
GROUP_ID = identity("GroupIdParameter")
ASSIGNEE_TYPE = enumeration(
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.RoleAssigneeType",
    ("User", "SecurityGroup", "RoleAssignmentPolicy", "MailboxPlan", "ForeignSecurityPrincipal", "RoleGroup",
     "LinkedRoleGroup", "ServicePrincipal"),
)
SCOPES = ("CustomResourceScope", "RecipientAdministrativeUnitScope", "RecipientGroupScope")

OUTPUT: Output = (
    *text("Role", "RoleAssigneeName", "RoleAssignee", "App"), *text("RoleAssigneeType", default="ServicePrincipal"),
    *text("AssignmentMethod", default="Direct"), *text("RoleAssignmentDelegationType", default="Regular"),
    *text("CustomResourceScope", "CustomRecipientWriteScope", "RecipientAdministrativeUnitScope",
          "RecipientGroupScope", "EffectiveUserName", default=None),
    *text("RecipientReadScope", "ConfigReadScope", default="Organization"), *text("RecipientWriteScope"),
    *text("ConfigWriteScope", default="None"), *flag("Enabled", default=True), *DIRECTORY_OBJECT,
)


def scope_names(call: Call, assignment: Entity) -> dict[str, str | None]:
    """The names of what an assignment is limited to, by the property that holds it."""
    scope = call.tenant["management_scopes"].get(assignment["CustomResourceScope"] or "", call.lag)
    group = call.tenant["groups"].get(assignment["RecipientGroupScope"] or "", call.lag)
    return {
        "CustomResourceScope": scope["Name"] if scope else None,
        "RecipientGroupScope": group["Name"] if group else None,
    }


def _row(call: Call, assignment: Entity) -> Row:
    tenant, app = call.tenant, assignment["App"]
    limited = any(assignment[name] for name in ("CustomResourceScope", "RecipientGroupScope"))
    return {
        "Role": assignment["Role"], "RoleAssigneeName": app, "RoleAssignee": app, "App": app,
        **scope_names(call, assignment), "Enabled": assignment["Enabled"],
        "RecipientWriteScope": "CustomRecipientScope" if limited else "Organization",
        **directory_object(
            tenant, name=assignment["Name"], dn=_dn(tenant, assignment["Name"]), object_guid=assignment["Guid"],
            classes=("top", "msExchRoleAssignment"), created=assignment["WhenCreated"],
            changed=assignment["WhenChanged"],
        ),
    }


def _dn(tenant: Tenant, name: str) -> str:
    return configuration_dn(tenant, name, "Role Assignments", "RBAC")


def _find(call: Call) -> Entity:
    wanted = call["Identity"].casefold()
    for one in call.rows("management_role_assignments"):
        if wanted in (name.casefold() for name in (one["Name"], one["Guid"], _dn(call.tenant, one["Name"]))):
            return one
    raise object_not_found(call["Identity"])


def _role(name: str) -> str:
    role = canonical_role(name)
    if role is None:
        raise object_not_found(name)
    return role


def _get(call: Call) -> Iterator[Row]:
    assignments = [_find(call)] if "Identity" in call else call.rows("management_role_assignments")
    role = _role(call["Role"]) if "Role" in call else None
    assignee = None
    if "RoleAssignee" in call:
        pointers = call.rows("exchange_service_principals")
        found = resolve([pointer_principal(call.tenant, one) for one in pointers], call["RoleAssignee"])
        if found is None:
            raise object_not_found(call["RoleAssignee"])
        assignee = found.id
    for one in assignments:
        if (
            role in (None, one["Role"]) and assignee in (None, one["App"])
            and call.get("RoleAssigneeType", "ServicePrincipal") == "ServicePrincipal"
            and call.get("Enabled", one["Enabled"]) == one["Enabled"] and not call.get("Delegating", False)
        ):
            yield _row(call, one)


def _limits(call: Call) -> dict[str, str | None]:
    """What the scope parameters refer to, by GUID or object id; AdminError for two of them or an unknown one."""
    given = [name for name in SCOPES if name in call]
    if len(given) > 1:
        raise unresolved_parameter_set()
    limits: dict[str, str | None] = {"CustomResourceScope": None, "RecipientGroupScope": None}
    match given:
        case ["CustomResourceScope"]:
            limits["CustomResourceScope"] = find_scope(call, call["CustomResourceScope"])["Guid"]
        case ["RecipientGroupScope"]:
            limits["RecipientGroupScope"] = find(call.tenant, GROUPS, call["RecipientGroupScope"]).id
        case ["RecipientAdministrativeUnitScope"]:
            # The sandbox's tenant has no administrative units.
            raise object_not_found(call["RecipientAdministrativeUnitScope"])
    return limits


def _new(call: Call) -> list[Row]:
    role = _role(call["Role"])
    app = find(call.tenant, POINTERS, call["App"])
    limits = _limits(call)
    existing = call.rows("management_role_assignments")
    moment = timestamp(now())
    assignment: Entity = {
        "Guid": str(uuid4()), "Name": call.get("Name") or _free_name(f"{role}-{app.id}", existing), "Role": role,
        "App": app.id, "Enabled": True, **limits, "WhenCreated": moment, "WhenChanged": moment,
    }
    if len(assignment["Name"]) > LONGEST_NAME:
        raise invalid(
            f"The value '{assignment['Name']}' of the property Name is longer than {LONGEST_NAME} characters."
        )
    for one in existing:
        same = all(one[name] == assignment[name] for name in ("Role", "App", *limits))
        if same or one["Name"].casefold() == assignment["Name"].casefold():
            raise already_exists(_dn(call.tenant, one["Name"]))
    call.put("management_role_assignments", assignment["Guid"], assignment)
    return [_row(call, assignment)]


def _free_name(wanted: str, existing: list[Entity]) -> str:
    """The default name, cut to what a name may be, with a number behind it where it is taken."""
    taken = {one["Name"].casefold() for one in existing}
    name, number = wanted[:LONGEST_NAME], 0
    while name.casefold() in taken:
        number += 1
        suffix = f"-{number}"
        name = wanted[:LONGEST_NAME - len(suffix)] + suffix
    return name


def _set(call: Call) -> None:
    assignment = _find(call)
    limits = _limits(call) if any(name in call for name in SCOPES) else {}
    changed = {**assignment, "Enabled": call.get("Enabled", assignment["Enabled"]), **limits}
    if changed == assignment:
        call.warn(not_modified(assignment["Name"]))
        return
    call.put("management_role_assignments", assignment["Guid"], {**changed, "WhenChanged": timestamp(now())})


def _remove(call: Call) -> None:
    call.delete("management_role_assignments", _find(call)["Guid"])


_SCOPE_PARAMETERS = (
    Parameter("CustomResourceScope", SCOPE_ID), Parameter("RecipientAdministrativeUnitScope", UNIT_ID),
    Parameter("RecipientGroupScope", GROUP_ID),
)
_FILTERED = frozenset({"RoleAssignee"})

CMDLETS = (
    Cmdlet(
        "Get-ManagementRoleAssignment", "roles",
        (
            Parameter("Role", ROLE_ID, sets=_FILTERED), Parameter("RoleAssignee", ASSIGNEE_ID, sets=_FILTERED),
            identity_parameter(ID, sets={"Identity"}), Parameter("RoleAssigneeType", ASSIGNEE_TYPE),
            Parameter("Enabled", BOOLEAN), Parameter("Delegating", BOOLEAN),
            *unsupported(STRING, "AssignmentMethod", "ConfigWriteScope", "CustomConfigWriteScope",
                         "CustomRecipientWriteScope", "ExclusiveConfigWriteScope", "ExclusiveRecipientWriteScope",
                         "Exclusive", "RecipientWriteScope", "WritableRecipient"),
            *unsupported(SWITCH, "GetEffectiveUsers"),
        ),
        _get, OUTPUT,
    ),
    Cmdlet(
        "New-ManagementRoleAssignment", "roles",
        (
            Parameter("Name", STRING, position=0), Parameter("Role", ROLE_ID, mandatory=True),
            Parameter("App", APP_ID, mandatory=True, sets=frozenset({"App"})), *_SCOPE_PARAMETERS,
            *unsupported(STRING, "User", "SecurityGroup", "Policy"), *unsupported(SWITCH, "Delegating"),
            *ignored(SWITCH, "Force"),
        ),
        _new, OUTPUT,
    ),
    Cmdlet(
        "Set-ManagementRoleAssignment", "roles",
        (
            identity_parameter(ID, mandatory=True), Parameter("Enabled", BOOLEAN), *_SCOPE_PARAMETERS,
            *ignored(SWITCH, "Force"),
        ),
        _set,
    ),
    Cmdlet(
        "Remove-ManagementRoleAssignment", "roles", (identity_parameter(ID, mandatory=True), *ignored(SWITCH, "Force")),
        _remove, prompts=True,
    ),
)
