# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Exchange's admin API in place of PowerShell: what Microsoft's own module calls, and promises to nobody else."""

from __future__ import annotations

import asyncio
import json
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ExchangeError,
    LostAnswerError,
    ModernAuthError,
    TransportError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.admin_api import (
    BATCH_LIMIT,
    BUSY,
    Answer,
    command,
    parse_body,
    refusal,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import (
    Call,
    ExchangeSession,
    Rows,
    reads_only,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import (
    ATTEMPTS,
    CONNECTION_ATTEMPTS,
    Attempts,
    retry_after,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._token_claims import claims_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import client_context
from ansible_collections.mailops.modern_auth.plugins.module_utils._unreachable import (
    is_untrusted,
    refused_by_proxy,
    unreachable,
)

MISSING: dict[str, str] = {}
try:
    import httpx
except ImportError:
    MISSING["httpx"] = traceback.format_exc()

PAGE_SIZE = 1000
#: The mailbox that requests of applications are routed by.
_ANCHOR = "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"


def anchor(token: str, organization: str) -> str:
    """What requests with an access token are routed by: the person whose token it is, or the applications' mailbox.

    :param organization: the tenant.
    """
    person = claims_of(token).get("upn")
    return f"UPN:{person}" if person else f"{_ANCHOR}@{organization}"


class Tokens(Protocol):
    """What the session needs of a token source."""

    def token(self, scope: str) -> str:
        """An access token for the scope."""

    def refresh(self) -> bool:
        """Forget what is cached; False if the next token would be no fresher."""


def http_client(ca_path: str | None, timeout: float) -> httpx.AsyncClient:
    """Connections for the session.

    :param ca_path: a PEM file of authorities to trust in place of the public ones.
    :param timeout: seconds for a connection, and for each part of an answer.
    :raises InputError: if the file cannot be read.
    """
    return httpx.AsyncClient(verify=client_context(ca_path, "web"), timeout=timeout)


class RestSession(ExchangeSession):
    """A session with the admin API of one tenant.

    :param http: the connections; closed with the session.
    :param endpoint: "https://outlook.office365.com".
    :param organization: the tenant's id or its primary .onmicrosoft.com domain.
    :param scope: what tokens are asked for.
    :param sleep: waits the given seconds; a test hands in one that does not.
    """

    def __init__(
        self, http: httpx.AsyncClient, endpoint: str, organization: str, tokens: Tokens, scope: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._endpoint = endpoint
        self._root = f"/adminapi/beta/{quote(organization, safe='')}"
        self._organization = organization
        self._anchor = ""
        self._tokens = tokens
        self._scope = scope
        self._sleep = sleep
        self._connection_id = str(uuid.uuid4())

    async def open(self) -> None:
        """Get the token; the connection itself is made by the first request."""
        self._anchor = anchor(await self._token(), self._organization)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _run(self, call: Call) -> Rows:
        url = f"{self._endpoint}{self._root}/InvokeCommand"
        return await self._with_pages(call, await self._send(url, command(call), [call]))

    async def _run_many(self, calls: Sequence[Call]) -> list[Rows | ExchangeError]:
        results: dict[int, Rows | ExchangeError] = {}
        for start in range(0, len(calls), BATCH_LIMIT):
            numbers = range(start, min(start + BATCH_LIMIT, len(calls)))
            answers = await self._batch({number: calls[number] for number in numbers})
            for number, answer in answers.items():
                try:
                    results[number] = await self._with_pages(calls[number], answer)
                except LostAnswerError:
                    raise
                except ExchangeError as error:
                    results[number] = error
        return [results[number] for number in range(len(calls))]

    async def _with_pages(self, call: Call, answer: Answer) -> Rows:
        rows: list[Any] = []
        warnings: list[str] = []
        while True:
            if answer.status != 200:
                raise refusal(call, answer)
            rows += answer.rows()
            warnings += answer.warnings()
            if answer.next_link is None:
                return Rows(rows, warnings)
            answer = await self._send(self._checked(answer.next_link), command(call), [call])

    async def _batch(self, calls: Mapping[int, Call]) -> dict[int, Answer]:
        done: dict[int, Answer] = {}
        waiting = dict(calls)
        attempts = Attempts("Exchange")
        while True:
            answers = await self._batch_once(waiting)
            done.update(answers)
            waiting = {number: calls[number] for number, answer in answers.items() if answer.status in BUSY}
            asked = [retry_after(answers[number].headers.get("retry-after")) for number in waiting]
            longest = max((seconds for seconds in asked if seconds is not None), default=None)
            pause = attempts.pause(longest) if waiting else None
            if pause is None:
                return done
            await self._sleep(pause)

    async def _batch_once(self, calls: Mapping[int, Call]) -> dict[int, Answer]:
        requests = [
            {
                "id": str(number), "method": "POST", "url": f"{self._root}/InvokeCommand", "body": command(call),
                "headers": {"Content-Type": "application/json", **self._headers(call)},
            }
            for number, call in calls.items()
        ]
        first = next(iter(calls.values()))
        outer = await self._send(f"{self._endpoint}{self._root}/$batch", {"requests": requests}, list(calls.values()))
        if outer.status != 200:
            raise refusal(first, outer)
        answers = {}
        for inner in outer.body.get("responses") or []:
            headers = {name.lower(): str(value) for name, value in (inner.get("headers") or {}).items()}
            body = inner.get("body")
            answers[int(inner["id"])] = Answer(inner["status"], headers, body if isinstance(body, dict) else {})
        if answers.keys() != calls.keys():
            raise self._lost(list(calls.values()), "the answer to the batch is incomplete")
        return answers

    async def _send(self, url: str, body: Mapping[str, Any], calls: Sequence[Call]) -> Answer:
        """Post and wait out what passes; gives back the answer, whatever its status."""
        is_repeatable = all(reads_only(call.cmdlet) for call in calls)
        # The service recognises a repeated request by this id.
        headers = {"client-request-id": str(uuid.uuid4()), **self._headers(calls[0])}
        refreshed = False
        attempts = Attempts("Exchange")
        while True:
            asked = None
            try:
                answer = await self._once(url, body, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
                if is_untrusted(error) or refused_by_proxy(error) or attempts.made + 1 >= CONNECTION_ATTEMPTS:
                    raise self._unreachable(calls, error) from error
            except httpx.RequestError as error:
                # DecodingError is one: a body that does not match its Content-Encoding comes now and then.
                if not is_repeatable or attempts.made + 1 == ATTEMPTS:
                    raise self._lost(calls, f"the connection broke ({type(error).__name__})") from error
            else:
                if answer.status == 401 and not refreshed and await asyncio.to_thread(self._tokens.refresh):
                    refreshed = True
                    continue
                if answer.status not in BUSY:
                    return answer
                asked = retry_after(answer.headers.get("retry-after"))
            seconds = attempts.pause(asked)
            if seconds is None:
                return answer
            await self._sleep(seconds)

    async def _once(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        request = self._http.build_request(
            "POST", url, content=json.dumps(body).encode(),
            headers={
                **headers, "Authorization": f"Bearer {await self._token()}", "Accept": "application/json",
                "Content-Type": "application/json; charset=utf-8", "connection-id": self._connection_id,
            },
        )
        response = await self._http.send(request, stream=True)
        try:
            content = await response.aread()
        except httpx.DecodingError:
            # A refusal of NUL bytes is declared as gzip.
            if response.status_code not in (401, 403):
                raise
            content = b""
        finally:
            await response.aclose()
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, found, parse_body(content))

    def _headers(self, call: Call) -> dict[str, str]:
        return {
            "X-AnchorMailbox": self._anchor, "X-CmdletName": call.cmdlet, "X-ResponseFormat": "json",
            "Prefer": f"odata.maxpagesize={PAGE_SIZE}",
        }

    async def _token(self) -> str:
        return await asyncio.to_thread(self._tokens.token, self._scope)

    def _checked(self, link: str) -> str:
        if not link.startswith(f"{self._endpoint}/"):
            raise TransportError(
                f"Exchange pointed to {urlsplit(link).netloc} for the next page, which is not {self._endpoint}.",
                remedy="Nothing was sent there, since the request carries a token. Check exchange_endpoint and cloud.",
            )
        return link

    def _lost(self, calls: Sequence[Call], how: str) -> LostAnswerError:
        names = ", ".join(dict.fromkeys(call.cmdlet for call in calls))
        unknown = "" if all(reads_only(call.cmdlet) for call in calls) else " It may have taken effect."
        return LostAnswerError(
            f"{names} got no answer from Exchange: {how}.{unknown}", cmdlet=calls[0].cmdlet,
            remedy="Run the task again: it reads what is there first.",
        )

    def _unreachable(self, calls: Sequence[Call], error: Exception) -> ModernAuthError:
        return unreachable(f"{calls[0].cmdlet} failed", urlsplit(self._endpoint).netloc, error, "exchange_endpoint")
