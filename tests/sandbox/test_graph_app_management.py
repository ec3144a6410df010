"""App management policies: their API, what they forbid, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from graph_client import ALL, DENIED, OWNED_BY, Graph, bad, body, done, not_found, refusal, unknown
from key_pairs import key_pair
from sandbox_fixture import RunningSandbox

WRITE = "Policy.ReadWrite.ApplicationConfiguration"
DEFAULT = "/policies/defaultAppManagementPolicy"
DEFAULT_ID = "00000000-0000-0000-0000-000000000000"
POLICIES = "/policies/appManagementPolicies"


@pytest.fixture
def graph(clean: RunningSandbox) -> Iterator[Graph]:
    with Graph(clean, *ALL, WRITE) as caller:
        yield caller


def restriction(kind: str, lifetime: str | None = None, **properties: Any) -> dict[str, Any]:
    return {"restrictionType": kind, "maxLifetime": lifetime, "state": "enabled", **properties}


def set_default(graph: Graph, *passwords: Any, keys: Any = (), enabled: bool = True, part: str = "application") -> None:
    done(graph.patch(DEFAULT, json={"isEnabled": enabled, f"{part}Restrictions": {
        "passwordCredentials": list(passwords), "keyCredentials": list(keys),
    }}))


def policy(graph: Graph, *passwords: Any, **properties: Any) -> dict[str, Any]:
    return body(graph.post(POLICIES, json={
        "displayName": "Ours", "description": "Of our own", "isEnabled": True,
        "restrictions": {"passwordCredentials": list(passwords)}, **properties,
    }), 201)


def assign(graph: Graph, path: str, identifier: str) -> httpx.Response:
    reference = f"https://graph.microsoft.com/v1.0{POLICIES}/{identifier}"
    return graph.post(f"{path}/appManagementPolicies/$ref", json={"@odata.id": reference})


def add_secret(graph: Graph, path: str, days: float | None = None) -> httpx.Response:
    wanted = {} if days is None else {"endDateTime": (datetime.now(UTC) + timedelta(days=days)).isoformat()}
    return graph.post(f"{path}/addPassword", json={"passwordCredential": wanted})


def key(days: int) -> dict[str, Any]:
    return key_pair(days, age=0).credential()


def too_long(identifier: str = DEFAULT_ID) -> tuple[int, str, str]:
    return (
        400, "CredentialInvalidLifetimeAsPerAppPolicy",
        f"Credential lifetime exceeds the max value allowed as per assigned policy '{identifier}'.",
    )


def forbidden(identifier: str = DEFAULT_ID) -> tuple[int, str, str]:
    return (
        400, "CredentialTypeNotAllowedAsPerAppPolicy",
        f"Credential type not allowed as per assigned policy '{identifier}'.",
    )


def test_the_default_is_there_and_restricts_nothing(graph: Graph) -> None:
    shown = body(graph.get(DEFAULT))
    assert shown.pop("@odata.context").endswith("/$metadata#policies/defaultAppManagementPolicy/$entity")
    assert shown.pop("description").startswith("Default tenant policy")
    nothing = {"passwordCredentials": [], "keyCredentials": []}
    assert shown == {
        "id": DEFAULT_ID, "displayName": "Default app management tenant policy", "isEnabled": False,
        "applicationRestrictions": nothing, "servicePrincipalRestrictions": nothing,
    }
    assert graph.values(POLICIES) == []


def test_a_patch_of_the_default_keeps_what_it_does_not_mention(graph: Graph) -> None:
    set_default(graph, restriction("passwordLifetime", "P30D"))
    done(graph.patch(DEFAULT, json={"servicePrincipalRestrictions": {"passwordCredentials": [
        {"restrictionType": "passwordAddition"},
    ]}}))
    shown = body(graph.get(DEFAULT))
    assert shown["isEnabled"] is True
    assert shown["applicationRestrictions"]["passwordCredentials"] == [{
        "restrictionType": "passwordLifetime", "state": "enabled", "restrictForAppsCreatedAfterDateTime": None,
        "maxLifetime": "P30D",
    }]
    assert shown["servicePrincipalRestrictions"]["passwordCredentials"][0]["state"] == "enabled"


def test_policies_of_applications(graph: Graph) -> None:
    made = policy(graph, restriction("passwordAddition", state="disabled"))
    path = f"{POLICIES}/{made['id']}"
    assert made["@odata.context"].endswith("/$metadata#policies/appManagementPolicies/$entity")
    done(graph.patch(path, json={"displayName": "Renamed"}))
    assert body(graph.get(path))["displayName"] == "Renamed"
    assert [one["id"] for one in graph.values(POLICIES)] == [made["id"]]

    application = f"/applications/{graph.application()['id']}"
    done(assign(graph, application, made["id"]))
    assert [one["displayName"] for one in graph.values(f"{application}/appManagementPolicies")] == ["Renamed"]
    assert assign(graph, application, policy(graph)["id"]).status_code == 400
    done(graph.delete(f"{application}/appManagementPolicies/{made['id']}/$ref"))
    assert graph.values(f"{application}/appManagementPolicies") == []
    assert refusal(graph.delete(f"{application}/appManagementPolicies/{made['id']}/$ref")) == not_found(made["id"])

    done(assign(graph, application, made["id"]))
    done(graph.delete(path))
    assert graph.values(f"{application}/appManagementPolicies") == []
    assert refusal(graph.get(path)) == not_found(made["id"])
    nobody = unknown()
    assert refusal(assign(graph, application, nobody)) == not_found(nobody)


@pytest.mark.parametrize(("restrictions", "words"), [
    ([{"restrictionType": "passwordLifetime"}], "A value is required for property 'maxLifetime'"),
    ([{"maxLifetime": "P1D"}], "A value is required for property 'restrictionType'"),
    ([{"restrictionType": "passwordLifetime", "maxLifetime": "P1Y"}], "expected type 'Edm.Duration'"),
    ([{"restrictionType": "passwordLifetime", "maxLifetime": "90 days, 0:00:00"}], "expected type 'Edm.Duration'"),
    ([{"restrictionType": "asymmetricKeyLifetime"}], "Invalid value specified for property 'restrictionType'"),
    ([{"restrictionType": "passwordAddition", "state": "on"}], "Invalid value specified for property 'state'"),
    ([{"restrictionType": "passwordAddition"}] * 2, "Invalid value specified for property 'restrictionType'"),
    ([{"restrictionType": "passwordAddition", "excludeActors": None}], "Invalid property 'excludeActors'"),
])
def test_policies_that_make_no_sense(graph: Graph, restrictions: list[dict[str, Any]], words: str) -> None:
    content = {"applicationRestrictions": {"passwordCredentials": restrictions}}
    status, code, message = refusal(graph.patch(DEFAULT, json=content))
    assert (status, code, words in message) == (400, "Request_BadRequest", True), message
    assert body(graph.get(DEFAULT))["applicationRestrictions"]["passwordCredentials"] == []
    assert refusal(graph.post(POLICIES, json={"displayName": "x"})) == bad(
        "A value is required for property 'description' of resource 'AppManagementPolicy'."
    )


def test_a_secret_may_live_as_long_as_the_default_says(graph: Graph) -> None:
    path = f"/applications/{graph.application()['id']}"
    set_default(graph, restriction("passwordLifetime", "P30DT12H"))
    assert add_secret(graph, path, 30).status_code == 200
    answer = add_secret(graph, path, 31)
    assert refusal(answer) == too_long()
    assert answer.json()["error"]["details"] == [
        {"code": "InvalidKeyEndDate", "target": "EndDate", "message": too_long()[2]}
    ]
    # Two years, unless the body says otherwise.
    assert refusal(add_secret(graph, path)) == too_long()
    set_default(graph, restriction("passwordLifetime", "P30D"), enabled=False)
    assert add_secret(graph, path).status_code == 200
    set_default(graph, restriction("passwordLifetime", "P30D", state="disabled"))
    assert add_secret(graph, path).status_code == 200
    assert len(body(graph.get(path))["passwordCredentials"]) == 3


def test_secrets_can_be_forbidden(graph: Graph) -> None:
    path = f"/applications/{graph.application()['id']}"
    set_default(graph, restriction("passwordAddition"))
    assert refusal(add_secret(graph, path, 1)) == forbidden()
    assert body(graph.get(path))["passwordCredentials"] == []
    done(graph.patch(path, json={"keyCredentials": [key(365)]}))


def test_a_restriction_may_spare_old_applications(graph: Graph) -> None:
    path = f"/applications/{graph.application()['id']}"
    for days, expected in ((1, 200), (-1, 400)):
        since = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        set_default(graph, restriction("passwordAddition", restrictForAppsCreatedAfterDateTime=since))
        assert add_secret(graph, path, 1).status_code == expected


def test_service_principals_have_restrictions_of_their_own(graph: Graph) -> None:
    principal = graph.service_principal()
    path = f"/servicePrincipals/{principal['id']}"
    set_default(graph, restriction("passwordAddition"))
    assert add_secret(graph, path).status_code == 200
    set_default(graph, restriction("passwordAddition"), part="servicePrincipal")
    assert refusal(add_secret(graph, path)) == forbidden()
    # They count as made in 2019.
    set_default(
        graph, restriction("passwordAddition", restrictForAppsCreatedAfterDateTime="2019-01-02T00:00:00Z"),
        part="servicePrincipal",
    )
    assert add_secret(graph, path).status_code == 200
    ours = policy(graph, restriction("passwordLifetime", "P7D"))
    done(assign(graph, path, ours["id"]))
    assert refusal(add_secret(graph, path, 8)) == too_long(ours["id"])


def test_an_own_policy_replaces_the_default_restriction_by_restriction(graph: Graph) -> None:
    path = f"/applications/{graph.application()['id']}"
    set_default(graph, restriction("passwordAddition"), restriction("passwordLifetime", "P30D"))
    ours = policy(graph, restriction("passwordAddition", state="disabled"))
    done(assign(graph, path, ours["id"]))
    assert add_secret(graph, path, 29).status_code == 200
    assert refusal(add_secret(graph, path, 31)) == too_long()
    done(graph.patch(f"{POLICIES}/{ours['id']}", json={"restrictions": {"passwordCredentials": [
        restriction("passwordAddition", state="disabled"), restriction("passwordLifetime", "P90D"),
    ]}}))
    assert add_secret(graph, path, 89).status_code == 200
    assert refusal(add_secret(graph, path, 91)) == too_long(ours["id"])
    done(graph.patch(f"{POLICIES}/{ours['id']}", json={"isEnabled": False}))
    assert refusal(add_secret(graph, path, 1)) == forbidden()


def test_certificates_may_live_as_long_as_the_policy_says(graph: Graph) -> None:
    path = f"/applications/{graph.application()['id']}"
    done(graph.patch(path, json={"keyCredentials": [key(365)]}))
    set_default(graph, keys=[restriction("asymmetricKeyLifetime", "P90D")])
    present = body(graph.get(path))["keyCredentials"]
    assert refusal(graph.patch(path, json={"keyCredentials": [*present, key(91)]})) == too_long()
    assert refusal(graph.post("/applications", json={"displayName": "New", "keyCredentials": [key(91)]})) == too_long()
    # What is there already stays, however long it lives.
    done(graph.patch(path, json={"keyCredentials": [*present, key(90)]}))
    assert len(body(graph.get(path))["keyCredentials"]) == 2


def test_who_may_read_and_write_policies(clean: RunningSandbox) -> None:
    with Graph(clean, "Policy.Read.All", "Application.Read.All") as reader, Graph(clean, OWNED_BY) as other:
        path = f"/applications(appId='{clean.env['M365_SANDBOX_READER_CLIENT_ID']}')"
        assert reader.get(DEFAULT).status_code == 200
        assert reader.values(f"{path}/appManagementPolicies") == []
        for denied in (
            reader.patch(DEFAULT, json={"isEnabled": True}), reader.post(POLICIES, json={}),
            other.get(DEFAULT), other.get(POLICIES), other.get(f"{path}/appManagementPolicies"),
        ):
            assert refusal(denied) == DENIED


def test_the_seeded_operator_may_read_them(clean: RunningSandbox) -> None:
    token = clean.control("POST", "/tenant/tokens", {
        "appId": clean.env["AZURE_CLIENT_ID"], "resource": "https://graph.microsoft.com",
    })["access_token"]
    with Graph(clean, token=token) as operator:
        path = f"/applications/{operator.application()['id']}"
        assert operator.get(DEFAULT).status_code == 200
        assert operator.values(f"{path}/appManagementPolicies") == []
        assert refusal(operator.patch(DEFAULT, json={"isEnabled": True})) == DENIED
