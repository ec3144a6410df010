"""The Entra modules in bad weather: throttling, outages, cut connections, replicas that trail."""

from __future__ import annotations

from typing import Any

import pytest
from module_runner import Modules
from sandbox_fixture import RunningSandbox

PERMISSIONS = [
    {"resource": "Microsoft Graph", "application": ["Mail.Send", "Mail.Read"], "delegated": ["User.Read"]},
    {"resource": "Office 365 Exchange Online", "application": ["IMAP.AccessAsApp"]},
]
THROTTLE = {"kind": "throttle", "retry_after": "0.128"}
WEATHER: dict[str, list[dict[str, Any]]] = {
    "throttled": [{**THROTTLE, "rate": 0.3, "seed": 1}],
    "cut": [
        {"kind": "disconnect", "rate": 0.2, "seed": 3}, {"kind": "disconnect", "when": "after", "rate": 0.2, "seed": 4},
    ],
    "trailing": [{"kind": "replication_lag", "seconds": 5, "rate": 0.5, "seed": 5}],
    "all": [
        {**THROTTLE, "rate": 0.1, "seed": 6}, {"kind": "unavailable", "rate": 0.1, "seed": 7},
        {"kind": "unavailable", "when": "after", "rate": 0.1, "seed": 8},
        {"kind": "disconnect", "when": "after", "rate": 0.1, "seed": 9},
        {"kind": "replication_lag", "seconds": 5, "rate": 0.4, "seed": 10},
    ],
}


@pytest.fixture
def modules(clean: RunningSandbox) -> Modules:
    return Modules(clean)


def setup(modules: Modules, **secret: Any) -> dict[str, Any]:
    """What a play does for one application."""
    made = modules.ok(
        "entra_application", unique_name="contracts-mail", display_name="Contracts mail", permissions=PERMISSIONS
    )
    app_id = made["application"]["app_id"]
    modules.ok("entra_admin_consent", app_id=app_id, permissions=PERMISSIONS)
    return modules.ok("entra_application_secret", app_id=app_id, **secret)


@pytest.mark.parametrize("weather", WEATHER)
def test_ends_in_the_same_state_without_duplicates(modules: Modules, weather: str) -> None:
    for fault in WEATHER[weather]:
        modules.sandbox.control("POST", "/faults", {"face": "graph", **fault})
    first = setup(modules)
    key_id = first["secret"]["key_id"]
    setup(modules, key_id=key_id, known_key_ids=[key_id])
    modules.sandbox.control("DELETE", "/faults")

    (application,) = modules.objects("applications", displayName="Contracts mail")
    assert [one["keyId"] for one in application["passwordCredentials"]] == [key_id]
    assert {len(entry["resourceAccess"]) for entry in application["requiredResourceAccess"]} == {3, 1}
    (principal,) = modules.objects("service_principals", appId=application["appId"])
    assert len(modules.objects("app_role_assignments", principalId=principal["id"])) == 3
    (grant,) = modules.objects("oauth2_permission_grants", clientId=principal["id"])
    assert grant["scope"] == "User.Read"


@pytest.mark.parametrize("lag", [0.0, 5.0])
def test_deleting_and_making_it_again_restores_it(modules: Modules, lag: float) -> None:
    made = modules.ok("entra_application", unique_name="contracts-mail", display_name="Contracts mail")["application"]
    modules.ok("entra_admin_consent", app_id=made["app_id"])
    modules.ok("entra_application", unique_name="contracts-mail", state="absent")
    if lag:
        modules.sandbox.control("POST", "/faults", {
            "face": "graph", "kind": "replication_lag", "seconds": lag, "path": "deletedItems", "count": 2,
        })
    again = modules.ok("entra_application", unique_name="contracts-mail", display_name="Contracts mail")
    assert again["application"]["object_id"] == made["object_id"]
    assert len(modules.objects("applications", displayName="Contracts mail")) == 1
    assert len(modules.objects("service_principals", appId=made["app_id"])) == 1
    assert modules.tenant()["deleted_items"] == {}


def test_signing_in_survives_throttling_and_cut_connections(modules: Modules) -> None:
    for fault in ({**THROTTLE, "count": 2}, {"kind": "disconnect", "count": 2}, {"kind": "unavailable", "count": 2}):
        modules.sandbox.control("POST", "/faults", {"face": "identity", **fault})
    assert modules.ok("entra_application_info", unique_name="nobody")["applications"] == []
