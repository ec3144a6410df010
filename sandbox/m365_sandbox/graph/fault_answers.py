"""What Graph answers while it is throttled or down."""

from __future__ import annotations

import uuid

from m365_sandbox.http.faults import OUTAGES, FaultAnswer, headers_of
from m365_sandbox.state.clock import now
from m365_sandbox.state.faults import Fault


def fault_answer(fault: Fault) -> FaultAnswer:
    """See http.faults."""
    request_id = str(uuid.uuid4())
    moment = now().strftime("%Y-%m-%dT%H:%M:%S")
    headers = headers_of(fault, {"request-id": request_id, "client-request-id": request_id})
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
    code, message = OUTAGES[fault.status]
    return fault.status, headers, {"error": {
        "code": code,
        "message": message,
        "innerError": {"date": moment, "request-id": request_id, "client-request-id": request_id},
    }}
