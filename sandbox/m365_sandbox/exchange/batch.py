"""``$batch``: several InvokeCommands in one request, each with a status of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from m365_sandbox.exchange.errors import AdminError, malformed_request
from m365_sandbox.exchange.invocation import Answer
from m365_sandbox.state.json_text import parse_json

# The module and its imitators send ten; no source says that more would be taken.
LARGEST = 10

Inner = Callable[[str, Mapping[str, str], Mapping[str, str], bytes], Answer]
"""Runs one request: path, query, headers (names in lower case), body."""


def run_batch(body: bytes, run: Inner) -> list[dict[str, Any]]:
    """The responses, in the order of the requests; AdminError 400 for a body that is no batch."""
    responses = []
    for request in _requests(body):
        try:
            answer = _one(request, run)
        except AdminError as error:
            answer = Answer(error.status, error.body(), error.headers())
        headers = {"Content-Type": "application/json", **answer.headers}
        if answer.cmdlet:
            headers["Cmdlet-Name"] = answer.cmdlet
        responses.append({"id": request["id"], "status": answer.status, "headers": headers, "body": answer.body})
    return responses


def _requests(body: bytes) -> list[dict[str, Any]]:
    try:
        content = parse_json(body)
    except ValueError as error:
        raise malformed_request("The body of the request isn't JSON.") from error
    requests = content.get("requests") if isinstance(content, dict) and len(content) == 1 else None
    if not isinstance(requests, list) or not requests or not all(isinstance(one, dict) for one in requests):
        raise malformed_request('The body of a batch is of the form {"requests": [{…}]}.')
    if len(requests) > LARGEST:
        raise malformed_request(f"A batch has at most {LARGEST} requests; this one has {len(requests)}.")
    ids = [one.get("id") for one in requests]
    if not all(isinstance(one, str) for one in ids) or len(set(ids)) < len(ids):
        raise malformed_request("Every request of a batch needs an id of its own.")
    return requests


def _one(request: dict[str, Any], run: Inner) -> Answer:
    if unknown := set(request) - {"id", "method", "url", "headers", "body"}:
        raise malformed_request(f"The requests of a batch have no property {', '.join(sorted(unknown))}.")
    url, headers = request.get("url"), request.get("headers") or {}
    if not isinstance(url, str) or not isinstance(headers, dict):
        raise malformed_request("A request of a batch needs a url, and its headers are an object.")
    if str(request.get("method", "")).upper() != "POST":
        raise malformed_request("The requests of a batch are POST.", 405)
    # Clients give the path, or the whole URL.
    parts = urlsplit(url)
    query = {name.casefold(): value for name, value in parse_qsl(parts.query)}
    lowered = {name.casefold(): str(value) for name, value in headers.items()}
    return run(parts.path, query, lowered, json.dumps(request.get("body")).encode())
