"""Sessions over each transport, all of them reaching the toy admin API in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import connection_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import exchange_session
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec, winrm_spec
from engine_fixtures import Place, executable, full
from m365_sandbox.powershell.engine import Engine
from m365_sandbox.winrm.app import winrm_app
from m365_sandbox.winrm.authentication import Authentication
from m365_sandbox.winrm.shells import Shells
from served_app import server_tls, serving

USER, PASSWORD = "operator", "pä$$ w'ord"
PLAIN_USER, PLAIN_PASSWORD = "plain", "pa$$ w'ord"


@dataclass(frozen=True)
class WindowsHost:
    """A host with WinRM. ``options`` is the dictionary that the option ``winrm`` takes."""

    shells: Shells
    options: dict[str, Any]
    loop: asyncio.AbstractEventLoop

    def end_all_shells(self) -> None:
        """What a restart of the host does."""
        asyncio.run_coroutine_threadsafe(self.shells.end_all(), self.loop).result()


@contextmanager
def windows_host(engine: Engine, place: Place, modules: str = "good") -> Iterator[WindowsHost]:
    """A host whose PowerShell is the engine."""
    shells = Shells(engine, full(place.environment(modules)), place.folder, seed=1)
    app = winrm_app(Authentication({USER: PASSWORD, PLAIN_USER: PLAIN_PASSWORD}, place.folder), shells)
    with serving(app, server_tls(place.authority)) as served:
        reach = {"host": "127.0.0.1", "port": served.port, "user": USER, "password": PASSWORD}
        yield WindowsHost(shells, {**reach, "operation_timeout": 1, "read_timeout": 60}, served.loop)


@pytest.fixture(scope="session")
def host(engine: Engine, place: Place) -> Iterator[WindowsHost]:
    """One host for all tests that do no harm to it."""
    with windows_host(engine, place) as running:
        yield running


def options(place: Place, transport: str, **given: Any) -> dict[str, Any]:
    """Every connection option as AnsibleModule would hand it over."""
    defaults = {name: rules.get("default") for name, rules in {**connection_spec(), **exchange_spec()}.items()}
    winrm = given.pop("winrm", None)
    return {
        **defaults, "transport": transport, "organization": "contoso.onmicrosoft.com", "ca_path": place.ca_path,
        "exchange_endpoint": place.api.url, "exchange_access_token": "good",
        "winrm": winrm and {**{name: rules.get("default") for name, rules in winrm_spec().items()}, **winrm},
        **given,
    }


class Transport:
    """Builds sessions of one transport."""

    def __init__(self, name: str, engine: Engine, place: Place, host: WindowsHost | None) -> None:
        self.name = name
        self._engine = engine
        self._place = place
        self._host = host

    def session(self, modules: str = "good", **given: Any) -> ExchangeSession:
        """A session that is not open yet, with some options of its own."""
        known: dict[str, Any] = {}
        if self._host:
            known["winrm"] = {**self._host.options, **given.pop("winrm", {})}
        if self.name == "pwsh":
            known["pwsh_path"] = executable(self._engine, self._place.folder)
        return exchange_session(options(self._place, self.name, **{**known, **given}))


@pytest.fixture
def modules_environment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that a local PowerShell inherits."""
    set_environment(place.environment(), monkeypatch)


def set_environment(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Set variables of this process."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=("rest", "pwsh", "winrm"))
def transport(
    request: pytest.FixtureRequest, engine: Engine, place: Place, host: WindowsHost, modules_environment: None
) -> Transport:
    """Each of the three."""
    return Transport(request.param, engine, place, host if request.param == "winrm" else None)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop that outlives several calls."""
    with asyncio.Runner() as running:
        yield running
