"""One InvokeCommand: from the body and headers of a request to an answer, without HTTP around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from m365_sandbox.exchange import paging
from m365_sandbox.exchange.access import may_run
from m365_sandbox.exchange.binding import Bound, bind
from m365_sandbox.exchange.catalog import CMDLETS
from m365_sandbox.exchange.cmdlet import Call, Cmdlet
from m365_sandbox.exchange.errors import AdminError, Forbidden, malformed_request
from m365_sandbox.exchange.nouns.service_principal import forget_deleted
from m365_sandbox.exchange.output import Row, serialise
from m365_sandbox.exchange.wording import more_results
from m365_sandbox.state.json_text import parse_json
from m365_sandbox.state.sandbox import Sandbox

FACE = "outlook"


@dataclass(frozen=True)
class Request:
    """A request to run a cmdlet.

    :param path: without the query; faults are asked with it and the cmdlet's name behind it.
    :param base_url: everything before ``/InvokeCommand`` in the links of the answer, with scheme and host.
    :param query: query options, names in lower case.
    :param headers: names in lower case.
    :param wids: directory roles of the caller.
    """

    path: str
    base_url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    wids: Sequence[str]


@dataclass(frozen=True)
class Answer:
    """``body`` None is the refusal without JSON."""

    status: int
    body: dict[str, Any] | None
    headers: Mapping[str, str] = field(default_factory=dict)
    cmdlet: str = ""


def invoke(sandbox: Sandbox, request: Request) -> Answer:
    """Run the cmdlet that a request names, or say why not."""
    name = ""
    warnings: list[str] = []
    try:
        name, given = _cmdlet_input(request.body)
        if request.headers.get("x-responseformat", "json").casefold() != "json":
            raise malformed_request("This sandbox answers with X-ResponseFormat json only.", 406)
        cmdlet = CMDLETS.get(name.casefold())
        if cmdlet is None or not may_run(cmdlet, request.wids):
            raise Forbidden
        if forget_deleted(sandbox.tenant):
            sandbox.tenant.save()
        bound = bind(cmdlet, given)
        warnings += bound.warnings
        return _run(sandbox, request, cmdlet, bound, warnings)
    except Forbidden:
        return Answer(403, None, cmdlet=name)
    except AdminError as error:
        error.warnings = warnings
        return Answer(error.status, error.body(), error.headers(), name)


def _run(sandbox: Sandbox, request: Request, cmdlet: Cmdlet, bound: Bound, warnings: list[str]) -> Answer:
    lag = 0.0
    if cmdlet.reads_only:
        lag = sandbox.faults.replication_lag(FACE, "POST", f"{request.path}/{cmdlet.name}")
    call = Call(sandbox.tenant, bound.arguments, lag, warnings)
    printed = cmdlet.run(call)
    rows = None if printed is None else list(printed)
    if bound.dry:
        return Answer(200, _body(request, warnings, [], question=cmdlet.question(call)), cmdlet=cmdlet.name)
    for change in call.changes:
        change()
    if call.changes:
        sandbox.tenant.save()
    # Cmdlets that change something and have nothing to print answer with null.
    if rows is None or (not rows and not cmdlet.reads_only):
        return Answer(200, _body(request, warnings, None), cmdlet=cmdlet.name)
    limit = call.get("ResultSize")
    if limit is not None and limit < len(rows):
        rows = rows[:limit]
        warnings.append(more_results())
    size = paging.page_size(request.headers.get("prefer", ""))
    page = paging.cut(rows, size, request.query.get("$skiptoken", ""), request.body)
    body = _body(request, warnings, _json_rows(cmdlet, page.rows, request))
    if page.next_token is not None:
        body["@odata.nextLink"] = f"{request.base_url}/InvokeCommand?%24skiptoken={page.next_token}"
        if "$select" in request.query:
            body["@odata.nextLink"] += f"&%24select={quote(request.query['$select'])}"
    return Answer(200, body, cmdlet=cmdlet.name)


def _json_rows(cmdlet: Cmdlet, rows: Sequence[Row], request: Request) -> list[dict[str, Any]]:
    select = [name.strip() for name in request.query["$select"].split(",")] if "$select" in request.query else None
    assert cmdlet.output is not None
    return [serialise(cmdlet.output, row, select) for row in rows]


def _body(
    request: Request, warnings: list[str], value: list[dict[str, Any]] | None, *, question: str | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "@odata.context": f"{request.base_url}/$metadata#Collection(Exchange.GenericHashTable)",
        "adminapi.warnings@odata.type": "#Collection(String)", "@adminapi.warnings": warnings,
    }
    if question is not None:
        body["@adminapi.confirmationmessage"] = question
    body["value"] = value
    return body


def _cmdlet_input(body: bytes) -> tuple[str, dict[str, Any]]:
    """The cmdlet's name and its parameters; AdminError 400 for a body that is not of that shape."""
    try:
        content = parse_json(body)
    except ValueError as error:
        raise malformed_request("The body of the request isn't JSON.") from error
    match content:
        case {"CmdletInput": {"CmdletName": str() as name, **rest}}:
            given = rest.get("Parameters", {})
            if len(content) == 1 and not set(rest) - {"Parameters"} and isinstance(given, dict | None):
                return name, given or {}
    raise malformed_request(
        'The body of the request isn\'t of the form {"CmdletInput": {"CmdletName": "…", "Parameters": {…}}}.'
    )
