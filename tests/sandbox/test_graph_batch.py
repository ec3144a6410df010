"""$batch: its own rules, and that the requests inside are requests like any other."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graph_client import ALL, Graph, body, gateway, names, refusal
from sandbox_fixture import RunningSandbox

MALFORMED = gateway("Invalid batch payload format.")
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def graph(clean: RunningSandbox) -> Iterator[Graph]:
    with Graph(clean, *ALL) as caller:
        yield caller


def send(graph: Graph, *requests: dict[str, Any]) -> httpx.Response:
    return graph.post("/$batch", json={"requests": list(requests)})


def run(graph: Graph, *requests: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The answers by id."""
    responses = body(send(graph, *requests))["responses"]
    assert all("method" not in response and "url" not in response for response in responses)
    return {response["id"]: response for response in responses}


def get(identifier: str, url: str = "/users", **rest: Any) -> dict[str, Any]:
    return {"id": identifier, "method": "GET", "url": url, **rest}


def create(identifier: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"id": identifier, "method": "POST", "url": "/applications", "headers": JSON,
            "body": {"displayName": name}, **rest}


def test_many_kinds_in_one(graph: Graph) -> None:
    reader = graph.sandbox.env["M365_SANDBOX_READER_CLIENT_ID"]
    answers = run(
        graph, get("read", f"applications(appId='{reader}')?$select=id,displayName"), create("write", "Made"),
        get("missing", "/applications/x"), get("nonsense", "/nonsense"),
        {"id": "method", "method": "PUT", "url": "/applications", "headers": JSON, "body": {}},
        get("count", "/users/$count", headers={"ConsistencyLevel": "eventual"}),
    )
    assert answers["read"]["status"] == 200
    assert answers["read"]["body"]["displayName"] == "Mail reader"
    assert answers["write"]["status"] == 201
    assert answers["write"]["headers"]["Location"].endswith(answers["write"]["body"]["id"])
    assert answers["missing"]["status"] == 404
    assert answers["missing"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert answers["nonsense"]["body"]["error"]["message"] == "Resource not found for the segment 'nonsense'."
    assert answers["method"]["status"] == 405
    stored = graph.sandbox.control("GET", "/tenant")["collections"]
    assert answers["count"]["body"] == str(len(stored["users"]))
    assert "Made" in names(list(stored["applications"].values()))


def test_next_link_inside_a_batch_can_be_followed(graph: Graph) -> None:
    users = graph.sandbox.control("GET", "/tenant")["collections"]["users"]
    answer = run(graph, get("1", f"/users?$top={len(users) - 2}"))["1"]["body"]
    assert len(graph.values(answer["@odata.nextLink"])) == 2


def test_limit_and_malformed_batches(graph: Graph) -> None:
    assert len(run(graph, *(get(str(number)) for number in range(20)))) == 20
    assert refusal(send(graph, *(get(str(number)) for number in range(21)))) == (
        400, "MaximumValueExceeded", "Number of batch request steps exceeds the maximum value of 20."
    )
    assert refusal(send(graph, get("a"), get("A"))) == gateway("Request Id A has to be unique in a batch.")
    for malformed in (
        {}, get(""), {"id": 1, "method": "GET", "url": "/users"}, get("1", method="BREW"), get("1", unknown=True),
        get("1", dependsOn=["2"]), get("1", dependsOn=["1"]), get("1", headers={"a": 1}), get("1", "/$batch"),
    ):
        assert refusal(send(graph, malformed)) == MALFORMED
    assert refusal(graph.post("/$batch", json={})) == MALFORMED
    assert refusal(send(graph, get("1", dependsOn=["2"]), get("2", dependsOn=["1"]))) == MALFORMED


@pytest.mark.parametrize("change", [{"headers": {}}, {"body": None}])
def test_a_write_needs_content_type_and_body(graph: Graph, change: dict[str, Any]) -> None:
    assert refusal(send(graph, get("1"), create("2", "Never", **change))) == gateway(
        "Write request id : 2 does not contain Content-Type header or body."
    )


def test_order_and_failed_dependencies(graph: Graph) -> None:
    answers = run(
        graph, create("third", "C", dependsOn=["SECOND"]), create("second", "", dependsOn=["first"]),
        create("first", "A"),
    )
    assert [answers[name]["status"] for name in ("first", "second", "third")] == [201, 400, 424]
    assert answers["third"]["body"]["error"]["code"] == "FailedDependency"
    made = graph.values("/applications?$filter=displayName in ('A','C')")
    assert names(made) == ["A"]


def test_other_content_is_base64url(graph: Graph) -> None:
    text = base64.urlsafe_b64encode(b'{"displayName": "Encoded"}').decode().rstrip("=")
    assert run(graph, create("1", "", body=text))["1"]["status"] == 201
    assert len(graph.values("/applications?$filter=displayName eq 'Encoded'")) == 1


def test_roles_count_inside(clean: RunningSandbox) -> None:
    with Graph(clean, "User.Read.All") as caller:
        answers = run(caller, get("may"), get("may not", "/applications"))
        assert (answers["may"]["status"], answers["may not"]["status"]) == (200, 403)
    with Graph(clean, token="") as anonymous:
        assert refusal(send(anonymous, get("1")))[:2] == (401, "InvalidAuthenticationToken")


def test_throttling_hits_single_requests(graph: Graph) -> None:
    graph.sandbox.control("POST", "/faults", {
        "face": "graph", "kind": "throttle", "retry_after": "2.128", "path": "^/v1.0/applications$", "count": 1,
    })
    graph.sandbox.control("POST", "/faults", {
        "face": "graph", "kind": "unavailable", "when": "after", "path": "^/v1.0/applications$", "count": 1,
    })
    answers = run(graph, create("1", "Throttled"), get("2"))
    assert answers["1"]["status"] == 429
    assert answers["1"]["headers"]["Retry-After"] == "2.128"
    assert answers["1"]["body"]["error"]["code"] == "TooManyRequests"
    assert answers["2"]["status"] == 200


def test_an_outage_after_the_effect(graph: Graph) -> None:
    graph.sandbox.control("POST", "/faults", {
        "face": "graph", "kind": "unavailable", "when": "after", "path": "^/v1.0/applications$", "count": 1,
    })
    assert run(graph, create("1", "Lost answer"))["1"]["status"] == 503
    assert len(graph.values("/applications?$filter=displayName eq 'Lost answer'")) == 1


def test_log_names_the_requests_inside(graph: Graph) -> None:
    graph.sandbox.control("DELETE", "/requests")
    run(graph, create("1", "A"), get("2", "/nonsense"))
    [entry] = graph.sandbox.requests("graph")
    assert entry["app_id"] == graph.app_id
    assert entry["batch"] == [
        {"method": "POST", "url": "/applications", "status": 201}, {"method": "GET", "url": "/nonsense", "status": 400},
    ]


def test_reading_saves_nothing(graph: Graph) -> None:
    state = graph.sandbox.directory / "state.json"
    before = state.stat().st_ino
    run(graph, get("1"), get("2", "/applications"))
    assert state.stat().st_ino == before
    run(graph, create("1", "A"))
    assert state.stat().st_ino != before
