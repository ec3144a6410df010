"""What Entra refuses to clients of old: security defaults and Conditional Access policies, in Graph's words.

[identitySecurityDefaultsEnforcementPolicy, conditionalAccessPolicy; policy-block-legacy-authentication]. Policies are
judged after the password, hence only for those who know it. Of the conditions client apps, users and applications act;
the others, and groups and roles, are kept and shown.
"""

from __future__ import annotations

from m365_sandbox.state.history import Entity
from m365_sandbox.state.resources import EXCHANGE_APP_ID
from m365_sandbox.state.schema import Complex, EntityType, Property
from m365_sandbox.state.tenant import Tenant

STATES = ("enabled", "disabled", "enabledForReportingButNotEnforced")
CLIENT_APPS = ("all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other")
#: What a password by SMTP, IMAP or POP3 is to a policy.
_LEGACY = "other"

SECURITY_DEFAULTS = EntityType("identitySecurityDefaultsEnforcementPolicy", (
    Property("description"), Property("displayName"), Property("id"), Property("isEnabled", "Boolean"),
), "policies/identitySecurityDefaultsEnforcementPolicy")
_SECURITY_DEFAULTS = {
    "description": (
        "Security defaults is a set of basic identity security mechanisms recommended by Microsoft. When enabled, "
        "these recommendations will be automatically enforced in your organization. Administrators and users will be "
        "better protected from common identity related attacks."
    ),
    "displayName": "Security Defaults", "id": "00000000-0000-0000-0000-000000000005",
}


def _lists(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name, collection=True) for name in names)


_CONDITIONS = Complex("conditionalAccessConditionSet", (
    *_lists("userRiskLevels", "signInRiskLevels", "servicePrincipalRiskLevels"),
    Property("clientAppTypes", collection=True, values=CLIENT_APPS),
    Property("platforms", Complex("conditionalAccessPlatforms", _lists("includePlatforms", "excludePlatforms"))),
    Property("locations", Complex("conditionalAccessLocations", _lists("includeLocations", "excludeLocations"))),
    Property("applications", Complex("conditionalAccessApplications", _lists(
        "includeApplications", "excludeApplications", "includeUserActions",
    )), nullable=False),
    Property("users", Complex("conditionalAccessUsers", _lists(
        "includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles",
    )), nullable=False),
))
_GRANT_CONTROLS = Complex("conditionalAccessGrantControls", (
    Property("operator", values=("AND", "OR"), default="OR"),
    *_lists("builtInControls", "customAuthenticationFactors", "termsOfUse"),
))
CONDITIONAL_ACCESS_POLICY = EntityType("conditionalAccessPolicy", (
    Property("id", write="never"),
    Property("displayName", required=True),
    Property("createdDateTime", "DateTimeOffset", write="never"),
    Property("modifiedDateTime", "DateTimeOffset", write="never"),
    Property("state", required=True, values=STATES),
    Property("sessionControls", Complex("conditionalAccessSessionControls", ())),
    Property("conditions", _CONDITIONS, nullable=False),
    Property("grantControls", _GRANT_CONTROLS),
), "identity/conditionalAccess/policies")


def security_defaults(tenant: Tenant) -> Entity:
    """The tenant's security defaults, as Graph shows them."""
    return {**_SECURITY_DEFAULTS, **tenant.security_defaults}


def is_blocked(tenant: Tenant, user_id: str) -> bool:
    """Whether a Conditional Access policy blocks the user's mail clients of old."""
    return any(_blocks(policy, user_id) for policy in tenant["conditional_access_policies"].values())


def _blocks(policy: Entity, user_id: str) -> bool:
    conditions, controls = policy["conditions"], policy["grantControls"]
    applications, users = conditions["applications"], conditions["users"]
    return (
        policy["state"] == "enabled" and controls is not None and "block" in controls["builtInControls"]
        and not {_LEGACY, "all"}.isdisjoint(conditions["clientAppTypes"])
        and not {"All", "Office365", EXCHANGE_APP_ID}.isdisjoint(applications["includeApplications"])
        and {"Office365", EXCHANGE_APP_ID}.isdisjoint(applications["excludeApplications"])
        and not {"All", user_id}.isdisjoint(users["includeUsers"]) and user_id not in users["excludeUsers"]
    )
