# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The store in Azure Key Vault: the role, with azure.azcollection's modules, on a stand-in of the service."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from key_vault_stand_in import CLIENT, SECRET, TENANT, KeyVaultStandIn, serving
from playbook_runner import Outcome, play

# The ids of the tenant and of the caller are among what azure.azcollection blots out in what its modules return.
ENTRY = {"tenant_id": TENANT, "client_id": CLIENT, "current": {"key_id": "1", "secret_text": "s3cret-value"}}
NAME = "mailops-contracts-mail-prod"


class Store:
    """Uses of the role on one host."""

    def __init__(self, folder: Path, vault: KeyVaultStandIn) -> None:
        self.folder = folder
        self.vault = vault

    def use(self, *steps: str, entry: dict[str, Any] | None = None, **variables: Any) -> Outcome:
        """Take steps; the first that fails ends it."""
        role = {"name": "mailops.modern_auth.mail_store", "rolespec_validate": False}
        tasks: list[dict[str, Any]] = [
            {"ansible.builtin.include_role": role, "vars": {"__mail_store_step": step, "__mail_store_entry": entry}}
            for step in steps
        ]
        tasks.append({"ansible.builtin.debug": {"msg": "{{ __mail_store_credentials.tenant_id }}"}})
        known = {
            "__mail_plan_data": {"application": {"unique_name": "contracts-mail-prod"}},
            "mail_store_kind": "azure_keyvault", "mail_store_azure_keyvault": {
                "vault_uri": self.vault.url, "client_id": CLIENT, "secret": SECRET, "tenant": TENANT,
                "subscription_id": "none", "adfs_authority_url": self.vault.authority,
                "disable_instance_discovery": True,
            },
        }
        environment = {
            "PYTHONPATH": str(Path(__file__).parent / "azure_libraries"),
            "REQUESTS_CA_BUNDLE": str(self.folder / "ca.pem"),
        }
        return play(self.folder, tasks, "-vvv", hosts={"server": {**known, **variables}}, environment=environment)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with serving(KeyVaultStandIn(), tmp_path) as vault:
        yield Store(tmp_path, vault)


def test_an_entry_is_written_and_read(store: Store) -> None:
    done = store.use("prove", "read", "write", "read", entry=ENTRY)
    assert done.code == 0, done.output
    assert done.last()["msg"] == TENANT
    [(_, value)] = store.vault.secrets[NAME]
    assert json.loads(base64.b64decode(value)) == ENTRY
    assert "s3cret-value" not in done.output
    assert SECRET not in done.output
    assert sorted(store.vault.secrets) == [NAME, "mailops-write-check"]


def test_what_another_run_wrote_is_not_overwritten(store: Store) -> None:
    store.vault.secrets[NAME] = [("theirs", base64.b64encode(b'{"client_id": "theirs"}').decode())]
    done = store.use("write", entry=ENTRY, __mail_store_revision="an older one")
    assert done.last()["code"] == "conflict"
    assert len(store.vault.secrets[NAME]) == 1


def test_a_missing_permission_is_told_before_a_secret_is_made(store: Store) -> None:
    store.vault.permissions = {"get"}
    done = store.use("prove")
    assert done.last()["code"] == "permission"
    assert "does not have secrets set permission on key vault 'contoso'" in done.last()["msg"]
    assert "Give the caller the role Key Vault Secrets Officer" in done.last()["msg"]


def test_without_a_vault_the_variable_is_named(store: Store) -> None:
    done = store.use("read", mail_store_azure_keyvault={})
    assert "Name one in mail_store_azure_keyvault.vault_uri" in done.last()["msg"]


def test_a_deleted_secret_is_told_before_a_secret_is_made(store: Store) -> None:
    store.vault.secrets[NAME] = [("gone", "x")]
    store.vault.deleted.add(NAME)
    done = store.use("prove")
    assert done.last()["code"] == "deleted"
    assert f"az keyvault secret recover --name {NAME}" in done.last()["msg"]
