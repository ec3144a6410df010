# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which Conditional Access policies block mail clients of old, and whom they spare."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.identity_policies import blocking


def policy(**conditions: Any) -> dict[str, Any]:
    """A policy as Microsoft's page makes one."""
    return {
        "displayName": "Block", "state": "enabled",
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
        "conditions": {
            "clientAppTypes": ["exchangeActiveSync", "other"], "platforms": None, "locations": None,
            "signInRiskLevels": [], "applications": {"includeApplications": ["All"], "excludeApplications": []},
            "users": {"includeUsers": ["All"], "excludeUsers": [], "excludeGroups": []}, **conditions,
        },
    }


def test_one_for_everybody() -> None:
    assert blocking([policy()]) == [{"name": "Block", "state": "enabled", "everybody": True}]


@pytest.mark.parametrize("conditions", [
    {"users": {"includeUsers": ["All"], "excludeUsers": ["11111111-1111-4111-8111-111111111111"]}},
    {"users": {"includeUsers": ["All"], "excludeGuestsOrExternalUsers": {"externalTenants": {}}}},
    {"users": {"includeUsers": [], "includeGroups": ["22222222-2222-4222-8222-222222222222"]}},
    {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
    {"applications": {"includeApplications": ["All"], "excludeApplications": ["Office365"]}},
    {"insiderRiskLevels": "elevated"},
])
def test_one_that_spares_somebody(conditions: dict[str, Any]) -> None:
    assert [one["everybody"] for one in blocking([policy(**conditions)])] == [False]


@pytest.mark.parametrize("other", [
    {**policy(), "state": "disabled"},
    {**policy(), "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}},
    {**policy(), "grantControls": None},
    policy(clientAppTypes=["all"]),
    policy(clientAppTypes=["browser", "mobileAppsAndDesktopClients"]),
    policy(applications={"includeApplications": ["797f4846-ba00-4fd7-ba43-dac1f8f63013"]}),
])
def test_others_are_left_out(other: dict[str, Any]) -> None:
    assert blocking([other]) == []
