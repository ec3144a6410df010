"""Graph's error envelope and the refusals that several resources share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from m365_sandbox.state.clock import now

Detail = Mapping[str, str]
#: What it can be made to refuse with by a fault: code -> status and text. This one is measured in public code, with a
#: token that has no permission at all for mail.
REFUSALS: Mapping[str, tuple[int, str]] = {"UnknownError": (401, "")}


class GraphError(Exception):
    """A refusal that becomes Graph's error envelope. Raised by handlers and by everything that they call.

    :param status: the HTTP status.
    :param code: Graph's code, for example ``Request_ResourceNotFound``.
    :param message: the text, as Graph words it.
    :param details: entries of ``error.details``, each with ``code``, ``target`` and ``message``; left out when empty.
    :param headers: further response headers, for example ``Retry-After``.
    """

    def __init__(
        self, status: int, code: str, message: str, *, details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})

    def envelope(self, request_id: str, client_request_id: str) -> dict[str, Any]:
        """The JSON body of the answer; both ids are GUIDs as the answer's headers carry them."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = [dict(detail) for detail in self.details]
        error["innerError"] = {
            "date": now().strftime("%Y-%m-%dT%H:%M:%S"), "request-id": request_id,
            "client-request-id": client_request_id,
        }
        return {"error": error}


def bad_request(message: str, **rest: Any) -> GraphError:
    """What the directory answers to content that it understood and does not accept."""
    return GraphError(400, "Request_BadRequest", message, **rest)


def gateway_refusal(message: str) -> GraphError:
    """What Graph's gateway answers before the directory sees the request: bad paths, payloads, headers."""
    return GraphError(400, "BadRequest", message)


def unsupported_query(message: str = "Unsupported Query.") -> GraphError:
    """What the directory answers to a query that it understood and does not run."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def invalid_value(property_name: str, resource: str) -> GraphError:
    """The directory's refusal of a value that has the right type; ``resource`` as in ``Application``."""
    return bad_request(f"Invalid value specified for property '{property_name}' of resource '{resource}'.")


def value_required(property_name: str, resource: str) -> GraphError:
    """The directory's refusal of a creation without a property that it needs."""
    return bad_request(f"A value is required for property '{property_name}' of resource '{resource}'.")


def resource_not_found(identifier: str) -> GraphError:
    """The directory's 404 for an object id that it does not know (or that has not replicated yet)."""
    return GraphError(
        404, "Request_ResourceNotFound",
        f"Resource '{identifier}' does not exist or one of its queried reference-property objects are not present.",
    )


def authorization_denied(message: str = "Insufficient privileges to complete the operation.") -> GraphError:
    """The directory's 403 for a token without the needed role."""
    return GraphError(403, "Authorization_RequestDenied", message)


def conflicting_objects(target: str) -> GraphError:
    """The directory's refusal of a second object with the same value of a unique property, named by ``target``."""
    message = "A conflicting object with one or more of the specified property values is present in the directory."
    return GraphError(
        400, "Request_MultipleObjectsWithSameKeyValue", message,
        details=({"code": "ConflictingObjects", "target": target, "message": message},),
    )
