# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The role mail_provider with a secret that ICI's own tool encrypts; judged by what ICI would read."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_runner import REPOSITORY, Outcome, play

SECRET = "s3cret~Value"
PASSWORD = VaultSecret(b"pass word")
# Like a real one it gives another text each time, and it counts its calls.
TOOL = """import pathlib, sys
calls = pathlib.Path(sys.argv[1])
calls.write_text(calls.read_text() + "x" if calls.exists() else "x")
print(f"encrypted {len(calls.read_text())} {sys.stdin.read()[::-1]}")
"""


def roles(*names: str) -> list[dict[str, Any]]:
    return [
        {"ansible.builtin.import_role": {"name": f"mailops.modern_auth.{name}", "rolespec_validate": False}}
        for name in names
    ]


class Server:
    """A server of ICI, and a store that holds the credentials of its application."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "ConfigurationKeys.json"
        self.file.write_bytes((REPOSITORY / "sandbox/servers/ConfigurationKeys.json").read_bytes())
        (folder / "encrypt.py").write_text(TOOL, encoding="utf-8")
        (folder / "password").write_bytes(PASSWORD.bytes)
        self.keep("key-1")

    def keep(self, key_id: str, **more: Any) -> None:
        """Let the store hold a client secret."""
        application = {
            "tenant_id": "t", "client_id": "c", "object_id": "o", "current": {"key_id": key_id, "secret_text": SECRET},
            **more,
        }
        content = yaml.safe_dump({"applications": {"contracts": application}})
        (self.folder / "store.yml").write_bytes(VaultLib([("default", PASSWORD)]).encrypt(content, PASSWORD))

    def configure(self, ici: dict[str, Any], *arguments: str) -> Outcome:
        """Plan and configure."""
        variables = self.variables(self.file, ici)
        return play(self.folder, roles("mail_plan", "mail_provider"), *arguments, hosts={"server": variables})

    def variables(self, file: Path, ici: dict[str, Any]) -> dict[str, Any]:
        """What the inventory says of a server with that file."""
        return {
            "mail_product": "ici", "mail_environment": "test", "mail_app": {"unique_name": "contracts", "name": "C"},
            "mail_send": {"transport": "graph", "from": "contracts@contoso.example"},
            "mail_ici": {"config_file": str(file), **ici}, "mail_entra": {"tenant_id": "t"},
            "mail_store_path": str(self.folder / "store.yml"),
            "mail_store_password_file": str(self.folder / "password"),
        }

    def stored(self) -> dict[str, Any]:
        """What the store holds of the application."""
        content = VaultLib([("default", PASSWORD)]).decrypt((self.folder / "store.yml").read_bytes())
        entry: dict[str, Any] = yaml.safe_load(content)["applications"]["contracts"]
        return entry

    def client_secret(self, file: Path | None = None) -> str:
        """What ICI would decrypt."""
        keys = json.loads((file or self.file).read_text("utf-8-sig"))["ConfigurationKeys"]
        [value] = [key["Value"] for key in keys if key["Name"] == "Platform.Email.ProviderConfiguration"]
        return str(json.loads(value)["configuration"]["ClientSecret"])


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_a_command_encrypts_each_secret_once(server: Server) -> None:
    command = {"encrypt_command": [sys.executable, str(server.folder / "encrypt.py"), str(server.folder / "calls")]}
    checked = server.configure(command, "--check")
    assert checked.code == 0, checked.output
    assert not (server.folder / "calls").exists()

    done = server.configure(command, "-vvv", "--diff")
    assert done.code == 0, done.output
    assert server.client_secret() == f"encrypted 1 {SECRET[::-1]}"
    assert SECRET not in done.output
    assert SECRET[::-1] not in done.output

    again = server.configure(command)
    assert "changed=0 " in again.output
    assert (server.folder / "calls").read_text() == "x"

    server.keep("key-2")
    assert server.configure(command).code == 0
    assert server.client_secret() == f"encrypted 2 {SECRET[::-1]}"


def test_servers_that_encrypt_at_once_lose_nothing_that_another_has_kept(server: Server) -> None:
    hosts = {}
    for name in ("broken", "one", "two"):
        file = server.folder / f"{name}.json"
        file.write_bytes(server.file.read_bytes())
        command = [sys.executable, str(server.folder / "encrypt.py"), str(server.folder / f"calls of {name}")]
        hosts[name] = server.variables(file, {"encrypt_command": ["/bin/false"] if name == "broken" else command})
    server.keep("key-1", pending={"key_id": "key-2", "secret_text": "another"})
    slots = {"__mail_provider_slots": {name: {"t/contracts": "pending"} for name in hosts}}
    done = play(server.folder, roles("mail_plan", "mail_provider"), "-e", json.dumps(slots), hosts=hosts)
    assert done.code == 2, done.output
    kept = {"key-2": f"encrypted 1 {'another'[::-1]}"}
    assert server.stored()["encrypted"] == {"one": kept, "two": kept}
    for name in ("one", "two"):
        assert server.client_secret(server.folder / f"{name}.json") == kept["key-2"]


def test_a_command_that_fails_changes_nothing(server: Server) -> None:
    before = server.file.read_bytes()
    assert server.configure({"encrypt_command": ["/bin/false"]}).code == 2
    assert server.configure({"encrypt_command": ["/bin/true"]}).code == 2
    assert server.file.read_bytes() == before


def test_a_ready_encrypted_secret_must_be_that_of_the_current_one(server: Server) -> None:
    done = server.configure({"encrypted_secret": {"key_id": "KEY-1", "value": "ready"}})
    assert done.code == 0, done.output
    assert server.client_secret() == "ready"
    server.keep("key-2")
    stale = server.configure({"encrypted_secret": {"key_id": "key-1", "value": "ready"}})
    assert "is made of the client secret key-1, but the application's current one is key-2" in stale.last()["msg"]


def test_without_credentials_it_says_which_step_makes_them(server: Server) -> None:
    (server.folder / "store.yml").unlink()
    done = server.configure({})
    assert "The store holds no credentials of the application 'contracts'. Run the step identity first." in (
        done.last()["msg"]
    )
