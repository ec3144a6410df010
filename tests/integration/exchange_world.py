"""What the tests of the Exchange modules share: modules on each transport, and an application with a pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from module_runner import Modules
from sandbox_fixture import RunningSandbox

TRANSPORTS = ("rest", "pwsh", "winrm")
CONTRACTS, PROBE, SHARED = "contracts@contoso.example", "probe@contoso.example", "shared@contoso.example"
GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"


class ExchangeModules(Modules):
    """The Exchange modules over one transport."""

    def __init__(self, sandbox: RunningSandbox, transport: str) -> None:
        super().__init__(sandbox, MAILOPS_EXCHANGE_TRANSPORT=transport)
        self.transport = transport

    def run(self, module: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """The result of the module, a failed one included."""
        if self.transport == "winrm" and module.startswith("exchange_"):
            arguments.setdefault("winrm", windows(self.sandbox))
        return super().run(module, check=check, **arguments)

    def application(self, name: str = "Contracts mail", **roles: list[str]) -> dict[str, Any]:
        """An application in Entra: {id, appId, servicePrincipalId, ...}.

        :param roles: what is granted to it, by resource: graph=["Mail.Send"].
        """
        resources = {"graph": GRAPH, "exchange": EXCHANGE}
        granted = {resources[name]: names for name, names in roles.items()}
        made: dict[str, Any] = self.sandbox.control(
            "POST", "/tenant/applications", {"displayName": name, "roles": granted}
        )
        return made

    def pointer(self, app_id: str, object_id: str, name: str = "Contracts mail") -> dict[str, Any]:
        """Exchange's pointer, made past all checks."""
        made: dict[str, Any] = self.sandbox.control("POST", "/tenant/exchange-service-principals", {
            "AppId": app_id, "ObjectId": object_id, "DisplayName": name,
        })
        return made

    def known_application(self, **roles: list[str]) -> dict[str, Any]:
        """An application that Exchange knows."""
        made = self.application(**roles)
        self.pointer(made["appId"], made["servicePrincipalId"])
        return made

    def mailbox_id(self, address: str) -> str:
        """The object id of a mailbox's user."""
        (user,) = self.objects("users", userPrincipalName=address)
        identifier: str = user["id"]
        return identifier

    def cmdlets(self) -> list[str]:
        """The cmdlets that Exchange was asked to run since they were last forgotten, batches taken apart; forgets."""
        entries = self.sandbox.requests("outlook")
        self.sandbox.control("DELETE", "/requests")
        return [
            one["cmdlet"] for entry in entries for one in (entry.get("batch") or [entry]) if one.get("cmdlet")
        ]


def windows(sandbox: RunningSandbox) -> dict[str, Any]:
    """The option ``winrm`` for the sandbox's Windows host."""
    env = sandbox.env
    return {
        "host": env["M365_SANDBOX_HOST"], "port": int(env["M365_SANDBOX_WINRM_PORT"]),
        "user": env["M365_SANDBOX_WINRM_USER"], "password": env["M365_SANDBOX_WINRM_PASSWORD"],
        "operation_timeout": 1, "read_timeout": 60,
    }


@pytest.fixture(params=TRANSPORTS)
def exchange(request: pytest.FixtureRequest, clean: RunningSandbox) -> ExchangeModules:
    """The modules over each transport, in a tenant as it was seeded."""
    return ExchangeModules(clean, request.param)


@pytest.fixture
def exchange_rest(clean: RunningSandbox) -> ExchangeModules:
    """The modules over REST, for what has nothing to do with the transport."""
    return ExchangeModules(clean, "rest")


def on_every_transport(sandbox: RunningSandbox, runs: Callable[[ExchangeModules], Any]) -> Any:
    """What some runs give, which has to be the same over each transport, ids included: the seed is always the same.

    :param runs: starts from a tenant as it was seeded, and uses no application but the seeded ones.
    """
    results = {}
    for transport in TRANSPORTS:
        sandbox.control("POST", "/reset")
        results[transport] = _outcome(runs(ExchangeModules(sandbox, transport)))
    assert results["pwsh"] == results["rest"]
    assert results["winrm"] == results["rest"]
    return results["rest"]


def _outcome(value: Any) -> Any:
    """Results without the arguments, which name the transport."""
    match value:
        case dict():
            return {name: _outcome(item) for name, item in value.items() if name != "invocation"}
        case list() | tuple():
            return [_outcome(item) for item in value]
        case _:
            return value
