# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which applications may open every mailbox of a tenant by an application permission."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Request, quoted

ACTION, READ = "read the applications with mail permissions", "Application.Read.All"
#: The application permissions that reach every mailbox unless something limits them, by the resource's application id.
#: https://learn.microsoft.com/graph/permissions-reference
TENANT_WIDE = {
    "00000003-0000-0000-c000-000000000000": (
        "Mail.Read", "Mail.ReadBasic", "Mail.ReadBasic.All", "Mail.ReadWrite", "Mail.Send", "MailboxSettings.Read",
        "MailboxSettings.ReadWrite",
    ),
    "00000002-0000-0ff1-ce00-000000000000": ("full_access_as_app",),
}


async def tenant_wide(graph: GraphClient) -> list[dict[str, Any]]:
    """The applications: {name, app_id, permissions}, sorted by their names.

    :raises GraphError: among others if the caller may not read applications.
    """
    found: dict[str, dict[str, Any]] = {}
    for resource, names in TENANT_WIDE.items():
        answer = await graph.send(_get(f"/servicePrincipals(appId={quoted(resource)})?$select=id,appRoles"))
        entity = answer.found()
        if entity is None:
            continue
        roles = {role["id"]: role["value"] for role in entity["appRoles"] if role["value"] in names}
        for one in await graph.pages(await graph.send(_get(f"/servicePrincipals/{entity['id']}/appRoleAssignedTo"))):
            if one["appRoleId"] in roles:
                whose = found.setdefault(one["principalId"], {"name": one["principalDisplayName"], "permissions": []})
                whose["permissions"].append(roles[one["appRoleId"]])
    answers = await graph.batch([_get(f"/servicePrincipals/{one}?$select=id,appId") for one in found])
    app_ids = {one: (answer.found() or {}).get("appId") for one, answer in zip(found, answers, strict=True)}
    told = [{"app_id": app_ids[key], **one, "permissions": sorted(one["permissions"])} for key, one in found.items()]
    return sorted(told, key=lambda one: str(one["name"]))


def _get(path: str) -> Request:
    return Request("GET", path, ACTION, READ)
