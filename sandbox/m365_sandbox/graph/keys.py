"""addKey and removeKey on applications and service principals."""

from __future__ import annotations

from dataclasses import replace

from m365_sandbox.graph.app_management import check_keys
from m365_sandbox.graph.applications import APPLICATIONS
from m365_sandbox.graph.body import is_guid, parse
from m365_sandbox.graph.directory import EntitySet, require_ownership
from m365_sandbox.graph.errors import bad_request, invalid_value, value_required
from m365_sandbox.graph.key_credentials import replaced_keys
from m365_sandbox.graph.proof import check_proof
from m365_sandbox.graph.roles import CREDENTIALS_WRITE
from m365_sandbox.graph.routing import Answer, Call, Route, authorise, permissions_of
from m365_sandbox.graph.service_principals import SERVICE_PRINCIPALS
from m365_sandbox.state.complex_types import KEY_CREDENTIAL
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import merge


def _routes(entity_set: EntitySet) -> tuple[Route, ...]:
    async def add(call: Call) -> Answer:
        entity = _target(call, entity_set)
        body = _body(call, "keyCredential", "passwordCredential", "proof")
        if body.get("passwordCredential") is not None:
            # It belongs to keys that sign SAML tokens.
            raise invalid_value("passwordCredential", KEY_CREDENTIAL.title)
        if not isinstance(body.get("keyCredential"), dict):
            raise value_required("keyCredential", KEY_CREDENTIAL.title)
        check_proof(entity, body.get("proof"))
        wanted = merge(KEY_CREDENTIAL, {}, parse(KEY_CREDENTIAL, body["keyCredential"], creating=True))
        before = entity["keyCredentials"]
        entity["keyCredentials"] = replaced_keys(before, [*before, wanted])
        check_keys(call.tenant, entity_set.collection, entity, before)
        entity_set.put(call.tenant, entity)
        context = f"{call.base_url}/$metadata#microsoft.graph.keyCredential"
        return Answer(200, {"@odata.context": context, **entity["keyCredentials"][-1], "key": None})

    async def remove(call: Call) -> Answer:
        entity = _target(call, entity_set)
        body = _body(call, "keyId", "proof")
        key_id = str(body.get("keyId")).lower()
        if not is_guid(key_id):
            raise invalid_value("keyId", KEY_CREDENTIAL.title)
        check_proof(entity, body.get("proof"))
        rest = [credential for credential in entity["keyCredentials"] if credential["keyId"] != key_id]
        if len(rest) == len(entity["keyCredentials"]):
            # By analogy with removePassword.
            raise bad_request(f"No key credential found with keyId '{key_id}'.")
        entity["keyCredentials"] = rest
        entity_set.put(call.tenant, entity)
        return Answer(204)

    # No role is asked for here: an application needs none to roll its own keys [application-addkey].
    return (
        Route("POST", f"{entity_set.path}/{{object}}/addKey", (), add),
        Route("POST", f"{entity_set.path}/{{object}}/removeKey", (), remove),
    )


def _target(call: Call, entity_set: EntitySet) -> Entity:
    entity = entity_set.target(call, call.params["object"])
    if entity["appId"] != call.claims["appid"]:
        owned_only = authorise(CREDENTIALS_WRITE, permissions_of(call.claims))
        require_ownership(replace(call, owned_only=owned_only), entity)
    return entity


def _body(call: Call, *names: str) -> Entity:
    body = call.json()
    for name in body:
        if name not in names:
            raise bad_request(f"Invalid property '{name}'.")
    return body


ROUTES = (*_routes(APPLICATIONS), *_routes(SERVICE_PRINCIPALS))
