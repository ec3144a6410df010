# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is said to Microsoft Graph and what comes back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ConflictError,
    GraphError,
    NotFoundError,
    UnknownOutcomeError,
)

Entity = dict[str, Any]

#: Methods of which a second sending leaves the same state behind.
REPEATABLE_METHODS = frozenset({"GET", "PATCH", "PUT", "DELETE"})


@dataclass(frozen=True)
class Request:
    """One request, and what a person has to know if it fails.

    :param path: relative to the version, with a leading slash, percent-encoded: "/users/x/messages?$top=1".
    :param action: completes the sentence "Could not …": "read the application".
    :param needs: the Microsoft Graph application permissions that the action needs, least first; shown on a 403.
    :param body: an object becomes JSON; bytes go out as they are, under the Content-Type in ``headers``.
    :param repeatable: whether sending it twice does no harm; None takes the method's nature. It decides what happens
        when an answer is lost: a repeatable request is sent again, any other raises UnknownOutcomeError.
    """

    method: str
    path: str
    action: str
    needs: str = ""
    body: Mapping[str, Any] | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool | None = None

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be sent again although the first may have taken effect."""
        return self.method in REPEATABLE_METHODS if self.repeatable is None else self.repeatable


@dataclass(frozen=True)
class Answer:
    """What came back for a request, an error included: ``ok()`` raises it.

    :param headers: by lower-case name.
    :param body: the JSON object; empty if there is none.
    :param content: the body as bytes; empty for the answers inside a batch.
    """

    request: Request
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    content: bytes = b""

    def ok(self) -> Answer:
        """Itself.

        :raises NotFoundError, ConflictError, GraphError: if it is an error.
        """
        if self.status >= 400:
            raise graph_error(self)
        return self

    def entity(self) -> Entity:
        """The object that was asked for. Raises like ``ok``."""
        return dict(self.ok().body)

    def found(self) -> Entity | None:
        """The object that was asked for, or None if there is none. Raises like ``ok`` for any other error."""
        return None if self.status == 404 else self.entity()

    @property
    def moment(self) -> datetime:
        """The service's own time, which is the one that judges what has expired."""
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).astimezone(UTC)
        except ValueError:
            return datetime.now(UTC)


def quoted(value: str) -> str:
    """A text as an OData literal for paths and filters, percent-encoded, quotes included."""
    return quote("'" + value.replace("'", "''") + "'", safe="'")


def segment(value: str) -> str:
    """A text as one segment of a path."""
    return quote(value, safe="@")


def graph_error(answer: Answer) -> GraphError:
    """The typed error for an answer of status 400 and above."""
    request, status = answer.request, answer.status
    error = answer.body.get("error") or {}
    code = error.get("code")
    text = error.get("message") or f"HTTP {status} without an explanation"
    details = [detail for detail in error.get("details") or [] if isinstance(detail, Mapping)]
    reasons = frozenset(str(detail.get("code")) for detail in details)
    inner = error.get("innerError") or {}
    request_id = inner.get("request-id") or answer.headers.get("request-id")
    kind = GraphError
    if status == 404:
        kind = NotFoundError
    elif status == 409 or reasons & {"ObjectConflict", "ConflictingObjects"} or "already exist" in text:
        kind = ConflictError
    elif status >= 500 and not request.is_repeatable:
        kind = UnknownOutcomeError
    return kind(
        f"Could not {request.action}: {text.strip()}" + ("" if text.strip().endswith((".", "!", "?")) else "."),
        status=status, answer=text, reasons=reasons, code=code, request_id=request_id,
        remedy=_remedy(request, status, text),
    )


def _remedy(request: Request, status: int, text: str) -> str | None:
    if "as per assigned policy" in text:
        return "The tenant's app management policy forbids it: change the request, or the policy in the Entra portal."
    if status == 403 and request.needs:
        return (
            f"The caller needs the application permission {request.needs} on Microsoft Graph, with admin consent; "
            "a permission that was just granted counts from the next token."
        )
    if status == 401:
        return "Check that the token was issued for Microsoft Graph in this cloud and has not expired."
    if status == 429:
        return "Microsoft Graph throttles the caller; try again later, or run fewer hosts at once."
    if status >= 500:
        return "Microsoft Graph is not available at the moment; try again later."
    return None
