"""Faults on request: what a client sees of each."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365_sandbox.state.faults import FaultError, Faults
from mail_client import port
from sandbox_fixture import ControlRefused, RunningSandbox

Ask = Callable[..., httpx.Response]


@pytest.fixture
def graph(clean: RunningSandbox) -> Ask:
    """Sends one request to the Graph face on a connection of its own, as the operator's application."""
    env = clean.env
    token = clean.control("POST", "/tenant/tokens", {
        "appId": env["AZURE_CLIENT_ID"], "resource": "https://graph.microsoft.com",
    })["access_token"]

    def ask(method: str, path: str, **options: Any) -> httpx.Response:
        with httpx.Client(
            base_url=env["MAILOPS_GRAPH_ENDPOINT"], verify=clean.tls, trust_env=False, timeout=60,
            headers={"Authorization": f"Bearer {token}"},
        ) as client:
            return client.request(method, path, **options)

    return ask


def display_names(sandbox: RunningSandbox) -> list[str]:
    applications = sandbox.control("GET", "/tenant")["collections"]["applications"].values()
    return [application["displayName"] for application in applications]


def create(graph: Ask, name: str) -> httpx.Response:
    return graph("POST", "/v1.0/applications", json={"displayName": name})


def test_throttling_speaks_graphs_words_and_sends_retry_after_word_for_word(
    clean: RunningSandbox, graph: Ask
) -> None:
    clean.control("POST", "/faults", {"face": "graph", "kind": "throttle", "retry_after": "2.128", "count": 1})
    answer = create(graph, "Throttled")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2.128"
    assert answer.json()["error"]["code"] == "TooManyRequests"
    assert answer.json()["error"]["innerError"]["status"] == "429"
    assert "Throttled" not in display_names(clean)
    assert create(graph, "Throttled").status_code == 201


def test_throttling_of_the_identity_face_speaks_entras_words(clean: RunningSandbox) -> None:
    clean.control("POST", "/faults", {"face": "identity", "kind": "throttle", "retry_after": "3"})
    url = f"{clean.env['AZURE_AUTHORITY_HOST']}/common/discovery/v2.0/keys"
    answer = httpx.get(url, verify=clean.tls, trust_env=False)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.json()["error"] == "temporarily_unavailable"
    assert answer.json()["error_codes"] == [90055]
    assert answer.headers["x-ms-clitelem"] == "1,90055,0,,"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_outage_before_the_effect(clean: RunningSandbox, graph: Ask, status: int) -> None:
    clean.control("POST", "/faults", {"face": "graph", "kind": "unavailable", "status": status, "count": 1})
    answer = create(graph, "Lost")
    assert answer.status_code == status
    assert "retry-after" not in answer.headers
    assert answer.json()["error"]["innerError"]["request-id"] == answer.headers["request-id"]
    assert "Lost" not in display_names(clean)


def test_an_outage_after_the_effect(clean: RunningSandbox, graph: Ask) -> None:
    clean.control("POST", "/faults", {"face": "graph", "kind": "unavailable", "when": "after", "count": 1})
    answer = create(graph, "Made anyway")
    assert answer.status_code == 503
    assert "Made anyway" not in answer.text
    assert "Made anyway" in display_names(clean)


@pytest.mark.parametrize(("when", "made"), [("before", False), ("after", True)])
def test_a_cut_connection(clean: RunningSandbox, graph: Ask, when: str, made: bool) -> None:
    log = clean.directory / "sandbox.log"
    # Other tests have written into it before.
    begin = len(log.read_text())
    clean.control("POST", "/faults", {
        "face": "graph", "kind": "disconnect", "when": when, "methods": ["POST"], "path": "^/v1.0/applications$",
    })
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        create(graph, "Cut")
    assert ("Cut" in display_names(clean)) is made
    entry = clean.requests("graph")[-1]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/v1.0/applications", None)
    assert graph("GET", "/v1.0/applications").status_code == 200
    said = log.read_text()[begin:]
    assert "Traceback" not in said
    assert "ASGI" not in said


def test_latency_delays_the_answer(clean: RunningSandbox, graph: Ask) -> None:
    clean.control("POST", "/faults", {"face": "graph", "kind": "latency", "seconds": 0.4, "count": 1})
    started = time.monotonic()
    assert graph("GET", "/v1.0/applications").status_code == 200
    assert time.monotonic() - started >= 0.4


def test_replication_lag_shows_the_past_on_the_matching_reads(clean: RunningSandbox, graph: Ask) -> None:
    made = create(graph, "Fresh").json()["id"]
    clean.control("POST", "/faults", {
        "face": "graph", "kind": "replication_lag", "seconds": 600, "methods": ["GET"], "count": 1,
    })
    assert graph("GET", f"/v1.0/applications/{made}").status_code == 404
    assert graph("GET", f"/v1.0/applications/{made}").status_code == 200


def test_faults_hit_only_what_they_name(clean: RunningSandbox, graph: Ask) -> None:
    clean.control("POST", "/faults", {
        "face": "graph", "kind": "unavailable", "methods": ["post"], "path": "/servicePrincipals",
    })
    assert graph("GET", "/v1.0/servicePrincipals").status_code == 200
    assert create(graph, "Spared").status_code == 201
    assert graph("POST", "/v1.0/servicePrincipals", json={"appId": "x"}).status_code == 503
    url = f"{clean.env['AZURE_AUTHORITY_HOST']}/common/discovery/v2.0/keys"
    assert httpx.get(url, verify=clean.tls, trust_env=False).status_code == 200


