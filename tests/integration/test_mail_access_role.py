# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The roles mail_access and mail_delivery: rights over PowerShell, and patience until they act. The tenant judges."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from exchange_world import CONTRACTS, windows
from mail_world import PROBE, MailWorld
from playbook_runner import play
from sandbox_fixture import RunningSandbox

PASSWORD = VaultSecret(b"pass word")
PLAN = {"ansible.builtin.import_role": {"name": "mailops.modern_auth.mail_plan", "rolespec_validate": False}}


def role(name: str) -> dict[str, Any]:
    return {"ansible.builtin.import_role": {"name": f"mailops.modern_auth.{name}", "rolespec_validate": False}}


class Assistant:
    """A host of Team assistant whose application is registered and stored, and unknown to Exchange."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.world = MailWorld(sandbox)
        self.application = self.world.application("Tickets mail", exchange=("SMTP.SendAsApp",))
        self._folder = folder
        env = sandbox.env
        credentials = self.world.credentials(self.application)
        entry = {
            "tenant_id": credentials["tenant_id"], "client_id": credentials["client_id"],
            "object_id": self.application["id"],
            "current": {"key_id": "key-1", "secret_text": credentials["client_secret"]},
        }
        (folder / "password").write_bytes(PASSWORD.bytes)
        content = yaml.safe_dump({"applications": {"t": entry}})
        (folder / "store.yml").write_bytes(VaultLib([("default", PASSWORD)]).encrypt(content, PASSWORD))
        self.variables: dict[str, Any] = {
            "mail_product": "team_assistant", "mail_environment": "test",
            "mail_app": {"unique_name": "t", "name": "Tickets mail"},
            "mail_send": {
                "transport": "smtp", "from": CONTRACTS, "host": "127.0.0.1", "port": int(env["M365_SANDBOX_SMTP_PORT"]),
            },
            "mail_team_assistant": {"backends": [str(folder)], "environment_file": "environment"},
            "mail_entra": {
                "tenant_id": env["AZURE_TENANT_ID"], "client_id": env["AZURE_CLIENT_ID"],
                "client_secret": env["AZURE_CLIENT_SECRET"], "authority_host": env["AZURE_AUTHORITY_HOST"],
                "graph_endpoint": env["MAILOPS_GRAPH_ENDPOINT"], "ca_path": env["MAILOPS_CA_FILE"],
            },
            "mail_verify": {"recipient": PROBE, "receive": self.world.reader("imap")},
            "mail_store_path": str(folder / "store.yml"), "mail_store_password_file": str(folder / "password"),
        }

    def play(self, *tasks: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
        """Plan and run tasks, which must not fail; gives back the results of all."""
        done = play(self._folder, [PLAN, *tasks], hosts={"server": {**self.variables, **variables}})
        assert done.code == 0, done.output
        return done.results["server"]


@pytest.fixture
def assistant(clean: RunningSandbox, tmp_path: Path) -> Assistant:
    return Assistant(clean, tmp_path)


@pytest.mark.parametrize("transport", ["pwsh", "winrm"])
def test_an_application_gets_its_mailbox_over_powershell(
    assistant: Assistant, clean: RunningSandbox, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange: dict[str, Any] = {"transport": transport, "organization": clean.env["MAILOPS_EXCHANGE_ORGANIZATION"]}
    if transport == "winrm":
        exchange["winrm"] = windows(clean)
    else:
        exchange["pwsh_path"] = clean.env["MAILOPS_PWSH"]
    for name in ("M365_SANDBOX_LOGIN", "M365_SANDBOX_EXCHANGE", "PSModulePath", "SSL_CERT_FILE"):
        if name in clean.env:
            monkeypatch.setenv(name, clean.env[name])
    *_others, step, outcome = assistant.play(role("mail_access"), mail_exchange=exchange)
    [verdict] = step["applications"].values()
    assert (verdict["granted"], outcome["changed"]) == (["FullAccess", "SMTP AUTH"], True)
    tenant = clean.control("GET", "/tenant")["collections"]
    [pointer] = [
        one for one in tenant["exchange_service_principals"].values()
        if one["AppId"] == assistant.application["appId"]
    ]
    assert pointer["ObjectId"] == assistant.application["servicePrincipalId"]
    [(mailbox, _acl)] = [
        (mailbox, acl) for mailbox, acl in tenant["mailbox_permissions"].items()
        if pointer["ObjectId"] in [entry["User"] for entry in acl["entries"]]
    ]
    assert tenant["mailboxes"][mailbox]["addresses"][0] == CONTRACTS
    assert tenant["mailboxes"][mailbox]["SmtpClientAuthenticationDisabled"] is False


def test_a_right_that_was_just_given_is_waited_for(assistant: Assistant, clean: RunningSandbox) -> None:
    """An attempt takes a token of the reader and one of the application. The right acts from the second attempt on.

    That begins half a minute after the first has failed.
    """
    clean.control("DELETE", "/requests")

    def grant_late() -> None:
        while sum(one["path"].endswith("/token") for one in clean.requests("identity")) < 3:
            time.sleep(0.2)
        assistant.world.tell_exchange(assistant.application, CONTRACTS)
        assistant.world.smtp_auth(CONTRACTS, disabled=False)

    exchange = threading.Thread(target=grant_late, daemon=True)
    exchange.start()
    name = f"{clean.env['AZURE_TENANT_ID']}/t"
    changed = {"ansible.builtin.set_fact": {"__mail_access": {"applications": {name: {"changed": True}}}}}
    *_others, step, _outcome = assistant.play(changed, role("mail_delivery"))
    exchange.join()
    [check] = step["hosts"]["server"]["deliveries"]
    assert check["attempts"] > 1
    assert check["delivery"]["folder"] == "INBOX"
