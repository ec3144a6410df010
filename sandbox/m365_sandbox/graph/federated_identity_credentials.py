"""/applications/{id}/federatedIdentityCredentials: issuers whose tokens an application accepts in place of a secret."""

from __future__ import annotations

import re
from dataclasses import replace

from m365_sandbox.graph.applications import APPLICATIONS
from m365_sandbox.graph.body import parse
from m365_sandbox.graph.directory import wants_creation
from m365_sandbox.graph.errors import GraphError, invalid_value, resource_not_found
from m365_sandbox.graph.query import View, answer_collection, answer_entity
from m365_sandbox.graph.roles import FEDERATION_READ, FEDERATION_WRITE
from m365_sandbox.graph.routing import Answer, Call, Key, Route
from m365_sandbox.state.entities import new_id
from m365_sandbox.state.entity_types import FEDERATED_IDENTITY_CREDENTIAL
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import merge

VIEW = View(FEDERATED_IDENTITY_CREDENTIAL)
AT_MOST = 20
_PATH = "/applications/{object}/federatedIdentityCredentials"
# Letters, digits, dash and underscore, the first a letter or digit [workload-identity-federation-considerations].
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")


async def show_all(call: Call) -> Answer:
    """GET the list."""
    application = APPLICATIONS.seen(call, call.params["object"])
    return answer_collection(call, VIEW, _of(call, application, call.lag), context=_context(application))


async def show(call: Call) -> Answer:
    """GET one, by id or name."""
    application = APPLICATIONS.seen(call, call.params["object"])
    credential = _find(call, application, call.params["credential"], call.lag)
    if credential is None:
        raise resource_not_found(call.params["credential"])
    return answer_entity(call, VIEW, credential, context=_context(application))


async def create(call: Call) -> Answer:
    """POST: 201."""
    return _create(call, APPLICATIONS.target(call, call.params["object"]), call.json())


async def update(call: Call) -> Answer:
    """PATCH: 204; by name and with ``Prefer: create-if-missing`` also 201."""
    application, key = APPLICATIONS.target(call, call.params["object"]), call.params["credential"]
    if key.property == "name" and wants_creation(call):
        if _find(call, application, key) is None:
            return _create(call, application, {**call.json(), "name": str(key)})
        # Uniqueness is decided where writes go: a replica that trails must not lead to a second object.
        call = replace(call, lag=0.0)
    before = _target(call, application, key)
    content = {name: value for name, value in call.json().items() if (name, value) != ("name", before["name"])}
    after = merge(FEDERATED_IDENTITY_CREDENTIAL, before, parse(FEDERATED_IDENTITY_CREDENTIAL, content, creating=False))
    _check(call, application, after)
    _put(call, application, after)
    return Answer(204)


async def delete(call: Call) -> Answer:
    """DELETE: 204."""
    application = APPLICATIONS.target(call, call.params["object"])
    call.tenant["federated_identity_credentials"].delete(_target(call, application, call.params["credential"])["id"])
    return Answer(204)


def _create(call: Call, application: Entity, body: Entity) -> Answer:
    content = parse(FEDERATED_IDENTITY_CREDENTIAL, body, creating=True)
    credential = merge(FEDERATED_IDENTITY_CREDENTIAL, {}, content) | {"id": new_id()}
    if not _NAME.fullmatch(credential["name"]):
        raise invalid_value("name", FEDERATED_IDENTITY_CREDENTIAL.title)
    if _find(call, application, Key(credential["name"], "name")) is not None:
        # Recorded in Azure/azure-dev#1482.
        raise GraphError(
            409, "Request_MultipleObjectsWithSameKeyValue",
            f"FederatedIdentityCredential with name {credential['name']} already exists.",
        )
    if len(_of(call, application)) >= AT_MOST:
        # The number is documented, the words are not.
        raise _invalid(f"An application can have at most {AT_MOST} federated identity credentials.")
    _check(call, application, credential)
    _put(call, application, credential)
    answer = answer_entity(call, VIEW, credential, context=_context(application), status=201)
    address = f"{call.base_url}/applications/{application['id']}/federatedIdentityCredentials/{credential['id']}"
    assert isinstance(answer.body, dict)
    return Answer(201, {"@odata.id": address, **answer.body}, {"Location": address})


def _check(call: Call, application: Entity, credential: Entity) -> None:
    audiences = credential["audiences"]
    if len(audiences) != 1 or not 0 < len(audiences[0]) <= 600:
        raise invalid_value("audiences", FEDERATED_IDENTITY_CREDENTIAL.title)
    for other in _of(call, application):
        same = all(other[name] == credential[name] for name in ("issuer", "subject"))
        if same and other["id"] != credential["id"]:
            # Recorded in Azure/azure-workload-identity#434.
            raise _invalid(
                "The combination of issuer and subject must be unique for the application. Issuer "
                f"{credential['issuer']} and Subject: {credential['subject']} already exist. paramName: "
                f"FederatedIdentityCredential.Subject, paramValue: {credential['subject']}, objectType: "
                "Microsoft.Online.DirectoryServices.Application"
            )


def _invalid(message: str) -> GraphError:
    return GraphError(400, "InvalidFederatedIdentityCredentialValue", message)


def _of(call: Call, application: Entity, lag: float = 0.0) -> list[Entity]:
    return call.tenant.find("federated_identity_credentials", lag, application=application["id"])


def _find(call: Call, application: Entity, key: Key, lag: float = 0.0) -> Entity | None:
    # A plain segment may be either; a name has no more than 120 characters of which an id is made, too.
    names = ("name",) if key.property == "name" else ("id", "name")
    found = (one for one in _of(call, application, lag) if str(key) in (one[name] for name in names))
    return next(found, None)


def _target(call: Call, application: Entity, key: Key) -> Entity:
    newest = _find(call, application, key)
    if newest is None or _find(call, application, key, call.lag) is None:
        raise resource_not_found(key)
    return newest


def _put(call: Call, application: Entity, credential: Entity) -> None:
    stored = {**credential, "application": application["id"]}
    call.tenant["federated_identity_credentials"].put(credential["id"], stored)


def _context(application: Entity) -> str:
    return f"applications('{application['id']}')/federatedIdentityCredentials"


ROUTES = (
    Route("GET", _PATH, FEDERATION_READ, show_all),
    Route("POST", _PATH, FEDERATION_WRITE, create),
    Route("GET", f"{_PATH}/{{credential}}", FEDERATION_READ, show),
    Route("PATCH", f"{_PATH}/{{credential}}", FEDERATION_WRITE, update),
    Route("DELETE", f"{_PATH}/{{credential}}", FEDERATION_WRITE, delete),
)
