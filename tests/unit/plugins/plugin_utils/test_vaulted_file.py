# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The vaulted file: what it says when it cannot be used, and what is left when several processes use it at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import fingerprint
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._vaulted_file import VaultedFile

PASSWORD = b"pass word"
ROUNDS = 10


@pytest.fixture
def file(tmp_path: Path) -> VaultedFile:
    (tmp_path / "password").write_bytes(PASSWORD + b"\n")
    return VaultedFile(tmp_path / "credentials" / "store.yml", tmp_path / "password")


def vaulted(file: VaultedFile, content: str, password: bytes = PASSWORD) -> None:
    secret = VaultSecret(password)
    file.path.parent.mkdir()
    file.path.write_bytes(VaultLib([("default", secret)]).encrypt(content, secret))


def test_it_reads_what_is_there_now(file: VaultedFile) -> None:
    assert file.entry("a") == {}
    vaulted(file, "applications: {a: {secret_text: '{{ no template }}', end_date_time: 2026-06-30T00:00:00Z}}")
    assert file.entry("a") == {"secret_text": "{{ no template }}", "end_date_time": "2026-06-30 00:00:00+00:00"}
    assert file.entry("b") == {}


def test_what_else_is_in_the_file_stays(file: VaultedFile) -> None:
    vaulted(file, "note: kept\napplications: {a: {client_id: '1'}}")
    assert file.replace("b", {"client_id": "Grüße"}, "")
    assert (file.entry("a"), file.entry("b")) == ({"client_id": "1"}, {"client_id": "Grüße"})
    assert b"note: kept" in VaultLib([("default", VaultSecret(PASSWORD))]).decrypt(file.path.read_bytes())


def test_an_empty_entry_leaves_no_trace_of_the_application(file: VaultedFile) -> None:
    file.replace("a", {"client_id": "1"}, "")
    assert file.replace("a", {}, fingerprint({"client_id": "1"}))
    assert file.entry("a") == {}
    assert b"a:" not in VaultLib([("default", VaultSecret(PASSWORD))]).decrypt(file.path.read_bytes())


def test_only_the_entry_that_was_read_is_replaced(file: VaultedFile) -> None:
    assert file.replace("a", {"client_id": "1"}, "")
    before = file.path.read_bytes()
    for revision in ("", fingerprint({"client_id": "2"})):
        with pytest.raises(StoreError) as caught:
            file.replace("a", {"client_id": "3"}, revision)
        assert caught.value.code == "conflict"
    assert not file.replace("a", {"client_id": "1"}, fingerprint({"client_id": "1"}))
    assert file.path.read_bytes() == before
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_link_is_followed(file: VaultedFile, tmp_path: Path) -> None:
    link = tmp_path / "link.yml"
    link.symlink_to(file.path)
    assert VaultedFile(link, tmp_path / "password").replace("a", {"client_id": "1"}, "")
    assert link.is_symlink()
    assert file.entry("a") == {"client_id": "1"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [s3cret", "holds no valid YAML. Repair it: ansible-vault edit"),
        ("[s3cret]", "holds no dictionary of applications"),
        ("applications: {a: s3cret}", "holds no dictionary of applications"),
    ],
)
def test_what_is_no_dictionary_is_refused_without_repeating_it(file: VaultedFile, content: str, words: str) -> None:
    vaulted(file, content)
    with pytest.raises(StoreError) as caught:
        file.entry("a")
    message = caught.value.result()["msg"]
    assert words in message
    assert "s3cret" not in message


def test_another_password(file: VaultedFile) -> None:
    vaulted(file, "applications: {}", b"other")
    with pytest.raises(StoreError, match="Was it vaulted with another password"):
        file.entry("a")


def test_a_file_that_is_not_vaulted(file: VaultedFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text("applications: {}")
    with pytest.raises(StoreError, match="is not vaulted") as caught:
        file.entry("a")
    assert caught.value.remedy == f"Encrypt it: ansible-vault encrypt {file.path}"


def test_no_password(tmp_path: Path) -> None:
    file = VaultedFile(tmp_path / "store.yml", tmp_path / "password")
    with pytest.raises(StoreError, match="Could not read the vault password in"):
        file.entry("a")
    (tmp_path / "password").write_text(" \n")
    with pytest.raises(StoreError, match="is empty"):
        file.entry("a")


def in_processes(work: Callable[[int], int], number: int) -> list[int]:
    """The exit codes of processes that do it at the same time."""
    context = multiprocessing.get_context("fork")
    together = context.Barrier(number)

    def run(index: int) -> None:
        together.wait()
        os._exit(work(index))

    processes = [context.Process(target=run, args=(index,)) for index in range(number)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode or 0 for process in processes]


def test_different_applications_lose_nothing(file: VaultedFile) -> None:
    def write(index: int) -> int:
        for number in range(ROUNDS):
            entry = file.entry(f"a{index}")
            file.replace(f"a{index}", {"number": number}, fingerprint(entry))
        return 0

    assert in_processes(write, 4) == [0] * 4
    assert [file.entry(f"a{index}") for index in range(4)] == [{"number": ROUNDS - 1}] * 4


def test_of_several_that_write_the_same_one_wins(file: VaultedFile) -> None:
    def write(index: int) -> int:
        try:
            file.replace("a", {"index": index}, "")
        except StoreError as error:
            return 1 if error.code == "conflict" else 2
        return 0

    assert sorted(in_processes(write, 4)) == [0, 1, 1, 1]


def test_a_killed_writer_neither_blocks_nor_breaks_anything(file: VaultedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.replace("a", {"client_id": "1"}, "")

    def die(_descriptor: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def write(_number: int) -> int:
        monkeypatch.setattr(os, "fsync", die)
        return int(file.replace("a", {"client_id": "2"}, fingerprint({"client_id": "1"})))

    assert in_processes(write, 1) == [-signal.SIGKILL]
    assert file.entry("a") == {"client_id": "1"}
    assert file.replace("a", {"client_id": "3"}, fingerprint({"client_id": "1"}))
    assert sorted(path.name for path in file.path.parent.iterdir()) == [".store.yml.lock", "store.yml"]
