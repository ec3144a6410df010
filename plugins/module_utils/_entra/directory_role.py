# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A directory role of a service principal, for the whole tenant.

https://learn.microsoft.com/graph/api/resources/unifiedroleassignment. Roles are named by their template ids, which are
the same in every tenant: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
"""

from __future__ import annotations

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.replication import (
    is_already_there,
    is_waiting_for_principal,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Entity, Request, quoted

EXCHANGE_ADMINISTRATOR = "Exchange Administrator"
ROLES = {EXCHANGE_ADMINISTRATOR: "29232cdf-9323-42fd-ade2-1d097af3e4de"}
READ = "RoleManagement.Read.Directory"
WRITE = "RoleManagement.ReadWrite.Directory"
PATH = "/roleManagement/directory/roleAssignments"


async def settle(graph: GraphClient, principal_id: str, role: str, *, held: bool, check_mode: bool) -> Entity:
    """Give a service principal a role, or take it away.

    :param principal_id: its object id.
    :param role: a name among ``ROLES``.
    :returns: ``changed`` and ``diff``.
    :raises GraphError: among others if the caller may not.
    """
    found = await _assignments(graph, principal_id, role)
    before, after = ([role] if found else []), ([role] if held else [])
    if before != after and not check_mode:
        await (_assign(graph, principal_id, role) if held else _remove(graph, found, role))
        seen = await graph.wait_until(
            lambda: _assignments(graph, principal_id, role), lambda now: bool(now) is held
        )
        if bool(seen) is not held:
            raise GraphError(
                f"Microsoft Graph does not show the change of the role {role} two minutes after it was made.", status=0,
                remedy="Run again.",
            )
    return {
        "changed": before != after,
        "diff": {"before": {"directory_roles": before}, "after": {"directory_roles": after}},
    }


async def _assignments(graph: GraphClient, principal_id: str, role: str) -> list[Entity]:
    request = Request(
        "GET", f"{PATH}?$filter=principalId%20eq%20{quoted(principal_id)}", "read who holds directory roles", READ
    )
    return [one for one in await graph.pages(await graph.send(request)) if one["roleDefinitionId"] == ROLES[role]]


async def _assign(graph: GraphClient, principal_id: str, role: str) -> None:
    request = Request(
        "POST", PATH, f"give the directory role {role}", WRITE,
        body={"principalId": principal_id, "roleDefinitionId": ROLES[role], "directoryScopeId": "/"}, repeatable=True,
    )
    answer = await graph.wait_until(lambda: graph.send(request), lambda seen: not is_waiting_for_principal(seen))
    if not _is_held(answer):
        answer.ok()


def _is_held(answer: Answer) -> bool:
    """Whether it was given already, as by an attempt whose answer got lost."""
    text = str(answer.body.get("error", {}).get("message", ""))
    return is_already_there(answer) or (answer.status >= 400 and "conflicting object" in text)


async def _remove(graph: GraphClient, found: list[Entity], role: str) -> None:
    action = f"take the directory role {role} away"
    for answer in await graph.batch([Request("DELETE", f"{PATH}/{one['id']}", action, WRITE) for one in found]):
        answer.found()
