"""POST /$batch: up to 20 requests in one [GC:json-batching]."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers

from m365_sandbox.graph.dispatcher import FACE, Dispatcher, Incoming
from m365_sandbox.graph.errors import GraphError, gateway_refusal
from m365_sandbox.graph.fault_answers import fault_answer
from m365_sandbox.graph.routing import V1, Answer, Call, Handler, Route

LIMIT = 20
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
WRITES = ("POST", "PATCH", "PUT")
PROPERTIES = ("id", "method", "url", "headers", "body", "dependsOn")
SHOWN_HEADERS = ("content-type", "location", "retry-after")


@dataclass(frozen=True)
class Step:
    """One request of a batch. Ids are compared without regard to case, so ``key`` and ``depends_on`` are folded."""

    identifier: str
    key: str
    method: str
    url: str
    headers: Headers
    body: bytes
    depends_on: frozenset[str]


def read_batch(content: dict[str, Any]) -> list[Step]:
    """The requests of a batch in an order in which they can run; GraphError 400 for a batch that cannot be run."""
    entries = content.get("requests")
    if not isinstance(entries, list) or not entries:
        raise _malformed()
    if len(entries) > LIMIT:
        raise GraphError(
            400, "MaximumValueExceeded", f"Number of batch request steps exceeds the maximum value of {LIMIT}."
        )
    steps: dict[str, Step] = {}
    for entry in entries:
        step = _read_step(entry)
        if step.key in steps:
            raise gateway_refusal(f"Request Id {step.identifier} has to be unique in a batch.")
        steps[step.key] = step
    return _in_order(list(steps.values()))


def batch_route(dispatcher: Dispatcher) -> Route:
    """The route of ``$batch``, whose requests go through the same dispatcher as any other."""
    return Route("POST", "/$batch", (), _handler(dispatcher))


def _handler(dispatcher: Dispatcher) -> Handler:
    async def run(call: Call) -> Answer:
        answers: dict[str, Answer] = {}
        steps = read_batch(call.json())
        for step in steps:
            failed = any(answers[key].status >= 400 for key in step.depends_on)
            answers[step.key] = _failed_dependency() if failed else await _run_step(dispatcher, call, step)
        return Answer(
            200, {"responses": [_response(step, answers[step.key]) for step in steps]},
            batch=[{"method": step.method, "url": step.url, "status": answers[step.key].status} for step in steps],
        )

    return run


async def _run_step(dispatcher: Dispatcher, call: Call, step: Step) -> Answer:
    path, _, query = step.url.removeprefix("/").partition("?")
    headers = Headers({**step.headers, "authorization": call.headers["authorization"]})
    incoming = Incoming(
        step.method, f"{V1}/{path}", query, headers, step.body, call.origin
    )
    # Throttling counts each request of a batch by itself; the whole is not throttled for one of them.
    faults = call.sandbox.faults.take(FACE, step.method, incoming.plain_path, ("throttle", "unavailable"))
    if not faults:
        return (await dispatcher.dispatch(incoming)).answer
    if faults[0].when == "after":
        await dispatcher.dispatch(incoming)
    status, fault_headers, body = fault_answer(faults[0])
    return Answer(status, body, fault_headers)


def _read_step(entry: Any) -> Step:
    if not isinstance(entry, dict) or any(name not in PROPERTIES for name in entry):
        raise _malformed()
    identifier, method, url = entry.get("id"), entry.get("method"), entry.get("url")
    headers, depends_on = entry.get("headers") or {}, entry.get("dependsOn") or []
    if not (isinstance(identifier, str) and identifier and isinstance(method, str) and isinstance(url, str)):
        raise _malformed()
    if not (_is_text(headers, dict) and _is_text(depends_on, list)) or method.upper() not in METHODS:
        raise _malformed()
    # A batch inside a batch is not possible.
    if url.removeprefix("/").lower().startswith("$batch"):
        raise _malformed()
    body = entry.get("body")
    typed = Headers(headers)
    if (method.upper() in WRITES and body is None) or (
        "content-type" not in typed and (method.upper() in WRITES or body is not None)
    ):
        raise gateway_refusal(f"Write request id : {identifier} does not contain Content-Type header or body.")
    return Step(
        identifier, identifier.casefold(), method.upper(), url, typed, _body_bytes(body),
        frozenset(name.casefold() for name in depends_on),
    )


def _is_text(value: Any, kind: type) -> bool:
    texts = value.values() if isinstance(value, dict) else value
    return isinstance(value, kind) and all(isinstance(text, str) for text in texts)


def _body_bytes(body: Any) -> bytes:
    """JSON as it is; any other content comes as base64url text."""
    if body is None:
        return b""
    if not isinstance(body, str):
        return json.dumps(body).encode()
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise _malformed() from error


def _in_order(steps: Sequence[Step]) -> list[Step]:
    """Each request after those that it depends on; GraphError 400 for an unknown id or a circle."""
    ordered: list[Step] = []
    waiting = list(steps)
    while waiting:
        done = {step.key for step in ordered}
        step = next((one for one in waiting if one.depends_on <= done), None)
        if step is None:
            raise _malformed()
        waiting.remove(step)
        ordered.append(step)
    return ordered


def _response(step: Step, answer: Answer) -> dict[str, Any]:
    headers = {name: value for name, value in answer.headers.items() if name.lower() in SHOWN_HEADERS}
    response: dict[str, Any] = {"id": step.identifier, "status": answer.status, "headers": headers}
    if isinstance(answer.body, dict):
        response["headers"] = {"Content-Type": "application/json", **headers}
        response["body"] = answer.body
    elif isinstance(answer.body, str):
        response["headers"] = {"Content-Type": "text/plain", **headers}
        response["body"] = answer.body
    elif answer.body is not None:
        response["body"] = base64.urlsafe_b64encode(answer.body).decode()
    return response


def _failed_dependency() -> Answer:
    message = "The request was not run because one that it depends on failed."
    return Answer(424, {"error": {"code": "FailedDependency", "message": message}})


def _malformed() -> GraphError:
    return gateway_refusal("Invalid batch payload format.")