def test_a_submission_port_that_is_down(clean: RunningSandbox) -> None:
    clean.control("POST", "/faults", {"face": "smtp", "kind": "unavailable", "count": 1})
    with pytest.raises(smtplib.SMTPConnectError) as caught:
        smtplib.SMTP("127.0.0.1", port(clean, "smtp"), timeout=60)
    assert (caught.value.smtp_code, caught.value.smtp_error) == (421, b"4.3.2 Service not available")
    clean.control("POST", "/faults", {"face": "smtp", "kind": "disconnect", "count": 1})
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtplib.SMTP("127.0.0.1", port(clean, "smtp"), timeout=60)
    with smtplib.SMTP("127.0.0.1", port(clean, "smtp"), timeout=60) as client:
        assert client.noop()[0] == 250


def test_faults_can_be_seen_and_cleared(clean: RunningSandbox, graph: Ask) -> None:
    shown = clean.control("POST", "/faults", {"face": "graph", "kind": "unavailable", "count": 2})
    assert [(fault["kind"], fault["count"]) for fault in shown["value"]] == [("unavailable", 2)]
    graph("GET", "/v1.0/applications")
    assert clean.control("GET", "/faults")["value"][0]["count"] == 1
    clean.control("DELETE", "/faults")
    assert clean.control("GET", "/faults") == {"value": []}
    assert graph("GET", "/v1.0/applications").status_code == 200


@pytest.mark.parametrize(("fault", "words"), [
    ([], "a fault is a JSON object"),
    ({"kind": "latency", "seconds": 1}, "missing property face"),
    ({"face": "graph", "kind": "flood"}, "kind must be one of"),
    ({"face": "relay", "kind": "throttle"}, "face must be one of"),
    ({"face": "smtp", "kind": "latency", "seconds": 1}, "smtp knows unavailable, disconnect, refuse"),
    ({"face": "smtp", "kind": "unavailable", "path": "/"}, "smtp knows unavailable, disconnect, refuse, and no path"),
    ({"face": "imap", "kind": "unavailable"}, "imap knows disconnect, refuse"),
    ({"face": "graph", "kind": "throttle", "often": True}, "unknown property often"),
    ({"face": "graph", "kind": "throttle", "rate": 1.5}, "rate must be"),
    ({"face": "graph", "kind": "throttle", "rate": True}, "rate must be"),
    ({"face": "graph", "kind": "throttle", "retry_after": 2}, "retry_after must be text"),
    ({"face": "graph", "kind": "throttle", "when": "after"}, "only unavailable and disconnect"),
    ({"face": "graph", "kind": "throttle", "path": "["}, "path must be a regular expression"),
    ({"face": "graph", "kind": "throttle", "methods": "GET"}, "methods must be a list"),
    ({"face": "graph", "kind": "throttle", "count": 0}, "count must be a positive integer"),
    ({"face": "graph", "kind": "unavailable", "status": 404}, "status must be 500, 502, 503 or 504"),
    ({"face": "graph", "kind": "latency"}, "latency needs seconds"),
    ({"face": "graph", "kind": "latency", "seconds": -1}, "seconds must be"),
    ({"face": "graph", "kind": "throttle", "seed": "x"}, "seed must be an integer"),
])
def test_a_fault_that_makes_no_sense_is_refused_in_words(clean: RunningSandbox, fault: Any, words: str) -> None:
    with pytest.raises(ControlRefused) as caught:
        clean.control("POST", "/faults", fault)
    assert caught.value.status == 400
    assert words in caught.value.body["error"]
    assert clean.control("GET", "/faults") == {"value": []}


@given(rate=st.floats(0, 1), seed=st.integers(), requests=st.integers(0, 50))
def test_the_same_seed_strikes_the_same_requests(rate: float, seed: int, requests: int) -> None:
    def strikes() -> list[bool]:
        faults = Faults()
        faults.add({"face": "graph", "kind": "throttle", "rate": rate, "seed": seed})
        return [bool(faults.take("graph", "GET", "/", ("throttle",))) for _ in range(requests)]

    first = strikes()
    assert first == strikes()
    assert rate > 0 or not any(first)
    assert rate < 1 or all(first)


def test_a_rate_is_kept_on_average() -> None:
    faults = Faults()
    faults.add({"face": "graph", "kind": "throttle", "rate": 0.1, "seed": 7})
    struck = sum(bool(faults.take("graph", "GET", "/", ("throttle",))) for _ in range(5000))
    assert 400 < struck < 600


def test_a_kind_that_nobody_asks_for_is_not_used_up() -> None:
    faults = Faults()
    faults.add({"face": "graph", "kind": "replication_lag", "seconds": 5, "count": 1})
    assert faults.take("graph", "GET", "/", ("throttle", "latency")) == []
    assert faults.replication_lag("graph", "GET", "/") == 5
    assert faults.replication_lag("graph", "GET", "/") == 0


def test_a_bad_fault_in_the_library_is_an_error_too() -> None:
    with pytest.raises(FaultError, match="unknown property"):
        Faults().add({"face": "graph", "kind": "latency", "seconds": 1, "x": 1})
