"""The Graph client: what it repeats and what it does not, batches, pages, refused tokens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ConflictError,
    GraphError,
    NotFoundError,
    TransportError,
    UnknownOutcomeError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import (
    Answer,
    Request,
    graph_error,
    quoted,
    segment,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import (
    ATTEMPTS,
    CONNECTION_ATTEMPTS,
    watched_by,
)

ENDPOINT = "https://graph.example/v1.0"
READ = Request("GET", "/users/x", "read the user", "User.Read.All")
ADD = Request("POST", "/applications/x/addPassword", "add a secret", body={})

Reply = "httpx.Response | Exception"


class Tokens:
    """Hands out numbered tokens; ``stale`` of them came from a cache."""

    def __init__(self, stale: int = 0) -> None:
        self.number = 0
        self.stale = stale

    def token(self, scope: str) -> str:
        return f"{scope} {self.number}"

    def refresh(self) -> bool:
        self.number += 1
        return self.number <= self.stale


class Service:
    """A Graph that gives the prepared replies in turn, and remembers what it was asked."""

    def __init__(self, *replies: Reply | Callable[[httpx.Request], httpx.Response], stale: int = 0) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        self.told: list[str] = []
        self.tokens = Tokens(stale)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply

    def run(self, use: Callable[[GraphClient], Awaitable[Any]]) -> Any:
        async def rest(seconds: float) -> None:
            self.pauses.append(seconds)

        async def run() -> Any:
            async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer)) as http:
                return await use(GraphClient(http, ENDPOINT, self.tokens, "scope", rest))

        with watched_by(self.told.append):
            return asyncio.run(run())

    def send(self, request: Request) -> Answer:
        answer: Answer = self.run(lambda graph: graph.send(request))
        return answer

    def batch(self, requests: Sequence[Request]) -> list[Answer]:
        answers: list[Answer] = self.run(lambda graph: graph.batch(requests))
        return answers


def reply(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={} if body is None else body, headers=headers)


def error(status: int, code: str = "Request_BadRequest", message: str = "No.", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


def test_sends_the_token_and_gives_back_json() -> None:
    service = Service(reply(body={"id": "1"}))
    assert service.send(READ).entity() == {"id": "1"}
    (request,) = service.requests
    assert str(request.url) == f"{ENDPOINT}/users/x"
    assert request.headers["Authorization"] == "Bearer scope 0"


def test_json_and_raw_bodies() -> None:
    service = Service(reply(202))
    service.send(Request("POST", "/a", "a", body={"b": [1]}))
    service.send(Request("POST", "/a", "a", body=b"TUlNRQ==", headers={"Content-Type": "text/plain"}))
    first, second = service.requests
    assert json.loads(first.content) == {"b": [1]}
    assert first.headers["Content-Type"] == "application/json"
    assert second.content == b"TUlNRQ=="
    assert second.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize("request_", [READ, ADD])
def test_waits_as_long_as_throttling_asks(request_: Request) -> None:
    service = Service(reply(429, **{"Retry-After": "2.128"}), reply(429, **{"Retry-After": "7"}), reply())
    assert service.send(request_).status == 200
    assert service.pauses == [2.128, 7.0]


def test_a_long_time_is_waited_for_and_told() -> None:
    # Graph has been seen to ask for so many.
    service = Service(reply(429, **{"Retry-After": "315"}), reply())
    assert service.send(READ).status == 200
    assert service.pauses == [315.0]
    assert service.told == ["Microsoft Graph asks for 315 s; waiting."]


def test_more_time_than_anybody_would_wait_is_an_answer() -> None:
    service = Service(reply(429, **{"Retry-After": "3600"}))
    assert service.send(READ).status == 429
    assert service.pauses == []


@pytest.mark.parametrize(("status", "remedy"), [
    ("407 Proxy Authentication Required", "USER:PASSWORD"), ("403 Forbidden", "NO_PROXY"),
])
def test_a_proxy_that_refuses_is_named_at_once(
    status: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@proxy.example:3128")
    service = Service(httpx.ProxyError(status))
    with pytest.raises(TransportError) as caught:
        service.send(ADD)
    assert f"the proxy proxy.example:3128 refused the connection to graph.example with {status}" in caught.value.message
    assert remedy in (caught.value.remedy or "")
    assert service.pauses == []
    assert "s3cret" not in str(caught.value.result())


def test_a_proxy_that_is_busy_is_asked_again() -> None:
    service = Service(httpx.ProxyError("502 Bad Gateway"), reply())
    assert service.send(ADD).status == 200
    assert len(service.pauses) == 1


def test_gives_up_in_the_end() -> None:
    service = Service(reply(503))
    assert service.send(READ).status == 503
    assert len(service.requests) == ATTEMPTS


@pytest.mark.parametrize("lost", [reply(503), reply(500), httpx.ReadError("cut"), httpx.ReadTimeout("slow")])
def test_repeats_after_a_lost_answer_only_what_may_be_repeated(lost: Reply) -> None:
    service = Service(lost, reply(body={"id": "1"}))
    assert service.send(READ).entity() == {"id": "1"}
    service = Service(lost, reply())
    with pytest.raises(UnknownOutcomeError, match="Could not add a secret"):
        service.send(ADD).ok()
    assert len(service.requests) == 1


def test_a_connection_that_never_was_can_be_tried_again_for_everything() -> None:
    service = Service(httpx.ConnectError("refused"), reply())
    assert service.send(ADD).status == 200
    service = Service(httpx.ConnectError("refused"))
    with pytest.raises(TransportError, match=r"graph\.example cannot be reached"):
        service.send(READ)
    assert len(service.requests) == CONNECTION_ATTEMPTS


def test_an_untrusted_certificate_is_not_tried_again() -> None:
    service = Service(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"))
    with pytest.raises(TransportError, match="not trusted") as caught:
        service.send(READ)
    assert "ca_path" in str(caught.value.remedy)
    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_replaced_once_if_it_was_cached(status: int) -> None:
    service = Service(reply(status), reply(), stale=1)
    assert service.send(READ).status == 200
    assert [request.headers["Authorization"] for request in service.requests] == ["Bearer scope 0", "Bearer scope 1"]
    service = Service(reply(status), reply())
    assert service.send(READ).status == status
    assert len(service.requests) == 1


def batch_reply(*statuses: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    """Answers the inner requests with the statuses, in reverse order; what is over gets 200."""

    def answer(request: httpx.Request) -> httpx.Response:
        inner = json.loads(request.content)["requests"]
        padded = [*statuses, *([200] * len(inner))]
        responses = [
            {
                "id": one["id"], "status": status, "headers": headers if status == 429 else {},
                "body": {"url": one["url"]},
            }
            for one, status in zip(inner, padded, strict=False)
        ]
        return reply(body={"responses": responses[::-1]})

    return answer


def test_batches_hold_twenty_and_keep_the_order() -> None:
    service = Service(batch_reply())
    answers = service.batch([Request("GET", f"/users/{number}", "read") for number in range(45)])
    assert [answer.body["url"] for answer in answers] == [f"/users/{number}" for number in range(45)]
    assert [len(json.loads(request.content)["requests"]) for request in service.requests] == [20, 20, 5]


def test_only_the_throttled_part_of_a_batch_is_repeated() -> None:
    service = Service(batch_reply(200, 429, 503, **{"Retry-After": "3.5"}), batch_reply())
    answers = service.batch([Request("GET", f"/{number}", "read") for number in range(3)])
    assert [answer.status for answer in answers] == [200, 200, 200]
    first, second = (json.loads(request.content)["requests"] for request in service.requests)
    assert [one["url"] for one in second] == ["/1", "/2"]
    assert service.pauses == [3.5]
    assert len(first) == 3


def test_a_batch_waits_for_the_longest_time_that_a_part_of_it_asks_for() -> None:
    def busy(request: httpx.Request) -> httpx.Response:
        asked = {"0": {"Retry-After": "2"}, "1": {"Retry-After": "40"}, "2": {"Retry-After": "7"}, "3": {}}
        return reply(body={"responses": [
            {"id": one["id"], "status": 429, "headers": asked[one["id"]]}
            for one in json.loads(request.content)["requests"]
        ]})

    def good(request: httpx.Request) -> httpx.Response:
        return reply(body={"responses": [
            {"id": one["id"], "status": 200} for one in json.loads(request.content)["requests"]
        ]})

    service = Service(busy, good)
    assert [answer.status for answer in service.batch([READ] * 4)] == [200] * 4
    assert service.pauses == [40.0]
    assert service.told == ["Microsoft Graph asks for 40 s; waiting."]


def test_what_must_not_be_repeated_is_not_repeated_inside_a_batch_either() -> None:
    service = Service(batch_reply(503), batch_reply())
    (answer,) = service.batch([ADD])
    with pytest.raises(UnknownOutcomeError):
        answer.ok()
    assert len(service.requests) == 1


def test_a_refused_part_of_a_batch_is_repeated_with_a_fresh_token() -> None:
    service = Service(batch_reply(200, 403), batch_reply(), stale=1)
    answers = service.batch([READ, READ])
    assert [answer.status for answer in answers] == [200, 200]
    assert len(json.loads(service.requests[1].content)["requests"]) == 1


def test_an_incomplete_batch_is_an_error() -> None:
    service = Service(reply(body={"responses": []}))
    with pytest.raises(GraphError, match="incomplete"):
        service.batch([READ])


def test_an_empty_batch_sends_nothing() -> None:
    service = Service(reply())
    assert service.batch([]) == []
    assert service.requests == []


def test_follows_pages_word_for_word() -> None:
    service = Service(
        reply(body={"value": [1, 2], "@odata.nextLink": f"{ENDPOINT}/users?$skiptoken=a%2Fb"}),
        reply(body={"value": [3]}),
    )

    async def read(graph: GraphClient) -> Any:
        return await graph.pages(await graph.send(READ))

    assert service.run(read) == [1, 2, 3]
    assert str(service.requests[1].url) == f"{ENDPOINT}/users?$skiptoken=a%2Fb"


def test_a_token_never_follows_a_link_elsewhere() -> None:
    service = Service(reply(body={"value": [], "@odata.nextLink": "https://graph.example.evil/v1.0/users"}))

    async def read(graph: GraphClient) -> Any:
        return await graph.pages(await graph.send(READ))

    with pytest.raises(TransportError, match=r"graph\.example\.evil"):
        service.run(read)
    assert len(service.requests) == 1


def test_waiting_ends() -> None:
    service = Service(reply(404))
    answer = service.run(
        lambda graph: graph.wait_until(lambda: graph.send(READ), lambda seen: seen.status == 200, patience=20.0)
    )
    assert answer.status == 404
    assert sum(service.pauses) == pytest.approx(20.0)


@pytest.mark.parametrize(("status", "body", "kind"), [
    (404, error(404, "Request_ResourceNotFound"), NotFoundError),
    (409, error(409), ConflictError),
    (400, error(400, message="Permission being assigned already exists on the object"), ConflictError),
    (400, error(400, details=[{"code": "ConflictingObjects", "target": "uniqueName", "message": "…"}]), ConflictError),
    (400, error(400), GraphError),
    (503, {}, GraphError),
])
def test_errors_are_typed(status: int, body: dict[str, Any], kind: type[GraphError]) -> None:
    assert graph_error(Answer(READ, status, {}, body)).__class__ is kind


def test_an_error_says_what_failed_why_and_what_to_do() -> None:
    body = error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.",
                 innerError={"request-id": "r-1"})
    failed = graph_error(Answer(READ, 403, {"request-id": "r-2"}, body))
    assert failed.message == "Could not read the user: Insufficient privileges to complete the operation."
    assert failed.result()["code"] == "Authorization_RequestDenied"
    assert failed.result()["request_id"] == "r-1"
    assert "User.Read.All" in failed.result()["remedy"]


def test_policies_are_named_as_the_reason() -> None:
    body = error(403, message="Credential lifetime exceeds the max value allowed as per assigned policy")
    assert "app management policy" in str(graph_error(Answer(ADD, 403, {}, body)).remedy)


def test_text_in_paths_is_only_text() -> None:
    assert quoted("O'Brien & co/é") == "'O''Brien%20%26%20co%2F%C3%A9'"
    assert segment("a/b#c@contoso.example") == "a%2Fb%23c@contoso.example"


def test_the_service_tells_the_time() -> None:
    answer = Answer(READ, 200, {"date": "Sun, 22 Nov 2026 05:00:00 GMT"})
    assert answer.moment.isoformat() == "2026-11-22T05:00:00+00:00"
    assert Answer(READ, 200).moment.tzinfo is not None
