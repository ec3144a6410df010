"""What Google's token endpoint answers while it is throttled or down."""

from __future__ import annotations

from m365_sandbox.google import errors
from m365_sandbox.http.faults import FaultAnswer, headers_of
from m365_sandbox.state.faults import Fault


def fault_answer(fault: Fault) -> FaultAnswer:
    """See http.faults."""
    error = errors.busy(429 if fault.kind == "throttle" else fault.status)
    return error.status, headers_of(fault, {}), error.body
