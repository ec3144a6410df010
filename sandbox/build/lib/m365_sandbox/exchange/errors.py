"""How the admin API words its refusals.

Two families (recorded answers): what happens before the cmdlet runs is an "Invalid Operation" and names an exception of
``Microsoft.Exchange.AdminApi``; what the cmdlet itself refuses is "Error executing cmdlet", with
``Ex<id>|<type>|<text>`` as the detail.

Known ids are those of recorded answers. Exchange hashes the place where an error is raised; ids that no recording shows
are hashes of the exception's type here, so they are stable, and they mean nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from m365_sandbox.exchange.objects import DOMAIN_CONTROLLER

TASKS = "Microsoft.Exchange.Configuration.Tasks"
NOT_FOUND = f"{TASKS}.ManagementObjectNotFoundException"
AMBIGUOUS = f"{TASKS}.ManagementObjectAmbiguousException"
ALREADY_EXISTS = "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException"
VALIDATION = "Microsoft.Exchange.Management.Tasks.ValidationException"
RECIPIENT_TASK = "Microsoft.Exchange.Management.Tasks.RecipientTaskException"
PARAMETER_SET = "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException"
TRANSFORMATION = "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException"
BINDING = "System.Management.Automation.ParameterBindingException"
ODATA = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException"

UNRESOLVED_SET = "Parameter set cannot be resolved using the specified named parameters."
_KNOWN_IDS = {NOT_FOUND: "Ex6F9304", AMBIGUOUS: "Ex9E65A2"}
_CODES = {400: "BadRequest", 404: "NotFound", 405: "MethodNotAllowed", 406: "NotAcceptable"}

Shape = Literal["id", "context", "binding", "conversion"]


class Forbidden(Exception):
    """The caller may not run this cmdlet, or there is none of that name: Exchange does not tell them apart."""


@dataclass(eq=False)
class AdminError(Exception):
    """A refusal with a body.

    :param shape: which of the recorded shapes: ``id`` and ``context`` for cmdlets (the latter puts JSON into the
        detail's message), ``binding`` and ``conversion`` for parameters (the latter has no details).
    """

    status: int
    type: str
    text: str
    shape: Shape = "id"
    warnings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.identifier}|{self.type}|{self.text}"

    @property
    def identifier(self) -> str:
        """``Ex`` and six hexadecimal digits; parameters' errors have none."""
        if self.shape in ("binding", "conversion"):
            return ""
        return _KNOWN_IDS.get(self.type) or "Ex" + hashlib.sha256(self.type.encode()).hexdigest()[:6].upper()

    def headers(self) -> dict[str, str]:
        """The headers that carry the exception's type."""
        return {"x-ExceptionType": self.type.rpartition(".")[2], "x-ExceptionTargetType": "System.String"}

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        message = "Invalid Operation" if self.shape in ("binding", "conversion") else "Error executing cmdlet"
        error: dict[str, Any] = {"code": _CODES[self.status], "message": message}
        if self.shape != "conversion":
            error["details"] = [{
                "code": "Context" if self.shape == "context" else "Client", "target": "", "message": self._detail(),
            }]
        error["innererror"] = {
            "message": message, "type": ODATA, "stacktrace": "",
            "internalexception": {
                "message": str(self) if self.shape == "id" else self.text, "type": self.type, "stacktrace": "",
            },
        }
        # Recorded answers have the warnings inside the error, or nowhere for an unknown parameter.
        if self.shape != "binding":
            error["adminapi.warnings@odata.type"] = "#Collection(String)"
            error["@adminapi.warnings"] = self.warnings
        return {"error": error}

    def _detail(self) -> str:
        if self.shape != "context":
            return str(self)
        return json.dumps({"Message": self.text, "TypeName": self.type, "StackTrace": None, "InnerError": None})


def object_not_found(identity: str) -> AdminError:
    """404: no object answers to the identity."""
    return AdminError(
        404, NOT_FOUND,
        f"The operation couldn't be performed because object '{identity}' couldn't be found on '{DOMAIN_CONTROLLER}'.",
    )


def recipient_not_found(identity: str) -> AdminError:
    """404: the recipient permission cmdlets word it differently."""
    return AdminError(404, NOT_FOUND, f"Couldn't find '{identity}' as a recipient.")


def security_principal_not_found(identity: str) -> AdminError:
    """404: nobody to give a right to."""
    return AdminError(
        404, NOT_FOUND, f'User or group "{identity}" wasn\'t found. Please make sure you\'ve typed it correctly.'
    )


def ambiguous(identity: str) -> AdminError:
    """400: several objects answer to the identity."""
    return AdminError(
        400, AMBIGUOUS,
        f"The operation couldn't be performed because object '{identity}' matches multiple entries.",
    )


def already_exists(distinguished_name: str) -> AdminError:
    """400: a second object of that name."""
    return AdminError(400, ALREADY_EXISTS, f"The object '{distinguished_name}' already exists.", "context")


def invalid(text: str) -> AdminError:
    """400: the values do not make sense together or for this tenant."""
    return AdminError(400, VALIDATION, text)


def unknown_parameters(names: Iterable[str]) -> AdminError:
    """400: parameters that the cmdlet does not have (recorded)."""
    return AdminError(
        400, PARAMETER_SET, f"{UNRESOLVED_SET} Invalid cmdlet parameters specified. {', '.join(names)}", "binding"
    )


def unresolved_parameter_set() -> AdminError:
    """400: parameters of the cmdlet that do not go together."""
    return AdminError(400, PARAMETER_SET, UNRESOLVED_SET, "binding")


def missing_parameters(names: Iterable[str]) -> AdminError:
    """400: PowerShell's own words; no recording of the admin API's."""
    text = f"Cannot process command because of one or more missing mandatory parameters: {' '.join(names)}."
    return AdminError(400, BINDING, text, "binding")


def unconvertible(parameter: str, reason: str) -> AdminError:
    """400: a value that is not of the parameter's type (recorded)."""
    return AdminError(
        400, TRANSFORMATION, f"Cannot process argument transformation on parameter '{parameter}'. {reason}",
        "conversion",
    )


def malformed_request(text: str, status: int = 400) -> AdminError:
    """A request that is none: no recording; the shape is that of the other errors before a cmdlet runs."""
    return AdminError(status, ODATA, text, "binding")


def beyond_the_sandbox(text: str) -> AdminError:
    """400: something that Exchange does and this sandbox does not."""
    return AdminError(400, "M365Sandbox.NotImplementedException", text)
