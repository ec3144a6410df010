from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    CmdletUnavailableError,
    ExchangeConflictError,
    ExchangeError,
    ExchangeNotFoundError,
    LostAnswerError,
    ModernAuthError,
    TransportError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.admin_api import Answer
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.rest import RestSession, anchor
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import Call, Rows

ENDPOINT = "https://outlook.office365.com"
Reply = Callable[[int, httpx.Request], "httpx.Response | Exception"]


class Tokens:
    """Gives one token until it is told to refresh."""

    def __init__(self, cached: bool = True) -> None:
        self.cached = cached
        self.scopes: list[str] = []

    def token(self, scope: str) -> str:
        self.scopes.append(scope)
        return "cached" if self.cached else "fresh"

    def refresh(self) -> bool:
        was, self.cached = self.cached, False
        return was


class Service:
    """Answers the n-th request as told, and remembers what was asked and how long was waited."""

    def __init__(self, *replies: httpx.Response | Exception | Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        self.tokens = Tokens()

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        found = reply(len(self.requests), request) if callable(reply) else reply
        if isinstance(found, Exception):
            raise found
        return found

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def session(self) -> RestSession:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.handle))
        return RestSession(http, ENDPOINT, "contoso.onmicrosoft.com", self.tokens, f"{ENDPOINT}/.default", self.sleep)

    def invoke(self, cmdlet: str = "Get-Mailbox", **parameters: Any) -> Rows:
        async def ask() -> Rows:
            async with self.session() as session:
                return await session.invoke(cmdlet, parameters)

        return asyncio.run(ask())

    def invoke_many(self, *calls: Call) -> list[Rows | ExchangeError]:
        async def ask() -> list[Rows | ExchangeError]:
            async with self.session() as session:
                return await session.invoke_many(calls)

        return asyncio.run(ask())

    def failure(self, cmdlet: str = "Get-Mailbox", **parameters: Any) -> ModernAuthError:
        with pytest.raises(ModernAuthError) as caught:
            self.invoke(cmdlet, **parameters)
        return caught.value


def answer(*rows: Any, warnings: tuple[str, ...] = (), **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"value": list(rows), "@adminapi.warnings": list(warnings), **more})


def error_body(**parts: Any) -> dict[str, Any]:
    return {"error": {"code": "BadRequest", "message": "Error executing cmdlet", **parts}}


def test_what_is_sent() -> None:
    service = Service(answer({"A": 1}))
    assert service.invoke("Set-Mailbox", Identity="a'$(1)", EmailAddresses={"Add": ["x"]}, Confirm=False) == [{"A": 1}]
    (request,) = service.requests
    assert str(request.url) == f"{ENDPOINT}/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand"
    assert json.loads(request.content) == {
        "CmdletInput": {
            "CmdletName": "Set-Mailbox",
            "Parameters": {
                "Identity": "a'$(1)", "Confirm": False,
                "EmailAddresses": {"@odata.type": "#Exchange.GenericHashTable", "Add": ["x"]},
            },
        }
    }
    assert request.headers["Authorization"] == "Bearer cached"
    anchor = "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@contoso.onmicrosoft.com"
    assert request.headers["X-AnchorMailbox"] == anchor
    assert request.headers["Prefer"] == "odata.maxpagesize=1000"
    assert set(service.tokens.scopes) == {f"{ENDPOINT}/.default"}


def test_a_persons_requests_are_routed_by_their_own_mailbox() -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"upn": "admin@contoso.example"}).encode()).decode()
    assert anchor(f"e30.{claims}.signature", "contoso.onmicrosoft.com") == "UPN:admin@contoso.example"


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({"A@odata.type": "#Collection(String)", "A": ["x"]}, {"A": ["x"]}),
        ({"A@data.type": "System.Guid", "A": "0A"}, {"A": "0a"}),
        ({"A@data.type": "System.DateTime", "A": "2026-01-02T03:04:05Z"}, {"A": "2026-01-02T03:04:05.0000000Z"}),
        ({"A@data.type": "System.DateTime", "A": "2026-01-02T03:04:05.123"}, {"A": "2026-01-02T03:04:05.1230000"}),
        ({"A@data.type": "System.DateTime", "A": None}, {"A": None}),
        ({"A@data.type": "System.DateTime", "A": "soon"}, {"A": "soon"}),
    ],
)
def test_rows_look_as_in_powershell(row: dict[str, Any], shown: dict[str, Any]) -> None:
    assert Answer(200, {}, {"value": [row]}).rows() == [shown]


