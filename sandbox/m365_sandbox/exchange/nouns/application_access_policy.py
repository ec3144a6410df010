"""Application access policies: the older way to keep an application with Entra's permissions out of mailboxes."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from m365_sandbox.exchange.authorization import passes_access_policies
from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, identity_parameter
from m365_sandbox.exchange.directory import MAILBOXES, RECIPIENTS, Principal, find, principals
from m365_sandbox.exchange.errors import already_exists, invalid, object_not_found
from m365_sandbox.exchange.output import Output, Row, flag, text
from m365_sandbox.exchange.parameter_types import STRING, STRINGS, enumeration, identity
from m365_sandbox.exchange.wording import not_modified
from m365_sandbox.state.history import Entity

ID = identity("ApplicationAccessPolicyIdParameter")
RECIPIENT_ID = identity("RecipientIdParameter")
ACCESS_RIGHT = enumeration(
    "Microsoft.Exchange.Management.ApplicationAccessPolicy.ApplicationAccessPolicyRight",
    ("RestrictAccess", "DenyAccess"),
)
OUTPUT: Output = (
    *text("ScopeName", "ScopeIdentity", "Identity", "AppId", "ScopeIdentityRaw", "Description", "AccessRight"),
    *text("ShardType", default="All"), *flag("IsValid", default=True), *text("ObjectState", default="Unchanged"),
)
TEST_OUTPUT: Output = text("AppId", "Mailbox", "MailboxId", "MailboxSid", "AccessCheckResult")


def _row(policy: Entity, scope: Principal | None) -> Row:
    return {
        "ScopeName": scope.display_name if scope else "", "ScopeIdentity": scope.name if scope else "",
        "Identity": policy["Identity"], "AppId": policy["AppId"],
        "ScopeIdentityRaw": policy["Identity"].partition(":")[2], "Description": policy["Description"],
        "AccessRight": policy["AccessRight"],
    }


def _find(call: Call, identity_of_policy: str) -> Entity:
    for policy in call.rows("application_access_policies"):
        if policy["Identity"].casefold() == identity_of_policy.casefold():
            return policy
    raise object_not_found(identity_of_policy)


def _get(call: Call) -> Iterator[Row]:
    scopes = {one.id: one for one in principals(call.tenant, RECIPIENTS, call.lag)}
    policies = [_find(call, call["Identity"])] if "Identity" in call else call.rows("application_access_policies")
    for policy in policies:
        yield _row(policy, scopes.get(policy["Scope"]))


def _new(call: Call) -> Iterator[Row]:
    scope = find(call.tenant, RECIPIENTS, call["PolicyScopeGroupId"])
    if scope.kind != "group":
        raise invalid(
            f"The scope '{scope.name}' isn't a mail-enabled group: PolicyScopeGroupId takes mail-enabled security "
            "groups, distribution groups and Microsoft 365 groups."
        )
    known = {policy["Identity"] for policy in call.rows("application_access_policies")}
    for app_id in call["AppId"]:
        try:
            UUID(app_id)
        except ValueError as error:
            raise invalid(f"The value '{app_id}' of the parameter AppId isn't a GUID.") from error
        identity_of_policy = f"{call.tenant.tenant_id}\\{app_id}:{scope.sid};{scope.id}"
        if identity_of_policy in known:
            raise already_exists(identity_of_policy)
        policy = {
            "Identity": identity_of_policy, "AppId": app_id, "Scope": scope.id, "AccessRight": call["AccessRight"],
            "Description": call.get("Description") or (
                f"AppId: {app_id};ScopeIdentitySid: {scope.sid};ScopeIdentityOid: {scope.id};"
                f"AccessRight: {call['AccessRight']}; ShardType: All"
            ),
        }
        call.put("application_access_policies", identity_of_policy, policy)
        yield _row(policy, scope)


def _set(call: Call) -> None:
    policy = _find(call, call["Identity"])
    if call.get("Description", policy["Description"]) == policy["Description"]:
        call.warn(not_modified(policy["Identity"]))
        return
    call.put("application_access_policies", policy["Identity"], {**policy, "Description": call["Description"]})


def _remove(call: Call) -> None:
    call.delete("application_access_policies", _find(call, call["Identity"])["Identity"])


def _test(call: Call) -> list[Row]:
    mailbox = find(call.tenant, MAILBOXES, call["Identity"], call.lag)
    granted = passes_access_policies(call.tenant, call["AppId"], mailbox.id)
    return [{
        "AppId": call["AppId"], "Mailbox": mailbox.name, "MailboxId": mailbox.id, "MailboxSid": mailbox.sid,
        "AccessCheckResult": "Granted" if granted else "Denied",
    }]


CMDLETS = (
    Cmdlet("Get-ApplicationAccessPolicy", "organization", (identity_parameter(ID),), _get, OUTPUT),
    Cmdlet(
        "New-ApplicationAccessPolicy", "organization",
        (
            Parameter("AccessRight", ACCESS_RIGHT, mandatory=True), Parameter("AppId", STRINGS, mandatory=True),
            Parameter("PolicyScopeGroupId", RECIPIENT_ID, mandatory=True), Parameter("Description", STRING),
        ),
        _new, OUTPUT,
    ),
    Cmdlet(
        "Set-ApplicationAccessPolicy", "organization",
        (identity_parameter(ID, mandatory=True), Parameter("Description", STRING)), _set,
    ),
    Cmdlet(
        "Remove-ApplicationAccessPolicy", "organization", (identity_parameter(ID, mandatory=True),), _remove,
        prompts=True,
    ),
    Cmdlet(
        "Test-ApplicationAccessPolicy", "organization",
        (identity_parameter(RECIPIENT_ID, mandatory=True), Parameter("AppId", STRING, mandatory=True)), _test,
        TEST_OUTPUT,
    ),
)
