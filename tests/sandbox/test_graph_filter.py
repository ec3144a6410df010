"""The $filter parser by itself: what is rendered is parsed back, and means what Python says it means."""

from __future__ import annotations

import contextlib
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.filter_meaning import check, holds
from m365_sandbox.graph.filter_syntax import (
    AnyOf,
    Both,
    Comparison,
    Condition,
    Either,
    Literal,
    Match,
    Membership,
    Not,
    parse_filter,
)
from m365_sandbox.state.schema import Complex, Property

TEXT = ("displayName", "appId")
EVERY = "eq ne not gt ge lt le in startswith endswith contains"
KIND = Complex("thing", (
    *(Property(name, filters=EVERY) for name in TEXT),
    Property("createdDateTime", "DateTimeOffset", filters=EVERY),
    Property("accountEnabled", "Boolean", filters=EVERY),
    Property("tags", collection=True, filters=EVERY),
    Property("notes"),
))
# Few letters, so that values often meet; with what has a meaning of its own in a filter.
words = st.text(alphabet="abAB' (),:/éß", max_size=3)
moments = st.integers(0, 3).map(lambda days: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days))
entities = st.fixed_dictionaries({
    "displayName": st.none() | words,
    "appId": words | st.sampled_from([str(uuid.UUID(int=1)), str(uuid.UUID(int=2))]),
    "createdDateTime": moments.map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
    "accountEnabled": st.none() | st.booleans(),
    "tags": st.lists(words, max_size=3),
})
ORDER = ("gt", "ge", "lt", "le")
text_values: st.SearchStrategy[Literal] = st.none() | words | st.sampled_from([uuid.UUID(int=1), uuid.UUID(int=2)])


def on_text(path: tuple[str, ...]) -> st.SearchStrategy[Condition]:
    return (
        st.builds(Comparison, st.just(path), st.sampled_from(["eq", "ne"]), text_values)
        | st.builds(Comparison, st.just(path), st.sampled_from(ORDER), words)
        | st.builds(Membership, st.just(path), st.lists(text_values, min_size=1, max_size=3).map(tuple))
        | st.builds(Match, st.sampled_from(["startswith", "endswith", "contains"]), st.just(path), words)
    )


leaves: st.SearchStrategy[Condition] = (
    st.sampled_from(TEXT).flatmap(lambda name: on_text((name,)))
    | st.builds(Comparison, st.just(("createdDateTime",)), st.sampled_from(["eq", "ne", *ORDER]), moments)
    | st.builds(Comparison, st.just(("accountEnabled",)), st.sampled_from(["eq", "ne"]), st.none() | st.booleans())
    | st.builds(AnyOf, st.just(("tags",)), st.just("t"), on_text(("t",)))
    | st.just(AnyOf(("tags",), "", None))
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: st.builds(Not, inner) | st.builds(Both, inner, inner) | st.builds(Either, inner, inner),
    max_leaves=6,
)


def literal(value: Literal) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            return str(value)


def rendered(condition: Condition) -> str:
    match condition:
        case Comparison(path, operator, value):
            return f"{'/'.join(path)} {operator} {literal(value)}"
        case Membership(path, values):
            return f"{'/'.join(path)} in ({', '.join(map(literal, values))})"
        case Match(function, path, value):
            return f"{function}({'/'.join(path)},{literal(value)})"
        case AnyOf(path, variable, inner):
            return f"{'/'.join(path)}/any({f'{variable}:{rendered(inner)}' if inner else ''})"
        case Not(inner):
            return f"not ({rendered(inner)})"
        case Both(left, right):
            return f"({rendered(left)}) and ({rendered(right)})"
        case Either(left, right):
            return f"({rendered(left)}) or ({rendered(right)})"


