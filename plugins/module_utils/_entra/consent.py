# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Admin consent: a service principal, its app role assignments, and one delegated grant per resource for all users.

https://learn.microsoft.com/graph/permissions-grant-via-msgraph
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import (
    APPLICATION,
    DELEGATED,
    Resource,
    resource_from,
    resource_request,
    resource_request_by_object_id,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.replication import (
    is_already_there,
    is_waiting_for_application,
    is_waiting_for_principal,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ConflictError,
    GraphError,
    InputError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import (
    Answer,
    Entity,
    Request,
    graph_error,
    quoted,
)

READ = "Application.Read.All"
READ_GRANTS = "DelegatedPermissionGrant.Read.All or Directory.Read.All"
CREATE_PRINCIPAL = "Application.ReadWrite.OwnedBy (for applications that the caller owns) or Application.ReadWrite.All"
ASSIGN = "AppRoleAssignment.ReadWrite.All together with Application.Read.All"
UNASSIGN = "AppRoleAssignment.ReadWrite.All"
WRITE_GRANTS = "DelegatedPermissionGrant.ReadWrite.All"

#: Makes the service principal appear among the portal's enterprise applications.
PORTAL_TAG = "WindowsAzureActiveDirectoryIntegratedApp"
#: Seconds that an application made a moment ago is given to become the base of a service principal.
PATIENCE_FOR_APPLICATION = 60.0


@dataclass(frozen=True)
class Consent:
    """What an application was granted, as one batch of reads tells it.

    :param name: how messages call the application.
    :param application: its registration in this tenant; None for another tenant's application.
    :param assignments: the app role assignments that the service principal holds.
    :param grants: the delegated grants for all users (AllPrincipals); read only where delegated permissions matter.
    :param resources: the resources whose permissions are wanted, by the name that the option uses.
    """

    app_id: str
    name: str
    application: Entity | None
    principal: Entity | None
    assignments: Sequence[Entity] = ()
    grants: Sequence[Entity] = ()
    resources: Mapping[str, Resource] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """An application permission to grant."""

    resource: Resource
    permission: str
    role_id: str


@dataclass(frozen=True)
class Scopes:
    """The delegated permissions that a resource's grant shall have; none revokes the grant.

    :param grant: the grant that there is, or None.
    """

    resource_id: str
    resource_name: str
    grant: Entity | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """What separates the consent that there is from the one that is wanted."""

    create_principal: bool = False
    assign: Sequence[Assignment] = ()
    unassign: Sequence[Entity] = ()
    scopes: Sequence[Scopes] = ()

    def __bool__(self) -> bool:
        return bool(self.create_principal or self.assign or self.unassign or self.scopes)


async def read(
    graph: GraphClient, app_id: str, *, resources: Iterable[str] = (), delegated: bool = False,
    application: Entity | None = None, known: Mapping[str, Resource] | None = None,
) -> Consent:
    """Read what the application was granted and what the resources offer, in one batch.

    Its service principal is read only if it holds no assignment that tells of it.

    :param delegated: whether delegated grants matter; reading them takes a permission of its own.
    :param application: its registration, if it was read already.
    :param known: resources that were read already, by name.
    :raises InputError: for an unknown resource.
    """
    path = f"/servicePrincipals(appId={quoted(app_id)})"
    requests = {"assignments": Request("GET", f"{path}/appRoleAssignments", f"read what {app_id} was granted", READ)}
    if application is None:
        requests["application"] = _get_application(app_id)
    if delegated:
        requests["grants"] = Request(
            "GET", f"{path}/oauth2PermissionGrants", f"read the delegated grants of {app_id}", READ_GRANTS
        )
    unread = [name for name in resources if name not in (known or {})]
    requests |= {f"resource {name}": resource_request(name) for name in unread}
    answers = dict(zip(requests, await graph.batch(list(requests.values())), strict=True))
    registration = application or answers["application"].found()
    assignments = await _pages(graph, answers["assignments"])
    principal = None
    if assignments:
        [one, *_others] = assignments
        principal = {"id": one["principalId"], "appId": app_id, "displayName": one["principalDisplayName"]}
    elif answers["assignments"].status != 404:
        principal = (await graph.send(_get_principal(app_id, app_id))).found()
    grants = await _pages(graph, answers.get("grants"))
    return Consent(
        app_id, f'"{(registration or principal or {}).get("displayName", app_id)}"', registration, principal,
        assignments, [grant for grant in grants if grant["consentType"] == "AllPrincipals"],
        {**(known or {}), **{name: resource_from(name, answers[f"resource {name}"]) for name in unread}},
    )


async def look_up(graph: GraphClient, app_id: str) -> Consent:
    """The application and its service principal, whatever that was granted, in one batch."""
    application, principal = (
        answer.found() for answer in await graph.batch([_get_application(app_id), _get_principal(app_id, app_id)])
    )
    return Consent(
        app_id, f'"{(application or principal or {}).get("displayName", app_id)}"', application, principal
    )


def plan(consent: Consent, permissions: Sequence[Mapping[str, Any]], *, granted: bool, purge: bool) -> Change:
    """What to change. Pure.

    :param permissions: the option's value.
    :param granted: whether the permissions shall be granted, or revoked.
    :param purge: whether all others shall be revoked; together with ``granted=False`` simply all.
    :raises InputError: for an unknown permission.
    """
    roles: dict[tuple[str, str], Assignment] = {}
    scopes: dict[str, tuple[Resource, list[str]]] = {}
    for entry in permissions:
        resource = consent.resources[entry["resource"]]
        for name, role_id in resource.resolve(APPLICATION, entry[APPLICATION]).items():
            roles[resource.object_id, role_id] = Assignment(resource, name, role_id)
        names = list(resource.resolve(DELEGATED, entry[DELEGATED]))
        if names:
            scopes.setdefault(resource.object_id, (resource, []))[1].extend(names)
    held = {(one["resourceId"], one["appRoleId"]): one for one in consent.assignments}
    if granted:
        assign = [one for key, one in roles.items() if key not in held]
        unassign = [one for key, one in held.items() if purge and key not in roles]
    else:
        assign = []
        unassign = [one for key, one in held.items() if purge or key in roles]
    return Change(
        consent.principal is None and granted, assign, unassign, _plan_scopes(consent, scopes, granted, purge)
    )


def predicted(consent: Consent, change: Change) -> Consent:
    """The consent as it will be after the change. Pure."""
    revoked = {one["id"] for one in change.unassign}
    touched = {one.resource_id for one in change.scopes}
    return replace(
        consent,
        principal=consent.principal or ({"id": None, "appId": consent.app_id} if change.create_principal else None),
        assignments=[one for one in consent.assignments if one["id"] not in revoked] + [
            {
                "resourceId": one.resource.object_id, "resourceDisplayName": one.resource.name,
                "appRoleId": one.role_id,
            }
            for one in change.assign
        ],
        grants=[one for one in consent.grants if one["resourceId"] not in touched] + [
            {"resourceId": one.resource_id, "scope": " ".join(one.names)} for one in change.scopes if one.names
        ],
    )


def granted_by_name(consent: Consent, others: Iterable[Resource] = ()) -> list[Entity]:
    """What is granted, in the shape of the option. Roles of a resource that was not read are shown by id. Pure.

    :param others: further resources that were read.
    """
    known = {resource.object_id: resource for resource in (*consent.resources.values(), *others)}
    names = {one["resourceId"]: one.get("resourceDisplayName") or one["resourceId"] for one in consent.assignments}
    result: dict[str, Entity] = {}

    def entry(resource_id: str) -> Entity:
        resource = known.get(resource_id)
        name = resource.name if resource else names.get(resource_id, resource_id)
        return result.setdefault(resource_id, {"resource": name, APPLICATION: [], DELEGATED: []})

    for one in consent.assignments:
        resource = known.get(one["resourceId"])
        role = resource.name_of(APPLICATION, one["appRoleId"]) if resource else one["appRoleId"]
        entry(one["resourceId"])[APPLICATION].append(role)
    for one in consent.grants:
        entry(one["resourceId"])[DELEGATED] += one["scope"].split()
    for found in result.values():
        found[APPLICATION].sort()
        found[DELEGATED].sort()
    return sorted(result.values(), key=lambda found: str(found["resource"]))


def shown_principal(consent: Consent) -> Entity | None:
    """The service principal as modules return it. Pure."""
    principal = consent.principal
    return principal and {"object_id": principal["id"], "app_id": principal["appId"]}


async def read_resources(graph: GraphClient, consent: Consent) -> list[Resource]:
    """The further resources on which something is granted, so that it can be shown by name."""
    known = {resource.object_id for resource in consent.resources.values()}
    granted_on = dict.fromkeys(one["resourceId"] for one in (*consent.assignments, *consent.grants))
    ids = [resource_id for resource_id in granted_on if resource_id not in known]
    answers = await graph.batch([resource_request_by_object_id(resource_id) for resource_id in ids])
    return [resource_from(resource_id, answer) for resource_id, answer in zip(ids, answers, strict=True)]


async def apply(
    graph: GraphClient, consent: Consent, remaining: Callable[[Consent], Change], *, delegated: bool
) -> Consent:
    """Make the changes that remain, and wait until a replica shows that none does.

    :param remaining: tells what still has to change.
    :returns: the consent as it is afterwards.
    """
    change = remaining(consent)
    principal = consent.principal
    if principal is None:
        principal = await _create_principal(graph, consent)
    await _send_all(graph, _writes(consent, principal, change))

    async def look() -> Consent:
        # What the resources offer has not changed, so that it need not be read again.
        seen = await read(graph, consent.app_id, delegated=delegated, application=consent.application)
        return replace(seen, resources=consent.resources)

    seen = await graph.wait_until(look, lambda now: not remaining(now))
    if remaining(seen):
        raise GraphError(
            f"Microsoft Graph accepted the consent for {consent.name}, but does not show it after two minutes.",
            status=0, remedy="Run again; what is granted already is left alone.",
        )
    return seen


def _plan_scopes(
    consent: Consent, wanted: Mapping[str, tuple[Resource, list[str]]], granted: bool, purge: bool
) -> list[Scopes]:
    there = {grant["resourceId"]: grant for grant in consent.grants}
    result = []
    for resource_id in dict.fromkeys((*there, *wanted)):
        grant = there.get(resource_id)
        before = grant["scope"].split() if grant else []
        resource, named = wanted.get(resource_id, (None, []))
        if granted:
            after = named if purge else [*before, *named]
        else:
            after = [] if purge else [name for name in before if name not in named]
        if set(after) != set(before):
            name = resource.name if resource else resource_id
            result.append(Scopes(resource_id, name, grant, tuple(dict.fromkeys(after))))
    return result


async def _create_principal(graph: GraphClient, consent: Consent) -> Entity:
    create = Request(
        "POST", "/servicePrincipals", f"create the service principal of {consent.name}", CREATE_PRINCIPAL,
        body={"appId": consent.app_id, "tags": [PORTAL_TAG]}, repeatable=True,
    )
    answer = await graph.wait_until(
        lambda: graph.send(create), lambda seen: not is_waiting_for_application(seen), PATIENCE_FOR_APPLICATION
    )
    if is_waiting_for_application(answer) and consent.application is None:
        raise InputError(
            f"There is no application {consent.app_id} in the tenant, so it can have no service principal.",
            remedy="Check app_id, which is the application (client) id and not an object id, and tenant_id.",
        )
    if answer.status >= 400 and isinstance(graph_error(answer), ConflictError):
        # It was there, or the answer to a first attempt got lost; the replica that was read did not know it yet.
        find = _get_principal(consent.app_id, consent.name)
        answer = await graph.wait_until(lambda: graph.send(find), lambda seen: seen.found() is not None)
    return answer.entity()


def _get_application(app_id: str) -> Request:
    return Request(
        "GET", f"/applications(appId={quoted(app_id)})?$select=id,appId,displayName", f"read the application {app_id}",
        READ,
    )


def _get_principal(app_id: str, name: str) -> Request:
    return Request(
        "GET", f"/servicePrincipals(appId={quoted(app_id)})?$select=id,appId,displayName",
        f"read the service principal of {name}", READ,
    )


def _writes(consent: Consent, principal: Mapping[str, Any], change: Change) -> list[Request]:
    assignments = f"/servicePrincipals/{principal['id']}/appRoleAssignments"
    writes = [
        Request(
            "POST", assignments, f"grant {one.permission} (application) on {one.resource.name} to {consent.name}",
            ASSIGN, repeatable=True,
            body={"principalId": principal["id"], "resourceId": one.resource.object_id, "appRoleId": one.role_id},
        )
        for one in change.assign
    ]
    writes += [
        Request(
            "DELETE", f"{assignments}/{one['id']}",
            f"revoke an application permission on {one.get('resourceDisplayName')} from {consent.name}", UNASSIGN,
        )
        for one in change.unassign
    ]
    return writes + [_write_scopes(consent, principal, one) for one in change.scopes]


def _write_scopes(consent: Consent, principal: Mapping[str, Any], scopes: Scopes) -> Request:
    what = f"the delegated permissions on {scopes.resource_name}"
    scope = " ".join(scopes.names)
    if scopes.grant is None:
        body = {
            "clientId": principal["id"], "consentType": "AllPrincipals", "resourceId": scopes.resource_id,
            "scope": scope,
        }
        return Request(
            "POST", "/oauth2PermissionGrants", f"grant {what} to {consent.name}", WRITE_GRANTS, body, repeatable=True
        )
    path = f"/oauth2PermissionGrants/{scopes.grant['id']}"
    if scopes.names:
        return Request("PATCH", path, f"change {what} of {consent.name}", WRITE_GRANTS, {"scope": scope})
    return Request("DELETE", path, f"revoke {what} from {consent.name}", WRITE_GRANTS)


async def _send_all(graph: GraphClient, writes: Sequence[Request]) -> None:
    waiting = list(writes)

    async def attempt() -> list[Answer]:
        nonlocal waiting
        answers = await graph.batch(waiting)
        refused = [answer for answer in answers if is_waiting_for_principal(answer)]
        for answer in answers:
            if answer not in refused and not is_already_there(answer):
                answer.ok()
        waiting = [answer.request for answer in refused]
        return refused

    for answer in await graph.wait_until(attempt, lambda seen: not seen):
        # What cannot be found for so long is no longer there, which is what a revocation wants.
        if answer.request.method != "DELETE":
            answer.ok()


async def _pages(graph: GraphClient, first: Answer | None) -> list[Entity]:
    return [] if first is None or first.status == 404 else await graph.pages(first)
