"""The three transports against the sandbox's own Exchange, signed in as its operator."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import connection_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ExchangeNotFoundError,
    ModernAuthError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import exchange_session
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import Call, Rows
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec, winrm_spec
from sandbox_fixture import RunningSandbox

PROBE = "probe@contoso.example"


@pytest.fixture(params=("rest", "pwsh", "winrm"))
def options(
    request: pytest.FixtureRequest, clean: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """The connection options as the environment of the sandbox sets them."""
    env = clean.env
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    given = {
        "transport": request.param, "tenant_id": env["AZURE_TENANT_ID"], "client_id": env["AZURE_CLIENT_ID"],
        "client_secret": env["AZURE_CLIENT_SECRET"], "authority_host": env["AZURE_AUTHORITY_HOST"],
        "ca_path": clean.ca, "organization": env["MAILOPS_EXCHANGE_ORGANIZATION"],
        "exchange_endpoint": env["MAILOPS_EXCHANGE_ENDPOINT"], "pwsh_path": env["MAILOPS_PWSH"],
    }
    windows = {
        "host": env["M365_SANDBOX_HOST"], "port": int(env["M365_SANDBOX_WINRM_PORT"]),
        "user": env["M365_SANDBOX_WINRM_USER"], "password": env["M365_SANDBOX_WINRM_PASSWORD"],
    }
    return {**_defaults({**connection_spec(), **exchange_spec()}), **given,
            "winrm": {**_defaults(winrm_spec()), **windows}}


def _defaults(spec: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: rules.get("default") for name, rules in spec.items()}


def run(options: dict[str, Any], *calls: Call) -> list[Rows | ModernAuthError]:
    """The results of some calls on one connection, one after the other."""
    async def ask() -> list[Rows | ModernAuthError]:
        results: list[Rows | ModernAuthError] = []
        async with exchange_session(options) as session:
            for call in calls:
                try:
                    results.append(await session.invoke(call.cmdlet, call.parameters))
                except ModernAuthError as error:
                    results.append(error)
        return results

    return asyncio.run(ask())


def test_a_change_arrives_in_the_tenant(options: dict[str, Any], clean: RunningSandbox) -> None:
    before, written, again, after = run(
        options,
        Call("Get-CASMailbox", {"Identity": PROBE}),
        Call("Set-CASMailbox", {"Identity": PROBE, "ImapEnabled": False}),
        Call("Set-CASMailbox", {"Identity": PROBE, "ImapEnabled": False}),
        Call("Get-CASMailbox", {"Identity": PROBE}),
    )
    assert isinstance(before, Rows)
    assert isinstance(written, Rows)
    assert isinstance(again, Rows)
    assert isinstance(after, Rows)
    assert before[0]["ImapEnabled"] is True
    assert after[0]["ImapEnabled"] is False
    assert written.warnings == ()
    assert "no settings of" in again.warnings[0]
    mailboxes = clean.control("GET", "/tenant")["collections"]["mailboxes"]
    assert '"ImapEnabled": false' in json.dumps(mailboxes)


def test_a_mailbox_that_is_not_there(options: dict[str, Any]) -> None:
    (error,) = run(options, Call("Get-Mailbox", {"Identity": "nobody@contoso.example"}))
    assert isinstance(error, ExchangeNotFoundError)
    assert error.code == "ManagementObjectNotFoundException"
    assert "'nobody@contoso.example'" in error.answer
