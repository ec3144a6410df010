# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The store in HashiCorp Vault: the role, with community.hashi_vault's modules, on a stand-in of the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from m365_sandbox.state.certificates import load_or_create_tls
from playbook_runner import Outcome, play
from vault_stand_in import VaultStandIn, Version, now, serving

ENTRY = {"client_id": "c", "current": {"key_id": "1", "secret_text": "s3cret-value"}, "awaiting": ["a"]}
KEY = ("secret", "mailops/test/contracts")
ROOT = "hvs.root-token-of-the-test"
GRANTED = {"secret/data/mailops/": ["create", "read", "update"], "secret/metadata/mailops/": ["read"]}
Step = tuple[dict[str, Any], dict[str, Any]]


class Store:
    """Uses of the role on one host."""

    def __init__(self, folder: Path, vault: VaultStandIn) -> None:
        self.folder = folder
        self.vault = vault

    def use(self, *steps: Step, arguments: tuple[str, ...] = (), **connection: Any) -> Outcome:
        """Take steps, each with the role's variables and facts; a failure ends none of those that follow."""
        role = {"name": "mailops.modern_auth.mail_store", "rolespec_validate": False}
        tasks = [
            {
                "block": [{"ansible.builtin.set_fact": facts}] * bool(facts) + [
                    {"ansible.builtin.include_role": role, "vars": step}
                ],
                "rescue": [{"ansible.builtin.meta": "noop"}],
            }
            for step, facts in steps
        ]
        variables = {
            "__mail_plan_data": {"application": {"unique_name": "contracts"}}, "mail_environment": "test",
            "mail_store_kind": "hashi_vault",
            "mail_store_hashi_vault": {**self.connection, **connection},
        }
        return play(self.folder, tasks, *arguments, hosts={"server": variables})

    @property
    def connection(self) -> dict[str, Any]:
        """Where the server is, and a token that may do everything."""
        return {"url": self.vault.url, "token": ROOT, "ca_cert": str(self.folder / "ca.pem")}

    def latest(self) -> dict[str, Any]:
        """What the server holds."""
        return self.vault.secrets[KEY][-1].data


PROVE: Step = ({"__mail_store_step": "prove"}, {})
READ: Step = ({"__mail_store_step": "read"}, {})


def write(entry: dict[str, Any], **facts: Any) -> Step:
    return {"__mail_store_step": "write", "__mail_store_entry": entry}, facts


def failures(done: Outcome) -> list[dict[str, Any]]:
    return [result for result in done.results.get("server", []) if "remedy" in result]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    vault = VaultStandIn(policies={ROOT: None})
    with serving(vault, load_or_create_tls(tmp_path)):
        yield Store(tmp_path, vault)


def test_an_entry_is_written_read_and_guarded_by_its_version(store: Store) -> None:
    store.vault.approles["role", "the-secret-id"] = GRANTED
    signed_in = {"auth_method": "approle", "role_id": "role", "secret_id": "the-secret-id"}
    changed = {**ENTRY, "awaiting": []}
    done = store.use(
        PROVE, READ, write(ENTRY), write(changed), READ, write({"client_id": "late"}, __mail_store_revision="1"),
        arguments=("-vvv", "--diff"), **signed_in,
    )
    [refused] = failures(done)
    assert refused["code"] == "conflict"
    assert "Another run has changed what the store holds of the application 'contracts'" in refused["msg"]
    assert [version.data for version in store.vault.secrets[KEY]] == [ENTRY, changed]
    assert "s3cret-value" not in done.output
    assert "the-secret-id" not in done.output


def test_a_check_writes_nothing_and_still_proves(store: Store) -> None:
    done = store.use(PROVE, READ, write(ENTRY), arguments=("--check",))
    assert failures(done) == []
    assert store.vault.secrets == {}
    assert "POST sys/capabilities-self" in store.vault.requests


def test_a_deleted_secret_can_be_written_again(store: Store) -> None:
    store.vault.secrets[KEY] = [Version({"client_id": "gone"}, now(), deleted=now())]
    assert failures(store.use(READ, write(ENTRY))) == []
    assert store.latest() == ENTRY


def test_what_stands_in_the_way_is_told_with_what_to_do(store: Store) -> None:
    vault = store.vault
    vault.policies["hvs.reads-only-in-there"] = {"secret/data/mailops/": ["read"], "secret/metadata/mailops/": ["read"]}
    vault.policies["hvs.may-do-something-else"] = {"kv/data/other/": ["read"]}
    cases: list[tuple[Step, dict[str, Any], str | None, str]] = [
        (PROVE, {"token": "hvs.expired-long-ago"}, "token", "has expired or was revoked"),
        (PROVE, {"token": "hvs.reads-only-in-there"}, "permission", "create on secret/data/mailops/test/contracts"),
        (READ, {"token": "hvs.may-do-something-else"}, "permission", "Let a policy of the token grant"),
        (PROVE, {"engine_mount_point": "old"}, None, "vault kv enable-versioning old"),
        (PROVE, {"engine_mount_point": "none"}, "permission", "there is no engine 'none'"),
        (READ, {"url": "https://127.0.0.1:9"}, "unreachable", "Check mail_store_hashi_vault.url"),
        (READ, {"auth_method": "approle", "role_id": "r", "secret_id": "wrong"}, None, "invalid role or secret ID"),
        (READ, {"colour": "red"}, None, "Unsupported parameters"),
    ]
    steps = (
        ({**step, "mail_store_hashi_vault": {**store.connection, **options}}, {}) for (step, _), options, _, _ in cases
    )
    done = store.use(*steps)
    told = failures(done)
    assert len(told) == len(cases), done.output
    for (_, _, code, words), result in zip(cases, told, strict=True):
        assert words in result["msg"]
        assert result.get("code") == code
    assert vault.secrets == {}


def test_a_sealed_vault_is_told(store: Store) -> None:
    store.vault.sealed = True
    [told] = failures(store.use(READ))
    assert (told["code"], told["msg"]) == (
        "sealed", "Vault is sealed. Have it unsealed (vault operator unseal), and run again."
    )