def test_no_value_is_no_rows() -> None:
    assert Answer(200, {}, {"value": None}).rows() == []
    assert Answer(200, {}, {}).rows() == []
    assert Answer(200, {}, {"value": {"A": 1}}).rows() == [{"A": 1}]


def test_pages_are_asked_for_with_the_same_body() -> None:
    link = f"{ENDPOINT}/adminapi/beta/t/InvokeCommand?$skiptoken=a%20b"
    service = Service(
        answer({"n": 1}, warnings=("one",), **{"@odata.nextLink": link}), answer({"n": 2}, warnings=("two",))
    )
    rows = service.invoke(Identity="x")
    assert rows == [{"n": 1}, {"n": 2}]
    assert rows.warnings == ("one", "two")
    first, second = service.requests
    assert second.method == "POST"
    assert str(second.url) == link
    assert second.content == first.content


def test_a_page_elsewhere_gets_no_token() -> None:
    service = Service(answer(**{"@odata.nextLink": "https://outlook.office365.com.evil.example/x"}))
    assert isinstance(service.failure(), TransportError)
    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 503, 504])
def test_what_passes_is_waited_out(status: int) -> None:
    service = Service(httpx.Response(status, headers={"Retry-After": "2.5"}), answer({"A": 1}))
    assert service.invoke("Set-Mailbox") == [{"A": 1}]
    assert service.pauses == [2.5]
    first, second = service.requests
    assert first.headers["client-request-id"] == second.headers["client-request-id"]


def test_waiting_ends() -> None:
    service = Service(httpx.Response(429, json=error_body(
        details=[{"message": "You have reached the maximum number of concurrent requests per tenant. Please wait"}]
    )))
    error = service.failure()
    assert isinstance(error, ExchangeError)
    assert "later" in (error.remedy or "")
    assert len(service.requests) == 8


def test_a_cached_token_is_replaced_once() -> None:
    def reply(number: int, request: httpx.Request) -> httpx.Response:
        return answer() if request.headers["Authorization"] == "Bearer fresh" else httpx.Response(401)

    service = Service(reply)
    assert service.invoke() == []
    assert len(service.requests) == 2
    service = Service(httpx.Response(401, headers={"request-id": "r1"}))
    error = service.failure()
    assert isinstance(error, AuthenticationError)
    assert "Exchange.ManageAsApp" in (error.remedy or "")
    assert error.request_id == "r1"
    assert len(service.requests) == 2


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_a_refusal_of_nul_bytes(headers: dict[str, str]) -> None:
    def reply(number: int, request: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(b"\0" * 64)
        return httpx.Response(403, headers={**headers, "Content-Type": "application/json"}, stream=stream)

    error = Service(reply).failure("New-ServicePrincipal")
    assert isinstance(error, CmdletUnavailableError)
    assert "directory role" in (error.remedy or "")
    assert "spelling" in (error.remedy or "")


@pytest.mark.parametrize(
    ("status", "body", "expected", "text"),
    [
        (404, error_body(
            details=[{"message": "Ex6F9304|X.ManagementObjectNotFoundException|'x' couldn't be found on 'Y'."}],
            innererror={"internalexception": {"message": "Exception of type 'X' was thrown.", "type": "X"}},
        ), ExchangeNotFoundError, "'x' couldn't be found on 'Y'."),
        (404, error_body(
            details=[{"message": "Error executing cmdlet"}],
            innererror={"message": "Error executing cmdlet", "internalexception": {"message": "|A.B|the innermost"}},
        ), ExchangeError, "the innermost"),
        (404, error_body(
            details=[{"message": "Ex6F9304|X.ManagementObjectNotFoundException|'x' couldn't be found on 'Y'."}],
            innererror={"message": "Error executing cmdlet"},
        ), ExchangeNotFoundError, "'x' couldn't be found on 'Y'."),
        (400, error_body(details=[{"code": "Context", "message": json.dumps({
            "Message": "The object 'x' already exists.", "StackTrace": None, "InnerError": None,
            "TypeName": "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException",
        })}]), ExchangeConflictError, "The object 'x' already exists."),
        (400, {"error": {"message": "Only this"}}, ExchangeError, "Only this"),
        (500, {}, ExchangeError, "HTTP 500 without an explanation"),
        (403, error_body(details=[{"message": "|X.Y|not you"}]), ExchangeError, "not you"),
        (400, {"error": "a text"}, ExchangeError, "HTTP 400 without an explanation"),
        (400, {"error": {"details": "none", "innererror": "none", "message": ""}}, ExchangeError, "HTTP 400"),
    ],
)
def test_where_the_reason_stands(
    status: int, body: dict[str, Any], expected: type[ExchangeError], text: str
) -> None:
    error = Service(httpx.Response(status, json=body, headers={"request-id": "r1"})).failure()
    assert error.__class__ is expected
    assert text in error.message
    assert error.request_id == "r1"


def test_the_type_may_stand_in_a_header() -> None:
    headers = {"x-ExceptionType": "UnableToWriteToAadException"}
    error = Service(httpx.Response(400, json=error_body(), headers=headers)).failure()
    assert error.code == "UnableToWriteToAadException"


@pytest.mark.parametrize("broken", [httpx.ReadError("cut"), httpx.ReadTimeout("late"), httpx.RemoteProtocolError("x")])
def test_only_what_reads_is_sent_again(broken: Exception) -> None:
    service = Service(broken, answer({"A": 1}))
    assert service.invoke("Get-Mailbox") == [{"A": 1}]
    service = Service(broken, answer())
    error = service.failure("New-ServicePrincipal")
    assert isinstance(error, LostAnswerError)
    assert "may have taken effect" in error.message
    assert len(service.requests) == 1


def test_a_body_that_is_not_what_it_says_may_have_taken_effect() -> None:
    def reply(number: int, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"not gzip"))

    assert isinstance(Service(reply).failure("Set-Mailbox"), LostAnswerError)


