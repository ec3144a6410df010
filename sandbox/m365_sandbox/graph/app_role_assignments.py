"""Admin consent to application permissions: appRoleAssignments of a client, appRoleAssignedTo of a resource."""

from __future__ import annotations

from m365_sandbox.graph.body import parse
from m365_sandbox.graph.errors import bad_request, invalid_value, resource_not_found
from m365_sandbox.graph.query import View, answer_collection, answer_entity
from m365_sandbox.graph.roles import ASSIGNMENTS_CREATE, ASSIGNMENTS_DELETE, ASSIGNMENTS_READ
from m365_sandbox.graph.routing import Answer, Call, Key, Route
from m365_sandbox.graph.service_principals import SERVICE_PRINCIPALS
from m365_sandbox.state.entities import new_app_role_assignment
from m365_sandbox.state.entity_types import APP_ROLE_ASSIGNMENT
from m365_sandbox.state.history import Entity

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
VIEW = View(APP_ROLE_ASSIGNMENT)


def _routes(relationship: str, side: str) -> tuple[Route, ...]:
    """The routes of one of the two relationships.

    :param side: the property of an assignment that holds the service principal of the path.
    """
    path = f"/servicePrincipals/{{object}}/{relationship}"

    def context(principal: Entity) -> str:
        return f"servicePrincipals('{principal['id']}')/{relationship}"

    async def show(call: Call) -> Answer:
        principal = SERVICE_PRINCIPALS.seen(call, call.params["object"])
        found = call.tenant.find("app_role_assignments", call.lag, **{side: principal["id"]})
        return answer_collection(call, VIEW, found, context=context(principal))

    async def create(call: Call) -> Answer:
        principal = SERVICE_PRINCIPALS.target(call, call.params["object"])
        content = parse(APP_ROLE_ASSIGNMENT, call.json(), creating=True)
        if content[side].lower() != principal["id"]:
            raise invalid_value(side, APP_ROLE_ASSIGNMENT.title)
        assignment = _assign(call, content)
        answer = answer_entity(call, VIEW, assignment, context=context(principal), status=201)
        return Answer(201, answer.body, {"Location": f"{call.base_url}{call.path}/{assignment['id']}"})

    async def delete(call: Call) -> Answer:
        principal = SERVICE_PRINCIPALS.target(call, call.params["object"])
        assignment = call.tenant["app_role_assignments"].get(call.params["assignment"], call.lag)
        if assignment is None or assignment[side] != principal["id"]:
            raise resource_not_found(call.params["assignment"])
        call.tenant["app_role_assignments"].delete(assignment["id"])
        return Answer(204)

    return (
        Route("GET", path, ASSIGNMENTS_READ, show),
        Route("POST", path, ASSIGNMENTS_CREATE, create),
        Route("DELETE", f"{path}/{{assignment}}", ASSIGNMENTS_DELETE, delete),
    )


def _assign(call: Call, content: Entity) -> Entity:
    principal = SERVICE_PRINCIPALS.seen(call, Key(content["principalId"]))
    resource = SERVICE_PRINCIPALS.seen(call, Key(content["resourceId"]))
    role_id = content["appRoleId"].lower()
    if role_id != DEFAULT_ACCESS and role_id not in _assignable(resource):
        raise bad_request(f"Permission being assigned was not found on application '{resource['appId']}'")
    if call.tenant.find(
        "app_role_assignments", principalId=principal["id"], resourceId=resource["id"], appRoleId=role_id
    ):
        raise bad_request("Permission being assigned already exists on the object")
    assignment = new_app_role_assignment(principal, resource, role_id)
    call.tenant["app_role_assignments"].put(assignment["id"], assignment)
    return assignment


def _assignable(resource: Entity) -> list[str]:
    return [
        role["id"] for role in resource["appRoles"] if role["isEnabled"] and "Application" in role["allowedMemberTypes"]
    ]


ROUTES = (*_routes("appRoleAssignments", "principalId"), *_routes("appRoleAssignedTo", "resourceId"))
