"""The property table: options, comparison, changes, what is shown."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.application_properties import PROPERTIES
from ansible_collections.mailops.modern_auth.plugins.module_utils._properties import (
    argument_spec,
    changes,
    merged,
    shown,
)
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.lists(st.text(max_size=4), max_size=3)
NOTHING = st.none()
PARAMS = st.fixed_dictionaries({
    "display_name": NOTHING | st.text(),
    "sign_in_audience": NOTHING | st.sampled_from(["AzureADMyOrg", "AzureADMultipleOrgs"]),
    "redirect_uris": NOTHING | st.fixed_dictionaries({
        "web": NOTHING | WORDS, "spa": NOTHING | WORDS, "public_client": NOTHING | WORDS,
    }),
    "public_client": NOTHING | st.booleans(),
    "tags": NOTHING | WORDS,
    "notes": NOTHING | st.text(),
})
ENTITIES = st.fixed_dictionaries({}, optional={
    "displayName": st.text(),
    "web": NOTHING | st.fixed_dictionaries({"redirectUris": WORDS, "homePageUrl": NOTHING | st.text()}),
    "isFallbackPublicClient": NOTHING | st.booleans(),
    "tags": WORDS,
    "notes": NOTHING | st.text(),
    "appRoles": WORDS,
})


@given(ENTITIES, PARAMS)
def test_after_a_change_nothing_is_left_to_change(entity: dict[str, Any], params: dict[str, Any]) -> None:
    after = merged(entity, changes(PROPERTIES, entity, params))
    assert changes(PROPERTIES, after, params) == {}


@given(ENTITIES, PARAMS)
def test_what_no_option_names_stays(entity: dict[str, Any], params: dict[str, Any]) -> None:
    after = merged(entity, changes(PROPERTIES, entity, params))
    assert after.get("appRoles") == entity.get("appRoles")
    if isinstance(entity.get("web"), dict):
        assert after["web"]["homePageUrl"] == entity["web"]["homePageUrl"]


@given(ENTITIES)
def test_options_that_are_left_out_change_nothing(entity: dict[str, Any]) -> None:
    assert changes(PROPERTIES, entity, {}) == {}


def test_only_what_differs_is_written() -> None:
    entity = {"displayName": "Mail", "tags": ["b", "a"], "web": {"redirectUris": ["x"], "logoutUrl": "y"}}
    params = {
        "display_name": "Mail", "tags": ["a", "b", "a"], "notes": "", "public_client": False,
        "redirect_uris": {"web": ["z"], "spa": None, "public_client": []},
    }
    assert changes(PROPERTIES, entity, params) == {"web": {"redirectUris": ["z"]}}


def test_an_empty_value_takes_away() -> None:
    entity = {"notes": "old", "tags": ["a"], "isFallbackPublicClient": True}
    params = {"notes": "", "tags": [], "public_client": False}
    assert changes(PROPERTIES, entity, params) == {"notes": "", "tags": [], "isFallbackPublicClient": False}


def test_dotted_options_become_suboptions() -> None:
    spec = argument_spec(PROPERTIES)
    assert spec["redirect_uris"]["type"] == "dict"
    assert set(spec["redirect_uris"]["options"]) == {"web", "spa", "public_client"}
    assert spec["public_client"] == {"type": "bool"}


def test_shows_every_property_in_its_normal_form() -> None:
    assert shown(PROPERTIES, {"displayName": "Mail", "spa": None, "tags": ["b", "a"]}) == {
        "display_name": "Mail", "sign_in_audience": None,
        "redirect_uris": {"web": [], "spa": [], "public_client": []},
        "public_client": False, "tags": ["a", "b"], "notes": "",
    }
