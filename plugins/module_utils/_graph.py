# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A Microsoft Graph client on msgraph-sdk's request adapter that speaks plain dictionaries.

The SDK brings the connection, redirects and telemetry. Its retry handler is switched off: it reads Retry-After as a
whole number, repeats requests that may have taken effect, and sees neither cut connections nor what is in a batch.
"""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import Cloud, cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    GraphError,
    TransportError,
    UnknownOutcomeError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Entity, Request
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import (
    CONNECTION_ATTEMPTS,
    THROTTLED,
    UNAVAILABLE,
    Attempts,
    retry_after,
    wait_until,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import client_context
from ansible_collections.mailops.modern_auth.plugins.module_utils._unreachable import (
    is_untrusted,
    refused_by_proxy,
    unreachable,
)

MISSING: dict[str, str] = {}
try:
    import httpx
    from kiota_abstractions.authentication import AnonymousAuthenticationProvider
    from kiota_abstractions.method import Method
    from kiota_abstractions.native_response_handler import NativeResponseHandler
    from kiota_abstractions.request_information import RequestInformation
    from kiota_http.middleware.options import ResponseHandlerOption, RetryHandlerOption
    from msgraph.graph_request_adapter import GraphRequestAdapter
    from msgraph.graph_request_adapter import options as sdk_options
    from msgraph_core import GraphClientFactory
except ImportError:
    MISSING["msgraph-sdk>=1.60"] = traceback.format_exc()

SERVICE = "Microsoft Graph"
#: https://learn.microsoft.com/graph/json-batching
BATCH_LIMIT = 20
#: Seconds for which a change, or an object made a moment ago, may stay invisible to a read.
PATIENCE = 120.0

T = TypeVar("T")


class Tokens(Protocol):
    """What the client needs of a token source."""

    def token(self, scope: str) -> str:
        """An access token for the scope."""

    def refresh(self) -> bool:
        """Forget what is cached; False if the next token would be no fresher."""


class GraphClient:
    """Requests to one Graph endpoint. Everything that it raises is a ModernAuthError.

    :param http: the connection, with the SDK's middleware.
    :param endpoint: "https://graph.microsoft.com/v1.0".
    :param sleep: waits the given seconds; a test hands in one that does not.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        endpoint: str,
        tokens: Tokens,
        scope: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=http)
        self._endpoint = endpoint
        self._tokens = tokens
        self._scope = scope
        self._sleep = sleep

    @property
    def endpoint(self) -> str:
        """The address with the version, for references to directory objects."""
        return self._endpoint

    async def send(self, request: Request) -> Answer:
        """Send one request and give back its answer, whatever its status.

        Waits out throttling; repeats a repeatable request whose answer was lost or was a server error; takes a fresh
        token once if a cached one is refused.

        :raises TransportError: if Graph cannot be reached.
        :raises UnknownOutcomeError: if the answer to a request that must not be repeated got lost.
        """
        answer = await self._persist(request)
        if answer.status in (401, 403) and await asyncio.to_thread(self._tokens.refresh):
            answer = await self._persist(request)
        return answer

    async def batch(self, requests: Sequence[Request]) -> list[Answer]:
        """Send any number of independent requests, twenty at a time, and give back their answers in the same order.

        Each waits out its own throttling and server errors as with ``send``.
        """
        answers: dict[int, Answer] = {}
        for start in range(0, len(requests), BATCH_LIMIT):
            numbers = range(start, min(start + BATCH_LIMIT, len(requests)))
            answers.update(await self._batch({number: requests[number] for number in numbers}))
        return [answers[number] for number in range(len(requests))]

    async def pages(self, first: Answer) -> list[Entity]:
        """All objects of a collection, its further pages included.

        :param first: the answer with the first page; raises like ``Answer.ok``.
        """
        found: list[Entity] = []
        answer = first
        while True:
            page = answer.ok().body
            found += page.get("value", [])
            following = page.get("@odata.nextLink")
            if not following:
                return found
            if not following.startswith(self._endpoint + "/"):
                raise TransportError(
                    f"Microsoft Graph pointed to {urlsplit(following).netloc} for the next page, which is not "
                    f"{self._endpoint}.",
                    remedy="Nothing was sent there, since the request carries a token. Check graph_endpoint and cloud.",
                )
            request = Request("GET", following.removeprefix(self._endpoint), first.request.action, first.request.needs)
            answer = await self.send(request)

    async def wait_until(
        self, attempt: Callable[[], Awaitable[T]], done: Callable[[T], bool], patience: float = PATIENCE
    ) -> T:
        """Repeat an attempt with growing pauses until its result is the one waited for.

        :param patience: seconds of pauses after which waiting ends.
        :returns: the last result, whether or not it is the one waited for.
        """
        return await wait_until(attempt, done, patience, self._sleep)

    async def rest(self, seconds: float) -> None:
        """Wait."""
        await self._sleep(seconds)

    async def _batch(self, requests: Mapping[int, Request]) -> dict[int, Answer]:
        done: dict[int, Answer] = {}
        waiting = dict(requests)
        refreshed = False
        attempts = Attempts(SERVICE)
        while True:
            answers = await self._batch_once(waiting)
            refused = [number for number, answer in answers.items() if answer.status in (401, 403)]
            refreshed_now = bool(refused) and not refreshed and await asyncio.to_thread(self._tokens.refresh)
            refreshed = refreshed or refreshed_now
            again = {
                number for number, answer in answers.items()
                if _is_worth_repeating(answer) or (refreshed_now and number in refused)
            }
            done.update(answers)
            waiting = {number: requests[number] for number in again}
            if not waiting:
                return done
            if again - set(refused):
                asked = [retry_after(answers[number].headers.get("retry-after")) for number in again]
                seconds = attempts.pause(max((one for one in asked if one is not None), default=None))
                if seconds is None:
                    return done
                await self._sleep(seconds)

    async def _batch_once(self, requests: Mapping[int, Request]) -> dict[int, Answer]:
        actions = list(dict.fromkeys(request.action for request in requests.values()))
        envelope = Request(
            "POST", "/$batch", " and ".join(filter(None, [", ".join(actions[:-1]), actions[-1]])),
            body={"requests": [_inner(number, request) for number, request in requests.items()]},
            repeatable=all(request.is_repeatable for request in requests.values()),
        )
        outer = await self.send(envelope)
        outer.ok()
        answers = {}
        for inner in outer.body.get("responses", []):
            number = int(inner["id"])
            headers = {name.lower(): value for name, value in (inner.get("headers") or {}).items()}
            if "date" in outer.headers:
                headers.setdefault("date", outer.headers["date"])
            body = inner.get("body")
            answers[number] = Answer(
                requests[number], inner["status"], headers, body if isinstance(body, Mapping) else {},
            )
        if answers.keys() != requests.keys():
            raise GraphError(
                f"Could not {envelope.action}: the answer to the batch is incomplete.", status=outer.status,
                request_id=outer.headers.get("request-id"),
            )
        return answers

    async def _persist(self, request: Request) -> Answer:
        attempts = Attempts(SERVICE)
        while True:
            asked: float | None = None
            failure: Exception | None = None
            try:
                answer = await self._once(request)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
                # Nothing was sent, so that even what must not be repeated can be tried again.
                if is_untrusted(error) or refused_by_proxy(error) or attempts.made + 1 == CONNECTION_ATTEMPTS:
                    raise self._unreachable(request, error) from error
                failure = error
            except (httpx.TransportError, httpx.InvalidURL) as error:
                if not request.is_repeatable:
                    raise UnknownOutcomeError(
                        f"Could not {request.action}: the connection broke before an answer came "
                        f"({type(error).__name__}).",
                        status=0,
                    ) from error
                failure = error
            else:
                if not _is_worth_repeating(answer):
                    return answer
                asked = retry_after(answer.headers.get("retry-after"))
            seconds = attempts.pause(asked)
            if seconds is None:
                if failure:
                    raise self._unreachable(request, failure) from failure
                return answer
            await self._sleep(seconds)

    async def _once(self, request: Request) -> Answer:
        information = RequestInformation(method=Method(request.method))
        information.url = self._endpoint + request.path
        headers = {"Accept": "application/json", **request.headers}
        if isinstance(request.body, Mapping):
            headers["Content-Type"] = "application/json"
            information.content = json.dumps(request.body).encode()
        elif request.body is not None:
            information.content = request.body
        headers["Authorization"] = f"Bearer {await asyncio.to_thread(self._tokens.token, self._scope)}"
        for name, value in headers.items():
            information.headers.try_add(name, value)
        information.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        response: Any = await self._adapter.send_primitive_async(information, "bytes", None)
        return _answer(request, response)

    def _unreachable(self, request: Request, error: Exception) -> TransportError:
        return unreachable(f"Could not {request.action}", urlsplit(self._endpoint).netloc, error, "graph_endpoint")


