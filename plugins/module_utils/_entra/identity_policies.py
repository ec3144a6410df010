# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What Entra refuses to clients that sign in with a password: security defaults, and Conditional Access.

https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get,
https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies. To a policy such a client is one of the
client apps "other": https://learn.microsoft.com/entra/identity/conditional-access/policy-block-legacy-authentication
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request

READ = "Policy.Read.All"
ENABLED, DISABLED = "enabled", "disabled"
#: What a policy names if it is about all mail: everything, Office 365, or Exchange Online.
_MAIL = frozenset({"All", "Office365", "00000002-0000-0ff1-ce00-000000000000"})


async def read(graph: GraphClient) -> Entity:
    """{security_defaults: whether they are on, policies: see blocking}.

    :raises GraphError: among others if the caller may not read policies.
    """
    defaults = await graph.send(Request(
        "GET", "/policies/identitySecurityDefaultsEnforcementPolicy", "read the security defaults", READ,
    ))
    policies = await graph.pages(await graph.send(Request(
        "GET", "/identity/conditionalAccess/policies", "read the Conditional Access policies", READ,
    )))
    return {"security_defaults": bool(defaults.entity()["isEnabled"]), "policies": blocking(policies)}


def blocking(policies: Iterable[Mapping[str, Any]]) -> list[Entity]:
    """The Conditional Access policies that block mail clients of old, without those that are switched off. Pure.

    One that blocks every kind of client is not about passwords, and left out; so is one that asks for a second factor.

    :param policies: Graph's conditionalAccessPolicy.
    :returns: {name, state: enabled or enabledForReportingButNotEnforced, everybody: whether it spares nobody}.
    """
    return [
        {"name": policy["displayName"], "state": policy["state"], "everybody": _spares_nobody(policy["conditions"])}
        for policy in policies
        if policy["state"] != DISABLED and "other" in (policy["conditions"].get("clientAppTypes") or ())
        and "block" in (policy.get("grantControls") or {}).get("builtInControls", ())
        and _is_about_mail(policy["conditions"])
    ]


def _is_about_mail(conditions: Mapping[str, Any]) -> bool:
    included = (conditions.get("applications") or {}).get("includeApplications") or ()
    return not _MAIL.isdisjoint(included)


def _spares_nobody(conditions: Mapping[str, Any]) -> bool:
    users, applications = conditions.get("users") or {}, conditions.get("applications") or {}
    spared = [value for name, value in {**users, **applications}.items() if name.startswith("exclude")]
    # Whatever else is a condition, a place or a risk or one that is yet to come, spares those who do not meet it.
    limits = [value for name, value in conditions.items() if name not in ("clientAppTypes", "users", "applications")]
    return "All" in (users.get("includeUsers") or ()) and not any((*spared, *limits))
