"""What to change in a consent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.consent import (
    Consent,
    granted_by_name,
    plan,
    predicted,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import Resource
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from hypothesis import given
from hypothesis import strategies as st

ROLES = {"Mail.Send": "r1", "Mail.Read": "r2", "User.Read.All": "r3"}
SCOPES = {"User.Read": "s1", "Mail.Send": "s2", "openid": "s3"}
RESOURCES = {
    name: Resource(f"sp-{name}", f"app-{name}", name, {"application": ROLES, "delegated": SCOPES})
    for name in ("Graph", "Exchange")
}

NAMES = st.fixed_dictionaries({
    "resource": st.sampled_from(sorted(RESOURCES)),
    "application": st.lists(st.sampled_from(sorted(ROLES)), max_size=3),
    "delegated": st.lists(st.sampled_from(sorted(SCOPES)), max_size=3),
})
PERMISSIONS = st.lists(NAMES, max_size=3)


def consent(granted: list[dict[str, Any]], there: bool = True) -> Consent:
    """A consent in which the permissions are granted, and one on a resource that nobody names."""
    assignments = {
        (f"sp-{one['resource']}", ROLES[name]): one["resource"] for one in granted for name in one["application"]
    }
    scopes: dict[str, dict[str, None]] = {}
    for one in granted:
        if one["delegated"]:
            scopes.setdefault(f"sp-{one['resource']}", {}).update(dict.fromkeys(one["delegated"]))
    return Consent(
        "app", '"Mail"', {"id": "a"}, {"id": "sp", "appId": "app"} if there else None,
        [
            {"id": f"{resource_id}/{role_id}", "resourceId": resource_id, "appRoleId": role_id,
             "resourceDisplayName": name}
            for (resource_id, role_id), name in assignments.items()
        ] + [{"id": "else", "resourceId": "sp-Else", "appRoleId": "r9", "resourceDisplayName": "Else"}],
        [{"id": f"g-{key}", "resourceId": key, "scope": " ".join(names)} for key, names in scopes.items()],
        RESOURCES,
    )


def flat(state: Consent) -> set[tuple[str, str, str]]:
    return {
        (entry["resource"], kind, name)
        for entry in granted_by_name(state) for kind in ("application", "delegated") for name in entry[kind]
    }


def wanted(permissions: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {
        (entry["resource"], kind, name)
        for entry in permissions for kind in ("application", "delegated") for name in entry[kind]
    }


ELSE = {("Else", "application", "r9")}


@given(PERMISSIONS, PERMISSIONS, st.booleans(), st.booleans())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(
    before: list[dict[str, Any]], permissions: list[dict[str, Any]], granted: bool, purge: bool
) -> None:
    state = consent(before)
    after = predicted(state, plan(state, permissions, granted=granted, purge=purge))
    with_ids = [{"id": str(number), **one} for number, one in enumerate(after.assignments)]
    after = replace(after, assignments=with_ids)
    assert not plan(after, permissions, granted=granted, purge=purge)
    expected = {
        (True, False): flat(state) | wanted(permissions),
        (True, True): wanted(permissions),
        (False, False): flat(state) - wanted(permissions),
        (False, True): set(),
    }
    assert flat(after) == expected[granted, purge]


def test_a_missing_service_principal_is_created_to_grant_and_only_then() -> None:
    empty = Consent("app", '"Mail"', None, None, resources=RESOURCES)
    assert plan(empty, [], granted=True, purge=False).create_principal
    assert not plan(empty, [], granted=False, purge=True)


def test_scopes_keep_the_order_in_which_they_were_granted() -> None:
    state = consent([{"resource": "Graph", "application": [], "delegated": ["openid", "User.Read"]}])
    permissions = [{"resource": "Graph", "application": [], "delegated": ["Mail.Send", "User.Read"]}]
    (scopes,) = plan(state, permissions, granted=True, purge=False).scopes
    assert scopes.names == ("openid", "User.Read", "Mail.Send")
    assert scopes.grant is not None


def test_unknown_names_are_refused_when_revoking_too() -> None:
    permissions = [{"resource": "Graph", "application": ["Mail.Sned"], "delegated": []}]
    with pytest.raises(InputError, match=r"Mail\.Sned"):
        plan(consent([]), permissions, granted=False, purge=False)
