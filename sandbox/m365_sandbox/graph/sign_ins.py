"""/auditLogs/signIns: who has signed in, newest first. It needs a licence, and a role where a person asks.

Version 1.0 shows interactive sign-ins only, /beta also the others, if its filter names them.
"""

from __future__ import annotations

from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.filter_syntax import parse_filter, paths
from m365_sandbox.graph.query import Service, View, answer_collection, require_known
from m365_sandbox.graph.routing import BETA, V1, Answer, Call, Route, permissions_of, person_of
from m365_sandbox.state.directory_roles import DIRECTORY_ROLES
from m365_sandbox.state.sign_in_log import INTERACTIVE, SIGN_IN, SIGN_IN_BETA

PERMISSION = "AuditLog.Read.All"
READERS = (
    "Reports Reader", "Security Reader", "Security Operator", "Global Reader", "Security Administrator",
    "Global Administrator",
)
LOG = Service(page=1000, largest_page=1000, advanced=False)
_KINDS = "signInEventTypes"


async def show_all(call: Call) -> Answer:
    """GET /auditLogs/signIns."""
    authorise(call)
    require_known(call.query, "$filter", "$top", "$skiptoken")
    entries = call.tenant["sign_ins"].values(call.lag)
    named = paths(parse_filter(call.query["$filter"])) if "$filter" in call.query else []
    if call.version == V1 or _KINDS not in named:
        entries = [entry for entry in entries if INTERACTIVE in entry[_KINDS]]
    newest_first = sorted(entries, key=lambda entry: str(entry["createdDateTime"]), reverse=True)
    view = View(SIGN_IN if call.version == V1 else SIGN_IN_BETA)
    return answer_collection(call, view, newest_first, service=LOG)


def authorise(call: Call) -> None:
    """Check who reads the log of sign-ins or a report that is made of it.

    :raises GraphError: 403 for a caller who may not, or a tenant that has none to read.
    """
    if PERMISSION not in permissions_of(call.claims):
        raise GraphError(
            403, "Authentication_MSGraphPermissionMissing",
            f"Calling principal does not have required MSGraph permissions {PERMISSION}",
        )
    held = {DIRECTORY_ROLES[name] for name in READERS}
    if person_of(call.claims) is not None and held.isdisjoint(call.claims["wids"]):
        raise GraphError(403, "Authentication_RequestFromUnsupportedUserRole", "User isn't in the allowed roles")
    if not call.tenant.licences["EntraPremium"]:
        raise GraphError(
            403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )


ROUTES = (Route("GET", "/auditLogs/signIns", (), show_all, versions=(V1, BETA)),)
