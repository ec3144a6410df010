# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The identity of kind google against the sandbox's token endpoint; judged by the store, and by what is never shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_runner import Outcome, play
from sandbox_fixture import RunningSandbox

ORDERS = "orders@fabrikam.example"
RETURNS = "returns@fabrikam.example"
_PASSWORD = VaultSecret(b"pass word")


class Fabrikam:
    """A service account, and what a person writes about it."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.env = sandbox.env
        self.folder = folder
        self.key_file = Path(self.env["M365_SANDBOX_GOOGLE_KEY_FILE"])
        self.service_account = self.env["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"]
        (folder / "password").write_bytes(_PASSWORD.bytes)
        self.account: dict[str, Any] = {"key_file": str(self.key_file)}
        self.users = [ORDERS, RETURNS]
        self.variables: dict[str, Any] = {}

    def run(self, *arguments: str, **options: Any) -> Outcome:
        """One run of mail_applications; Entra ID is not there."""
        application = {
            "unique_name": "gmail", "display_name": "Fabrikam mail", "identity": "google", "credential": "none",
            "account": self.account, "users": self.users, "store": {
                "kind": "ansible_vault", "path": str(self.folder / "credentials.yml"), "password_file": "password",
            },
        }
        task = {"mailops.modern_auth.mail_applications": {"applications": [application], **options}}
        return play(
            self.folder, [task], "--diff", *arguments, hosts={"server": self.variables},
            environment={"MAILOPS_CA_FILE": self.env["MAILOPS_CA_FILE"]},
        )

    def stored(self) -> dict[str, Any]:
        """What the store holds."""
        path = self.folder / "credentials.yml"
        if not path.exists():
            return {}
        whole = yaml.safe_load(VaultLib([("default", _PASSWORD)]).decrypt(path.read_bytes()))
        entry: dict[str, Any] = whole["applications"].get("gmail", {})
        return entry


@pytest.fixture
def fabrikam(clean: RunningSandbox, tmp_path: Path) -> Fabrikam:
    return Fabrikam(clean, tmp_path)


def test_four_runs_and_removal(fabrikam: Fabrikam) -> None:
    key = json.loads(fabrikam.key_file.read_text())
    known = {
        "service_account": fabrikam.service_account, "key_id": key["private_key_id"], "client_id": key["client_id"],
    }
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        done = fabrikam.run(*arguments, "-vvv")
        assert done.code == 0, done.output
        assert done.last()["changed"] is changed
        told = done.last()["applications"]["google/gmail" if "google/gmail" in done.last()["applications"] else "gmail"]
        assert told["granted"] == ["https://mail.google.com/"]
        assert fabrikam.stored() == ({} if arguments and changed else known)
        assert "PRIVATE KEY" not in done.output
    assert len(fabrikam.sandbox.requests("google")) == 8
    gone = fabrikam.run(state="absent")
    assert gone.code == 0, gone.output
    assert fabrikam.stored() == {}


def test_a_key_in_a_variable_is_never_an_argument(fabrikam: Fabrikam) -> None:
    fabrikam.account = {"key": {"variable": "mail_google.key", "host": "server"}}
    fabrikam.variables = {"mail_google": {"key": fabrikam.key_file.read_text()}}
    done = fabrikam.run("-vvv")
    assert done.code == 0, done.output
    assert "PRIVATE KEY" not in done.output
    assert fabrikam.stored()["service_account"] == fabrikam.service_account


def test_the_p12_key_tells_its_end(fabrikam: Fabrikam) -> None:
    fabrikam.account = {
        "key_file": fabrikam.env["M365_SANDBOX_GOOGLE_P12_FILE"], "service_account": fabrikam.service_account,
        "token_uri": fabrikam.env["MAILOPS_GOOGLE_TOKEN_URI"],
    }
    assert fabrikam.run().code == 0
    assert fabrikam.stored()["expires"].startswith("20")


def test_every_mailbox_that_is_not_delegated_is_named_once_with_the_remedy(fabrikam: Fabrikam) -> None:
    path = f"/tenant/google-service-accounts/{fabrikam.service_account}"
    fabrikam.sandbox.control("PATCH", path, {"scopes": []})
    done = fabrikam.run()
    assert done.code == 2
    message = done.last()["msg"]
    assert f"no token for {ORDERS}" in message
    assert f"no token for {RETURNS}" in message
    assert message.count("Manage domain-wide delegation") == 1
    assert fabrikam.env["M365_SANDBOX_GOOGLE_CLIENT_ID"] in message
    assert fabrikam.stored() == {}
    fabrikam.sandbox.control("PATCH", path, {"scopes": ["https://mail.google.com/"]})
    assert fabrikam.run().code == 0


def test_a_key_that_is_none_touches_nothing(fabrikam: Fabrikam) -> None:
    (fabrikam.folder / "key.json").write_text('{"type": "authorized_user"}')
    fabrikam.account = {"key_file": str(fabrikam.folder / "key.json")}
    done = fabrikam.run()
    assert done.code == 2
    assert "mail_google.key_file: is no key of a service account, but a person's sign-in" in done.last()["msg"]
    assert fabrikam.sandbox.requests("google") == []
    assert fabrikam.stored() == {}
