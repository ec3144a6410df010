# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From what Exchange and PowerShell say to a cmdlet to typed errors with a remedy. Pure.

Exchange words a refusal as ``Ex<number>|<type>|<text>`` on every transport. PowerShell adds refusals of its own, made
before anything is sent, as error records: what the session script reports of them was recorded with PowerShell 7.6.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    CmdletUnavailableError,
    ExchangeConflictError,
    ExchangeError,
    ExchangeNotFoundError,
)

#: Exchange does not tell these two apart, so that a hidden cmdlet gives nothing away.
UNAVAILABLE = (
    "Check the cmdlet's spelling, and that the caller's role allows it: Exchange hides cmdlets from those who may not "
    "use them. Service principals and application roles need Role Management, which Exchange Administrator includes."
)

_NUMBERED = re.compile(r"\A(Ex[0-9A-F]+)?\|([\w.+`]+)\|(.*)\Z", re.DOTALL)
_REQUEST_ID = re.compile(r"RequestId=([^,\]]+)")


@dataclass(frozen=True)
class Wording:
    """Exchange's three-part text taken apart.

    :param number: for example "Ex6F9304", or "".
    :param kind: the exception's full type, or "".
    :param text: what is left for a person to read.
    """

    number: str
    kind: str
    text: str

    @property
    def short_kind(self) -> str:
        """The type without its namespace, for example "ManagementObjectNotFoundException"."""
        return self.kind.rpartition(".")[2]


def take_apart(message: str) -> Wording:
    """``Ex6F9304|Namespace.Type|text`` or ``|Namespace.Type|text`` in parts; any other message is text alone."""
    match = _NUMBERED.match(message)
    return Wording(match[1] or "", match[2], match[3].strip()) if match else Wording("", "", message.strip())


def refused(cmdlet: str, message: str, kind: str = "", request_id: str | None = None) -> ExchangeError:
    """The error for a cmdlet that Exchange, or PowerShell on its way, refused.

    :param message: in three parts or as it is.
    :param kind: the exception's type where the message does not name it.
    """
    wording = take_apart(message)
    short = wording.short_kind or kind.rpartition(".")[2]
    error_type, remedy = _meaning(short, wording.text)
    details = {"cmdlet": cmdlet, **({"exchange_error": wording.number} if wording.number else {})}
    return error_type(
        f"{cmdlet} failed: {wording.text}", cmdlet=cmdlet, answer=wording.text, code=short or None,
        request_id=request_id, remedy=remedy, details=details,
    )


def refused_by_powershell(cmdlet: str, record: Mapping[str, str]) -> ExchangeError:
    """The error for an error record of a cmdlet: {message, type, id, category, reason, target}."""
    request = _REQUEST_ID.search(record["id"])
    # ShouldProcess fails inside a method call, and only the innermost exception tells why.
    kind = record["id"].partition(",")[0] if record["reason"] == "MethodInvocationException" else record["reason"]
    return refused(cmdlet, record["message"], kind, request[1] if request else None)


def _meaning(kind: str, text: str) -> tuple[type[ExchangeError], str | None]:
    low = text.casefold()
    if kind == "CommandNotFoundException" or "is not recognized as the name of a cmdlet" in low:
        return CmdletUnavailableError, UNAVAILABLE
    if kind == "ManagementObjectNotFoundException" or "couldn't be found on" in low:
        return ExchangeNotFoundError, "Check the name; what was just created needs time until Exchange knows it."
    if kind == "ADObjectAlreadyExistsException" or "already exists" in low:
        return ExchangeConflictError, None
    if "use the existing management scope instead" in low:
        return ExchangeConflictError, "Use the scope that has the same filter already."
    if "matches multiple entries" in low:
        return ExchangeError, "Name the object by its id or address, which only one has."
    if "noninteractive mode" in low:
        return ExchangeError, "The cmdlet asks for confirmation: give Confirm: false."
    if "parameter set cannot be resolved" in low or kind == "AmbiguousParameterSetException":
        return ExchangeError, "These parameters do not go together, or one is not known: see the cmdlet's reference."
    if kind.startswith("ParameterBinding"):
        return ExchangeError, "Compare the parameters and their types with the cmdlet's reference."
    if kind == "UnableToWriteToAadException":
        return ExchangeError, "Exchange could not write to Entra ID; try again in some minutes."
    if "maximum number of concurrent requests" in low:
        return ExchangeError, "Too much runs in this tenant at once: try again later."
    return ExchangeError, None
