# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One application in Entra ID as a transaction of its own: registered, consented, its client secret made and kept.

The estate runs this for many at a time; a module of its own runs each part for one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph, _libraries
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import (
    admin_consent,
    application,
    application_secret,
    applications,
    registrations,
    users,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import SECRET
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Keeper, key_ids
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_coalescing import CoalescingGraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._identity._keeping import (
    Run,
    keep,
    note,
    secret_params,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done

#: What the module entra_application takes of an application.
_REGISTERED = ("sign_in_audience", "notes", "tags", "owners", "redirect_uris", "public_client")
_SECRET = " and be given a client secret"


@asynccontextmanager
async def client(options: Mapping[str, Any]) -> AsyncIterator[GraphClient]:
    """See _identity.Kind. It gathers what transactions that run side by side read."""
    _libraries.require({**_auth.MISSING, **_graph.MISSING})
    async with _graph.graph_client(options, _auth.token_source(options), CoalescingGraphClient) as graph:
        yield graph


async def present(
    graph: GraphClient, wanted: Mapping[str, Any], keeper: Keeper, run: Run, *, check_mode: bool
) -> Verdict:
    """Make an application what the plan says; see ``_plan/estate.py``.

    :returns: with ``client_id``, ``object_id``, ``granted`` (names of permissions), ``secret`` and ``diff``.
    :raises ModernAuthError: it could not be done. What was made until then is kept, and found by the next run.
    """
    if not wanted["entra"].get("tenant_id"):
        raise InputError(
            "The tenant is not named.", remedy="Give entra.tenant_id, or set the environment variable AZURE_TENANT_ID."
        )
    registered = await application.present(graph, _registration(wanted), check_mode)
    app_id = registered.result["application"]["app_id"]
    options = {"name": wanted["environment"], "lifetime": wanted["secret"]["lifetime"]}
    if app_id is None:
        names = _names(wanted["permissions"])
        return done(
            f"It would be registered, granted {_listed(names)}{_SECRET if _has_secret(wanted) else ''}.", changed=True,
            client_id=None, object_id=None, granted=names, secret=None, warnings=[],
            diff=_titled(wanted, application=registered.result),
        )
    consented = await admin_consent.settle(graph, {
        "app_id": app_id, "permissions": declared(wanted), "purge": wanted["exclusive"], "state": "present",
    }, check_mode, application=registered.entity, known=registered.resources)
    ids = {"tenant_id": wanted["entra"]["tenant_id"], "client_id": app_id, "object_id": registered.entity["id"]}
    parts: dict[str, Mapping[str, Any]] = {"application": registered.result, "consent": consented}
    about: Mapping[str, Any] = {"secret": None, "warnings": []}
    if _has_secret(wanted):
        registration = registrations.of(registered.entity, registered.moment, SECRET)
        if check_mode:
            params = secret_params(keeper.read()[0], app_id, options)
            about = await application_secret.present(graph, params, True, registration)
        else:
            about = await keep(graph, ids, options, registration, keeper, run)
        parts["client secret"] = about
    # With a secret, the store has the ids.
    known: dict[str, Any] = {} if _has_secret(wanted) else dict(ids)
    if wanted["users"]:
        known["users"] = await _users(graph, wanted["users"])
    noted = await note(known, keeper, run, registered.moment, check_mode=check_mode)
    return done(
        _said(wanted, parts, check_mode), changed=noted or any(part["changed"] for part in parts.values()),
        client_id=app_id, object_id=ids["object_id"], granted=_names(consented["granted"]), secret=about["secret"],
        warnings=about["warnings"], diff=_titled(wanted, **parts),
    )


async def _users(graph: GraphClient, addresses: Sequence[str]) -> dict[str, str]:
    """The object ids of users by their addresses."""
    found = await users.look_up(graph, addresses)
    missing = [address for address, user in found.items() if user is None]
    if missing:
        raise users.unknown(missing)
    unclear = next((user for user in found.values() if isinstance(user, InputError)), None)
    if unclear is not None:
        raise unclear
    return {address: str(user["id"]) for address, user in found.items() if isinstance(user, Mapping)}


def _has_secret(wanted: Mapping[str, Any]) -> bool:
    return bool(wanted["credential"] == "client_secret")


def declared(wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an administrator consents to; the rest is left to the person who signs in."""
    by_all = wanted.get("consent", "organization") == "organization"
    kept = [{**one, "delegated": one["delegated"] if by_all else []} for one in wanted["permissions"]]
    return [one for one in kept if one["application"] or one["delegated"]]


async def absent(
    graph: GraphClient, wanted: Mapping[str, Any], keeper: Keeper, *, check_mode: bool
) -> Verdict:
    """Take an application away: its consent, its registration, and what the store knows of it.

    One that was there before, and was adopted, may serve others: it loses what the plan names, and the secrets that
    the store knows.
    """
    entry, revision = keeper.read()
    found = await find(graph, wanted, entry.get("client_id"))
    parts: dict[str, Entity] = {}
    if found is not None:
        is_own = found.get("uniqueName") == wanted["unique_name"]
        parts["consent"] = await admin_consent.settle(graph, {
            "app_id": found["appId"], "permissions": wanted["permissions"], "purge": is_own, "state": "absent",
        }, check_mode)
        if is_own:
            parts["application"] = await application.absent(graph, _registration(wanted), check_mode)
        else:
            for number, key_id in enumerate(key_ids(entry), 1):
                params = {**secret_params(entry, found["appId"], {}), "key_id": key_id}
                parts[f"client secret {number}"] = await application_secret.absent(graph, params, check_mode)
    if entry and not check_mode:
        keeper.write({}, revision)
    changed = bool(entry) or any(part["changed"] for part in parts.values())
    return done(
        ("It would be removed." if check_mode else "It is removed.") if changed else "There is nothing of it.",
        changed=changed, client_id=found["appId"] if found else entry.get("client_id"), diff=_titled(wanted, **parts),
    )


async def find(graph: GraphClient, wanted: Mapping[str, Any], client_id: str | None) -> Entity | None:
    """The application as Entra ID has it: by its unique name or, if it was adopted and has none, by its client id."""
    named = await applications.look_up(graph, applications.Identity(unique_name=wanted["unique_name"]))
    if not named and client_id:
        named = await applications.look_up(graph, applications.Identity(app_id=client_id))
    return next(iter(named), None)


def _registration(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the module entra_application."""
    return {
        **dict.fromkeys(("object_id", "app_id", *_REGISTERED)),
        **{name: wanted[name] for name in _REGISTERED if name in wanted},
        "unique_name": wanted["unique_name"], "display_name": wanted["display_name"],
        "adopt": wanted.get("adopt", False), "permissions": wanted["permissions"],
    }


def _names(permissions: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for kind in ("application", "delegated") for entry in permissions for name in entry[kind]]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _said(wanted: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]], check_mode: bool) -> str:
    would = "would be " if check_mode else ""
    changed = [name for name, part in parts.items() if part["changed"]]
    if not changed:
        return f"{wanted['display_name']}: as it should be."
    return f"{wanted['display_name']}: {' and '.join(changed)} {would}changed."


def _titled(wanted: Mapping[str, Any], **parts: Mapping[str, Any]) -> list[Entity]:
    """The differences of what has changed, each with the application's name above it."""
    return [
        {"before_header": f"{wanted['unique_name']}: {name}", "after_header": f"{wanted['unique_name']}: {name}",
         **part["diff"]}
        for name, part in parts.items() if part["changed"]
    ]
