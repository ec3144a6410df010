# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The store in HashiCorp Vault, with community.hashi_vault's lookups, on a stand-in of the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import fingerprint
from m365_sandbox.state.certificates import load_or_create_tls
from playbook_runner import ACTIONS, Outcome, play
from vault_stand_in import VaultStandIn, Version, now, serving

ENTRY = {"client_id": "c", "current": {"key_id": "1", "secret_text": "s3cret-value"}, "awaiting": ["a"]}
CHANGED = {**ENTRY, "awaiting": []}
KEY = ("secret", "mailops/test/contracts")
ROOT = "hvs.root-token-of-the-test"
GRANTED = {"secret/data/mailops/": ["create", "read", "update"], "secret/metadata/mailops/": ["read"]}
PROVE: dict[str, Any] = {"prove": True}
READ: dict[str, Any] = {}


class Store:
    """Uses of the store on one host."""

    def __init__(self, folder: Path, vault: VaultStandIn) -> None:
        self.folder = folder
        self.vault = vault

    def use(
        self, *uses: tuple[dict[str, Any], dict[str, Any]], arguments: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> Outcome:
        """Use it, each time with further options of the connection; a failure ends nothing."""
        tasks = [
            {
                "use_store": use, "ignore_errors": True,
                "vars": {"mail_store_hashi_vault": {**self.connection, **connection}},
            } for use, connection in uses
        ]
        variables = {"mail_environment": "test", "mail_store_kind": "hashi_vault"}
        return play(
            self.folder, tasks, *arguments, hosts={"server": variables}, environment={**ACTIONS, **(environment or {})}
        )

    def writing(self, entry: dict[str, Any], revision: str) -> dict[str, Any]:
        """The arguments that write an entry."""
        file = self.folder / f"entry-{fingerprint(entry)}.json"
        file.write_text(json.dumps(entry), encoding="utf-8")
        return {"entry_file": str(file), "revision": revision}

    @property
    def connection(self) -> dict[str, Any]:
        """Where the server is, and a token that may do everything."""
        return {"url": self.vault.url, "token": ROOT, "ca_cert": str(self.folder / "ca.pem")}


def failures(done: Outcome) -> list[dict[str, Any]]:
    return [result for result in done.results.get("server", []) if "fingerprints" not in result]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    vault = VaultStandIn(policies={ROOT: None})
    with serving(vault, load_or_create_tls(tmp_path)):
        yield Store(tmp_path, vault)


def test_an_entry_is_written_read_and_guarded_by_its_version(store: Store) -> None:
    store.vault.approles["role", "the-secret-id"] = GRANTED
    signed_in = {"auth_method": "approle", "role_id": "role", "secret_id": "the-secret-id", "token": None}
    done = store.use(
        (PROVE, signed_in), (READ, signed_in), (store.writing(ENTRY, ""), signed_in),
        (store.writing(CHANGED, "1"), signed_in), (READ, signed_in),
        (store.writing({"client_id": "late"}, "1"), signed_in),
        arguments=("-vvvv", "--diff"), environment={"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true"},
    )
    [refused] = failures(done)
    assert refused["code"] == "conflict"
    assert "Another run has changed what the store holds of the application 'contracts'" in refused["msg"]
    assert [version.data for version in store.vault.secrets[KEY]] == [ENTRY, CHANGED]
    read = [result for result in done.results["server"] if "fingerprints" in result]
    assert [result["revisions"]["contracts"] for result in read] == ["", "", "1", "2", "2"]
    assert read[-1]["fingerprints"] == {"contracts": fingerprint(CHANGED)}
    assert "s3cret-value" not in done.output
    for task in done.results["server"]:
        assert "the-secret-id" not in str(task)


def test_many_entries_are_read_with_one_request_each_after_one_sign_in(store: Store) -> None:
    store.vault.approles["role", "the-secret-id"] = GRANTED
    names = [f"a{number}" for number in range(40)]
    for name in names:
        store.vault.secrets["secret", f"mailops/test/{name}"] = [Version({"client_id": name}, now())]
    signed_in = {"auth_method": "approle", "role_id": "role", "secret_id": "the-secret-id", "token": None}
    done = store.use(({"names": names}, signed_in))
    assert done.last()["fingerprints"] == {name: fingerprint({"client_id": name}) for name in names}
    assert len([request for request in store.vault.requests if "approle" in request]) == 1
    assert len(store.vault.requests) <= len(names) + 1


def test_a_check_writes_nothing_and_still_proves(store: Store) -> None:
    done = store.use((PROVE, {}), arguments=("--check",))
    assert failures(done) == []
    assert store.vault.secrets == {}
    assert "PUT sys/capabilities-self" in " ".join(store.vault.requests).replace("POST", "PUT")


def test_a_deleted_secret_can_be_written_again(store: Store) -> None:
    store.vault.secrets[KEY] = [Version({"client_id": "gone"}, now(), deleted=now())]
    done = store.use((READ, {}), (store.writing(ENTRY, "1"), {}))
    assert done.results["server"][0]["fingerprints"] == {"contracts": ""}
    assert store.vault.secrets[KEY][-1].data == ENTRY


def test_what_stands_in_the_way_is_told_with_what_to_do(store: Store) -> None:
    vault = store.vault
    vault.policies["hvs.reads-only-in-there"] = {"secret/data/mailops/": ["read"], "secret/metadata/mailops/": ["read"]}
    vault.policies["hvs.may-do-something-else"] = {"kv/data/other/": ["read"]}
    vault.secrets["secret", "mailops/test/damaged"] = [Version({"current": "s3cret-value"}, now())]
    cases: list[tuple[dict[str, Any], dict[str, Any], str | None, str]] = [
        (PROVE, {"token": "hvs.expired-long-ago"}, "token", "has expired or was revoked"),
        (PROVE, {"token": "hvs.reads-only-in-there"}, "permission", "create on secret/data/mailops/test/contracts"),
        (READ, {"token": "hvs.may-do-something-else"}, "permission", "Let a policy of the token grant"),
        (PROVE, {"engine_mount_point": "old"}, None, "vault kv enable-versioning old"),
        (PROVE, {"engine_mount_point": "none"}, "permission", "there is no engine 'none'"),
        (READ, {"url": "https://127.0.0.1:9"}, "unreachable", "Check mail_store_hashi_vault.url"),
        (READ, {"auth_method": "approle", "role_id": "r", "secret_id": "wrong"}, None, "invalid role or secret ID"),
        (READ, {"auth_method": "userpass"}, None, "username"),
        (READ, {"colour": "red"}, None, "mail_store_hashi_vault.colour: unknown"),
        (READ, {"rol_id": "red"}, None, "mail_store_hashi_vault.rol_id: unknown; did you mean role_id?"),
        ({"names": ["damaged"]}, {}, "damaged", "current is no dictionary. Bring back an older version"),
    ]
    done = store.use(*((use, options) for use, options, _, _ in cases))
    told = failures(done)
    assert len(told) == len(cases), done.output
    for (_, _, code, words), result in zip(cases, told, strict=True):
        assert words in result["msg"]
        assert result.get("code") == code
    assert "s3cret-value" not in done.output
    assert list(vault.secrets) == [("secret", "mailops/test/damaged")]


def test_a_sealed_vault_is_told(store: Store) -> None:
    store.vault.sealed = True
    [told] = failures(store.use((READ, {})))
    assert (told["code"], told["msg"]) == (
        "sealed", "Vault is sealed. Have it unsealed (vault operator unseal), and run again."
    )


def test_a_missing_collection_is_named(store: Store, tmp_path: Path) -> None:
    link = tmp_path / "collections" / "ansible_collections" / "mailops"
    link.mkdir(parents=True)
    (link / "modern_auth").symlink_to(Path(__file__).parents[2])
    [told] = failures(store.use((READ, {}), environment={
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
    }))
    assert "ansible-galaxy collection install community.hashi_vault" in told["msg"]
