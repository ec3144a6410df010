"""OPATH, the language of ``-RecipientRestrictionFilter`` and ``-Filter``: parsing, Exchange's own form, and meaning.

Understood: ``-eq -ne -like -notlike -gt -ge -lt -le``, ``-and -or -not``, parentheses; values in single or double
quotes (a quote inside is doubled), ``$true``, ``$false``, ``$null``, and bare words. Microsoft's page on filterable
properties has the names; those that the sandbox has values for are in ``PROPERTIES``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PROPERTIES = (
    "Alias", "City", "Company", "CustomAttribute1", "CustomAttribute2", "CustomAttribute3", "CustomAttribute4",
    "CustomAttribute5", "CustomAttribute6", "CustomAttribute7", "CustomAttribute8", "CustomAttribute9",
    "CustomAttribute10", "CustomAttribute11", "CustomAttribute12", "CustomAttribute13", "CustomAttribute14",
    "CustomAttribute15", "Department", "DisplayName", "DistinguishedName", "EmailAddresses", "ExchangeGuid",
    "ExternalDirectoryObjectId", "Guid", "HiddenFromAddressListsEnabled", "MemberOfGroup", "Name", "Office",
    "PrimarySmtpAddress", "RecipientType", "RecipientTypeDetails", "Title", "UserPrincipalName", "WindowsLiveID",
)
_BY_NAME = {name.casefold(): name for name in PROPERTIES}

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) |
        -(?P<operator>[A-Za-z]+)(?=[\s('"$]|$) |
        '(?P<single>(?:[^']|'')*)' | "(?P<double>(?:[^"]|"")*)" |
        \$(?P<constant>[A-Za-z]+) |
        (?P<word>[^\s()'"$-][^\s()'"]*)
    )""",
    re.VERBOSE,
)
COMPARISONS = ("eq", "ne", "like", "notlike", "gt", "ge", "lt", "le")
_CONSTANTS = {"true": True, "false": False, "null": None}
_DEEPEST = 100

Value = str | bool | None
Recipient = Mapping[str, Any]


class FilterError(ValueError):
    """The filter is not OPATH, or names what is not filterable; the message is Exchange's."""


@dataclass(frozen=True)
class Comparison:
    """A property against a value; ``name`` is in its canonical case."""

    name: str
    operator: str
    value: Value

    def normalised(self) -> str:
        if isinstance(self.value, str):
            text = "'" + self.value.replace("'", "''") + "'"
        else:
            text = {True: "$true", False: "$false", None: "$null"}[self.value]
        return f"{self.name} -{self.operator} {text}"

    def matches(self, recipient: Recipient) -> bool:
        negative = _NEGATIVES.get(self.operator)
        if negative is not None:
            return not Comparison(self.name, negative, self.value).matches(recipient)
        stored = recipient.get(self.name)
        values = stored if isinstance(stored, list | tuple) else [stored]
        return any(_compare(self.operator, value, self.value) for value in values)


@dataclass(frozen=True)
class Junction:
    """``operator`` is ``and`` or ``or``; none of the operands is a junction with the same operator."""

    operator: str
    operands: tuple[Expression, ...]

    def normalised(self) -> str:
        operands = (
            operand.normalised() if isinstance(operand, Junction) else f"({operand.normalised()})"
            for operand in self.operands
        )
        return "(" + f" -{self.operator} ".join(operands) + ")"

    def matches(self, recipient: Recipient) -> bool:
        results = (operand.matches(recipient) for operand in self.operands)
        return all(results) if self.operator == "and" else any(results)


@dataclass(frozen=True)
class Negation:
    operand: Expression

    def normalised(self) -> str:
        return f"-not({self.operand.normalised()})"

    def matches(self, recipient: Recipient) -> bool:
        return not self.operand.matches(recipient)


Expression = Comparison | Junction | Negation

_NEGATIVES = {"ne": "eq", "notlike": "like"}


def parse(text: str) -> Expression:
    """The expression that a filter is; FilterError for anything else."""
    parser = _Parser(text)
    expression = parser.junction("or", 0)
    parser.end()
    return expression


