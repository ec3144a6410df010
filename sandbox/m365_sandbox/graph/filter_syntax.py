"""``$filter``: its syntax tree and the parser. What a tree means is in ``filter_meaning``."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from m365_sandbox.graph.errors import GraphError, gateway_refusal

Literal = str | bool | int | float | uuid.UUID | datetime | None
Path = tuple[str, ...]

COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
FUNCTIONS = ("startswith", "endswith", "contains")
# Deeper nesting than any real filter; it keeps the recursive descent inside Python's stack.
MAXIMUM_DEPTH = 50


@dataclass(frozen=True)
class Comparison:
    """``path operator literal``."""

    path: Path
    operator: str
    value: Literal


@dataclass(frozen=True)
class Membership:
    """``path in (literal, ...)``."""

    path: Path
    values: tuple[Literal, ...]


@dataclass(frozen=True)
class Match:
    """``startswith(path, 'text')`` and its kind."""

    function: str
    path: Path
    value: str


@dataclass(frozen=True)
class AnyOf:
    """``path/any(variable: condition)``; inside, paths begin with the variable. No condition: not empty."""

    path: Path
    variable: str
    condition: Condition | None


@dataclass(frozen=True)
class Not:
    """``not (condition)``."""

    condition: Condition


@dataclass(frozen=True)
class Both:
    """``left and right``."""

    left: Condition
    right: Condition


@dataclass(frozen=True)
class Either:
    """``left or right``."""

    left: Condition
    right: Condition


Condition = Comparison | Membership | Match | AnyOf | Not | Both | Either

_TOKEN = re.compile(r"""\s*(?:
    (?P<text>'(?:[^']|'')*')
  | (?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})
  | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))
  | (?P<number>-?\d+(?:\.\d+)?)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<sign>[(),:/])
)""", re.VERBOSE)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def parse_filter(text: str) -> Condition:
    """The syntax tree of a ``$filter``; GraphError 400 with the position of a syntax error."""
    parser = _Parser(text)
    condition = parser.either(0)
    parser.end()
    return condition


def paths(condition: Condition) -> list[str]:
    """The property paths of a filter in the order in which they first occur."""
    return list(dict.fromkeys(_paths(condition)))


def _paths(condition: Condition) -> Iterator[str]:
    match condition:
        case Both(left, right) | Either(left, right):
            yield from _paths(left)
            yield from _paths(right)
        case Not(inner):
            yield from _paths(inner)
        case Comparison(path) | Membership(path) | AnyOf(path):
            yield "/".join(path)
        case Match(_, path):
            yield "/".join(path)


def syntax_error(text: str, position: int) -> GraphError:
    """The gateway's refusal of a filter that it cannot read."""
    return gateway_refusal(f"Invalid filter clause: Syntax error at position {position} in '{text}'.")


class _Parser:
    """A recursive descent; every method takes what it names off the front of the tokens."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._next = 0

    def either(self, depth: int) -> Condition:
        left = self._both(depth)
        while self._take_word("or"):
            left = Either(left, self._both(depth))
        return left

    def end(self) -> None:
        if self._peek().kind != "end":
            raise self._error()

    def _both(self, depth: int) -> Condition:
        left = self._negation(depth)
        while self._take_word("and"):
            left = Both(left, self._negation(depth))
        return left

    def _negation(self, depth: int) -> Condition:
        if depth > MAXIMUM_DEPTH:
            raise self._error()
        if not self._take_word("not"):
            return self._primary(depth)
        parenthesised = self._peek().text == "("
        operand = self._negation(depth + 1)
        # "not" binds tighter than a comparison, so "not a eq 1" is no filter.
        if isinstance(operand, Comparison | Membership) and not parenthesised:
            raise self._error()
        return Not(operand)

    def _primary(self, depth: int) -> Condition:
        if self._take_sign("("):
            condition = self.either(depth + 1)
            self._expect(")")
            return condition
        word = self._peek().text.lower()
        if self._peek().kind == "word" and word in FUNCTIONS and self._peek(1).text == "(":
            self._next += 1
            return self._match(word)
        return self._property(depth)

    def _match(self, function: str) -> Condition:
        self._expect("(")
        path = self._path()
        self._expect(",")
        value = self._literal()
        if not isinstance(value, str):
            raise self._error()
        self._expect(")")
        return Match(function, path, value)

    def _property(self, depth: int) -> Condition:
        path = self._path()
        if len(path) > 1 and path[-1].lower() == "any" and self._take_sign("("):
            return self._any(path[:-1], depth)
        operator = self._word().lower()
        if operator == "in":
            return Membership(path, self._list())
        if operator not in COMPARISONS:
            self._next -= 1
            raise self._error()
        return Comparison(path, operator, self._literal())

    def _any(self, path: Path, depth: int) -> Condition:
        if self._take_sign(")"):
            return AnyOf(path, "", None)
        variable = self._word()
        self._expect(":")
        condition = self.either(depth + 1)
        self._expect(")")
        return AnyOf(path, variable, condition)

    def _path(self) -> Path:
        names = [self._word()]
        while self._take_sign("/"):
            names.append(self._word())
        return tuple(names)

    def _list(self) -> tuple[Literal, ...]:
        self._expect("(")
        values = [self._literal()]
        while self._take_sign(","):
            values.append(self._literal())
        self._expect(")")
        return tuple(values)

    def _literal(self) -> Literal:
        token = self._peek()
        self._next += 1
        match token.kind:
            case "text":
                return token.text[1:-1].replace("''", "'")
            case "guid":
                return uuid.UUID(token.text)
            case "moment":
                return self._moment(token)
            case "number":
                return float(token.text) if "." in token.text else int(token.text)
            case "word" if token.text in ("true", "false", "null"):
                return {"true": True, "false": False, "null": None}[token.text]
        self._next -= 1
        raise self._error()

    def _moment(self, token: _Token) -> datetime:
        try:
            return datetime.fromisoformat(token.text)
        except ValueError as error:
            raise syntax_error(self._text, token.position) from error

    def _word(self) -> str:
        token = self._peek()
        if token.kind != "word":
            raise self._error()
        self._next += 1
        return token.text

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        taken = token.kind == "word" and token.text.lower() == word
        self._next += taken
        return taken

    def _take_sign(self, sign: str) -> bool:
        token = self._peek()
        taken = token.kind == "sign" and token.text == sign
        self._next += taken
        return taken

    def _expect(self, sign: str) -> None:
        if not self._take_sign(sign):
            raise self._error()

    def _peek(self, ahead: int = 0) -> _Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _error(self) -> GraphError:
        return syntax_error(self._text, self._peek().position)

    @staticmethod
    def _split(text: str) -> list[_Token]:
        tokens = []
        position = 0
        end = len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if found is None or found.lastgroup is None:
                raise syntax_error(text, position)
            tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
            position = found.end()
        return [*tokens, _Token("end", "", len(text))]
