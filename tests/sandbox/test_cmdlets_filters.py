"""OPATH filters: parsing, the normal form, and which recipients match."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365_sandbox.exchange.filters import PROPERTIES, Comparison, Expression, FilterError, Junction, Negation, parse

texts = st.text(max_size=12)
comparisons = st.builds(
    Comparison, st.sampled_from(PROPERTIES), st.sampled_from(("eq", "ne", "like", "notlike", "gt", "ge", "lt", "le")),
    st.one_of(texts, st.booleans(), st.none()),
)


def flat(operator: str, operands: list[Expression]) -> Expression:
    """A junction as the parser builds it: without operands that are junctions of the same kind."""
    parts: list[Expression] = []
    for one in operands:
        parts += one.operands if isinstance(one, Junction) and one.operator == operator else [one]
    return Junction(operator, tuple(parts))


expressions: st.SearchStrategy[Expression] = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(Negation, inner),
        st.builds(flat, st.sampled_from(("and", "or")), st.lists(inner, min_size=2, max_size=4)),
    ),
    max_leaves=12,
)


@given(expressions)
def test_normal_form_reads_back_as_the_same_expression(expression: Expression) -> None:
    assert parse(expression.normalised()) == expression


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    try:
        expression = parse(text)
    except FilterError:
        return
    assert parse(expression.normalised()) == expression


@given(texts)
def test_a_quoted_value_is_taken_literally(text: str) -> None:
    for quoted in ("'" + text.replace("'", "''") + "'", '"' + text.replace('"', '""') + '"'):
        expression = parse(f"Alias -eq {quoted}")
        assert expression == Comparison("Alias", "eq", text)
        assert expression.matches({"Alias": text})


@given(st.text("ab*", min_size=1, max_size=6), st.text("ab", min_size=1, max_size=6))
def test_like_knows_the_asterisk_only(pattern: str, text: str) -> None:
    assert parse(f"Alias -like '{pattern}'").matches({"Alias": text}) == fnmatch.fnmatchcase(text, pattern)


@pytest.mark.parametrize(("text", "normal"), [
    ("primarysmtpaddress -EQ 'a@x'", "PrimarySmtpAddress -eq 'a@x'"),
    ('Alias -eq "it\'s"', "Alias -eq 'it''s'"),
    ("Alias -eq a -or Alias -eq b -or Alias -eq c", "((Alias -eq 'a') -or (Alias -eq 'b') -or (Alias -eq 'c'))"),
    ("(Alias -eq a -or Alias -eq b) -or (Alias -eq c)", "((Alias -eq 'a') -or (Alias -eq 'b') -or (Alias -eq 'c'))"),
    (
        "City -eq 'x' -or Alias -eq a -and Title -ne $null",
        "((City -eq 'x') -or ((Alias -eq 'a') -and (Title -ne $null)))",
    ),
    ("-not (HiddenFromAddressListsEnabled -eq $True)", "-not(HiddenFromAddressListsEnabled -eq $true)"),
    ("MemberOfGroup -eq 'CN=a\\,b,DC=x'", "MemberOfGroup -eq 'CN=a\\,b,DC=x'"),
])
def test_normal_form(text: str, normal: str) -> None:
    assert parse(text).normalised() == normal


@pytest.mark.parametrize("text", [
    "", "Alias", "Alias -eq", "Alias -eq 'a", "Alias -is 'a'", "Alias -eq 'a' 'b'", "(Alias -eq 'a'", "Alias = 'a'",
    "Alias -eq $maybe", "Alias -eq 'a' -and", "-or Alias -eq 'a'", "(" * 200 + "Alias -eq a" + ")" * 200,
    "-not " * 200 + "Alias -eq a",
])
def test_what_is_no_filter(text: str) -> None:
    with pytest.raises(FilterError, match="Invalid filter syntax"):
        parse(text)


def test_unknown_property() -> None:
    with pytest.raises(FilterError, match='"Nonsense" is not a recognized filterable property'):
        parse("Alias -eq 'a' -and Nonsense -eq 'b'")


@pytest.mark.parametrize(("text", "recipient", "matches"), [
    ("Alias -eq 'PROBE'", {"Alias": "probe"}, True),
    ("Alias -ne 'probe'", {"Alias": "probe"}, False),
    ("Title -eq $null", {}, True),
    ("Title -ne $null", {"Title": "Clerk"}, True),
    ("EmailAddresses -eq 'smtp:b@x'", {"EmailAddresses": ["SMTP:a@x", "smtp:b@x"]}, True),
    ("EmailAddresses -ne 'smtp:b@x'", {"EmailAddresses": ["SMTP:a@x", "smtp:b@x"]}, False),
    ("EmailAddresses -like '*@y'", {"EmailAddresses": []}, False),
    ("MemberOfGroup -eq 'CN=G,DC=X'", {"MemberOfGroup": ["CN=g,DC=x"]}, True),
    ("HiddenFromAddressListsEnabled -eq $true", {"HiddenFromAddressListsEnabled": True}, True),
    ("HiddenFromAddressListsEnabled -eq 'False'", {"HiddenFromAddressListsEnabled": False}, True),
    ("Alias -like 'a.c'", {"Alias": "abc"}, False),
    ("Alias -ge 'b' -and Alias -lt 'd'", {"Alias": "c"}, True),
    ("-not (Alias -eq 'a' -or Alias -eq 'b')", {"Alias": "c"}, True),
    ("City -eq 'x' -or Alias -eq 'a' -and Title -eq 't'", {"City": "x"}, True),
])
def test_which_recipients_match(text: str, recipient: dict[str, Any], matches: bool) -> None:
    assert parse(text).matches(recipient) is matches


def test_a_scope_of_many_mailboxes() -> None:
    text = " -or ".join(f"PrimarySmtpAddress -eq 'user{number}@x'" for number in range(2000))
    expression = parse(text)
    assert parse(expression.normalised()) == expression
    assert expression.matches({"PrimarySmtpAddress": "USER1999@x"})
