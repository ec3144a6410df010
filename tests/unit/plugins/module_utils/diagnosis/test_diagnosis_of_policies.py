# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What app management policies say to the secrets of a plan, before one is made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import of_policies
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Request

DEFAULT, OTHERS = "/policies/defaultAppManagementPolicy", "/policies/appManagementPolicies"
OLD = {"id": "1", "createdDateTime": "2020-01-01T00:00:00Z"}


class Graph:
    """Answers reads from a table, and notes how many requests went out for them."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    async def batch(self, requests: Sequence[Request]) -> list[Answer]:
        if requests:
            self.asked.append([one.path for one in requests])
        return [self._answer(one) for one in requests]

    def _answer(self, request: Request) -> Answer:
        found = self.answers[request.path]
        status = found if isinstance(found, int) else 200
        body = {"error": {"code": "Denied", "message": "No."}} if isinstance(found, int) else found
        return Answer(request, status, body=body)


def restricted(kind: str, longest: str | None = None, **more: Any) -> list[dict[str, Any]]:
    return [{"restrictionType": kind, "state": "enabled", "maxLifetime": longest, **more}]


def default(passwords: list[dict[str, Any]]) -> dict[str, Any]:
    return {"displayName": "Default", "isEnabled": True, "applicationRestrictions": {"passwordCredentials": passwords}}


def own(passwords: list[dict[str, Any]]) -> dict[str, Any]:
    return {"displayName": "Own", "isEnabled": True, "restrictions": {"passwordCredentials": passwords}}


def looked(
    passwords: list[dict[str, Any]] | int, entity: Mapping[str, Any] | None = None, assigned: Sequence[Any] = ()
) -> tuple[Any, Graph]:
    """What is found of an application; of one that has been there for long, if it is not given."""
    graph = Graph({
        DEFAULT: passwords if isinstance(passwords, int) else default(passwords), OTHERS: {"value": list(assigned)},
        "/applications/1/appManagementPolicies": {"value": list(assigned)},
    })
    wanted = {"unique_name": "mail-test", "hosts": ["a", "b"], "secret": {"lifetime": "180d"}}
    cases = [of_policies.case(wanted, OLD if entity is None else entity)]
    [found] = asyncio.run(of_policies.look(cast(GraphClient, graph), cases))
    assert (found.about, found.check) == ("controller", "policies")
    return found, graph


@pytest.mark.parametrize(("passwords", "state", "words"), [
    ([], "ok", ""),
    (restricted("passwordLifetime", "P180D"), "ok", ""),
    (restricted("passwordLifetime", "P90D"), "cross", "for 90 days and no longer, not for 180 days"),
    (restricted("passwordAddition"), "cross", "mail-test may have no client secret"),
    (restricted("passwordAddition", excludeActors={"customSecurityAttributes": [{}]}), "unknown", "exempts callers"),
    (restricted("passwordAddition", restrictForAppsCreatedAfterDateTime="2025-01-01T00:00:00Z"), "ok", ""),
    (403, "unknown", "Policy.Read.All"),
    (404, "cross", ""),
])
def test_the_tenants_policy_is_read_in_one_request(passwords: Any, state: str, words: str) -> None:
    found, graph = looked(passwords)
    assert found.state == state
    assert words in found.found
    assert graph.asked == [[DEFAULT, OTHERS]]
    if words and state == "cross":
        assert "have it changed" in found.remedy or "Have the policy changed" in found.remedy
        assert found.hosts == ("a", "b")


def test_an_application_has_a_policy_of_its_own_if_there_are_any() -> None:
    limited = restricted("passwordLifetime", "P30D")
    found, graph = looked(limited, assigned=[own(restricted("passwordLifetime", "P365D"))])
    assert found.state == "ok"
    assert graph.asked == [[DEFAULT, OTHERS], ["/applications/1/appManagementPolicies"]]
    found, _graph = looked([], assigned=[own(limited)])
    assert found.found.startswith('The app management policy "Own" allows')


def test_one_that_is_not_registered_yet_will_be_young_and_has_none_of_its_own() -> None:
    young = restricted("passwordAddition", restrictForAppsCreatedAfterDateTime="2025-01-01T00:00:00Z")
    found, graph = looked(young, {}, [own([])])
    assert found.state == "cross"
    assert graph.asked == [[DEFAULT, OTHERS]]


def test_what_many_applications_want_alike_is_told_once() -> None:
    graph = Graph({DEFAULT: default(restricted("passwordLifetime", "P90D")), OTHERS: {"value": []}})
    wanted = [
        {"unique_name": name, "hosts": hosts, "secret": {"lifetime": lifetime}}
        for name, hosts, lifetime in (
            ("a", ["1"], "180d"), ("b", ["1", "2"], "26w"), ("c", ["3"], "90d"), ("d", ["4"], "180d"),
        )
    ]
    cases = [of_policies.case(one, {**OLD, "id": one["unique_name"]}) for one in wanted]
    [first, second] = asyncio.run(of_policies.look(cast(GraphClient, graph), cases))
    assert ("of a, d to be valid for 90 days" in first.found, first.hosts) == (True, ("1", "4"))
    assert ("of b to be valid for 90 days" in second.found, second.hosts) == (True, ("1", "2"))


def test_where_no_secret_is_wanted_nothing_is_asked() -> None:
    graph = Graph({})
    assert asyncio.run(of_policies.look(cast(GraphClient, graph), [])) == []
    assert graph.asked == []
