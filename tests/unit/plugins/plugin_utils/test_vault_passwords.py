# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whose password the vaulted file has: a file's, a script's, or one of those that the run was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible import constants
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import Store, open_store
from ansible_collections.mailops.modern_auth.tests.unit.plugins.plugin_utils.controller import PlainController

ENTRY = {"client_id": "c"}
MY, YOUR = VaultSecret(b"mine"), VaultSecret(b"yours")


def store(folder: Path, *secrets: tuple[str, VaultSecret], **options: str) -> Store:
    loader = DataLoader()
    loader.set_vault_secrets(list(secrets))
    return open_store(
        {"kind": "ansible_vault", "path": str(folder / "store.yml"), **options}, PlainController(loader=loader)
    )


def script(folder: Path, text: str, name: str = "password.sh") -> str:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o700)
    return str(folder / name)


def opens(folder: Path, secret: VaultSecret) -> Any:
    """Whether ansible-vault opens the file with a password."""
    return VaultLib([("any", secret)]).decrypt((folder / "store.yml").read_bytes())


def test_a_script_is_run_and_its_text_is_not_the_password(tmp_path: Path) -> None:
    file = script(tmp_path, "echo mine")
    store(tmp_path, password_file=file).write("a", ENTRY, "")
    assert b"client_id" in opens(tmp_path, MY)
    assert store(tmp_path, password_file=file).read(["a"])["a"].entry == ENTRY


def test_a_script_runs_once_for_a_store(tmp_path: Path) -> None:
    opened = store(tmp_path, password_file=script(tmp_path, f"echo x >> {tmp_path}/runs; echo mine"))
    opened.write("a", ENTRY, "")
    opened.read(["a", "b"])
    assert (tmp_path / "runs").read_text() == "x\n"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("exit 3", "password.sh", "returned non-zero (3)"),
        ("true", "password.sh", "Invalid vault password was provided from script"),
        ("exit 2", "password-client.sh", "did not find a secret for vault-id=None"),
    ],
)
def test_a_script_that_gives_none_is_told(tmp_path: Path, text: str, name: str, words: str) -> None:
    file = script(tmp_path, text, name)
    with pytest.raises(StoreError) as caught:
        store(tmp_path, password_file=file).read(["a"])
    assert f"The store's password could not be had from {file}: " in caught.value.message
    assert words in caught.value.message
    assert "in mail_store_password_file" in str(caught.value.remedy)


def test_a_file_that_is_missing_or_empty_is_told(tmp_path: Path) -> None:
    file = tmp_path / "password"
    with pytest.raises(StoreError, match="was not found"):
        store(tmp_path, password_file=str(file)).read(["a"])
    file.write_text(" \n")
    with pytest.raises(StoreError, match="Invalid vault password was provided from file"):
        store(tmp_path, password_file=str(file)).read(["a"])


def test_what_the_run_was_given_is_used(tmp_path: Path) -> None:
    store(tmp_path, ("default", MY)).write("a", ENTRY, "")
    assert b"client_id" in opens(tmp_path, MY)
    assert (tmp_path / "store.yml").read_bytes().splitlines()[0] == b"$ANSIBLE_VAULT;1.1;AES256"


def test_a_file_that_is_named_comes_before_what_the_run_was_given(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("yours")
    store(tmp_path, ("default", MY), password_file=str(tmp_path / "password")).write("a", ENTRY, "")
    assert b"client_id" in opens(tmp_path, YOUR)


def test_a_store_keeps_its_vault_id_and_password(tmp_path: Path) -> None:
    revision = store(tmp_path, ("theirs", YOUR)).write("a", ENTRY, "")
    store(tmp_path, ("default", MY), ("theirs", YOUR)).write("a", {"client_id": "d"}, revision)
    assert (tmp_path / "store.yml").read_bytes().splitlines()[0] == b"$ANSIBLE_VAULT;1.2;AES256;theirs"
    assert b"client_id: d" in opens(tmp_path, YOUR)


def test_of_several_vault_ids_none_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [("default", MY), ("theirs", YOUR)]
    with pytest.raises(StoreError, match=r"several vault ids \(default, theirs\)") as caught:
        store(tmp_path, *secrets).prove(["a"])
    assert "Name it in ANSIBLE_VAULT_ENCRYPT_IDENTITY" in str(caught.value.remedy)
    assert not (tmp_path / "store.yml").exists()
    monkeypatch.setattr(constants, "DEFAULT_VAULT_ENCRYPT_IDENTITY", "theirs")
    store(tmp_path, *secrets).write("a", ENTRY, "")
    assert b"client_id" in opens(tmp_path, YOUR)
    monkeypatch.setattr(constants, "DEFAULT_VAULT_ENCRYPT_IDENTITY", "third")
    with pytest.raises(StoreError, match="IDENTITY is third, and the run has a password of default"):
        store(tmp_path / "new", *secrets).prove(["a"])


def test_without_any_the_ways_to_give_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no password for the store") as caught:
        store(tmp_path).prove(["a"])
    for way in ("mail_store_password_file", "--vault-password-file", "--vault-id", "ANSIBLE_VAULT_IDENTITY_LIST"):
        assert way in str(caught.value.remedy)
    assert list(tmp_path.iterdir()) == []
