# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The caller and the applications in Entra ID, and the users of the mailboxes, as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import Needs, lacking
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import ENDPOINTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import of_persons
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    CONTROLLER,
    Finding,
    Subject,
    parts,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import consent, credentials, tokens, users
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import resource_names
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.mailboxes import judge
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._identity import entra
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.people import is_persons
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import EXCHANGE
from ansible_collections.mailops.modern_auth.plugins.module_utils._token_claims import claims_of

#: What is looked at here.
CHECKS = frozenset({"registration", "service_principal", "permissions", "secret", "token"})
#: Of the platforms of redirect URIs, as the plan and as Graph name them.
_PLATFORMS: Mapping[str, str] = {"web": "web", "spa": "spa", "public_client": "publicClient"}
_SET_UP = "Run mailops.modern_auth.setup_mail, which makes it so."
CORRECT = "Correct mail_entra: who signs in, and where."
_NEEDS_APPLICATION = "the application could not be looked at"


@dataclass(frozen=True)
class Case:
    """An application that is looked at.

    :param wanted: as the plan has it.
    :param entry: what the store holds of it; None if that could not be read.
    """

    subject: Subject
    wanted: Mapping[str, Any]
    entry: Entry | None


@dataclass(frozen=True)
class Seen:
    """What was found of an application.

    :param principal_id: the object id of its service principal; None if there is none, or it could not be read.
    :param entity: as Graph shows it; empty if it is not registered, None if it could not be read.
    """

    findings: list[Finding]
    client_id: str | None = None
    principal_id: str | None = None
    entity: Mapping[str, Any] | None = None


async def caller(
    source: _auth.TokenSource, scope: str, needed: Needs, applications: Sequence[Mapping[str, Any]]
) -> list[Finding]:
    """Whether the caller can sign in, and may do what the plan needs; everything that is missing at once.

    :param scope: Microsoft Graph's.
    :param applications: as the plan has them.
    """
    try:
        claims = claims_of((await tokens.prove(source, scope, 0)).token)
    except ModernAuthError as error:
        return [
            *CONTROLLER.cross("caller_sign_in", error.message, error.remedy or CORRECT),
            *CONTROLLER.unknown(["caller_permissions"], "the caller could not sign in"),
        ]
    signed_in = CONTROLLER.ok("caller_sign_in")
    if is_persons(claims):
        return [*signed_in, *of_persons.judge(claims, needed, applications)]
    missing = lacking(needed, claims.get("roles") or [])
    if not missing:
        return [*signed_in, *CONTROLLER.ok("caller_permissions")]
    told = "; ".join(f"{name} ({why})" for name, why in missing.items())
    return [*signed_in, *CONTROLLER.cross(
        "caller_permissions", f"The caller lacks {told}.",
        "Run mailops.modern_auth.bootstrap, or grant them as application permissions of Microsoft Graph with admin "
        "consent.",
    )]


async def application(
    graph: GraphClient, options: Mapping[str, Any], case: Case, due_within: timedelta
) -> Seen:
    """Everything that Entra ID knows of an application, compared with its plan and with the store.

    :param options: the connection's.
    :raises ModernAuthError: it could not be read.
    """
    subject, wanted, entry = case.subject, case.wanted, case.entry or {}
    found = await entra.find(graph, wanted, entry.get("client_id"))
    if found is None:
        return Seen([
            *subject.cross("registration", f"{wanted['unique_name']} is not registered in the tenant.", _SET_UP),
            *subject.unknown(sorted(CHECKS - {"registration"}), _NEEDS_APPLICATION),
        ], entity={})
    client_id = str(found["appId"])
    permissions = entra.declared(wanted)
    state, enabled, reading = await asyncio.gather(
        consent.read(
            graph, client_id, resources=resource_names(permissions), application=found,
            delegated=wanted["exclusive"] or any(one["delegated"] for one in permissions),
        ),
        credentials.enabled(graph, [client_id]), credentials.read(graph, [client_id]),
    )
    others = await consent.read_resources(graph, state) if wanted["exclusive"] else []
    findings = [
        *_registration(subject, wanted, found), *_principal(subject, enabled[client_id.lower()]),
        *_permissions(subject, wanted, state, others),
    ]
    if wanted["credential"] == "client_secret":
        findings += _secret(subject, credentials.told(reading, due_within)["applications"], entry, client_id)
        usable = all(one.state == "ok" for one in findings if one.check in ("service_principal", "secret"))
        findings += await _token(case, options, client_id, consent.granted_by_name(state)) if usable else (
            subject.unknown(["token"], "the application cannot sign in as it is")
        )
    return Seen(findings, client_id, None if state.principal is None else str(state.principal["id"]), found)


