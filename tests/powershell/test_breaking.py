"""Each way in which a session breaks gives its own error, with what to do about it."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
import trustme
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    CmdletUnavailableError,
    ExchangeError,
    InputError,
    LostAnswerError,
    ModernAuthError,
    PowerShellError,
    TransportError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession
from engine_fixtures import PFX_PASSWORD, Place
from m365_sandbox.powershell.engine import Engine
from session_fixtures import (
    PASSWORD,
    PLAIN_PASSWORD,
    PLAIN_USER,
    USER,
    Transport,
    WindowsHost,
    set_environment,
    windows_host,
)

APP_ID = "11111111-1111-1111-1111-111111111111"


def failure(
    runner: asyncio.Runner, session: ExchangeSession, cmdlet: str = "Get-ServicePrincipal", **parameters: Any
) -> ModernAuthError:
    """What a session with one cmdlet ends with."""
    async def ask() -> None:
        async with session:
            await session.invoke(cmdlet, parameters)

    with pytest.raises(ModernAuthError) as caught:
        runner.run(ask())
    return caught.value


def remedy(error: ModernAuthError) -> str:
    """The remedy, which every one of these has."""
    assert error.remedy
    return error.remedy


# -- PowerShell -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("modules", "code", "words"),
    [("none", "module_missing", "Install-Module"), ("old", "module_too_old", "Update-Module")],
)
def test_the_module_is_missing_or_old(
    runner: asyncio.Runner, engine: Engine, place: Place, monkeypatch: pytest.MonkeyPatch,
    modules: str, code: str, words: str,
) -> None:
    set_environment(place.environment(modules), monkeypatch)
    with windows_host(engine, place, modules) as host:
        for session in (
            Transport("pwsh", engine, place, None).session(), Transport("winrm", engine, place, host).session()
        ):
            error = failure(runner, session)
            assert isinstance(error, PowerShellError)
            assert error.code == code
            assert words in remedy(error)


def test_powershell_is_not_installed(runner: asyncio.Runner, place: Place) -> None:
    error = failure(runner, Transport("pwsh", Engine("none", ("/nowhere/pwsh",)), place, None).session())
    assert isinstance(error, PowerShellError)
    assert "pwsh_path" in remedy(error)


def test_powershell_is_not_installed_on_the_host(runner: asyncio.Runner, engine: Engine, place: Place,
                                                 host: WindowsHost) -> None:
    session = Transport("winrm", engine, place, host).session(winrm={"powershell": "powershel"})
    error = failure(runner, session)
    assert isinstance(error, PowerShellError)
    assert "is not recognized as an internal or external command" in error.message


@pytest.mark.parametrize(
    ("given", "error_type", "words"),
    [
        ({"exchange_certificate_path": "nowhere.pfx"}, InputError, "is a file on"),
        (
            {"exchange_certificate_path": "app.pfx", "exchange_certificate_password": "wrong"},
            AuthenticationError, "exchange_certificate_password",
        ),
    ],
)
def test_the_certificate_file_is_bad(
    runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost,
    given: dict[str, Any], error_type: type[ModernAuthError], words: str,
) -> None:
    session = Transport("winrm", engine, place, host).session(
        exchange_auth="certificate_file", client_id=APP_ID, exchange_access_token=None, **given
    )
    error = failure(runner, session)
    assert isinstance(error, error_type)
    assert words in remedy(error)
    assert "wrong" not in error.message


def test_a_certificate_signs_in(runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost) -> None:
    session = Transport("winrm", engine, place, host).session(
        exchange_auth="certificate_file", client_id=APP_ID, exchange_access_token=None,
        exchange_certificate_path="app.pfx", exchange_certificate_password=PFX_PASSWORD,
    )

    async def ask() -> None:
        async with session:
            await session.invoke("Get-ServicePrincipal")

    place.api.requests.clear()
    runner.run(ask())
    assert place.api.requests == ["POST token", "GET EXOModuleFile", "POST InvokeCommand"]


def test_a_cmdlet_that_the_role_hides(runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost) -> None:
    error = failure(runner, Transport("winrm", engine, place, host).session(), "Get-Mailbox")
    assert isinstance(error, CmdletUnavailableError)
    assert "spelling" in remedy(error)
    assert "role" in remedy(error)


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "code", "words"),
    [
        (
            "Add-RecipientPermission", {"Identity": "m", "AccessRights": ["SendAs"], "Trustee": "t"},
            "PSInvalidOperationException", "Confirm: false",
        ),
        ("New-ServicePrincipal", {"AppId": "a"}, "ParameterBindingException", "reference"),
        ("Get-ServicePrincipal", {"Wrong": 1}, "ParameterBindingException", "reference"),
        (
            "Set-CASMailbox", {"SmtpClientAuthenticationDisabled": "maybe"},
            "ParameterBindingArgumentTransformationException", "types",
        ),
    ],
)
def test_powershell_refuses_a_call(
    runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost,
    cmdlet: str, parameters: dict[str, Any], code: str, words: str,
) -> None:
    error = failure(runner, Transport("winrm", engine, place, host).session(), cmdlet, **parameters)
    assert isinstance(error, ExchangeError)
    assert error.code == code
    assert words in remedy(error)


# -- WinRM ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "user", "password"), [("ntlm", USER, PASSWORD), ("basic", PLAIN_USER, PLAIN_PASSWORD)]
)
def test_both_kinds_of_authentication(
    runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost, auth: str, user: str, password: str
) -> None:
    transport = Transport("winrm", engine, place, host)

    async def ask() -> int:
        async with transport.session(winrm={"auth": auth, "user": user, "password": password}) as session:
            return len(await session.invoke("Get-ServicePrincipal"))

    assert runner.run(ask()) == 1
    assert len(host.shells) == 0

    error = failure(runner, transport.session(winrm={"auth": auth, "user": user, "password": "wrong"}))
    assert isinstance(error, AuthenticationError)
    assert "winrm.password" in remedy(error)
    assert len(host.shells) == 0


def test_nothing_listens(runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error = failure(runner, Transport("winrm", engine, place, host).session(winrm={"port": port}))
    assert isinstance(error, TransportError)
    assert "winrm.port" in remedy(error)
    assert "Connection refused" in error.message


def test_the_hosts_certificate_is_not_trusted(
    runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    session = Transport("winrm", engine, place, host).session(winrm={"ca_path": str(tmp_path / "other.pem")})
    error = failure(runner, session)
    assert isinstance(error, TransportError)
    assert "certificate" in error.message
    assert "winrm.ca_path" in remedy(error)


def test_a_ca_file_that_is_not_there(
    runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost, tmp_path: Path
) -> None:
    session = Transport("winrm", engine, place, host).session(winrm={"ca_path": str(tmp_path / "nowhere.pem")})
    error = failure(runner, session)
    assert isinstance(error, InputError)
    assert "winrm.ca_path" in remedy(error)


def test_something_else_listens(runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost) -> None:
    port = int(place.api.url.rpartition(":")[2])
    error = failure(runner, Transport("winrm", engine, place, host).session(winrm={"port": port}))
    assert isinstance(error, TransportError)
    assert "HTTP 404" in error.message


def test_the_shell_dies(runner: asyncio.Runner, engine: Engine, place: Place) -> None:
    with windows_host(engine, place) as host:
        session = Transport("winrm", engine, place, host).session()

        async def ask() -> None:
            async with session:
                await session.invoke("Get-ServicePrincipal")
                host.end_all_shells()
                await session.invoke("New-ServicePrincipal", {"AppId": "a", "ObjectId": "o"})

        with pytest.raises(LostAnswerError) as caught:
            runner.run(ask())
    assert "its shell is gone" in caught.value.message
    assert "It may have taken effect." in caught.value.message


def test_a_slow_cmdlet_outlives_operation_timeouts(
    runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The operation timeout of these sessions is one second.
    monkeypatch.setattr(place.api, "delay", 2.5)
    session = Transport("winrm", engine, place, host).session()

    async def ask() -> int:
        async with session:
            return len(await session.invoke("Get-ServicePrincipal"))

    assert runner.run(ask()) == 1


def test_several_shells_at_once(runner: asyncio.Runner, engine: Engine, place: Place, host: WindowsHost) -> None:
    transport = Transport("winrm", engine, place, host)

    async def one(number: int) -> str:
        async with transport.session() as session:
            rows = await session.invoke("Get-ServicePrincipal", {"Identity": f"shell {number}"})
            return str(rows[0]["Params"])

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(one(number) for number in range(4)))

    assert runner.run(all_of_them()) == [f'{{"Identity": "shell {number}"}}' for number in range(4)]
    assert len(host.shells) == 0


# -- every transport --------------------------------------------------------------------------------------------------


def test_no_answer_in_time(
    runner: asyncio.Runner, transport: Transport, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place.api, "delay", 60.0)
    error = failure(
        runner, transport.session(command_timeout=1, timeout=4), "New-ServicePrincipal", AppId="a", ObjectId="o"
    )
    assert isinstance(error, LostAnswerError)
    assert "may have taken effect" in error.message


@pytest.mark.parametrize("name", ["rest", "pwsh"])
def test_exchanges_certificate_is_not_trusted(
    runner: asyncio.Runner, engine: Engine, place: Place, modules_environment: None, tmp_path: Path, name: str
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    session = Transport(name, engine, place, None).session(ca_path=str(tmp_path / "other.pem"))
    error = failure(runner, session)
    assert isinstance(error, TransportError)
    assert remedy(error)
