"""addPassword and removePassword on applications and service principals."""

from __future__ import annotations

from datetime import datetime

from m365_sandbox.graph.app_management import check_password
from m365_sandbox.graph.applications import APPLICATIONS
from m365_sandbox.graph.body import is_guid, parse
from m365_sandbox.graph.directory import EntitySet
from m365_sandbox.graph.errors import bad_request, invalid_value
from m365_sandbox.graph.roles import CREDENTIALS_WRITE
from m365_sandbox.graph.routing import Answer, Call, Route
from m365_sandbox.graph.service_principals import SERVICE_PRINCIPALS
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.complex_types import PASSWORD_CREDENTIAL
from m365_sandbox.state.credentials import client_secret
from m365_sandbox.state.entities import DEFAULT_LIFETIME, new_password_credential
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import digest


def _routes(entity_set: EntitySet) -> tuple[Route, ...]:
    async def add(call: Call) -> Answer:
        entity = entity_set.target(call, call.params["object"])
        content, start, end = _wanted(call)
        check_password(call.tenant, entity_set.collection, entity, start, end)
        secret = client_secret()
        credential = new_password_credential(
            secret, **{**content, "startDateTime": timestamp(start), "endDateTime": timestamp(end)}
        )
        call.tenant["credential_digests"].put(credential["keyId"], {"digest": digest(secret)})
        entity["passwordCredentials"].append(credential)
        entity_set.put(call.tenant, entity)
        context = f"{call.base_url}/$metadata#microsoft.graph.passwordCredential"
        return Answer(200, {"@odata.context": context, **credential, "secretText": secret})

    async def remove(call: Call) -> Answer:
        entity = entity_set.target(call, call.params["object"])
        key_id = str(call.json().get("keyId")).lower()
        if not is_guid(key_id):
            raise invalid_value("keyId", PASSWORD_CREDENTIAL.title)
        # A replica that trails does not know a fresh secret yet, with the same words.
        seen = entity_set.seen(call, call.params["object"])
        if any(key_id not in _key_ids(version) for version in (seen, entity)):
            raise bad_request(f"No password credential found with keyId '{key_id}'.")
        entity["passwordCredentials"] = [one for one in entity["passwordCredentials"] if one["keyId"] != key_id]
        entity_set.put(call.tenant, entity)
        call.tenant["credential_digests"].delete(key_id)
        return Answer(204)

    return (
        Route("POST", f"{entity_set.path}/{{object}}/addPassword", CREDENTIALS_WRITE, add),
        Route("POST", f"{entity_set.path}/{{object}}/removePassword", CREDENTIALS_WRITE, remove),
    )


def _wanted(call: Call) -> tuple[Entity, datetime, datetime]:
    """What the body says, with the beginning and the end: two years from now unless told otherwise."""
    body = call.json()
    for name in body:
        if name != "passwordCredential":
            raise bad_request(f"Invalid property '{name}'.")
    content = parse(PASSWORD_CREDENTIAL, body.get("passwordCredential") or {}, creating=True)
    start = _moment(content.get("startDateTime")) or now()
    end = _moment(content.get("endDateTime")) or start + DEFAULT_LIFETIME
    if end <= start:
        raise invalid_value("endDateTime", PASSWORD_CREDENTIAL.title)
    return content, start, end


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _key_ids(entity: Entity) -> list[str]:
    return [credential["keyId"] for credential in entity["passwordCredentials"]]


ROUTES = (*_routes(APPLICATIONS), *_routes(SERVICE_PRINCIPALS))