def _flattened(operator: str, operands: list[Expression]) -> Iterator[Expression]:
    for operand in operands:
        if isinstance(operand, Junction) and operand.operator == operator:
            yield from operand.operands
        else:
            yield operand


def _compare(operator: str, stored: Any, value: Value) -> bool:
    if stored in (None, "") or value in (None, ""):
        return operator == "eq" and stored in (None, "") and value in (None, "")
    if isinstance(stored, bool) or isinstance(value, bool):
        return operator == "eq" and str(stored).casefold() == str(value).casefold()
    left, right = str(stored).casefold(), str(value).casefold()
    if operator == "like":
        pattern = ".*".join(re.escape(part) for part in right.split("*"))
        return re.fullmatch(pattern, left, re.DOTALL) is not None
    return _ORDERS[operator](left, right)


_ORDERS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda left, right: left == right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._next = 0

    def junction(self, operator: str, depth: int) -> Expression:
        """``-or`` binds more loosely than ``-and``."""
        if depth > _DEEPEST:
            raise FilterError("Invalid filter syntax. The filter is nested too deeply.")
        part: Callable[[int], Expression] = self._unary if operator == "and" else self._conjunction
        operands = [part(depth)]
        while self._accept("operator", operator):
            operands.append(part(depth))
        return operands[0] if len(operands) == 1 else Junction(operator, tuple(_flattened(operator, operands)))

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise self._wrong()

    def _conjunction(self, depth: int) -> Expression:
        return self.junction("and", depth)

    def _unary(self, depth: int) -> Expression:
        if self._accept("operator", "not"):
            if depth > _DEEPEST:
                raise FilterError("Invalid filter syntax. The filter is nested too deeply.")
            return Negation(self._unary(depth + 1))
        if self._accept("open"):
            expression = self.junction("or", depth + 1)
            if not self._accept("close"):
                raise self._wrong()
            return expression
        return self._comparison()

    def _comparison(self) -> Comparison:
        name, operator = self._take("word"), self._take("operator")
        if operator.text.casefold() not in COMPARISONS:
            raise self._wrong(operator)
        canonical = _BY_NAME.get(name.text.casefold())
        if canonical is None:
            raise FilterError(
                f'"{name.text}" is not a recognized filterable property. For a complete list of filterable properties '
                f'see the command help.\r\n"{self._text}" at position {name.position + 1}.'
            )
        return Comparison(canonical, operator.text.casefold(), self._value())

    def _value(self) -> Value:
        token = self._take("single", "double", "constant", "word")
        match token.kind:
            case "single":
                return token.text.replace("''", "'")
            case "double":
                return token.text.replace('""', '"')
            case "constant":
                if token.text.casefold() not in _CONSTANTS:
                    raise self._wrong(token)
                return _CONSTANTS[token.text.casefold()]
        return token.text

    def _split(self) -> Iterator[_Token]:
        position, end = 0, len(self._text.rstrip())
        while position < end:
            found = _TOKEN.match(self._text, position)
            if found is None or found.lastgroup is None:
                raise self._wrong(_Token("", "", position))
            yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
            position = found.end()

    def _accept(self, kind: str, text: str | None = None) -> bool:
        if self._next == len(self._tokens):
            return False
        token = self._tokens[self._next]
        if token.kind != kind or (text is not None and token.text.casefold() != text):
            return False
        self._next += 1
        return True

    def _take(self, *kinds: str) -> _Token:
        if self._next == len(self._tokens) or self._tokens[self._next].kind not in kinds:
            raise self._wrong()
        self._next += 1
        return self._tokens[self._next - 1]

    def _wrong(self, token: _Token | None = None) -> FilterError:
        if token is None and self._next < len(self._tokens):
            token = self._tokens[self._next]
        position = len(self._text) if token is None else token.position
        return FilterError(
            "Invalid filter syntax. For a description of the filter parameter syntax see the command help.\r\n"
            f'"{self._text}" at position {position + 1}.'
        )
