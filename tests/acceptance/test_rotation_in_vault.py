"""A server's secret whose store is HashiCorp Vault: set up and rotated, judged by Vault, the tenant and the server."""

from __future__ import annotations

import json
from pathlib import Path

from estates import Estate
from m365_sandbox.products import ici
from m365_sandbox.state.certificates import load_or_create_tls
from vault_stand_in import VaultStandIn, serving

HOST, APPLICATION = "ici-test-1", "contracts-mail-test"
TOKEN = "hvs.root-token-of-the-test"


def test_each_step_is_a_version_and_the_server_has_the_current_secret(estate: Estate, tmp_path: Path) -> None:
    vault = VaultStandIn(policies={TOKEN: None})
    with serving(vault, load_or_create_tls(tmp_path)):
        store = json.dumps({
            "mail_store_kind": "hashi_vault",
            "mail_store_hashi_vault": {"url": vault.url, "token": TOKEN, "ca_cert": str(tmp_path / "ca.pem")},
        })
        first = estate.set_up("--limit", HOST, "-e", store)
        assert first.code == 0, first.output
        before = ici.read(estate.server_file(HOST)).client_secret
        rotated = estate.set_up(
            "--limit", HOST, "-e", store, "-e", "mail_rotation_force=true", playbook="rotate_secrets"
        )
    assert rotated.code == 0, rotated.output
    [versions] = vault.secrets.values()
    entries = [version.data for version in versions]
    assert [sorted(set(entry) & {"lock", "pending", "previous", "awaiting"}) for entry in entries] == [
        ["lock"], [], ["awaiting", "lock"], ["awaiting", "lock", "pending"], ["lock", "pending"], ["previous"],
    ]
    entry = entries[-1]
    [application] = estate.footprint().applications(APPLICATION)
    assert ici.read(estate.server_file(HOST)).client_secret == entry["current"]["secret_text"] != before
    assert entry["previous"]["secret_text"] == before
    assert {one["keyId"] for one in application["passwordCredentials"]} == {
        entry["current"]["key_id"], entry["previous"]["key_id"],
    }
    assert not (estate.directory / "credentials").exists()
    assert not [secret for secret in (before, entry["current"]["secret_text"]) if secret in rotated.output]
