from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.ready_token import examine
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RESOURCE = "https://outlook.office365.com"


def token(claims: Any) -> str:
    return f"header.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


@pytest.mark.parametrize("claims", [
    {}, [], {"aud": RESOURCE, "exp": NOW.timestamp() + 1}, {"aud": f"{RESOURCE}/"},
    {"aud": "00000002-0000-0ff1-ce00-000000000000"}, {"aud": "https://outlook.office365.us"}, {"exp": "soon"},
])
def test_what_exchange_may_take(claims: Any) -> None:
    examine(token(claims), NOW, RESOURCE)


@pytest.mark.parametrize(("claims", "code", "message"), [
    ({"aud": "https://graph.microsoft.com", "exp": 0}, "wrong_audience", "for https://graph.microsoft.com"),
    ({"aud": RESOURCE, "exp": NOW.timestamp()}, "token_expired", "2026-01-01 00:00:00 UTC"),
])
def test_what_it_takes_for_sure_not(claims: Any, code: str, message: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        examine(token(claims), NOW, RESOURCE)
    assert caught.value.code == code
    assert message in caught.value.message
    assert caught.value.remedy


@given(st.text() | st.tuples(st.text(), st.text(), st.text()).map(".".join))
def test_what_is_no_token_is_left_to_exchange(text: str) -> None:
    examine(text, NOW, RESOURCE)
