"""Permissions by name."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import (
    WELL_KNOWN,
    Resource,
    access_by_name,
    access_set,
    required_access,
    resource_from,
    resource_request,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, NotFoundError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer
from hypothesis import given
from hypothesis import strategies as st

ENTITY: dict[str, Any] = {
    "id": "sp-graph", "appId": WELL_KNOWN["Microsoft Graph"], "displayName": "Microsoft Graph",
    "appRoles": [
        {"id": "r1", "value": "Mail.Send", "isEnabled": True, "allowedMemberTypes": ["Application"]},
        {"id": "r2", "value": "Mail.Read", "isEnabled": True, "allowedMemberTypes": ["Application"]},
        {"id": "r3", "value": "Old.Role", "isEnabled": False, "allowedMemberTypes": ["Application"]},
        {"id": "r4", "value": "People.Only", "isEnabled": True, "allowedMemberTypes": ["User"]},
        {"id": "r5", "value": None, "isEnabled": True, "allowedMemberTypes": ["Application"]},
    ],
    "oauth2PermissionScopes": [
        {"id": "s1", "value": "Mail.Send", "isEnabled": True}, {"id": "s2", "value": "User.Read", "isEnabled": True},
    ],
}


def graph() -> Resource:
    return resource_from("Microsoft Graph", answer(ENTITY))


def answer(body: dict[str, Any], status: int = 200) -> Answer:
    return Answer(resource_request("Microsoft Graph"), status, {}, body)


def wanted(application: list[str], delegated: list[str], resource: str = "Microsoft Graph") -> dict[str, Any]:
    return {"resource": resource, "application": application, "delegated": delegated}


def test_resolves_each_kind_for_itself() -> None:
    assert graph().resolve("application", ["Mail.Send"]) == {"Mail.Send": "r1"}
    assert graph().resolve("delegated", ["Mail.Send", "Mail.Send"]) == {"Mail.Send": "s1"}


@pytest.mark.parametrize("name", ["Old.Role", "People.Only"])
def test_what_nobody_can_be_granted_is_not_offered(name: str) -> None:
    with pytest.raises(InputError, match=f"Microsoft Graph has no application permission {name}"):
        graph().resolve("application", [name])


@pytest.mark.parametrize(("kind", "name", "remedy"), [
    ("application", "mail.send", "Nearest: Mail.Send"),
    ("application", "Mial.Send", "Nearest: Mail.Send"),
    ("application", "User.Read", "name it under delegated"),
    ("delegated", "Mail.Read", "name it under application"),
    ("application", "zzz", "permission reference"),
])
def test_unknown_names_come_with_a_hint(kind: str, name: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        graph().resolve(kind, [name])
    assert remedy in str(caught.value.remedy)


@pytest.mark.parametrize(("resource", "path"), [
    ("Microsoft Graph", "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?"),
    ("Office 365 Exchange Online", "/servicePrincipals(appId='00000002-0000-0ff1-ce00-000000000000')?"),
    ("aaaaaaaa-0000-0000-0000-00000000000A", "/servicePrincipals(appId='aaaaaaaa-0000-0000-0000-00000000000A')?"),
    ("Bob's API", "/servicePrincipals?$filter=displayName%20eq%20'Bob''s%20API'&"),
])
def test_a_resource_is_addressed_by_id_where_one_is_known(resource: str, path: str) -> None:
    assert resource_request(resource).path.startswith(path)


def test_a_resource_has_to_be_there_once() -> None:
    with pytest.raises(InputError, match="no service principal of the resource Bob"):
        resource_from("Bob", answer({"value": []}))
    with pytest.raises(InputError, match="no service principal of the resource Microsoft Graph"):
        resource_from("Microsoft Graph", answer({}, 404))
    with pytest.raises(InputError, match="2 resources named Bob") as caught:
        resource_from("Bob", answer({"value": [{"id": "1", "appId": "a-1"}, {"id": "2", "appId": "a-2"}]}))
    assert "a-1, a-2" in str(caught.value.remedy)


def test_other_errors_are_not_taken_for_absence() -> None:
    with pytest.raises(NotFoundError):
        answer({}, 404).ok()
    with pytest.raises(Exception, match="Could not read the permissions that Microsoft Graph offers"):
        resource_from("Microsoft Graph", answer({}, 403))


CURRENT = [
    {"resourceAppId": "other", "resourceAccess": [{"id": "x", "type": "Role"}]},
    {"resourceAppId": WELL_KNOWN["Microsoft Graph"], "resourceAccess": [{"id": "R2", "type": "Role"}]},
]


def test_a_named_resource_is_set_exactly_and_others_stay() -> None:
    access = required_access(CURRENT, [wanted(["Mail.Send"], ["User.Read"])], {"Microsoft Graph": graph()})
    assert access_set(access) == {
        ("other", "x", "Role"), (WELL_KNOWN["Microsoft Graph"], "r1", "Role"),
        (WELL_KNOWN["Microsoft Graph"], "s2", "Scope"),
    }


def test_an_empty_wish_takes_the_resource_away() -> None:
    access = required_access(CURRENT, [wanted([], [])], {"Microsoft Graph": graph()})
    assert access == CURRENT[:1]


def test_a_resource_may_be_named_twice() -> None:
    identifier = WELL_KNOWN["Microsoft Graph"]
    access = required_access(
        [], [wanted(["Mail.Send"], []), wanted(["Mail.Read"], [], identifier)],
        {"Microsoft Graph": graph(), identifier: graph()},
    )
    assert access_set(access) == {(identifier, "r1", "Role"), (identifier, "r2", "Role")}


@given(st.sets(st.sampled_from(["Mail.Send", "Mail.Read"])), st.sets(st.sampled_from(["Mail.Send", "User.Read"])))
def test_names_survive_the_way_there_and_back(application: set[str], delegated: set[str]) -> None:
    permissions = [wanted(sorted(application), sorted(delegated))]
    access = required_access([], permissions, {"Microsoft Graph": graph()})
    assert access_by_name(access, [graph()]) == (permissions if application or delegated else [])


def test_unknown_ids_and_resources_are_shown_as_they_are() -> None:
    access = [
        {"resourceAppId": WELL_KNOWN["Microsoft Graph"], "resourceAccess": [{"id": "gone", "type": "Role"}]},
        {"resourceAppId": WELL_KNOWN["Office 365 Exchange Online"], "resourceAccess": [{"id": "e", "type": "Scope"}]},
        {"resourceAppId": "a-3", "resourceAccess": [{"id": "x", "type": "Role"}]},
    ]
    assert access_by_name(access, [graph()]) == [
        wanted(["gone"], []), wanted([], ["e"], "Office 365 Exchange Online"), wanted(["x"], [], "a-3"),
    ]
