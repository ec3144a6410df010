"""/roleManagement/directory/roleAssignments: who holds which of Entra's directory roles, for the whole tenant.

[rbacapplication-list-roleassignments, rbacapplication-post-roleassignments, unifiedroleassignment-delete]
"""

from __future__ import annotations

from m365_sandbox.graph.body import parse
from m365_sandbox.graph.errors import bad_request, resource_not_found
from m365_sandbox.graph.query import View, answer_collection, answer_entity
from m365_sandbox.graph.roles import DIRECTORY_ROLES_READ, DIRECTORY_ROLES_WRITE
from m365_sandbox.graph.routing import Answer, Call, Route
from m365_sandbox.state.directory_roles import DIRECTORY_ROLES, assign_role
from m365_sandbox.state.entity_types import UNIFIED_ROLE_ASSIGNMENT
from m365_sandbox.state.history import Entity

VIEW = View(UNIFIED_ROLE_ASSIGNMENT)
PATH = "/roleManagement/directory/roleAssignments"
WHOLE_TENANT = "/"


async def show_all(call: Call) -> Answer:
    """GET the list."""
    return answer_collection(call, VIEW, call.tenant["directory_role_assignments"].values(call.lag))


async def show(call: Call) -> Answer:
    """GET one."""
    return answer_entity(call, VIEW, _find(call, call.lag))


async def create(call: Call) -> Answer:
    """POST: 201. The words of the refusals are not documented."""
    content = parse(UNIFIED_ROLE_ASSIGNMENT, call.json(), creating=True)
    principal, template = content["principalId"].lower(), content["roleDefinitionId"].lower()
    name = next((name for name, one in DIRECTORY_ROLES.items() if one == template), None)
    if name is None:
        raise bad_request(f"Role definition '{template}' doesn't exist.")
    if content["directoryScopeId"] != WHOLE_TENANT:
        raise bad_request("The sandbox knows roles for the whole tenant alone.")
    collections = (call.tenant["service_principals"], call.tenant["users"])
    if not any(collection.get(principal, call.lag) for collection in collections):
        raise resource_not_found(principal)
    if call.tenant.find("directory_role_assignments", principalId=principal, roleDefinitionId=template):
        raise bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory."
        )
    return answer_entity(call, VIEW, assign_role(call.tenant, principal, name), status=201)


async def delete(call: Call) -> Answer:
    """DELETE: 204."""
    call.tenant["directory_role_assignments"].delete(_find(call)["id"])
    return Answer(204)


def _find(call: Call, lag: float = 0.0) -> Entity:
    key = call.params["assignment"]
    found = call.tenant["directory_role_assignments"].get(key, lag)
    if found is None:
        raise resource_not_found(key)
    return found


ROUTES = (
    Route("GET", PATH, DIRECTORY_ROLES_READ, show_all),
    Route("GET", f"{PATH}/{{assignment}}", DIRECTORY_ROLES_READ, show),
    Route("POST", PATH, DIRECTORY_ROLES_WRITE, create),
    Route("DELETE", f"{PATH}/{{assignment}}", DIRECTORY_ROLES_WRITE, delete),
)
