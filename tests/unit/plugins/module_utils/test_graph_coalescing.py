# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The Graph client of many coroutines: what goes out together, and what each gets back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError, TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_coalescing import CoalescingGraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Request
from hypothesis import given
from hypothesis import strategies as st

ENDPOINT = "https://graph.example/v1.0"


class Tokens:
    """One token for everything."""

    def token(self, scope: str) -> str:
        return "token"

    def refresh(self) -> bool:
        return False


class Echo:
    """A Graph whose objects say their own path, and which counts what it is asked."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.requests: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not request.url.path.endswith("/$batch"):
            return httpx.Response(self.status, json={"path": request.url.path.removeprefix("/v1.0")})
        asked = json.loads(request.content)["requests"]
        answers = [{"id": one["id"], "status": self.status, "body": {"path": one["url"]}} for one in asked]
        return httpx.Response(200, json={"responses": answers})

    def run(self, use: Callable[[CoalescingGraphClient], Awaitable[Any]]) -> Any:
        async def rest(seconds: float) -> None:
            pass

        async def run() -> Any:
            async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer)) as http:
                return await use(CoalescingGraphClient(http, ENDPOINT, Tokens(), "scope", rest))

        return asyncio.run(run())

    def together(self, *requests: Request) -> list[Answer]:
        async def use(graph: CoalescingGraphClient) -> list[Answer]:
            return await asyncio.gather(*(graph.send(request) for request in requests))

        answers: list[Answer] = self.run(use)
        return answers


def read(path: str, action: str = "read it") -> Request:
    return Request("GET", path, action, "Something.Read")


@given(st.lists(st.integers(0, 60), min_size=1, max_size=120))
def test_each_gets_what_it_asked_for_and_nothing_is_asked_for_twice(numbers: list[int]) -> None:
    echo = Echo()
    answers = echo.together(*(read(f"/users/{number}", f"read {place}") for place, number in enumerate(numbers)))
    assert [answer.body["path"] for answer in answers] == [f"/users/{number}" for number in numbers]
    assert [answer.request.action for answer in answers] == [f"read {place}" for place in range(len(numbers))]
    assert len(echo.requests) == -(-len(set(numbers)) // 20)


def test_a_read_alone_is_no_batch() -> None:
    echo = Echo()
    echo.together(read("/users/1"))
    assert [request.url.path for request in echo.requests] == ["/v1.0/users/1"]


def test_reads_that_follow_each_other_are_not_kept_waiting_for_one_another() -> None:
    async def use(graph: CoalescingGraphClient) -> list[Any]:
        return [(await graph.send(read(f"/users/{number}"))).body["path"] for number in (1, 1)]

    echo = Echo()
    assert echo.run(use) == ["/users/1", "/users/1"]
    # What was read a moment ago may have changed since.
    assert len(echo.requests) == 2


def test_what_changes_something_goes_out_by_itself() -> None:
    echo = Echo()
    add = Request("POST", "/applications/1/addPassword", "add a secret", body={})
    echo.together(read("/users/1"), read("/users/2"), add, add)
    assert sorted(request.url.path for request in echo.requests) == [
        "/v1.0/$batch", "/v1.0/applications/1/addPassword", "/v1.0/applications/1/addPassword",
    ]


def test_a_refusal_names_what_each_wanted_to_do() -> None:
    first, second = Echo(403).together(read("/users/1", "read the first"), read("/users/2", "read the second"))
    for answer, words in ((first, "Could not read the first"), (second, "Could not read the second")):
        with pytest.raises(GraphError, match=words):
            answer.ok()


def test_a_service_that_is_not_there_is_told_to_all() -> None:
    class Nowhere(Echo):
        def answer(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

    async def use(graph: CoalescingGraphClient) -> list[Any]:
        asked = (graph.send(read(f"/users/{number}")) for number in range(3))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(told) for told in Nowhere().run(use)] == [TransportError] * 3
