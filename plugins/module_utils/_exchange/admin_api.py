# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is said to Exchange's admin API and what comes back. Pure.

Microsoft documents neither InvokeCommand nor its answers; the shapes are those that public clients send and read:
KelvinTegelaar/CIPP-API (New-ExoRequest.ps1, New-ExoBulkRequest.ps1) and GreyCorbel/ExoHelper.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    CmdletUnavailableError,
    ModernAuthError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection_refusals import TOKEN_REFUSED
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.refusals import UNAVAILABLE, refused
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import Call

#: Answers after which the same request is worth sending again (ExoHelper retries these).
BUSY = frozenset({408, 429, 503, 504})
#: How many requests CIPP puts into one $batch.
BATCH_LIMIT = 10

_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?")
_HASHTABLE = "#Exchange.GenericHashTable"


@dataclass(frozen=True)
class Answer:
    """An answer to one InvokeCommand, alone or in a batch.

    :param headers: by lower-case name.
    :param body: the JSON object; empty when there was none, as with a refusal of NUL bytes.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def next_link(self) -> str | None:
        """Where the same request has to be sent for the next page."""
        return self.body.get("@odata.nextLink")

    def rows(self) -> list[Any]:
        """This page's objects, without the entries that only tell types, as PowerShell shows them."""
        value = self.body.get("value")
        items = value if isinstance(value, list) else [] if value is None else [value]
        return [_plain(item) for item in items]

    def warnings(self) -> list[str]:
        """What the cmdlet said beside its output."""
        return [str(warning) for warning in self.body.get("@adminapi.warnings") or []]


def command(call: Call) -> dict[str, Any]:
    """The body of an InvokeCommand."""
    parameters = {name: _typed(value) for name, value in call.parameters.items()}
    return {"CmdletInput": {"CmdletName": call.cmdlet, "Parameters": parameters}}


def parse_body(content: bytes) -> Mapping[str, Any]:
    """The JSON object in an answer's body, empty if it holds none.

    A refusal's body can be a run of NUL bytes in place of JSON.
    """
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def refusal(call: Call, answer: Answer) -> ModernAuthError:
    """The error for an answer whose status is not 200."""
    request_id = answer.headers.get("request-id")
    if answer.status == 401:
        return AuthenticationError(
            f"Exchange refused the token ({call.cmdlet}).", code="401", request_id=request_id, remedy=TOKEN_REFUSED
        )
    message = _message(answer.body)
    if message is None and answer.status == 403:
        return CmdletUnavailableError(
            f"{call.cmdlet} is not open to this application.", cmdlet=call.cmdlet, code="403", request_id=request_id,
            remedy=f"The application needs a directory role that Exchange accepts. {UNAVAILABLE}",
            details={"cmdlet": call.cmdlet},
        )
    kind = answer.headers.get("x-exceptiontype", "")
    text, said_kind = _unwrapped(message or f"HTTP {answer.status} without an explanation")
    return refused(call.cmdlet, text, said_kind or kind, request_id)


def _message(body: Mapping[str, Any]) -> str | None:
    """The most telling text: error.message itself is always the same few words.

    A detail that names its exception comes first, for the innermost exception sometimes says no more than
    "Exception of type '…' was thrown.".
    """
    error = body.get("error")
    if not isinstance(error, Mapping):
        return None
    inner = error.get("innererror")
    internal = inner.get("internalexception") if isinstance(inner, Mapping) else None
    details = error.get("details") if isinstance(error.get("details"), list) else []
    detailed = [detail.get("message") for detail in details or [] if isinstance(detail, Mapping)]
    candidates = [
        *(text for text in detailed if isinstance(text, str) and ("|" in text or text.startswith("{"))),
        internal.get("message") if isinstance(internal, Mapping) else None, *detailed, error.get("message"),
    ]
    return next((text for text in candidates if isinstance(text, str) and text), None)


def _unwrapped(message: str) -> tuple[str, str]:
    """Text and type of a message that may be an object in JSON: {"Message", "TypeName", ...}."""
    if message.startswith("{"):
        inner = parse_body(message.encode())
        if isinstance(inner.get("Message"), str):
            return inner["Message"], str(inner.get("TypeName") or "")
    return message, ""


def _typed(value: Any) -> Any:
    match value:
        case Mapping():
            return {"@odata.type": _HASHTABLE, **{key: _typed(item) for key, item in value.items()}}
        case list() | tuple():
            return [_typed(item) for item in value]
        case _:
            return value


def _plain(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    return {name: _shown(value, row.get(f"{name}@data.type")) for name, value in row.items() if "@" not in name}


def _shown(value: Any, kind: Any) -> Any:
    """GUIDs and dates as PowerShell shows them, so that results are the same on every transport."""
    match kind, value:
        case "System.Guid", str():
            return value.lower()
        case "System.DateTime", str():
            match = _DATE.fullmatch(value)
            # .NET counts in units of 100 nanoseconds.
            return f"{match[1]}.{(match[2] or '')[:7].ljust(7, '0')}{match[3] or ''}" if match else value
        case _:
            return value
