# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The look-up of a vaulted file, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.mailops.modern_auth.plugins.lookup.vaulted_yaml import read

PASSWORD = b"pass word"


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_bytes(PASSWORD + b"\n")
    return path


def vaulted(path: Path, content: str, password: bytes = PASSWORD) -> Path:
    secret = VaultSecret(password)
    path.write_bytes(VaultLib([("default", secret)]).encrypt(content, secret))
    return path


def test_it_reads_what_is_there_now(tmp_path: Path, password_file: Path) -> None:
    path = tmp_path / "store.yml"
    assert read(path, password_file) == {}
    vaulted(path, "applications: {a: {secret_text: '{{ no template }}'}}")
    assert read(path, password_file) == {"applications": {"a": {"secret_text": "{{ no template }}"}}}
    vaulted(path, "")
    assert read(path, password_file) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [("a: [s3cret", "holds no valid YAML. Repair it: ansible-vault edit"), ("[s3cret]", "holds no dictionary")],
)
def test_what_is_no_dictionary_is_refused_without_repeating_it(
    tmp_path: Path, password_file: Path, content: str, words: str
) -> None:
    with pytest.raises(AnsibleLookupError, match=words) as caught:
        read(vaulted(tmp_path / "store.yml", content), password_file)
    assert "s3cret" not in str(caught.value)


def test_another_password(tmp_path: Path, password_file: Path) -> None:
    with pytest.raises(AnsibleLookupError, match="Was it vaulted with another password"):
        read(vaulted(tmp_path / "store.yml", "a: 1", b"other"), password_file)


def test_a_file_that_is_not_vaulted(tmp_path: Path, password_file: Path) -> None:
    path = tmp_path / "store.yml"
    path.write_text("a: 1")
    with pytest.raises(AnsibleLookupError, match=r"is not vaulted\. Encrypt it: ansible-vault encrypt"):
        read(path, password_file)


def test_no_password(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match="Could not read the vault password in"):
        read(tmp_path / "store.yml", tmp_path / "password")
    (tmp_path / "password").write_text(" \n")
    with pytest.raises(AnsibleLookupError, match=r"is empty\. Put one into the file"):
        read(tmp_path / "store.yml", tmp_path / "password")