@asynccontextmanager
async def graph_client(
    options: Mapping[str, Any], tokens: Tokens, kind: type[GraphClient] = GraphClient, version: str = "v1.0"
) -> AsyncIterator[GraphClient]:
    """A client for the cloud that a module's connection options describe; closed at the end.

    :param kind: which one.
    :param version: of Graph.
    :raises InputError: if the endpoints or the CA file are unusable.
    """
    cloud: Cloud = cloud_from(options)
    http = httpx.AsyncClient(verify=client_context(options.get("ca_path"), "web"), timeout=options.get("timeout") or 30)
    async with GraphClientFactory.create_with_default_middleware(
        client=http, options={**sdk_options, RetryHandlerOption.get_key(): RetryHandlerOption(should_retry=False)}
    ):
        yield kind(http, f"{cloud.graph_endpoint}/{version}", tokens, cloud.graph_scope)


def _inner(number: int, request: Request) -> dict[str, Any]:
    inner: dict[str, Any] = {"id": str(number), "method": request.method, "url": request.path}
    headers = dict(request.headers)
    if request.body is not None:
        inner["body"] = request.body
        headers["Content-Type"] = "application/json"
    if headers:
        inner["headers"] = headers
    return inner


def _answer(request: Request, response: httpx.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    body: Any = {}
    if response.content and "json" in headers.get("content-type", ""):
        try:
            body = response.json()
        except ValueError:
            body = {}
    return Answer(request, response.status_code, headers, body if isinstance(body, dict) else {}, response.content)


def _is_worth_repeating(answer: Answer) -> bool:
    return answer.status in THROTTLED or (answer.status in UNAVAILABLE and answer.request.is_repeatable)
