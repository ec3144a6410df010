"""Around Microsoft's HTTP faces: the faults that were asked for, the tenant's date, and the log of requests."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from m365_sandbox.http.faults import Answerer
from m365_sandbox.state.clock import http_date, now, timestamp
from m365_sandbox.state.faults import Faults
from m365_sandbox.state.request_log import RequestLog

_ACTIVE_KINDS = ("latency", "throttle", "unavailable", "disconnect")


class HttpMiddleware:
    """Applies the faults of one face, writes ``Date`` into its answers and records its requests.

    A face names its caller as ``app_id``, the requests inside a ``$batch`` as ``batch``, and Exchange's the ``cmdlet``
    that it ran, in the request's state.
    The state also holds ``transport``, the connection, which is what a fault cuts (see ``http.server``).
    """

    def __init__(self, app: ASGIApp, face: str, faults: Faults, log: RequestLog, answer: Answerer) -> None:
        self._app = app
        self._face = face
        self._faults = faults
        self._log = log
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        entry: dict[str, Any] = {
            "time": timestamp(now()), "face": self._face, "method": scope["method"], "path": scope["path"],
            "query": unquote(scope["query_string"].decode("ascii", "replace")), "status": None, "app_id": None,
            "batch": None, "cmdlet": None, "began": time.monotonic(),
        }

        async def recording_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
                message = {**message, "headers": [*message["headers"], (b"date", http_date(now()).encode())]}
            await send(message)

        try:
            await self._handle(scope, receive, recording_send)
        finally:
            entry["app_id"] = scope["state"].get("app_id")
            entry["batch"] = scope["state"].get("batch")
            entry["cmdlet"] = scope["state"].get("cmdlet")
            entry["ended"] = time.monotonic()
            self._log.add(entry)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        faults = self._faults.take(self._face, scope["method"], scope["path"], _ACTIVE_KINDS)
        delay = sum(fault.seconds for fault in faults if fault.kind == "latency")
        if delay:
            await asyncio.sleep(delay)
        striking = next((fault for fault in faults if fault.kind != "latency"), None)
        if striking is None:
            await self._app(scope, receive, send)
            return
        if striking.when == "after":
            await self._app(scope, receive, _swallow)
        if striking.kind == "disconnect":
            scope["state"]["transport"].abort()
            # Until the server has noticed, it would take the missing answer for a bug of the face.
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        status, headers, body = self._answer(striking)
        await send({
            "type": "http.response.start", "status": status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        })
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _swallow(message: Message) -> None:
    """Where the answer goes to when the request took effect but the client is not to learn of it."""
