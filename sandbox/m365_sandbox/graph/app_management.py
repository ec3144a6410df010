"""What app management policies forbid [applicationauthenticationmethodpolicy of September 2024].

A restriction of the policy that an object has of its own replaces the one of the same type in the tenant's default;
what its own policy does not mention, the default decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from m365_sandbox.graph.duration import parse_duration
from m365_sandbox.graph.errors import GraphError
from m365_sandbox.state.entity_types import TENANT_APP_MANAGEMENT_POLICY
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

Kind = Literal["passwordCredentials", "keyCredentials"]

DEFAULT_POLICY_ID = "00000000-0000-0000-0000-000000000000"
# Graph's service principals have no date in v1.0; without one this is taken [tenantappmanagementpolicy-update].
UNDATED = datetime(2019, 1, 1, tzinfo=UTC)


def default_policy(tenant: Tenant, lag: float = 0.0) -> Entity:
    """The tenant's default, as it always was or as it was changed."""
    return tenant["tenant_app_management_policy"].get(DEFAULT_POLICY_ID, lag) or {
        **TENANT_APP_MANAGEMENT_POLICY.defaults(),
        "id": DEFAULT_POLICY_ID,
        "displayName": "Default app management tenant policy",
        "description": (
            "Default tenant policy that enforces app management restrictions on applications and service principals. "
            "To apply policy to targeted resources, create a new policy under appManagementPolicies collection."
        ),
    }


def own_policy(tenant: Tenant, identifier: str, lag: float = 0.0) -> Entity | None:
    """The policy that is assigned to an application or service principal."""
    assigned = tenant["app_management_policy_assignments"].get(identifier, lag)
    return tenant["app_management_policies"].get(assigned["policy"], lag) if assigned else None


def check_password(tenant: Tenant, collection: str, entity: Entity, start: datetime, end: datetime) -> None:
    """GraphError 400 if a policy forbids the object a new client secret for that period.

    :param collection: where the tenant keeps the object.
    """
    restrictions = _restrictions(tenant, collection, entity, "passwordCredentials")
    _check_type(restrictions.get("passwordAddition"))
    _check_lifetime(restrictions.get("passwordLifetime"), start, end)


def check_keys(tenant: Tenant, collection: str, entity: Entity, before: Iterable[Entity]) -> None:
    """GraphError 400 if a policy forbids one of the certificates that the object has and had not ``before``."""
    restrictions = _restrictions(tenant, collection, entity, "keyCredentials")
    known = {credential["keyId"] for credential in before}
    for credential in entity["keyCredentials"]:
        if credential["keyId"] not in known:
            _check_lifetime(
                restrictions.get("asymmetricKeyLifetime"), datetime.fromisoformat(credential["startDateTime"]),
                datetime.fromisoformat(credential["endDateTime"]),
            )


def _restrictions(tenant: Tenant, collection: str, entity: Entity, kind: Kind) -> dict[str, Entity]:
    """The restrictions that are in force for an object, by type, each with its policy's id."""
    default, own = default_policy(tenant), own_policy(tenant, entity["id"])
    part = "applicationRestrictions" if collection == "applications" else "servicePrincipalRestrictions"
    defined = [(default, default[part])] + ([(own, own["restrictions"])] if own else [])
    found = {
        restriction["restrictionType"]: {**restriction, "policy": policy["id"]}
        for policy, restrictions in defined if policy["isEnabled"] for restriction in restrictions[kind]
    }
    created = datetime.fromisoformat(entity["createdDateTime"]) if entity.get("createdDateTime") else UNDATED
    return {name: one for name, one in found.items() if one["state"] == "enabled" and _is_for(one, created)}


def _is_for(restriction: Entity, created: datetime) -> bool:
    since = restriction["restrictForAppsCreatedAfterDateTime"]
    return since is None or created >= datetime.fromisoformat(since)


def _check_type(restriction: Entity | None) -> None:
    if restriction is not None:
        # Code and words are on record without a whole answer; the status and the policy's id are those of its sibling.
        raise GraphError(
            400, "CredentialTypeNotAllowedAsPerAppPolicy",
            f"Credential type not allowed as per assigned policy '{restriction['policy']}'.",
        )


def _check_lifetime(restriction: Entity | None, start: datetime, end: datetime) -> None:
    if restriction is not None and end - start > parse_duration(restriction["maxLifetime"]):
        # Recorded in OfficeDev/microsoft-365-agents-toolkit#10998.
        message = (
            f"Credential lifetime exceeds the max value allowed as per assigned policy '{restriction['policy']}'."
        )
        raise GraphError(
            400, "CredentialInvalidLifetimeAsPerAppPolicy", message,
            details=({"code": "InvalidKeyEndDate", "target": "EndDate", "message": message},),
        )
