# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The fields of JSON objects."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._leaves import (
    differing,
    leaves,
    nested,
    value_at,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.object_fields import filled
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())
OBJECTS = st.recursive(
    st.dictionaries(st.text(), VALUES), lambda inner: st.dictionaries(st.text(), VALUES | inner), max_leaves=20
)


@given(OBJECTS)
def test_an_object_is_its_fields(whole: dict[str, Any]) -> None:
    assert nested(leaves(whole)) == whole
    assert differing(leaves(whole), leaves(whole)) == {}


@given(OBJECTS, OBJECTS)
def test_what_differs_makes_one_what_the_other_is(wanted: dict[str, Any], present: dict[str, Any]) -> None:
    changed = {**leaves(present), **differing(leaves(wanted), leaves(present))}
    assert differing(leaves(wanted), changed) == {}


@given(OBJECTS)
def test_nothing_refers_to_an_object_by_chance(whole: dict[str, Any]) -> None:
    assert filled(whole, {}) == whole


@pytest.mark.parametrize(("wanted", "present", "differs"), [
    (1, True, True), (1, 1, False), ("1", 1, True), (None, "", True), ([1, 2], [2, 1], True), ({}, None, True),
])
def test_values_are_compared_as_json(wanted: Any, present: Any, differs: bool) -> None:
    assert bool(differing(leaves({"a": wanted}), leaves({"a": present}))) is differs


def test_null_may_be_left_out() -> None:
    assert differing(leaves({"a": None}), {}) == {}


def test_a_field_of_another_object() -> None:
    value = {"id": {"object": "other", "field": "row.id"}, "more": [{"object": "other", "field": "name"}]}
    assert filled(value, {"other": {"row": {"id": 7}, "name": "n"}}) == {"id": 7, "more": ["n"]}
    assert filled(value, {"other": None})["id"] == "(known once other is made)"
    with pytest.raises(InputError, match=r"'other', which does not come before it among the targets\.$"):
        filled(value, {"later": None})
    with pytest.raises(InputError, match=r"the field 'row\.id' of other, which has none\.$"):
        filled(value, {"other": {"row": 1}})


def test_a_value_at_a_path() -> None:
    assert value_at({"a": {"b": 1}}, "a.b") == 1
    assert value_at({"a": 1}, "a.b") is None
    assert value_at(None, "a") is None
