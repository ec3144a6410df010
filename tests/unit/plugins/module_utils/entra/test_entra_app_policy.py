"""What an app management policy makes of a lifetime."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.app_policy import (
    Allowed,
    allowed,
    decide,
    explained,
    in_force,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import (
    CERTIFICATE,
    SECRET,
    Kind,
    Registration,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Request
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def registration(kind: Kind = SECRET) -> Registration:
    return Registration(kind, "/applications/1", '"Mail"', [], NOW, CREATED)


def restriction(kind: str, longest: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "restrictionType": kind, "state": "enabled", "maxLifetime": longest,
        "restrictForAppsCreatedAfterDateTime": "2019-10-19T10:37:00Z", **more,
    }


def policy(*passwords: dict[str, Any], keys: Sequence[dict[str, Any]] = (), **more: Any) -> dict[str, Any]:
    return {
        "displayName": "Strict", "isEnabled": True,
        "restrictions": {"passwordCredentials": list(passwords), "keyCredentials": list(keys)}, **more,
    }


def default(*passwords: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "displayName": "Default", "isEnabled": True,
        "applicationRestrictions": {"passwordCredentials": list(passwords)},
        # A default policy has others for foreign applications, which are none of ours.
        "servicePrincipalRestrictions": {"passwordCredentials": [restriction("passwordAddition")]}, **more,
    }


def decided(
    *own: dict[str, Any], tenants: dict[str, Any] | None = None, seen: Registration | None = None,
    lifetime: timedelta = 180 * DAY, renew_within: timedelta = 30 * DAY,
) -> Allowed:
    """What these policies make of a lifetime."""
    seen = seen or registration()
    return decide(seen, in_force(seen, own, tenants or default()), lifetime, renew_within)


def test_without_restrictions_everything_is_allowed() -> None:
    assert decided() == Allowed(180 * DAY)
    assert decided(policy()) == Allowed(180 * DAY)


@given(
    longest=st.integers(2, 1000), lifetime=st.integers(2, 1000), renew_within=st.integers(1, 999),
)
def test_never_longer_than_allowed_or_asked_for(longest: int, lifetime: int, renew_within: int) -> None:
    strict = policy(restriction("passwordLifetime", f"P{longest}D"))
    asked_for = {"lifetime": lifetime * DAY, "renew_within": renew_within * DAY}
    if longest < lifetime and longest <= renew_within:
        with pytest.raises(InputError, match=r"renew_within: .*Strict"):
            decided(strict, **asked_for)
        return
    allows = decided(strict, **asked_for)
    assert allows.lifetime == min(longest, lifetime) * DAY
    assert bool(allows.warnings) is (longest < lifetime)
    assert all(warning.startswith("lifetime: ") and "Strict" in warning for warning in allows.warnings)


@pytest.mark.parametrize(("text", "length"), [
    ("P90D", 90 * DAY), ("P4DT12H30M5S", timedelta(days=4, hours=12, minutes=30, seconds=5)), ("PT36H", 1.5 * DAY),
    ("P1DT0.5S", DAY + timedelta(seconds=0.5)),
])
def test_lengths_as_graph_writes_them(text: str, length: timedelta) -> None:
    assert decided(policy(restriction("passwordLifetime", text)), renew_within=timedelta(hours=1)).lifetime == length


@given(st.text())
def test_a_length_that_cannot_be_read_is_left_to_graph(text: str) -> None:
    assert decided(policy(restriction("passwordLifetime", "?" + text))) == Allowed(180 * DAY)


@pytest.mark.parametrize("policies", [
    {"own": policy(restriction("passwordAddition"))}, {"tenants": default(restriction("passwordAddition"))},
])
def test_forbidden_secrets_are_refused_with_what_to_use_instead(policies: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="may have no client secret") as caught:
        decided(*[policies["own"]] if "own" in policies else [], tenants=policies.get("tenants"))
    assert "entra_application_certificate" in str(caught.value.remedy)
    assert "entra_federated_credential" in str(caught.value.remedy)


@pytest.mark.parametrize("exemption", [
    {"state": "disabled"}, {"restrictForAppsCreatedAfterDateTime": "2026-01-01T00:00:01Z"},
    {"excludeActors": {"customSecurityAttributes": [{"id": "x_y"}]}},
])
def test_a_restriction_that_is_not_for_this_application_says_nothing(exemption: dict[str, Any]) -> None:
    assert decided(policy(restriction("passwordAddition", **exemption))) == Allowed(180 * DAY)


@pytest.mark.parametrize("since", [None, "2026-01-01T00:00:00Z"])
def test_a_restriction_that_is_for_it_counts(since: str | None) -> None:
    strict = policy(restriction("passwordLifetime", "P60D", restrictForAppsCreatedAfterDateTime=since))
    assert decided(strict).lifetime == 60 * DAY
    unknown_age = Registration(SECRET, "/applications/1", '"Mail"', [], NOW)
    assert decided(strict, seen=unknown_age).lifetime == 60 * DAY


def test_certificates_have_restrictions_of_their_own() -> None:
    strict = policy(restriction("passwordAddition"), keys=[restriction("asymmetricKeyLifetime", "P30D")])
    allows = decided(strict, seen=registration(CERTIFICATE), renew_within=7 * DAY)
    assert allows.lifetime == 30 * DAY
    assert "a certificate of" in str(allows.limit)


def test_the_default_decides_what_the_applications_own_policy_does_not_mention() -> None:
    tenants = default(restriction("passwordLifetime", "P60D"))
    assert decided(tenants=tenants).lifetime == 60 * DAY
    assert "Default" in str(decided(policy(), tenants=tenants).limit)
    assert "Strict" in str(decided(policy(restriction("passwordLifetime", "P90D")), tenants=tenants).limit)
    exempt = policy(restriction("passwordLifetime", "P60D", state="disabled"))
    assert decided(exempt, tenants=tenants) == Allowed(180 * DAY)
    assert decided({**exempt, "isEnabled": False}, tenants=tenants).lifetime == 60 * DAY
    assert decided(tenants={**tenants, "isEnabled": False}) == Allowed(180 * DAY)


@pytest.mark.parametrize(("code", "remedy"), [
    ("CredentialTypeNotAllowedAsPerAppPolicy", "entra_application_certificate"),
    ("CredentialInvalidLifetimeAsPerAppPolicy", "lifetime that the policy allows"),
    ("Request_BadRequest", "as it was"),
])
def test_a_refusal_is_explained(code: str, remedy: str) -> None:
    error = GraphError("refused", status=400, code=code, remedy="as it was")
    assert remedy in str(explained(error, SECRET).remedy)


class Tenant:
    """Answers the two reads with these statuses and bodies."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        self.answers = answers

    async def batch(self, requests: Sequence[Request]) -> list[Answer]:
        assert [one.path for one in requests] == [
            "/applications/1/appManagementPolicies", "/policies/defaultAppManagementPolicy",
        ]
        return [Answer(one, status, {}, body) for one, (status, body) in zip(requests, self.answers, strict=True)]


def test_both_policies_are_read_at_once() -> None:
    tenant = cast(GraphClient, Tenant(
        (200, {"value": [policy(restriction("passwordLifetime", "P60D"))]}), (200, default()),
    ))
    assert asyncio.run(allowed(tenant, registration(), 180 * DAY, 30 * DAY)).lifetime == 60 * DAY


@pytest.mark.parametrize("statuses", [(403, 403), (200, 403), (403, 200)])
def test_whoever_may_not_read_them_goes_on(statuses: tuple[int, int]) -> None:
    bodies = {"value": []}, default(restriction("passwordAddition"))
    tenant = cast(GraphClient, Tenant(*zip(statuses, bodies, strict=True)))
    assert asyncio.run(allowed(tenant, registration(), 180 * DAY, 30 * DAY)) == Allowed(180 * DAY)
