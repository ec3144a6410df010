# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Permissions by name. What a resource offers is read from its service principal, never from a list. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Entity, Request, quoted

#: Resources that are the same in every tenant: https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
WELL_KNOWN = {
    "Microsoft Graph": "00000003-0000-0000-c000-000000000000",
    "Office 365 Exchange Online": "00000002-0000-0ff1-ce00-000000000000",
}
READ_DIRECTORY = "Application.Read.All"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

#: The two kinds, as this collection names them, as requiredResourceAccess names them, and as people say them.
APPLICATION, DELEGATED = "application", "delegated"
ACCESS_TYPES = {APPLICATION: "Role", DELEGATED: "Scope"}
_SELECT = "$select=id,appId,displayName,appRoles,oauth2PermissionScopes"

PERMISSIONS_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "resource": {"required": True},
        "application": {"type": "list", "elements": "str", "default": []},
        "delegated": {"type": "list", "elements": "str", "default": []},
    },
}


@dataclass(frozen=True)
class Resource:
    """A resource and the permissions that it offers.

    :param permissions: kind -> name -> id, of the enabled ones.
    """

    object_id: str
    app_id: str
    name: str
    permissions: Mapping[str, Mapping[str, str]]

    def resolve(self, kind: str, names: Iterable[str]) -> dict[str, str]:
        """The ids by name.

        :raises InputError: for a name that the resource does not offer, with the nearest ones.
        """
        offered = self.permissions[kind]
        names = list(dict.fromkeys(names))
        for name in names:
            if name not in offered:
                raise self._unknown(kind, name)
        return {name: offered[name] for name in names}

    def name_of(self, kind: str, identifier: str) -> str:
        """The permission's name, or its id if the resource does not offer it (any more)."""
        return next((name for name, known in self.permissions[kind].items() if same_id(known, identifier)), identifier)

    def _unknown(self, kind: str, name: str) -> InputError:
        other = DELEGATED if kind == APPLICATION else APPLICATION
        by_lower_case = {known.lower(): known for known in self.permissions[kind]}
        matches = difflib.get_close_matches(name.lower(), by_lower_case, n=3)
        nearest = [by_lower_case[match] for match in matches]
        hints = []
        if name in self.permissions[other]:
            hints.append(f"It is a permission of the other kind: name it under {other}.")
        if nearest:
            hints.append(f"Nearest: {', '.join(nearest)}.")
        return InputError(
            f"{self.name} has no {kind} permission {name}.",
            remedy=" ".join(hints) or "Look the name up in the resource's permission reference.",
        )


def resource_request(resource: str) -> Request:
    """The request that reads a resource's service principal.

    :param resource: a well-known name, an application (client) id, or the display name of a service principal.
    """
    app_id = WELL_KNOWN.get(resource) or (resource if GUID.fullmatch(resource) else None)
    path = (
        f"/servicePrincipals(appId={quoted(app_id)})?{_SELECT}" if app_id
        else f"/servicePrincipals?$filter=displayName%20eq%20{quoted(resource)}&{_SELECT}"
    )
    return Request("GET", path, f"read the permissions that {resource} offers", READ_DIRECTORY)


def resource_request_by_object_id(object_id: str) -> Request:
    """The same for the object id of a resource's service principal."""
    return Request(
        "GET", f"/servicePrincipals/{object_id}?{_SELECT}", f"read the permissions that {object_id} offers",
        READ_DIRECTORY,
    )


def resource_from(resource: str, answer: Answer) -> Resource:
    """The resource of an answer to ``resource_request``.

    :raises InputError: if the tenant has no such resource, or several of that display name.
    """
    found = answer.found() or {}
    candidates: list[Entity] = found.get("value", [found] if found else [])
    if not candidates:
        raise InputError(
            f"The tenant has no service principal of the resource {resource}.",
            remedy="Check the name or application id; a Microsoft service appears with its licence.",
        )
    if len(candidates) > 1:
        listed = ", ".join(candidate["appId"] for candidate in candidates)
        raise InputError(
            f"The tenant has {len(candidates)} resources named {resource}.", remedy=f"Give one id of: {listed}."
        )
    entity = candidates[0]
    return Resource(
        entity["id"], entity["appId"], entity.get("displayName") or resource,
        {
            APPLICATION: {
                name: role["id"] for name, role in _offered(entity.get("appRoles"))
                if "Application" in role.get("allowedMemberTypes", [])
            },
            DELEGATED: {name: scope["id"] for name, scope in _offered(entity.get("oauth2PermissionScopes"))},
        },
    )


def _offered(permissions: Sequence[Mapping[str, Any]] | None) -> list[tuple[str, Mapping[str, Any]]]:
    return [(one["value"], one) for one in permissions or [] if one.get("value") and one.get("isEnabled", True)]


def required_access(
    current: Sequence[Mapping[str, Any]], permissions: Sequence[Mapping[str, Any]], resources: Mapping[str, Resource]
) -> list[Entity]:
    """The new requiredResourceAccess: exactly what is wanted of the resources named, everything else as it stands.

    :param permissions: the option's value: [{resource, application: [names], delegated: [names]}].
    :param resources: by the name that the option uses.
    :raises InputError: for an unknown permission.
    """
    wanted: dict[str, set[tuple[str, str]]] = {}
    for entry in permissions:
        resource = resources[entry["resource"]]
        accesses = wanted.setdefault(resource.app_id.lower(), set())
        for kind, access_type in ACCESS_TYPES.items():
            accesses |= {(identifier, access_type) for identifier in resource.resolve(kind, entry[kind]).values()}
    result = [dict(entry) for entry in current if entry["resourceAppId"].lower() not in wanted]
    for app_id, accesses in wanted.items():
        if accesses:
            ordered = [{"id": identifier, "type": access_type} for identifier, access_type in sorted(accesses)]
            result.append({"resourceAppId": app_id, "resourceAccess": ordered})
    return result


def access_set(access: Sequence[Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    """requiredResourceAccess in the form in which two are compared."""
    return {
        (entry["resourceAppId"].lower(), item["id"].lower(), item["type"])
        for entry in access for item in entry.get("resourceAccess", [])
    }


def access_by_name(access: Sequence[Mapping[str, Any]], resources: Iterable[Resource]) -> list[Entity]:
    """requiredResourceAccess with names, in the option's shape; what belongs to none of the resources keeps its ids."""
    by_app_id = {resource.app_id.lower(): resource for resource in resources}
    kinds = {access_type: kind for kind, access_type in ACCESS_TYPES.items()}
    result = []
    for entry in access:
        resource = by_app_id.get(entry["resourceAppId"].lower())
        names: dict[str, list[str]] = {APPLICATION: [], DELEGATED: []}
        for item in entry.get("resourceAccess", []):
            kind = kinds[item["type"]]
            names[kind].append(resource.name_of(kind, item["id"]) if resource else item["id"])
        result.append({
            "resource": resource.name if resource else _well_known_name(entry["resourceAppId"]),
            **{kind: sorted(found) for kind, found in names.items()},
        })
    return sorted(result, key=lambda entry: str(entry["resource"]))


def _well_known_name(app_id: str) -> str:
    return next((name for name, known in WELL_KNOWN.items() if same_id(known, app_id)), app_id)


def resource_names(permissions: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """The resources that an option names, each once."""
    return list(dict.fromkeys(entry["resource"] for entry in permissions or []))


def same_id(left: str, right: str) -> bool:
    """GUIDs are the same whatever the case of their letters."""
    return left.lower() == right.lower()
