"""The ASGI application of the Graph face."""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from m365_sandbox.graph import (
    app_management_policies,
    app_role_assignments,
    applications,
    credential_activities,
    deleted_items,
    federated_identity_credentials,
    identity_policies,
    keys,
    mail,
    oauth2_permission_grants,
    organization,
    owners,
    passwords,
    role_assignments,
    service_principals,
    sign_ins,
    users,
)
from m365_sandbox.graph.batch import batch_route
from m365_sandbox.graph.dispatcher import FACE, Dispatcher, Incoming
from m365_sandbox.graph.fault_answers import fault_answer
from m365_sandbox.graph.routing import Answer
from m365_sandbox.http.faults import not_saved_handlers
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.state.sandbox import Sandbox

# Also those that no path has, so that Graph's own words refuse them.
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE")
JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
RESOURCES = (
    applications, service_principals, owners, passwords, app_role_assignments, oauth2_permission_grants, deleted_items,
    users, organization, mail, app_management_policies,
    keys, federated_identity_credentials, role_assignments, sign_ins,
    credential_activities, identity_policies,
)


def graph_app(sandbox: Sandbox, post_office: PostOffice) -> Starlette:
    """The face for one instance. It saves the tenant once per request that changed something."""
    routes = [route for resource in RESOURCES for route in resource.ROUTES]
    inner = Dispatcher(sandbox, post_office, routes)
    dispatcher = Dispatcher(sandbox, post_office, [*routes, batch_route(inner)])

    async def endpoint(request: Request) -> Response:
        outcome = await dispatcher.dispatch(await _incoming(request))
        request.state.app_id = outcome.app_id
        request.state.batch = outcome.answer.batch
        if outcome.changed:
            sandbox.tenant.save()
        return _response(outcome.answer)

    return Starlette(
        routes=[Path("/{path:path}", endpoint, methods=list(METHODS))],
        exception_handlers=not_saved_handlers(FACE, fault_answer),
    )


async def _incoming(request: Request) -> Incoming:
    return Incoming(
        method=request.method, path=request.scope["raw_path"].decode("ascii"),
        query=request.scope["query_string"].decode("ascii"), headers=request.headers, body=await request.body(),
        origin=f"{request.url.scheme}://{request.url.netloc}",
    )


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if isinstance(answer.body, dict):
        return Response(json.dumps(answer.body), answer.status, headers, JSON_TYPE)
    if isinstance(answer.body, str):
        return Response(answer.body, answer.status, headers, "text/plain")
    return Response(answer.body, answer.status, headers)
