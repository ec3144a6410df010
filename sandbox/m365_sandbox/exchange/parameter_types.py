"""Types of parameters: which JSON values they take, and what PowerShell says about the others.

The texts are PowerShell's own (recorded with PowerShell 7 for booleans and enumerations) and Exchange's id parameters'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from m365_sandbox.exchange.byte_size import UNLIMITED, printed_size

HASHTABLE_TYPE = "#Exchange.GenericHashTable"


class ConversionError(Exception):
    """The value is not of the type; the message is what follows "Cannot process argument transformation …"."""


@dataclass(frozen=True)
class ParameterType:
    """``name`` is the short one that EXOModuleFile tells; ``convert`` raises ConversionError.

    ``nullable``: null is a value of the type. For other types it stands for a parameter that was not given.
    """

    name: str
    dotnet: str
    convert: Callable[[Any], Any]
    nullable: bool = False


def _dotnet_name(value: Any) -> str:
    for kind, name in (
        (bool, "System.Boolean"), (str, "System.String"), (int, "System.Int64"), (float, "System.Double"),
        (list, "System.Object[]"), (dict, "System.Collections.Hashtable"),
    ):
        if isinstance(value, kind):
            return name
    return ""


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool() | int() | float():
            return str(value)
    raise ConversionError("Cannot convert value to type System.String.")


def identity(dotnet: str) -> ParameterType:
    """A parameter that names an object. Empty text names nothing."""
    full = f"Microsoft.Exchange.Configuration.Tasks.{dotnet}"

    def convert(value: Any) -> str:
        if isinstance(value, list | dict):
            raise ConversionError(
                f'Cannot convert the "{_dotnet_name(value)}" value of type "{_dotnet_name(value)}" to type "{full}".'
            )
        if not (text := _text(value)).strip():
            raise ConversionError(
                f'Cannot convert value "{text}" to type "{full}". Error: "Parameter values of type {full} '
                "can't be empty. Specify a value, and try again.\r\nParameter name: identity\""
            )
        return text

    return ParameterType("String", full, convert)


def _boolean(dotnet: str) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return value != 0
        raise ConversionError(
            f'Cannot convert value "{_dotnet_name(value)}" to type "{dotnet}". Boolean parameters accept only Boolean '
            "values and numbers, such as $True, $False, 1 or 0."
        )

    return convert


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ConversionError(
        f'Cannot convert the "{value}" value of type "{_dotnet_name(value)}" to type '
        '"System.Management.Automation.SwitchParameter".'
    )


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return int(_text(value))
    except ValueError as error:
        raise ConversionError(
            f'Cannot convert value "{value}" to type "System.Int32". '
            f'Error: "The input string \'{value}\' was not in a correct format."'
        ) from error


def _result_size(value: Any) -> int | None:
    if isinstance(value, str) and value.casefold() == UNLIMITED.casefold():
        return None
    try:
        size = _integer(value)
    except ConversionError:
        size = -1
    if size < 0:
        raise ConversionError(
            f'Cannot convert value "{value}" to type "Microsoft.Exchange.Data.Unlimited`1[System.UInt32]". '
            f'Error: "The value \'{value}\' is not a number from 0 to 4294967295, and not \'{UNLIMITED}\'."'
        )
    return size


def _byte_size(value: Any) -> str:
    try:
        return printed_size(_text(value))
    except ValueError as error:
        raise ConversionError(
            f'Cannot convert value "{value}" to type '
            '"Microsoft.Exchange.Data.Unlimited`1[Microsoft.Exchange.Data.ByteQuantifiedSize]". '
            f'Error: "{error}"'
        ) from error


def _guid(value: Any) -> str:
    try:
        return str(UUID(_text(value)))
    except ValueError as error:
        raise ConversionError(
            f'Cannot convert value "{value}" to type "System.Guid". Error: "Guid should contain 32 digits with 4 '
            'dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."'
        ) from error


def _texts(value: Any) -> list[str]:
    return [_text(item) for item in value] if isinstance(value, list) else [_text(value)]


def enumeration(dotnet: str, members: Sequence[str], *, many: bool = False) -> ParameterType:
    """Names of an enumeration. As in PowerShell, the beginning of a name will do when only one name begins so.

    With ``many`` the value is a list of names, or one text with commas.
    """
    full = f"{dotnet}[]" if many else dotnet

    def member(text: str) -> str:
        if exact := [name for name in members if name.casefold() == text.casefold()]:
            return exact[0]
        matching = [name for name in members if text and name.casefold().startswith(text.casefold())]
        if len(matching) == 1:
            return matching[0]
        reason = (
            f"The identifier name {text} cannot be processed because it is either too similar or identical to the "
            f"following enumerator names: {', '.join(matching)}. Use a more specific identifier name."
            if matching else
            f"Unable to match the identifier name {text} to a valid enumerator name. Specify one of the following "
            f"enumerator names and try again: {', '.join(members)}"
        )
        raise ConversionError(f'Cannot convert value "{text}" to type "{full}". Error: "{reason}"')

    def convert(value: Any) -> Any:
        if not many:
            return member(_text(value).strip())
        names = [name.strip() for text in _texts(value) for name in text.split(",")]
        return list(dict.fromkeys(member(name) for name in names))

    return ParameterType("String[]" if many else "String", full, convert)


def multi_valued(dotnet: str = "System.String") -> ParameterType:
    """A list, one text, or a hashtable with Add and Remove, which is given to the cmdlet as it is."""

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return _texts(value)
        table = {name.casefold(): content for name, content in value.items() if name != "@odata.type"}
        if value.get("@odata.type") != HASHTABLE_TYPE or not table or not set(table) <= {"add", "remove"}:
            raise ConversionError(
                f'Cannot convert the "System.Collections.Hashtable" value of type "System.Collections.Hashtable" to '
                f'type "Microsoft.Exchange.Data.MultiValuedProperty`1[{dotnet}]".'
            )
        return {name: _texts(content) for name, content in table.items()}

    return ParameterType("Object", f"Microsoft.Exchange.Data.MultiValuedProperty`1[{dotnet}]", convert)


STRING = ParameterType("String", "System.String", _text)
STRINGS = ParameterType("String[]", "System.String[]", _texts)
SWITCH = ParameterType("SwitchParameter", "System.Management.Automation.SwitchParameter", _switch)
BOOLEAN = ParameterType("Boolean", "System.Boolean", _boolean("System.Boolean"))
NULLABLE_BOOLEAN = ParameterType(
    "Boolean", "System.Nullable`1[System.Boolean]", _boolean("System.Nullable`1[System.Boolean]"), nullable=True
)
GUID = ParameterType("Guid", "System.Guid", _guid)
BYTE_SIZE = ParameterType(
    "Object", "Microsoft.Exchange.Data.Unlimited`1[Microsoft.Exchange.Data.ByteQuantifiedSize]", _byte_size
)
RESULT_SIZE = ParameterType("Object", "Microsoft.Exchange.Data.Unlimited`1[System.UInt32]", _result_size)