def test_an_unreachable_host_is_tried_a_few_times_only() -> None:
    service = Service(httpx.ConnectError("refused"))
    error = service.failure("Set-Mailbox")
    assert isinstance(error, TransportError)
    assert "exchange_endpoint" in (error.remedy or "")
    assert len(service.requests) == 4


def batch(number: int, request: httpx.Request) -> httpx.Response:
    responses = [
        {"id": inner["id"], "status": 200, "body": {"value": [inner["body"]["CmdletInput"]["Parameters"]]}}
        for inner in json.loads(request.content)["requests"]
    ]
    return httpx.Response(200, json={"responses": responses[::-1]})


def test_many_calls_go_by_tens() -> None:
    service = Service(batch)
    results = service.invoke_many(*(Call("Get-A", {"N": number}) for number in range(23)))
    assert results == [[{"N": number}] for number in range(23)]
    sizes = [len(json.loads(request.content)["requests"]) for request in service.requests]
    assert sizes == [10, 10, 3]
    request = service.requests[0]
    assert str(request.url) == f"{ENDPOINT}/adminapi/beta/contoso.onmicrosoft.com/$batch"
    inner = json.loads(request.content)["requests"][0]
    assert inner["method"] == "POST"
    assert inner["url"] == "/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand"
    assert "Authorization" not in inner["headers"]


def test_only_what_was_throttled_in_a_batch_is_sent_again() -> None:
    def reply(number: int, request: httpx.Request) -> httpx.Response:
        found = json.loads(batch(number, request).content)
        if number == 1:
            found["responses"][1] |= {"status": 429, "headers": {"Retry-After": "3"}, "body": None}
        return httpx.Response(200, json=found)

    service = Service(reply)
    assert service.invoke_many(*(Call("Set-A", {"N": number}) for number in range(3))) == [
        [{"N": 0}], [{"N": 1}], [{"N": 2}]
    ]
    assert service.pauses == [3.0]
    assert [inner["id"] for inner in json.loads(service.requests[1].content)["requests"]] == ["1"]


def test_a_batch_may_hold_refusals_and_pages() -> None:
    link = f"{ENDPOINT}/adminapi/beta/t/InvokeCommand?page=2"

    def reply(number: int, request: httpx.Request) -> httpx.Response:
        if number == 2:
            return answer({"n": 2})
        missing = error_body(details=[{"message": "Ex1|X.ManagementObjectNotFoundException|no"}])
        return httpx.Response(200, json={"responses": [
            {"id": "0", "status": 404, "body": missing},
            {"id": "1", "status": 200, "body": {"value": [{"n": 1}], "@odata.nextLink": link}},
        ]})

    first, second = Service(reply).invoke_many(Call("Get-A"), Call("Get-B"))
    assert isinstance(first, ExchangeNotFoundError)
    assert second == [{"n": 1}, {"n": 2}]


def test_a_batch_that_answers_in_part() -> None:
    with pytest.raises(LostAnswerError):
        Service(httpx.Response(200, json={"responses": []})).invoke_many(Call("Set-A"))
