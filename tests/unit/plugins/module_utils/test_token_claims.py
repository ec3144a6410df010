"""What a token says of itself."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._token_claims import claims_of, shown
from hypothesis import given
from hypothesis import strategies as st

NOTHING = {
    "app_id": None, "tenant_id": None, "object_id": None, "audience": None, "roles": [], "scopes": [],
    "directory_roles": [], "expires_date_time": None,
}


def token(claims: Any) -> str:
    return f"header.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.text())))
def test_the_payload_of_any_token_is_found(claims: dict[str, Any]) -> None:
    assert claims_of(token(claims)) == claims


@given(st.text() | st.tuples(st.text(), st.text(), st.text()).map(".".join))
def test_anything_else_says_nothing(text: str) -> None:
    assert isinstance(claims_of(text), dict)


def test_what_is_shown() -> None:
    said = {
        "appid": "a", "tid": "t", "oid": "o", "aud": "https://graph.microsoft.com", "roles": ["b", "a"], "exp": 0,
        "wids": ["w"], "rh": "not shown",
    }
    assert shown(said) == {
        **NOTHING, "app_id": "a", "tenant_id": "t", "object_id": "o", "audience": "https://graph.microsoft.com",
        "roles": ["a", "b"], "directory_roles": ["w"], "expires_date_time": "1970-01-01T00:00:00Z",
    }
    assert shown({"azp": "a", "scp": "User.Read Mail.Send"}) == {
        **NOTHING, "app_id": "a", "scopes": ["Mail.Send", "User.Read"],
    }


@pytest.mark.parametrize("expiry", [None, "soon", 1e30, -1e30])
def test_an_expiry_that_is_no_moment_is_none(expiry: Any) -> None:
    assert shown({"exp": expiry}) == NOTHING
