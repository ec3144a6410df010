"""Security defaults and Conditional Access policies: whoever may read policies reads them."""

from __future__ import annotations

from m365_sandbox.graph.errors import GraphError, resource_not_found
from m365_sandbox.graph.query import View, answer_collection, answer_entity
from m365_sandbox.graph.routing import BETA, V1, Answer, Call, Route, permissions_of
from m365_sandbox.state.identity_policies import CONDITIONAL_ACCESS_POLICY, SECURITY_DEFAULTS, security_defaults

PERMISSION = "Policy.Read.All"
DEFAULTS_VIEW, VIEW = View(SECURITY_DEFAULTS), View(CONDITIONAL_ACCESS_POLICY)
_DEFAULTS, _POLICIES = "/policies/identitySecurityDefaultsEnforcementPolicy", "/identity/conditionalAccess/policies"


async def show_defaults(call: Call) -> Answer:
    """GET the security defaults."""
    _authorise(call)
    return answer_entity(call, DEFAULTS_VIEW, security_defaults(call.tenant))


async def show_all(call: Call) -> Answer:
    """GET the Conditional Access policies."""
    _authorise(call)
    return answer_collection(call, VIEW, call.tenant["conditional_access_policies"].values(call.lag))


async def show(call: Call) -> Answer:
    """GET one of them."""
    _authorise(call)
    policy = call.tenant["conditional_access_policies"].get(call.params["policy"].lower(), call.lag)
    if policy is None:
        raise resource_not_found(call.params["policy"])
    return answer_entity(call, VIEW, policy)


def _authorise(call: Call) -> None:
    """:raises GraphError: 403 in the words of this service, which differ from the directory's [azure-cli#23906]."""
    if PERMISSION not in permissions_of(call.claims):
        raise GraphError(
            403, "AccessDenied",
            "You cannot perform the requested operation, required scopes are missing in the token.",
        )


ROUTES = (
    Route("GET", _DEFAULTS, (), show_defaults, versions=(V1, BETA)),
    Route("GET", _POLICIES, (), show_all, versions=(V1, BETA)),
    Route("GET", f"{_POLICIES}/{{policy}}", (), show, versions=(V1, BETA)),
)
