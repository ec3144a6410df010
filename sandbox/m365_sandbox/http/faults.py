"""What a throttled or unavailable face answers; in whose words and shape, each face says itself (``fault_answer``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from m365_sandbox.state.faults import Fault
from m365_sandbox.state.tenant import NotSaved

#: Status, headers, JSON body.
FaultAnswer: TypeAlias = tuple[int, dict[str, str], dict[str, Any]]
#: A face's answer to a request that a ``throttle`` or ``unavailable`` fault hit.
Answerer: TypeAlias = Callable[[Fault], FaultAnswer]

#: The codes and words of Microsoft's APIs, by status.
OUTAGES: Mapping[int, tuple[str, str]] = {
    500: ("InternalServerError", "An unexpected error has occurred."),
    502: ("BadGateway", "The gateway received an invalid response."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable. Please retry later."),
    504: ("GatewayTimeout", "The service did not answer in time. Please retry later."),
}


def headers_of(fault: Fault, own: Mapping[str, str]) -> dict[str, str]:
    """The headers of an answer: the face's own, its type, and what the fault says of the next attempt."""
    asked = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return {**own, **asked, "Content-Type": "application/json"}


def not_saved_handlers(face: str, answer: Answerer) -> dict[Any, Any]:
    """For Starlette: a change that cannot be kept is answered like an outage."""
    async def refuse(request: Request, error: Exception) -> Response:
        status, headers, body = answer(Fault(face, "unavailable"))
        return JSONResponse(body, status, headers)

    return {NotSaved: refuse}
