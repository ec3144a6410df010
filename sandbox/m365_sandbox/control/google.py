"""What tests do to Google: service accounts and keys come and go, delegation is given and taken, people change."""

from __future__ import annotations

import base64
from datetime import timedelta

from starlette.requests import Request

from m365_sandbox.control.additions import Addition, Values
from m365_sandbox.control.body import BodyError, optional, required
from m365_sandbox.control.objects import Conflict, UnknownObject
from m365_sandbox.google.app import token_uri
from m365_sandbox.google.key_files import as_json, as_p12
from m365_sandbox.google.service_accounts import add_key, add_service_account
from m365_sandbox.google.workspace import Workspace
from m365_sandbox.state.history import Entity
from m365_sandbox.state.keys import GOOGLE_LIFETIME, SigningKeys, new_key
from m365_sandbox.state.sandbox import Sandbox

#: What can be changed of each kind of object, by the collection that holds it.
CHANGES = {
    "google_service_accounts": {"disabled": optional(bool), "scopes": optional(list)},
    "google_keys": {"disabled": optional(bool)},
    "google_users": {"suspended": optional(bool), "imap": optional(bool), "pop": optional(bool)},
}


def _texts(values: Values, name: str) -> list[str]:
    texts = values.get(name, [])
    if not all(isinstance(text, str) for text in texts):
        raise BodyError(f"{name} must be a list of texts")
    return list(texts)


def _add_user(sandbox: Sandbox, values: Values) -> Entity:
    workspace, address = Workspace(sandbox.tenant), values["address"]
    aliases = tuple(_texts(values, "aliases"))
    for one in (address, *aliases):
        if workspace.find_recipient(one) is not None:
            raise Conflict(f"there is a user with the address {one} already")
    return workspace.add_user(address, values.get("displayName", address), aliases=aliases)


def bring_user(sandbox: Sandbox, values: Values) -> Entity:
    """A user as the values say: a new one, or the one with that address with what differs changed.

    :raises Conflict: an alias is somebody else's.
    """
    workspace, address = Workspace(sandbox.tenant), values["address"]
    user = workspace.find_recipient(address)
    if user is None:
        return _add_user(sandbox, values)
    aliases = _texts(values, "aliases") if "aliases" in values else user["addresses"][1:]
    for one in aliases:
        taken = workspace.find_recipient(one)
        if taken is not None and taken["id"] != user["id"]:
            raise Conflict(f"there is a user with the address {one} already")
    changed = {
        **user, "displayName": values.get("displayName", user["displayName"]),
        "addresses": [user["address"], *aliases],
    }
    sandbox.tenant["google_users"].put(user["id"], changed)
    return changed


def _add_service_account(sandbox: Sandbox, values: Values) -> Entity:
    account = add_service_account(sandbox.tenant, values["name"], _texts(values, "scopes"))
    return {**account, **_key(sandbox, account, GOOGLE_LIFETIME.days)}


def _add_key(sandbox: Sandbox, values: Values) -> Entity:
    account = sandbox.tenant["google_service_accounts"].get(values["client_email"])
    if account is None:
        raise UnknownObject(f"there is no service account {values['client_email']}")
    return _key(sandbox, account, values.get("days", GOOGLE_LIFETIME.days))


def _key(sandbox: Sandbox, account: Entity, days: int) -> Entity:
    """A new key of the account: its id and its file in both formats, the P12 one in base64."""
    key = SigningKeys(new_key(timedelta(days=days)))
    add_key(sandbox.tenant, account["client_email"], key)
    return {
        "private_key_id": key.thumbprint, "json": as_json(account, key, token_uri(sandbox)).decode("ascii"),
        "p12": base64.b64encode(as_p12(key)).decode("ascii"),
    }


ADDITIONS = {
    "google-users": Addition(
        {"address": required(str), "displayName": optional(str), "aliases": optional(list)}, _add_user
    ),
    # With its first key; ``scopes`` are delegated to it for the whole domain.
    "google-service-accounts": Addition({"name": required(str), "scopes": optional(list)}, _add_service_account),
    # ``days`` is how long the P12 file's certificate is still valid; negative for one that has expired.
    "google-keys": Addition({"client_email": required(str), "days": optional(int)}, _add_key),
}


def find(sandbox: Sandbox, collection: str, request: Request) -> tuple[str, Entity]:
    """The object that a path names, and its key; a user is named by an address.

    :raises UnknownObject: there is none.
    """
    key = request.path_params["name"]
    if collection == "google_users":
        found = Workspace(sandbox.tenant).find_recipient(key)
        key = found["id"] if found else key
    entity = sandbox.tenant[collection].get(key)
    if entity is None:
        raise UnknownObject(f"there is no {key} in {collection}")
    return key, entity
