# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The store in Azure Key Vault, signed in to as azure.azcollection does, on a stand-in of the service."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import fingerprint
from key_vault_stand_in import CLIENT, SECRET, TENANT, KeyVaultStandIn, serving
from playbook_runner import ACTIONS, Outcome, play

ENTRY = {"tenant_id": TENANT, "client_id": CLIENT, "current": {"key_id": "1", "secret_text": "s3cret-value"}}
NAME = "mailops-contracts"


class Store:
    """Uses of the store on one host."""

    def __init__(self, folder: Path, vault: KeyVaultStandIn) -> None:
        self.folder = folder
        self.vault = vault

    def use(
        self, *uses: dict[str, Any], arguments: tuple[str, ...] = (), environment: dict[str, str] | None = None,
        **connection: Any,
    ) -> Outcome:
        """Use it; the first failure ends that."""
        known = {
            "mail_environment": "test", "mail_store_kind": "azure_keyvault", "mail_store_azure_keyvault": {
                "vault_uri": self.vault.url, "client_id": CLIENT, "secret": SECRET, "tenant": TENANT,
                "subscription_id": "none", "adfs_authority_url": self.vault.authority,
                "disable_instance_discovery": True, **connection,
            },
        }
        variables = {
            **ACTIONS, "PYTHONPATH": str(Path(__file__).parents[1] / "azure_libraries"),
            "REQUESTS_CA_BUNDLE": str(self.folder / "ca.pem"), **(environment or {}),
        }
        tasks: list[dict[str, Any]] = [{"use_store": use} for use in uses]
        return play(self.folder, tasks, "-vvv", *arguments, hosts={"server": known}, environment=variables)

    def writing(self, entry: dict[str, Any], revision: str) -> dict[str, Any]:
        """The arguments that write an entry."""
        file = self.folder / "entry.json"
        file.write_text(json.dumps(entry), encoding="utf-8")
        return {"entry_file": str(file), "revision": revision}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with serving(KeyVaultStandIn(), tmp_path) as vault:
        yield Store(tmp_path, vault)


def test_an_entry_is_written_and_read(store: Store) -> None:
    done = store.use({"prove": True}, store.writing(ENTRY, ""), {})
    assert done.code == 0, done.output
    [(version, value)] = store.vault.secrets[NAME]
    assert done.last()["revisions"] == {"contracts": version}
    assert done.last()["fingerprints"] == {"contracts": fingerprint(ENTRY)}
    assert json.loads(base64.b64decode(value)) == ENTRY
    assert "s3cret-value" not in done.output
    assert SECRET not in done.output
    assert sorted(store.vault.secrets) == [NAME, "mailops-write-check"]


def test_many_entries_are_read_at_once(store: Store) -> None:
    names = [f"a{number}" for number in range(30)]
    for name in names[:20]:
        value = base64.b64encode(json.dumps({"client_id": name}).encode()).decode()
        store.vault.secrets[f"mailops-{name}"] = [("1", value)]
    done = store.use({"names": names})
    assert done.code == 0, done.output
    assert done.last()["fingerprints"] == {
        name: fingerprint({"client_id": name} if name in names[:20] else {}) for name in names
    }


def test_a_check_writes_nothing(store: Store) -> None:
    assert store.use({"prove": True}, arguments=("--check",)).code == 0
    assert store.vault.secrets == {}


def test_what_another_run_wrote_is_not_overwritten(store: Store) -> None:
    store.vault.secrets[NAME] = [("theirs", base64.b64encode(b'{"client_id": "theirs"}').decode())]
    done = store.use(store.writing(ENTRY, "an older one"))
    assert done.last()["code"] == "conflict"
    assert len(store.vault.secrets[NAME]) == 1


def test_a_missing_permission_is_told_before_a_secret_is_made(store: Store) -> None:
    store.vault.permissions = {"get"}
    done = store.use({"prove": True})
    assert done.last()["code"] == "permission"
    assert "does not have secrets set permission on key vault 'contoso'" in done.last()["msg"]
    assert "Give the caller the role Key Vault Secrets Officer" in done.last()["msg"]


def test_a_deleted_secret_is_told_before_a_secret_is_made(store: Store) -> None:
    store.vault.secrets[NAME] = [("gone", "x")]
    store.vault.deleted.add(NAME)
    done = store.use({"prove": True})
    assert done.last()["code"] == "deleted"
    assert f"az keyvault secret recover --name {NAME}" in done.last()["msg"]


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ({"vault_uri": None}, "mail_store_azure_keyvault.vault_uri: is required"),
        ({"colour": "red"}, "mail_store_azure_keyvault: colour"),
        ({"secret": "another"}, "AADSTS7000215"),
        ({"tenant": None}, "Some attributes were missing"),
    ],
)
def test_what_is_wrong_with_the_variable_is_told(store: Store, connection: dict[str, Any], words: str) -> None:
    told = store.use({}, **connection).last()["msg"]
    assert words in told
    assert "mail_store_azure_keyvault" in told
    assert SECRET not in told


def test_what_is_missing_here_is_named(store: Store, tmp_path: Path) -> None:
    link = tmp_path / "collections" / "ansible_collections" / "mailops"
    link.mkdir(parents=True)
    (link / "modern_auth").symlink_to(Path(__file__).parents[2])
    done = store.use({}, environment={
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
    })
    assert "ansible-galaxy collection install azure.azcollection" in done.last()["msg"]
    done = store.use({}, environment={"PYTHONPATH": ""})
    assert "Install the requirements.txt of that collection" in done.last()["msg"]
