"""What a throttled or unavailable face answers, in the words and the shape of the service that it stands for."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from m365_sandbox.google import errors as google_errors
from m365_sandbox.identity import errors
from m365_sandbox.state.clock import now
from m365_sandbox.state.faults import Fault
from m365_sandbox.state.tenant import NotSaved

FaultAnswer = tuple[int, dict[str, str], dict[str, Any]]
"""Status, headers, JSON body."""


def fault_answer(face: str, fault: Fault) -> FaultAnswer:
    """The answer to a request that a ``throttle`` or ``unavailable`` fault hit."""
    status, headers, body = _ANSWERS[face](fault)
    if fault.retry_after is not None:
        headers["Retry-After"] = fault.retry_after
    return status, {**headers, "Content-Type": "application/json"}, body


def _identity_answer(fault: Fault) -> FaultAnswer:
    error = errors.throttled() if fault.kind == "throttle" else errors.unavailable(fault.status)
    trace_id = str(uuid.uuid4())
    return error.status, errors.response_headers(error.code, trace_id), error.body(trace_id, str(uuid.uuid4()))


def _graph_answer(fault: Fault) -> FaultAnswer:
    request_id = str(uuid.uuid4())
    moment = now().strftime("%Y-%m-%dT%H:%M:%S")
    headers = {"request-id": request_id, "client-request-id": request_id}
    if fault.kind == "throttle":
        # The sample of Graph's throttling page.
        return 429, headers, {"error": {
            "code": "TooManyRequests",
            "innerError": {
                "code": "429", "date": moment, "message": "Please retry after", "request-id": request_id,
                "status": "429",
            },
            "message": "Please retry again later.",
        }}
    code, message = _OUTAGES[fault.status]
    return fault.status, headers, {"error": {
        "code": code,
        "message": message,
        "innerError": {"date": moment, "request-id": request_id, "client-request-id": request_id},
    }}


def _exchange_answer(fault: Fault) -> FaultAnswer:
    status, code = (429, "TooManyRequests") if fault.kind == "throttle" else (fault.status, _OUTAGES[fault.status][0])
    message = (
        "You have reached the maximum number of concurrent requests per tenant. Please wait and try again."
        if fault.kind == "throttle" else "This issue may be transient. Please try again later."
    )
    return status, {"request-id": str(uuid.uuid4())}, {"error": {"code": code, "message": message}}


def _google_answer(fault: Fault) -> FaultAnswer:
    error = google_errors.busy(429 if fault.kind == "throttle" else fault.status)
    return error.status, {}, error.body


def not_saved_handlers(face: str) -> dict[Any, Any]:
    """For Starlette: a change that cannot be kept is answered like an outage."""
    async def refuse(request: Request, error: Exception) -> Response:
        status, headers, body = fault_answer(face, Fault(face, "unavailable"))
        return JSONResponse(body, status, headers)

    return {NotSaved: refuse}


_ANSWERS = {
    "identity": _identity_answer, "graph": _graph_answer, "outlook": _exchange_answer, "google": _google_answer,
}
_OUTAGES = {
    500: ("InternalServerError", "An unexpected error has occurred."),
    502: ("BadGateway", "The gateway received an invalid response."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable. Please retry later."),
    504: ("GatewayTimeout", "The service did not answer in time. Please retry later."),
}
