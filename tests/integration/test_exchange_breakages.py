"""Ways in which reaching Exchange breaks, each with a message of its own, and how the modules mend broken rights."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from exchange_world import CONTRACTS, EXCHANGE, GRAPH, PROBE, TRANSPORTS, ExchangeModules, windows
from m365_sandbox.powershell.engine import find_engine
from m365_sandbox.winrm.app import winrm_app
from m365_sandbox.winrm.authentication import Authentication
from m365_sandbox.winrm.shells import Shells
from mail_world import MailWorld
from sandbox_fixture import RunningSandbox
from served_app import server_tls, serving

MODULE = "exchange_client_access"
Arguments = dict[str, Any]


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def token(modules: ExchangeModules, resource: str, seconds: int = 3600) -> str:
    body = {"appId": modules.sandbox.env["AZURE_CLIENT_ID"], "resource": resource, "seconds": seconds}
    made: str = modules.sandbox.control("POST", "/tenant/tokens", body)["access_token"]
    return made


def other_authority(folder: Path) -> str:
    path = folder / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return str(path)


def without_role(modules: ExchangeModules, roles: dict[str, list[str]]) -> Arguments:
    caller = modules.sandbox.control(
        "POST", "/tenant/applications", {"displayName": "Caller", "secret": True, "roles": roles}
    )
    return {"client_id": caller["appId"], "client_secret": caller["secret"]}


@pytest.mark.parametrize("name", TRANSPORTS)
@pytest.mark.parametrize(("broken", "message", "remedy"), [
    (
        lambda modules: {"exchange_access_token": token(modules, GRAPH)}, "is a token for 00000003-",
        "the scope https://outlook.office365.com/.default",
    ),
    (lambda modules: {"exchange_access_token": token(modules, EXCHANGE, -60)}, "has expired", "Get a new one"),
    (lambda modules: without_role(modules, {}), "", "Exchange.ManageAsApp"),
    (lambda modules: without_role(modules, {EXCHANGE: ["Exchange.ManageAsApp"]}), "", "directory role"),
    (lambda modules: {"client_secret": "not-the-secret"}, "AADSTS7000215", "secret"),
])
def test_the_sign_in_is_refused(
    clean: RunningSandbox, name: str, broken: Callable[[ExchangeModules], Arguments], message: str, remedy: str
) -> None:
    modules = ExchangeModules(clean, name)
    arguments = broken(modules)
    before = modules.tenant()
    result = modules.run(MODULE, mailboxes=[CONTRACTS], smtp_auth="enabled", **arguments)
    assert result["failed"] is True
    assert message in result["msg"]
    assert remedy in result["remedy"]
    assert result["code"]
    assert modules.tenant() == before


def test_the_module_is_missing_where_powershell_runs(clean: RunningSandbox, tmp_path: Path) -> None:
    modules = ExchangeModules(clean, "pwsh")
    modules.environment["PSModulePath"] = str(tmp_path)
    result = modules.run(MODULE, mailboxes=[CONTRACTS])
    assert result["code"] == "module_missing"
    assert "Install-Module ExchangeOnlineManagement" in result["remedy"]


def test_the_module_is_missing_on_the_windows_host(clean: RunningSandbox, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    shells = Shells(find_engine(), {**os.environ, "PSModulePath": str(tmp_path)}, tmp_path)
    with serving(winrm_app(Authentication({"operator": "pass"}, tmp_path), shells), server_tls(authority)) as served:
        result = ExchangeModules(clean, "winrm").run(MODULE, mailboxes=[CONTRACTS], winrm={
            **windows(clean), "port": served.port, "user": "operator", "password": "pass",
            "ca_path": str(tmp_path / "ca.pem"),
        })
    assert result["code"] == "module_missing"
    assert "on 127.0.0.1 does not find the module" in result["msg"]
    assert "Install-Module ExchangeOnlineManagement" in result["remedy"]


def test_powershell_is_missing(clean: RunningSandbox, tmp_path: Path) -> None:
    result = ExchangeModules(clean, "pwsh").run(MODULE, mailboxes=[CONTRACTS], pwsh_path=str(tmp_path / "pwsh"))
    assert result["code"] == "powershell_missing"
    assert "pwsh_path" in result["remedy"]


@pytest.mark.parametrize(("broken", "message", "remedy"), [
    (lambda _folder: {"port": unused_port()}, "cannot be reached", "firewall"),
    (lambda folder: {"ca_path": other_authority(folder)}, "certificate is not trusted", "winrm.ca_path"),
    (lambda _folder: {"password": "wrong"}, "rejected the credentials", "winrm.password"),
    (lambda _folder: {"scheme": "http", "auth": "basic"}, "readable on the network", "Use https"),
])
def test_the_windows_host_is_not_there_or_not_trusted(
    clean: RunningSandbox, tmp_path: Path, broken: Callable[[Path], Arguments], message: str, remedy: str
) -> None:
    modules = ExchangeModules(clean, "winrm")
    result = modules.run(MODULE, mailboxes=[CONTRACTS], winrm={**windows(clean), **broken(tmp_path)})
    assert message in result["msg"]
    assert remedy in result["remedy"]
    assert clean.env["M365_SANDBOX_WINRM_PASSWORD"] not in str(result)


def test_exchange_is_not_there_or_not_trusted(clean: RunningSandbox, tmp_path: Path) -> None:
    modules = ExchangeModules(clean, "rest")
    ready = {"exchange_access_token": token(modules, EXCHANGE), "mailboxes": [CONTRACTS]}
    away = modules.run(MODULE, exchange_endpoint=f"https://127.0.0.1:{unused_port()}", **ready)
    assert "cannot be reached" in away["msg"]
    assert "exchange_endpoint" in away["remedy"]
    alien = modules.run(MODULE, ca_path=other_authority(tmp_path), **ready)
    assert "is not trusted" in alien["msg"]
    assert "ca_path" in alien["remedy"]


@pytest.mark.parametrize("name", TRANSPORTS)
def test_an_option_that_a_transport_needs_is_named(clean: RunningSandbox, name: str) -> None:
    modules = ExchangeModules(clean, name)
    del modules.environment["MAILOPS_EXCHANGE_ORGANIZATION"], modules.environment["AZURE_TENANT_ID"]
    result = modules.run(MODULE, mailboxes=[CONTRACTS], exchange_access_token="x")
    assert result["msg"].startswith("organization is missing")


def test_what_keeps_an_application_out_of_a_mailbox_is_put_right(clean: RunningSandbox) -> None:
    """IMAP off, a wrong object id and no FullAccess: each stops the sign-in, and each module mends its own."""
    world, modules = MailWorld(clean), ExchangeModules(clean, "rest")
    app = world.application("Contracts mail", exchange=("IMAP.AccessAsApp",))
    world.tell_exchange(app, CONTRACTS, object_id=app["id"])
    world.control("PATCH", f"/tenant/mailboxes/{CONTRACTS}", {"ImapEnabled": False})
    receive = {
        "transport": "imap", "mailbox": CONTRACTS, **world.credentials(app), **world.server("imap", "implicit"),
    }
    sender = world.graph(world.may_send(mailbox=PROBE), PROBE)
    mends = [
        ("exchange_service_principal", {"app_id": app["appId"]}),
        ("exchange_client_access", {"mailboxes": [CONTRACTS], "imap": True}),
        ("exchange_mailbox_permission", {
            "app_id": app["appId"], "mailboxes": [CONTRACTS], "rights": ["full_access"],
        }),
    ]
    for module, arguments in mends:
        world.failed(sender, receive)
        assert modules.ok(module, **arguments)["changed"] is True
    world.delivered(sender, receive)


def test_what_keeps_an_application_from_sending_is_put_right(clean: RunningSandbox) -> None:
    """SMTP AUTH off for the tenant and for the mailbox: both are reported, and the mailbox's own setting wins."""
    world, modules = MailWorld(clean), ExchangeModules(clean, "rest")
    app = world.application("Contracts mail", exchange=("SMTP.SendAsApp",))
    world.tell_exchange(app, CONTRACTS)
    refusal = world.refused(world.smtp(app))
    assert refusal["code"].startswith("535 5.7.139")
    found = modules.ok(MODULE, mailboxes=[CONTRACTS])
    assert found["organization"]["smtp_auth"] == found["mailboxes"][0]["smtp_auth_effective"] == "disabled"
    assert found["mailboxes"][0]["smtp_auth"] == "inherit"
    modules.ok(MODULE, mailboxes=[CONTRACTS], smtp_auth="enabled")
    world.delivered(world.smtp(app), world.reader("imap"))
