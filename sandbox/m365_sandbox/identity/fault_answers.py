"""What the token service answers while it is throttled or down."""

from __future__ import annotations

import uuid

from m365_sandbox.http.faults import FaultAnswer, headers_of
from m365_sandbox.identity import errors
from m365_sandbox.state.faults import Fault


def fault_answer(fault: Fault) -> FaultAnswer:
    """See http.faults."""
    error = errors.throttled() if fault.kind == "throttle" else errors.unavailable(fault.status)
    trace_id = str(uuid.uuid4())
    headers = headers_of(fault, errors.response_headers(error.code, trace_id))
    return error.status, headers, error.body(trace_id, str(uuid.uuid4()))
