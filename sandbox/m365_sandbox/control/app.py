"""The control face: what tests and people ask of the sandbox itself, as JSON over plain HTTP on loopback.

Unknown paths and properties are errors, so that a test never relies on something that did not happen.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from m365_sandbox.control import google
from m365_sandbox.control.additions import (
    ADDITIONS,
    POLICY_CHANGES,
    Addition,
    change_conditional_access_policy,
)
from m365_sandbox.control.body import BodyError, Property, optional, read, required
from m365_sandbox.control.objects import Conflict, UnknownObject, find_service_principal, find_user
from m365_sandbox.control.people import MAILBOX_PROPERTIES, USER_PROPERTIES, change_account, change_mailbox
from m365_sandbox.control.seeding import SeedError, seed
from m365_sandbox.control.settings import SETTINGS, settings_of
from m365_sandbox.google.seed import sow_google
from m365_sandbox.issuer.app import issuer_url
from m365_sandbox.issuer.tokens import identity_token
from m365_sandbox.mail.store import MailStore
from m365_sandbox.state.clock import CLOCK
from m365_sandbox.state.faces import FACES
from m365_sandbox.state.faults import FaultError
from m365_sandbox.state.json_text import parse_json
from m365_sandbox.state.relay import RelayBehaviour, RelayError, behaviour
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.seed import sow
from m365_sandbox.state.sign_in_settings import (
    revoke_sessions,
    sign_in_settings,
)
from m365_sandbox.state.tenant import NotSaved

Handler = Callable[[Request], Awaitable[Response]]

SERVICE_PRINCIPAL_PROPERTIES = {"accountEnabled": required(bool)}
CLOCK_PROPERTIES = {"offset_seconds": optional(int, float), "moment": optional(str)}
ISSUER_TOKEN_PROPERTIES = {
    "subject": required(str), "audience": optional(str), "issuer": optional(str), "seconds": optional(int),
}

_STATUS_OF = {
    BodyError: 400, FaultError: 400, RelayError: 400, SeedError: 400, UnknownObject: 404, Conflict: 409, NotSaved: 507,
}


def control_app(sandbox: Sandbox, stores: Sequence[MailStore]) -> Starlette:
    """The control face of a sandbox.

    :param stores: the mailbox stores, Exchange Online's first.
    """
    control = _Control(sandbox, stores)
    return Starlette(
        routes=[
            Route("/status", control.status, methods=["GET"]),
            Route("/reset", control.reset, methods=["POST"]),
            Route("/faults", control.show_faults, methods=["GET"]),
            Route("/faults", control.add_fault, methods=["POST"]),
            Route("/faults", control.clear_faults, methods=["DELETE"]),
            Route("/relay", control.show_relay, methods=["GET"]),
            Route("/relay", control.tell_relay, methods=["PUT"]),
            Route("/requests", control.show_requests, methods=["GET"]),
            Route("/requests", control.clear_requests, methods=["DELETE"]),
            Route("/clock", control.show_clock, methods=["GET"]),
            Route("/clock", control.turn_clock, methods=["PUT"]),
            Route("/issuer/tokens", control.issue_token, methods=["POST"]),
            Route("/tenant", control.tenant, methods=["GET"]),
            Route("/tenant/mailboxes/{address}", control.change_mailbox, methods=["PATCH"]),
            Route("/tenant/users/{user}", control.change_user, methods=["PATCH"]),
            Route("/tenant/users/{user}/revoke-sessions", control.revoke_sessions, methods=["POST"]),
            Route("/tenant/conditional-access-policies/{policy}", control.change_policy, methods=["PATCH"]),
            Route("/tenant/service-principals/{name}", control.change_service_principal, methods=["PATCH"]),
            Route("/seed", control.seed, methods=["POST"]),
            *(
                Route(f"/tenant/{name}", control.changing_settings(name, properties), methods=["PATCH"])
                for name, properties in SETTINGS.items()
            ),
            *(
                Route(f"/tenant/{name}", control.adding(addition), methods=["POST"])
                for name, addition in {**ADDITIONS, **google.ADDITIONS}.items()
            ),
            *(
                Route(f"/tenant/{name.replace('_', '-')}/{{name}}", control.changing(name), methods=["PATCH"])
                for name in google.CHANGES
            ),
        ],
        exception_handlers={**dict.fromkeys(_STATUS_OF, _refuse), HTTPException: _refuse_http},
    )


class _Control:
    def __init__(self, sandbox: Sandbox, stores: Sequence[MailStore]) -> None:
        self.sandbox = sandbox
        self.stores = stores

    async def status(self, request: Request) -> Response:
        return JSONResponse({
            "pid": os.getpid(), "directory": str(self.sandbox.directory), "ports": self.sandbox.ports,
            "store": next((store.status for store in self.stores if store.status != "running"), "running"),
        })

    async def reset(self, request: Request) -> Response:
        sow(self.sandbox.tenant, self.sandbox.catalog, self.sandbox.credentials)
        sow_google(self.sandbox)
        self.sandbox.faults.clear()
        self.sandbox.relay = RelayBehaviour()
        for store in self.stores:
            await store.wipe()
        self.sandbox.requests.clear()
        return Response(status_code=204)

    async def show_faults(self, request: Request) -> Response:
        return JSONResponse({"value": self.sandbox.faults.dump()})

    async def add_fault(self, request: Request) -> Response:
        self.sandbox.faults.add(await _body(request))
        return JSONResponse({"value": self.sandbox.faults.dump()}, status_code=201)

    async def clear_faults(self, request: Request) -> Response:
        self.sandbox.faults.clear()
        return Response(status_code=204)

    async def show_relay(self, request: Request) -> Response:
        return JSONResponse(self.sandbox.relay.dump())

    async def tell_relay(self, request: Request) -> Response:
        self.sandbox.relay = behaviour(await _body(request))
        return await self.show_relay(request)

    async def show_requests(self, request: Request) -> Response:
        if unknown := [name for name in request.query_params if name != "face"]:
            raise BodyError(f"unknown query parameter {', '.join(unknown)}; known is face")
        face = request.query_params.get("face")
        if face not in (None, *FACES):
            raise BodyError(f"unknown face {face}; known are {', '.join(FACES)}")
        return JSONResponse({"value": self.sandbox.requests.entries(face)})

    async def clear_requests(self, request: Request) -> Response:
        self.sandbox.requests.clear()
        return Response(status_code=204)

    async def show_clock(self, request: Request) -> Response:
        return JSONResponse({"offset_seconds": CLOCK.offset, "moment": CLOCK.now().isoformat()})

    async def turn_clock(self, request: Request) -> Response:
        wanted = await _read(request, CLOCK_PROPERTIES)
        if len(wanted) != 1:
            raise BodyError("give either offset_seconds or moment")
        try:
            if "moment" in wanted:
                CLOCK.set(_aware(wanted["moment"]))
            else:
                CLOCK.turn(wanted["offset_seconds"])
        except ValueError as error:
            raise BodyError(str(error)) from error
        self.sandbox.tenant.save()
        return await self.show_clock(request)

    async def issue_token(self, request: Request) -> Response:
        wanted = {"issuer": issuer_url(self.sandbox), **await _read(request, ISSUER_TOKEN_PROPERTIES)}
        return JSONResponse({"token": identity_token(self.sandbox.issuer_keys, **wanted)}, status_code=201)

    async def tenant(self, request: Request) -> Response:
        return JSONResponse(self.sandbox.tenant.dump())

    async def seed(self, request: Request) -> Response:
        return JSONResponse(seed(self.sandbox, await _body(request)))

    async def change_mailbox(self, request: Request) -> Response:
        tenant, wanted = self.sandbox.tenant, await _read(request, MAILBOX_PROPERTIES)
        mailbox = change_mailbox(tenant, request.path_params["address"], wanted)
        tenant.save()
        return JSONResponse(mailbox)

    async def change_user(self, request: Request) -> Response:
        tenant = self.sandbox.tenant
        user, wanted = find_user(tenant, request.path_params["user"]), await _read(request, USER_PROPERTIES)
        user = change_account(tenant, user, wanted)
        tenant.save()
        return JSONResponse({**user, **sign_in_settings(tenant, user["id"])})

    async def change_service_principal(self, request: Request) -> Response:
        tenant, wanted = self.sandbox.tenant, await _read(request, SERVICE_PRINCIPAL_PROPERTIES)
        principal = find_service_principal(tenant, request.path_params["name"]) | wanted
        tenant["service_principals"].put(principal["id"], principal)
        tenant.save()
        return JSONResponse(principal)

    async def change_policy(self, request: Request) -> Response:
        tenant, wanted = self.sandbox.tenant, await _read(request, POLICY_CHANGES)
        policy = change_conditional_access_policy(tenant, request.path_params["policy"], wanted)
        tenant.save()
        return JSONResponse(policy)

    async def revoke_sessions(self, request: Request) -> Response:
        tenant = self.sandbox.tenant
        revoke_sessions(tenant, find_user(tenant, request.path_params["user"])["id"])
        tenant.save()
        return Response(status_code=204)

    def changing_settings(self, name: str, properties: Mapping[str, Property]) -> Handler:
        async def change(request: Request) -> Response:
            settings = settings_of(self.sandbox.tenant, name)
            settings.update(await _read(request, properties))
            self.sandbox.tenant.save()
            return JSONResponse(settings)

        return change

    def adding(self, addition: Addition) -> Handler:
        async def add(request: Request) -> Response:
            added = addition.add(self.sandbox, await _read(request, addition.properties))
            self.sandbox.tenant.save()
            return JSONResponse(added, status_code=201)

        return add

    def changing(self, collection: str) -> Handler:
        async def change(request: Request) -> Response:
            key, entity = google.find(self.sandbox, collection, request)
            changed = entity | await _read(request, google.CHANGES[collection])
            self.sandbox.tenant[collection].put(key, changed)
            self.sandbox.tenant.save()
            return JSONResponse(changed)

        return change


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("moment needs a time zone, for example 2027-01-31T05:00:00Z")
    return moment


async def _read(request: Request, properties: Mapping[str, Property]) -> dict[str, Any]:
    return read(await _body(request), properties)


async def _body(request: Request) -> Any:
    try:
        return parse_json(await request.body())
    except ValueError as error:
        raise BodyError("the body must be JSON, and not nested deeply") from error


async def _refuse(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=_STATUS_OF[type(error)])


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: f"there is no {request.url.path}", 405: f"{request.method} is not possible on {request.url.path}"}
    return JSONResponse({"error": words.get(error.status_code, error.detail)}, status_code=error.status_code)
