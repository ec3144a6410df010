"""/policies/defaultAppManagementPolicy, /policies/appManagementPolicies and their assignment."""

from __future__ import annotations

import re
from typing import Any

from m365_sandbox.graph.app_management import DEFAULT_POLICY_ID, default_policy, own_policy
from m365_sandbox.graph.applications import APPLICATIONS
from m365_sandbox.graph.body import parse
from m365_sandbox.graph.directory import EntitySet
from m365_sandbox.graph.errors import bad_request, invalid_value, resource_not_found, value_required
from m365_sandbox.graph.query import View, answer_collection, answer_entity
from m365_sandbox.graph.roles import ASSIGNED_POLICIES_READ, ASSIGNED_POLICIES_WRITE, POLICIES_READ, POLICIES_WRITE
from m365_sandbox.graph.routing import Answer, Call, Route
from m365_sandbox.graph.service_principals import SERVICE_PRINCIPALS
from m365_sandbox.state.complex_types import KEY_CREDENTIAL_CONFIGURATION, PASSWORD_CREDENTIAL_CONFIGURATION
from m365_sandbox.state.entities import new_id
from m365_sandbox.state.entity_types import APP_MANAGEMENT_POLICY, TENANT_APP_MANAGEMENT_POLICY
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import merge

DEFAULT_VIEW, VIEW = View(TENANT_APP_MANAGEMENT_POLICY), View(APP_MANAGEMENT_POLICY)
_DEFAULT, _POLICIES = "/policies/defaultAppManagementPolicy", "/policies/appManagementPolicies"
_REFERENCE = re.compile(r"https://[^/]+/v1\.0/policies/appManagementPolicies/([0-9A-Fa-f-]{36})")


async def show_default(call: Call) -> Answer:
    """GET the tenant's default."""
    return answer_entity(call, DEFAULT_VIEW, default_policy(call.tenant, call.lag))


async def update_default(call: Call) -> Answer:
    """PATCH the tenant's default: 204."""
    content = parse(TENANT_APP_MANAGEMENT_POLICY, call.json(), creating=False)
    policy = merge(TENANT_APP_MANAGEMENT_POLICY, default_policy(call.tenant), content)
    for part in ("applicationRestrictions", "servicePrincipalRestrictions"):
        _check(policy[part])
    call.tenant["tenant_app_management_policy"].put(DEFAULT_POLICY_ID, policy)
    return Answer(204)


async def show_all(call: Call) -> Answer:
    """GET the policies that can be assigned."""
    return answer_collection(call, VIEW, call.tenant["app_management_policies"].values(call.lag))


async def show(call: Call) -> Answer:
    """GET one of them."""
    return answer_entity(call, VIEW, _find(call, call.params["policy"]))


async def create(call: Call) -> Answer:
    """POST: 201."""
    content = parse(APP_MANAGEMENT_POLICY, call.json(), creating=True)
    policy = merge(APP_MANAGEMENT_POLICY, {}, content) | {"id": new_id()}
    _check(policy["restrictions"])
    call.tenant["app_management_policies"].put(policy["id"], policy)
    answer = answer_entity(call, VIEW, policy, status=201)
    return Answer(201, answer.body, {"Location": f"{call.base_url}{_POLICIES}/{policy['id']}"})


async def update(call: Call) -> Answer:
    """PATCH: 204."""
    before = _find(call, call.params["policy"])
    policy = merge(APP_MANAGEMENT_POLICY, before, parse(APP_MANAGEMENT_POLICY, call.json(), creating=False))
    _check(policy["restrictions"])
    call.tenant["app_management_policies"].put(policy["id"], policy)
    return Answer(204)


async def delete(call: Call) -> Answer:
    """DELETE: 204; whom it was assigned to falls back to the default."""
    policy = _find(call, call.params["policy"])
    assignments = call.tenant["app_management_policy_assignments"]
    for identifier, assigned in assignments.dump().items():
        if assigned["policy"] == policy["id"]:
            assignments.delete(identifier)
    call.tenant["app_management_policies"].delete(policy["id"])
    return Answer(204)


def _assignment_routes(entity_set: EntitySet) -> tuple[Route, ...]:
    async def show_assigned(call: Call) -> Answer:
        policy = own_policy(call.tenant, entity_set.seen(call, call.params["object"])["id"], call.lag)
        return answer_collection(call, VIEW, [policy] if policy else [])

    async def assign(call: Call) -> Answer:
        entity = entity_set.target(call, call.params["object"])
        reference = call.json().get("@odata.id")
        found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
        if found is None:
            raise bad_request(f"Invalid object identifier '{reference}'.")
        policy = _find(call, found[1])
        if own_policy(call.tenant, entity["id"]) is not None:
            # That there can be one only is documented, the words are not.
            raise bad_request("Only one app management policy can be assigned to an application or service principal.")
        call.tenant["app_management_policy_assignments"].put(entity["id"], {"policy": policy["id"]})
        return Answer(204)

    async def remove(call: Call) -> Answer:
        entity = entity_set.target(call, call.params["object"])
        policy = own_policy(call.tenant, entity["id"])
        if policy is None or policy["id"] != call.params["policy"].lower():
            raise resource_not_found(call.params["policy"])
        call.tenant["app_management_policy_assignments"].delete(entity["id"])
        return Answer(204)

    assigned = f"{entity_set.path}/{{object}}/appManagementPolicies"
    return (
        Route("GET", assigned, ASSIGNED_POLICIES_READ, show_assigned),
        Route("POST", f"{assigned}/$ref", ASSIGNED_POLICIES_WRITE, assign),
        Route("DELETE", f"{assigned}/{{policy}}/$ref", ASSIGNED_POLICIES_WRITE, remove),
    )


def _find(call: Call, identifier: str) -> Entity:
    policies = call.tenant["app_management_policies"]
    policy = policies.get(identifier.lower())
    if policy is None or policies.get(identifier.lower(), call.lag) is None:
        raise resource_not_found(identifier)
    return policy


def _check(restrictions: dict[str, Any]) -> None:
    """GraphError 400 for a type that is missing or there twice, and for a lifetime without its length."""
    for name, kind in (
        ("passwordCredentials", PASSWORD_CREDENTIAL_CONFIGURATION), ("keyCredentials", KEY_CREDENTIAL_CONFIGURATION),
    ):
        types = [one["restrictionType"] for one in restrictions[name]]
        if None in types:
            raise value_required("restrictionType", kind.title)
        if len(set(types)) < len(types):
            raise invalid_value("restrictionType", kind.title)
        if any(one["maxLifetime"] is None for one in restrictions[name] if one["restrictionType"].endswith("Lifetime")):
            raise value_required("maxLifetime", kind.title)


ROUTES = (
    Route("GET", _DEFAULT, POLICIES_READ, show_default),
    Route("PATCH", _DEFAULT, POLICIES_WRITE, update_default),
    Route("GET", _POLICIES, POLICIES_READ, show_all),
    Route("POST", _POLICIES, POLICIES_WRITE, create),
    Route("GET", f"{_POLICIES}/{{policy}}", POLICIES_READ, show),
    Route("PATCH", f"{_POLICIES}/{{policy}}", POLICIES_WRITE, update),
    Route("DELETE", f"{_POLICIES}/{{policy}}", POLICIES_WRITE, delete),
    *_assignment_routes(APPLICATIONS),
    *_assignment_routes(SERVICE_PRINCIPALS),
)
