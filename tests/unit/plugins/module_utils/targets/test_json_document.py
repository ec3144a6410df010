# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The walker agrees with the standard library about what is JSON and what it means, and knows where everything is."""

from __future__ import annotations

import json
from json import JSONDecodeError
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import json_document as document
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.json_texts import (
    foreign,
    space,
)
from hypothesis import given
from hypothesis import strategies as st


def meaning(node: document.Node, text: str) -> Any:
    if node.kind == "object":
        return {member.name.text: meaning(member.value, text) for member in node.members}
    if node.kind == "array":
        return [meaning(item, text) for item in node.items]
    return json.loads(text[node.start : node.end])


@given(space, foreign, space)
def test_every_value_is_found_where_it_stands(before: str, value: str, after: str) -> None:
    text = before + value + after
    node = document.parse(text)
    assert (node.start, node.end) == (len(before), len(before) + len(value))
    assert meaning(node, text) == json.loads(text)
    for below in document.walk(node):
        json.loads(text[below.start : below.end])


@given(foreign.flatmap(lambda text: st.tuples(st.just(text), st.integers(0, len(text) - 1))))
def test_a_text_with_a_character_missing_is_json_for_both_or_for_neither(drawn: tuple[str, int]) -> None:
    text, at = drawn
    damaged = text[:at] + text[at + 1 :]
    try:
        json.loads(damaged)
    except JSONDecodeError:
        with pytest.raises(JSONDecodeError):
            document.parse(damaged)
    else:
        document.parse(damaged)


@pytest.mark.parametrize(
    "text",
    ["", "[1,]", '{"a":1,}', "{,}", "[,1]", '{"a" 1}', "{a:1}", "NaN", "[1] 2", '"\n"', "[" * 5000, "٣", "01", "'a'"],
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(JSONDecodeError):
        document.parse(text)
