"""PowerShell's error records, worded as recorded with PowerShell 7.6.5 on Linux."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NOT_BASE64 = (
    "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, "
    "or an illegal character among the padding characters."
)
_AUTOMATION = "System.Management.Automation"


@dataclass
class RecordError(Exception):
    """An error record: ``id`` is its FullyQualifiedErrorId, ``type`` the exception's full name."""

    message: str
    type: str
    id: str
    category: str
    target: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        self.reason = self.reason or self.type.rpartition(".")[2]


def thrown(kind: str, message: str) -> RecordError:
    """``throw`` of an exception: the record takes its message as id."""
    return RecordError(message, kind, message, "OperationStopped")


def method_failed(method: str, arguments: int, message: str, kind: str, command: str = "") -> RecordError:
    """An exception inside a method of .NET; ``kind`` is that exception's short name, ``command`` who called."""
    return RecordError(
        f'Exception calling "{method}" with "{arguments}" argument(s): "{message}"',
        f"{_AUTOMATION}.MethodInvocationException", f"{kind},{command}" if command else kind, "NotSpecified",
    )


def not_json(detail: str) -> RecordError:
    """ConvertFrom-Json's refusal; the detail is this process's own, not PowerShell's."""
    return RecordError(
        f"Conversion from JSON failed with error: {detail}", "System.ArgumentException",
        "System.ArgumentException,Microsoft.PowerShell.Commands.ConvertFromJsonCommand", "NotSpecified",
    )


def module_not_found(name: str, minimum: str) -> RecordError:
    """Import-Module's refusal for a module that is missing or too old: it is the same for both."""
    return RecordError(
        f"The specified module '{name}' with version '{minimum}' was not loaded because no valid module file was found "
        "in any module directory.",
        "System.IO.FileNotFoundException",
        "Modules_ModuleWithVersionNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand",
        "ResourceUnavailable", target=name,
    )


def command_not_found(name: str) -> RecordError:
    """The session script's refusal of a command that is none of Exchange's."""
    return RecordError(
        f"'{name}' is not a cmdlet of this Exchange session.", f"{_AUTOMATION}.CommandNotFoundException",
        "CommandNotFoundException", "ObjectNotFound",
    )


def unknown_parameter(command: str, name: str) -> RecordError:
    """A parameter that the command does not have."""
    return _binding(
        command, f"A parameter cannot be found that matches parameter name '{name}'.", "NamedParameterNotFound"
    )


def ambiguous_parameter(command: str, name: str, matches: Sequence[str]) -> RecordError:
    """A beginning that several parameters share."""
    listed = "".join(f" -{match}" for match in matches)
    return _binding(
        command,
        f"Parameter cannot be processed because the parameter name '{name}' is ambiguous. "
        f"Possible matches include:{listed}.",
        "AmbiguousParameter",
    )


def missing_parameters(command: str, names: Sequence[str]) -> RecordError:
    """Mandatory parameters that were not given, where nobody can be asked."""
    return _binding(
        command,
        f"Cannot process command because of one or more missing mandatory parameters: {' '.join(names)}.",
        "MissingMandatoryParameter",
    )


def empty_argument(command: str, name: str) -> RecordError:
    """An empty text for a mandatory parameter."""
    return RecordError(
        f"Cannot bind argument to parameter '{name}' because it is an empty string.",
        f"{_AUTOMATION}.ParameterBindingValidationException",
        f"ParameterArgumentValidationErrorEmptyStringNotAllowed,{command}", "InvalidData",
    )


def outside_set(command: str, name: str, value: str, allowed: Sequence[str]) -> RecordError:
    """A value that ValidateSet does not list."""
    return RecordError(
        f"Cannot validate argument on parameter '{name}'. The argument \"{value}\" does not belong to the set "
        f'"{",".join(allowed)}" specified by the ValidateSet attribute. Supply an argument that is in the set and then '
        "try the command again.",
        f"{_AUTOMATION}.ParameterBindingValidationException", f"ParameterArgumentValidationError,{command}",
        "InvalidData",
    )


def unconvertible(command: str, name: str, message: str) -> RecordError:
    """A value that does not become the parameter's type."""
    return RecordError(
        f"Cannot process argument transformation on parameter '{name}'. {message}",
        f"{_AUTOMATION}.ParameterBindingArgumentTransformationException",
        f"ParameterArgumentTransformationError,{command}", "InvalidData",
    )


def prompt_refused(command: str) -> RecordError:
    """A confirmation that nobody can give."""
    return method_failed(
        "ShouldProcess", 1,
        "PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.",
        "PSInvalidOperationException", command,
    )


def _binding(command: str, message: str, identifier: str) -> RecordError:
    return RecordError(
        message, f"{_AUTOMATION}.ParameterBindingException", f"{identifier},{command}", "InvalidArgument"
    )
