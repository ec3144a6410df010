"""What Exchange's admin API answers while it is throttled or down."""

from __future__ import annotations

import uuid

from m365_sandbox.http.faults import OUTAGES, FaultAnswer, headers_of
from m365_sandbox.state.faults import Fault


def fault_answer(fault: Fault) -> FaultAnswer:
    """See http.faults."""
    if fault.kind == "throttle":
        status, code = 429, "TooManyRequests"
        message = "You have reached the maximum number of concurrent requests per tenant. Please wait and try again."
    else:
        status, code = fault.status, OUTAGES[fault.status][0]
        message = "This issue may be transient. Please try again later."
    headers = headers_of(fault, {"request-id": str(uuid.uuid4())})
    return status, headers, {"error": {"code": code, "message": message}}