async def mailboxes(
    graph: GraphClient, wanted: Mapping[str, tuple[Subject, str]]
) -> dict[str, list[Finding]]:
    """Whether each mailbox is one, for which its user needs a licence.

    :param wanted: by address: the subject, and what the mailbox is to a plan: mailboxes, users, foreign or reader.
    :raises ModernAuthError: users could not be read.
    """
    found = await users.look_up(graph, list(wanted))
    nothing: dict[str, Any] = {"mailboxes": [], "users": [], "foreign": None, "reader": None}
    told: dict[str, list[Finding]] = {}
    for address, (subject, role) in wanted.items():
        named = {role: [address] if role in ("mailboxes", "users") else address}
        verdict = judge({**nothing, **named}, found)
        if verdict["failed"]:
            told[address] = subject.cross("licence", *parts(verdict))
        elif found[address] is None:
            told[address] = subject.unknown(
                ["licence"], "no user has it as principal name or primary address; it may be an alias"
            )
        else:
            told[address] = subject.ok("licence")
    return told


def is_forbidden(error: ModernAuthError) -> bool:
    """Whether it was the caller who may not look."""
    return isinstance(error, GraphError) and error.status == users.FORBIDDEN


def _registration(subject: Subject, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[Finding]:
    missing = [
        uri for platform, uris in wanted.get("redirect_uris", {}).items() for uri in uris
        if uri not in (found.get(_PLATFORMS[platform]) or {}).get("redirectUris", [])
    ]
    if missing:
        return subject.cross("registration", f"It does not have the redirect URI {', '.join(missing)}.", _SET_UP)
    return subject.ok("registration")


def _principal(subject: Subject, enabled: bool | None) -> list[Finding]:
    if enabled:
        return subject.ok("service_principal")
    if enabled is None:
        return subject.cross("service_principal", "It has no service principal in the tenant.", _SET_UP)
    return subject.cross(
        "service_principal", "Its service principal is disabled, so that it gets no token.",
        "Enable it: Entra admin center, Enterprise applications, the application, Properties, Enabled for users to "
        "sign in.",
    )


def _permissions(
    subject: Subject, wanted: Mapping[str, Any], state: consent.Consent, others: Sequence[Any]
) -> list[Finding]:
    change = consent.plan(state, entra.declared(wanted), granted=True, purge=wanted["exclusive"])
    missing = [one.permission for one in change.assign]
    held = {name: set(str(one["scope"]).split()) for one in state.grants for name in [one["resourceId"]]}
    missing += [
        name for one in change.scopes for name in one.names if name not in held.get(one.resource_id, set())
    ]
    if missing:
        return subject.cross("permissions", f"It is not granted {', '.join(missing)}.", _SET_UP)
    if change.unassign:
        gone = {one["id"] for one in change.unassign}
        extra = consent.Consent(
            state.app_id, state.name, state.application, state.principal,
            [one for one in state.assignments if one["id"] in gone], (), state.resources,
        )
        names = [name for one in consent.granted_by_name(extra, others) for name in one["application"]]
        return subject.cross(
            "permissions", f"It is granted {', '.join(names)} for every mailbox, which defeats its scope.", _SET_UP
        )
    return subject.ok("permissions")


def _secret(
    subject: Subject, found: Sequence[Mapping[str, Any]], entry: Entry, client_id: str
) -> list[Finding]:
    current = entry.get("current")
    if current is None:
        return subject.unknown(["secret"], "the store holds none")
    known = [one for application in found for one in application["credentials"] if one["key_id"] == current["key_id"]]
    if entry.get("client_id") != client_id or not known:
        return subject.cross(
            "secret", f"The application has no secret {current['key_id']}, which is the one in the store.", _SET_UP
        )
    if known[0]["status"] != "ok":
        how = "has expired" if known[0]["status"] == "expired" else "ends soon"
        return subject.cross(
            "secret", f"Its secret {how} ({known[0]['end']}).", "Run mailops.modern_auth.rotate_secrets."
        )
    return subject.ok("secret")


async def _token(
    case: Case, options: Mapping[str, Any], client_id: str, granted: Sequence[Mapping[str, Any]]
) -> list[Finding]:
    """A token with the stored secret, for each resource, and whether it has the roles that Entra says are granted."""
    cloud = cloud_from(options)
    secret = (case.entry or {})["current"]["secret_text"]
    own = {
        **dict.fromkeys(options), **{name: options[name] for name in _WHERE},
        "auth_source": "client_secret", "client_id": client_id, "client_secret": secret,
    }
    names = {one["resource"]: set(one["application"]) for one in case.wanted["permissions"] if one["application"]}
    held = {one["resource"]: set(one["application"]) for one in granted}
    try:
        for resource in names or {"": set()}:
            scope = cloud.outlook_scope if resource == EXCHANGE else cloud.graph_scope
            proof = await tokens.prove(_auth.token_source(own), scope, 0)
            roles = set(claims_of(proof.token).get("roles", ()))
            absent = names.get(resource, set()) & held.get(resource, set()) - roles
            if absent:
                return case.subject.cross(
                    "token", f"Entra says that it is granted {', '.join(sorted(absent))}, and a new token has not.",
                    "Wait some minutes; then revoke the permission and grant it again.",
                )
    except ModernAuthError as error:
        return case.subject.error("token", error)
    return case.subject.ok("token")


#: What of a connection says where the services are, and not who signs in.
_WHERE = frozenset(ENDPOINTS) - {"token_cache"} | {"tenant_id"}
