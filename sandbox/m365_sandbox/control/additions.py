"""What tests put into the tenant without going through Graph or Exchange: the seeds of their situations.

Each addition has its own table of properties and gives back what a test needs to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from m365_sandbox.control.applications import APPLICATION_PROPERTIES, register
from m365_sandbox.control.body import BodyError, Property, optional, read, required
from m365_sandbox.control.objects import UnknownObject, find_mailbox, find_user
from m365_sandbox.control.people import NEW_USER_PROPERTIES, add_user
from m365_sandbox.graph.body import is_moment, parse
from m365_sandbox.graph.errors import GraphError
from m365_sandbox.identity.tokens import issue_app_token
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.directory_roles import DIRECTORY_ROLES, assign_role
from m365_sandbox.state.entities import new_id
from m365_sandbox.state.history import Entity
from m365_sandbox.state.identity_policies import CONDITIONAL_ACCESS_POLICY
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.schema import merge
from m365_sandbox.state.seed import exchange_identity
from m365_sandbox.state.sign_in_log import ADDRESS, INTERACTIVE, KINDS, record
from m365_sandbox.state.tenant import Tenant

Values = Mapping[str, Any]

_A_MOMENT = "a moment with its time zone, for example 2026-11-01T05:00:00Z"


@dataclass(frozen=True)
class Addition:
    """Something that can be added: its properties, and the function that adds it and says what was added."""

    properties: Mapping[str, Property]
    add: Callable[[Sandbox, Values], Entity]


def _add_exchange_service_principal(sandbox: Sandbox, values: Values) -> Entity:
    pointer = {
        "AppId": values["AppId"], "ObjectId": values["ObjectId"], "DisplayName": values.get("DisplayName"),
        **exchange_identity(sandbox.tenant, values["ObjectId"]),
    }
    sandbox.tenant["exchange_service_principals"].put(values["AppId"], pointer)
    return pointer


def _add_directory_role(sandbox: Sandbox, values: Values) -> Entity:
    if ("appId" in values) is ("user" in values):
        raise BodyError("give either appId or user")
    if values["role"] not in DIRECTORY_ROLES:
        raise UnknownObject(f"there is no directory role {values['role']}; known are {', '.join(DIRECTORY_ROLES)}")
    if "user" in values:
        return assign_role(sandbox.tenant, find_user(sandbox.tenant, values["user"])["id"], values["role"])
    principals = sandbox.tenant.find("service_principals", appId=values["appId"])
    if not principals:
        raise UnknownObject(f"there is no service principal of {values['appId']}")
    return assign_role(sandbox.tenant, principals[0]["id"], values["role"])


def _add_mailbox_permission(sandbox: Sandbox, values: Values) -> Entity:
    entry = {"User": values["User"], "AccessRights": values.get("AccessRights", ["FullAccess"])}
    return _add_entry(sandbox.tenant, "mailbox_permissions", values["Identity"], "User", entry)


def _add_recipient_permission(sandbox: Sandbox, values: Values) -> Entity:
    entry = {"Trustee": values["Trustee"], "AccessRights": values.get("AccessRights", ["SendAs"])}
    return _add_entry(sandbox.tenant, "recipient_permissions", values["Identity"], "Trustee", entry)


def _add_entry(tenant: Tenant, collection: str, mailbox_key: str, who: str, entry: Entity) -> Entity:
    """Put an entry in place of the one that the principal has, if it has one."""
    identifier = find_mailbox(tenant, mailbox_key)["id"]
    held = tenant[collection].get(identifier) or {"entries": []}
    entries = {**held, "entries": [*(one for one in held["entries"] if one[who] != entry[who]), entry]}
    tenant[collection].put(identifier, entries)
    return entries


def _issue_token(sandbox: Sandbox, values: Values) -> Entity:
    principals = sandbox.tenant.find("service_principals", appId=values["appId"])
    if not principals:
        raise UnknownObject(f"there is no service principal of {values['appId']}")
    return {
        "access_token": issue_app_token(
            sandbox.tenant, sandbox.keys, service_principal=principals[0], resource=values["resource"],
            auth_method="secret", lifetime=values.get("seconds"),
        )
    }


def _add_sign_ins(sandbox: Sandbox, values: Values) -> Entity:
    added = [record_sign_in(sandbox.tenant, read(entry, SIGN_IN_ENTRY)) for entry in values["value"]]
    return {"added": len(added)}


def record_sign_in(tenant: Tenant, values: Values, identifier: str | None = None) -> Entity:
    """Write a past sign-in into the log.

    :param values: of SIGN_IN_ENTRY.
    :param identifier: of the entry, a new one when left out.
    """
    if not is_moment(values.get("createdDateTime", timestamp(now()))):
        raise BodyError(f"must be {_A_MOMENT}", "createdDateTime")
    kinds = values.get("signInEventTypes", [INTERACTIVE])
    if unknown := [str(one) for one in kinds if one not in KINDS]:
        raise BodyError(f"unknown signInEventTypes {', '.join(unknown)}; known are {', '.join(KINDS)}")
    return record(
        tenant, find_user(tenant, values["user"])["id"], values["clientAppUsed"],
        error_code=values.get("errorCode", 0), address=values.get("ipAddress", ADDRESS),
        application=values.get("appDisplayName", "Office 365 Exchange Online"),
        moment=values.get("createdDateTime"), kinds=kinds, identifier=identifier,
    )


def _add_credential_sign_in(sandbox: Sandbox, values: Values) -> Entity:
    key_id, moment = values["keyId"].lower(), values["lastSignInDateTime"]
    known = [
        credential["keyId"] for application in sandbox.tenant["applications"].values()
        for name in ("passwordCredentials", "keyCredentials") for credential in application[name]
    ]
    if key_id not in known:
        raise UnknownObject(f"no application has a credential {key_id}")
    if not is_moment(moment):
        raise BodyError(f"must be {_A_MOMENT}", "lastSignInDateTime")
    activity = {"lastSignInDateTime": moment, "lastSignInRequestId": new_id()}
    sandbox.tenant["credential_sign_ins"].put(key_id, activity)
    return activity


def _add_conditional_access_policy(sandbox: Sandbox, values: Values) -> Entity:
    policy = _policy({}, {"state": "enabled", **values})
    policy |= {"id": new_id(), "createdDateTime": timestamp(now())}
    sandbox.tenant["conditional_access_policies"].put(policy["id"], policy)
    return policy


def change_conditional_access_policy(tenant: Tenant, identifier: str, values: Values) -> Entity:
    """Change a Conditional Access policy.

    :param values: of POLICY_CHANGES.
    :raises UnknownObject: there is no such policy.
    """
    before = tenant["conditional_access_policies"].get(identifier.lower())
    if before is None:
        raise UnknownObject(f"there is no Conditional Access policy {identifier}")
    policy = _policy(before, values) | {"modifiedDateTime": timestamp(now())}
    tenant["conditional_access_policies"].put(policy["id"], policy)
    return policy


def _policy(before: Entity, values: Values) -> Entity:
    kind = CONDITIONAL_ACCESS_POLICY
    try:
        return merge(kind, before, parse(kind, dict(values), creating=not before))
    except GraphError as error:
        raise BodyError(error.message) from error


#: What a past sign-in is told by; what is left out is as if it were made now, from here.
SIGN_IN_ENTRY = {
    "user": required(str), "clientAppUsed": required(str), "createdDateTime": optional(str),
    "errorCode": optional(int), "ipAddress": optional(str), "appDisplayName": optional(str),
    "signInEventTypes": optional(list),
}
#: What can be changed of a Conditional Access policy.
POLICY_CHANGES = {"state": required(str)}
ADDITIONS = {
    "users": Addition(NEW_USER_PROPERTIES, lambda sandbox, values: add_user(sandbox.tenant, values)),
    "applications": Addition(APPLICATION_PROPERTIES, lambda sandbox, values: register(sandbox.tenant, values)),
    "exchange-service-principals": Addition(
        {"AppId": required(str), "ObjectId": required(str), "DisplayName": optional(str)},
        _add_exchange_service_principal,
    ),
    # ``role`` is a name such as Exchange Administrator; tokens issued from now on carry it.
    "directory-roles": Addition(
        {"appId": optional(str), "user": optional(str), "role": required(str)}, _add_directory_role
    ),
    "mailbox-permissions": Addition(
        {"Identity": required(str), "User": required(str), "AccessRights": optional(list)}, _add_mailbox_permission
    ),
    "recipient-permissions": Addition(
        {"Identity": required(str), "Trustee": required(str), "AccessRights": optional(list)},
        _add_recipient_permission,
    ),
    # ``seconds`` is how long the token is still valid; negative for one that is expired.
    "tokens": Addition(
        {"appId": required(str), "resource": required(str), "seconds": optional(int)}, _issue_token
    ),
    # ``value`` is a list of SIGN_IN_ENTRY.
    "sign-ins": Addition({"value": required(list)}, _add_sign_ins),
    # What Entra's report says of an application's credential.
    "credential-sign-ins": Addition(
        {"keyId": required(str), "lastSignInDateTime": required(str)}, _add_credential_sign_in
    ),
    # As Graph has them; ``state`` is enabled when left out.
    "conditional-access-policies": Addition(
        {
            "displayName": required(str), "state": optional(str), "conditions": required(dict),
            "grantControls": optional(dict),
        },
        _add_conditional_access_policy,
    ),
}
