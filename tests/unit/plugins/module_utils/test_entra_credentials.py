"""Credentials of many applications: what is shown of them, and whose clock judges them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.credentials import enabled, read, shown
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import managed_name
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Request

MOMENT = datetime(2031, 5, 1, 12, 0, 0, tzinfo=UTC)


def application(*secrets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "o", "appId": "a", "displayName": "Mail", "passwordCredentials": list(secrets), **more}


def secret(end: str, **more: Any) -> dict[str, Any]:
    return {"keyId": "k", "displayName": None, "endDateTime": end, "hint": "abc", "secretText": None, **more}


class Tenant:
    """A client of a tenant in which every application exists and whose clock goes on by an hour at each answer."""

    async def batch(self, requests: Sequence[Request]) -> list[Answer]:
        return [
            Answer(request, 200, {"date": f"Thu, 01 May 2031 {hour:02d}:00:00 GMT"}, application())
            for hour, request in enumerate(requests)
        ]


def test_the_latest_answer_of_the_tenant_is_its_moment() -> None:
    tenant = cast(GraphClient, Tenant())
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(3)]
    assert asyncio.run(read(tenant, ids)).moment == datetime(2031, 5, 1, 2, tzinfo=UTC)
    assert asyncio.run(read(tenant, [])).moment is None


class Principals:
    """A client of a tenant with two service principals."""

    async def batch(self, requests: Sequence[Request]) -> list[Answer]:
        states = {"a": {"id": "1", "accountEnabled": True}, "b": {"id": "2", "accountEnabled": False}}
        return [
            Answer(request, 200 if found else 404, {}, found or {"error": {"code": "Request_ResourceNotFound"}})
            for request in requests for found in [states.get(request.path.split("'")[1])]
        ]


def test_who_can_sign_in() -> None:
    found = asyncio.run(enabled(cast(GraphClient, Principals()), ["A", "b", "c", "a"]))
    assert found == {"a": True, "b": False, "c": None}


@pytest.mark.parametrize(("end", "days_left", "status"), [
    ("2031-05-31T12:00:01Z", 30, "ok"),
    ("2031-05-31T12:00:00Z", 30, "due"),
    ("2031-05-01T12:00:01.1234567Z", 0, "due"),
    ("2031-05-01T12:00:00Z", 0, "expired"),
    ("2031-05-01T11:59:59Z", -1, "expired"),
])
def test_a_credential_that_ends_at_the_moment_has_expired(end: str, days_left: int, status: str) -> None:
    (credential,) = shown(application(secret(end)), MOMENT, timedelta(days=30))["credentials"]
    assert (credential["days_left"], credential["status"]) == (days_left, status)
    assert "abc" not in str(credential)


def test_the_first_to_end_is_in_front() -> None:
    late, early = secret("2032-01-01T00:00:00Z", keyId="late"), secret("2031-12-01T00:00:00Z", keyId="early")
    key = {"keyId": "key", "displayName": "CN=x", "endDateTime": "2031-12-15T00:00:00Z", "key": None}
    credentials = shown(application(late, early, keyCredentials=[key]), MOMENT, timedelta(days=1))["credentials"]
    assert [(one["key_id"], one["kind"]) for one in credentials] == [
        ("early", "secret"), ("key", "certificate"), ("late", "secret"),
    ]


@pytest.mark.parametrize(("title", "name"), [
    ("mailops.modern_auth: prod (0123abcd)", "prod"),
    ("mailops.modern_auth: prod (0123abcd) (89abcdef)", "prod (0123abcd)"),
    ("mailops.modern_auth: prod", "prod"),
    ("mailops.modern_auth", None),
    ("by hand (0123abcd)", None),
    (None, None),
])
def test_the_name_of_a_managed_credential(title: str | None, name: str | None) -> None:
    assert managed_name({"displayName": title}) == name