def meaning(condition: Condition, entity: dict[str, Any]) -> bool:
    """What a filter means, said a second time and as directly as Python can."""
    def fold(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%SZ").casefold()
        return str(value).casefold() if isinstance(value, str | uuid.UUID) else value

    match condition:
        case Comparison(path, operator, value):
            left, right = fold(entity[path[0]]), fold(value)
            if operator in ("eq", "ne"):
                return (left == right) == (operator == "eq")
            if left is None or right is None:
                return False
            signs = {"gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right}
            return signs[operator]
        case Membership(path, values):
            return fold(entity[path[0]]) in [fold(value) for value in values]
        case Match(function, path, value):
            text = entity[path[0]]
            if text is None:
                return False
            return {"startswith": str.startswith, "endswith": str.endswith, "contains": str.__contains__}[function](
                fold(text), fold(value)
            )
        case AnyOf(path, variable, inner):
            return any(inner is None or meaning(inner, {variable: element}) for element in entity[path[0]])
        case Not(inner):
            return not meaning(inner, entity)
        case Both(left, right):
            return meaning(left, entity) and meaning(right, entity)
        case Either(left, right):
            return meaning(left, entity) or meaning(right, entity)


@given(conditions)
def test_what_is_rendered_is_parsed_back(condition: Condition) -> None:
    assert parse_filter(rendered(condition)) == condition


@given(conditions, entities)
def test_a_filter_means_what_python_says(condition: Condition, entity: dict[str, Any]) -> None:
    parsed = parse_filter(rendered(condition))
    check(parsed, KIND)
    assert holds(parsed, entity) == meaning(condition, entity)


@given(st.text(alphabet="ab eqinotr()',:/0-", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(GraphError):
        parse_filter(text)


def test_and_binds_tighter_than_or() -> None:
    one, two, three = (Comparison(("a",), "eq", number) for number in (1, 2, 3))
    assert parse_filter("a eq 1 or a eq 2 and a eq 3") == Either(one, Both(two, three))
    assert parse_filter("not (a eq 1) and a eq 2") == Both(Not(one), two)


@pytest.mark.parametrize("text", [
    "", "displayName", "displayName eq", "displayName eq x", "not displayName eq 'x'", "not appId in ('x')",
    "(displayName eq 'x'", "displayName eq 'x' displayName", "displayName in ()", "startswith(displayName)",
    "startswith(displayName,1)", "tags/any(t)", "createdDateTime eq 2026-13-01T00:00:00Z", "displayName eq 'x",
    "(" * 100 + "displayName eq 'x'" + ")" * 100, "not " * 100 + "(displayName eq 'x')",
])
def test_syntax_errors(text: str) -> None:
    with pytest.raises(GraphError, match="Syntax error at position"):
        parse_filter(text)


@pytest.mark.parametrize(("text", "message"), [
    ("missing eq 'x'", "Could not find a property named 'missing'"),
    ("notes eq 'x'", "not indexed"),
    ("accountEnabled eq 'true'", "'Edm.Boolean' and 'Edm.String' for operator kind 'Equal'"),
    ("createdDateTime ge '2026'", "'Edm.DateTimeOffset' and 'Edm.String' for operator kind 'GreaterThanOrEqual'"),
    ("displayName/any(d:d eq 'x')", "Any/All may only be used following a collection"),
    ("displayName/length eq 'x'", "Unsupported Query"),
    ("displayName eq 'x' or missing eq 'x'", "Could not find a property named 'missing'"),
])
def test_meanings_that_a_type_refuses(text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        check(parse_filter(text), KIND)


@pytest.mark.parametrize(("text", "advanced"), [
    ("displayName eq 'x'", False), ("displayName in ('x')", False), ("startswith(displayName,'x')", False),
    ("tags/any(t:t eq 'x')", False), ("displayName eq 'x' and not (appId eq 'x')", True),
    ("displayName ne 'x'", True), ("endswith(displayName,'x')", True),
])
def test_which_filters_are_advanced(text: str, advanced: bool) -> None:
    assert check(parse_filter(text), KIND) is advanced
