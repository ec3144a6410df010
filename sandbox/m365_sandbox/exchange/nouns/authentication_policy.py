"""Authentication policies. They concern basic authentication only; what a policy does not allow, it blocks."""

from __future__ import annotations

from collections.abc import Iterator

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, identity_parameter, unsupported
from m365_sandbox.exchange.errors import already_exists, object_not_found
from m365_sandbox.exchange.objects import configuration_dn, directory_object, guid
from m365_sandbox.exchange.output import DIRECTORY_OBJECT, Row, flag
from m365_sandbox.exchange.parameter_types import STRING, SWITCH, identity
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

ID = identity("AuthPolicyIdParameter")

SWITCHES = tuple(f"AllowBasicAuth{service}" for service in (
    "ActiveSync", "Autodiscover", "Imap", "Mapi", "OfflineAddressBook", "OutlookService", "Pop", "Powershell",
    "ReportingWebServices", "Rpc", "Smtp", "WebServices",
))
OUTPUT = (*flag(*SWITCHES), *DIRECTORY_OBJECT)


def find_policy(call: Call, identity_of_policy: str) -> Entity:
    """A policy by name, distinguished name or GUID; AdminError 404 without one."""
    wanted = identity_of_policy.casefold()
    for policy in call.rows("authentication_policies"):
        names = (policy["Name"], _dn(call.tenant, policy["Name"]), guid(call.tenant, "policy", policy["Name"]))
        if wanted in (name.casefold() for name in names):
            return policy
    raise object_not_found(identity_of_policy)


def _dn(tenant: Tenant, name: str) -> str:
    return configuration_dn(tenant, name, "Auth Policies")


def _row(tenant: Tenant, policy: Entity) -> Row:
    return {
        **{name: policy[name] for name in SWITCHES},
        **directory_object(
            tenant, name=policy["Name"], dn=_dn(tenant, policy["Name"]),
            object_guid=guid(tenant, "policy", policy["Name"]), classes=("top", "msExchAuthPolicy"),
            created=policy["WhenCreated"], changed=policy["WhenCreated"],
        ),
    }


def _get(call: Call) -> Iterator[Row]:
    policies = [find_policy(call, call["Identity"])] if "Identity" in call else call.rows("authentication_policies")
    for policy in policies:
        yield _row(call.tenant, policy)


def _new(call: Call) -> list[Row]:
    if any(policy["Name"].casefold() == call["Name"].casefold() for policy in call.rows("authentication_policies")):
        raise already_exists(_dn(call.tenant, call["Name"]))
    policy = {
        "Name": call["Name"], "Users": [], "WhenCreated": timestamp(now()),
        **{name: call.get(name, False) for name in SWITCHES},
    }
    call.put("authentication_policies", call["Name"], policy)
    return [_row(call.tenant, policy)]


CMDLETS = (
    Cmdlet(
        "Get-AuthenticationPolicy", "organization",
        (identity_parameter(ID), *unsupported(SWITCH, "AllowLegacyExchangeTokens"), *unsupported(STRING, "TenantId")),
        _get, OUTPUT,
    ),
    Cmdlet(
        "New-AuthenticationPolicy", "organization",
        (Parameter("Name", STRING, mandatory=True, position=0), *(Parameter(name, SWITCH) for name in SWITCHES)),
        _new, OUTPUT,
    ),
)
