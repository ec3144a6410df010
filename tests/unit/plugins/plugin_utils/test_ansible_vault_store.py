# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The vaulted file: what it says when it cannot be used, and what is left when processes write, are killed, or fail."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import random
import resource
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.utils.display import Display
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import fingerprint
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import Store, _private_file, open_store
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores.ansible_vault import Parts, text_of
from ansible_collections.mailops.modern_auth.tests.unit.plugins.plugin_utils.controller import PlainController
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PASSWORD = b"pass word"
ROUNDS = 10


class World:
    """A store in a folder, and what others do to its file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "credentials" / "store.yml"
        self.password_file = folder / "password"
        self.password_file.write_bytes(PASSWORD + b"\n")

    def store(self, path: Path | None = None, **controller: Any) -> Store:
        """As a step opens it."""
        options = {"kind": "ansible_vault", "path": str(path or self.path), "password_file": str(self.password_file)}
        return open_store(options, PlainController(**controller))

    def entry(self, name: str) -> Any:
        """As a new step reads it."""
        return self.store().read([name])[name].entry

    def vaulted(self, content: str, password: bytes = PASSWORD) -> None:
        """Make the file."""
        secret = VaultSecret(password)
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_bytes(VaultLib([("default", secret)]).encrypt(content, secret))

    def content(self) -> Any:
        """As ansible-vault sees it."""
        return yaml.safe_load(VaultLib([("default", VaultSecret(PASSWORD))]).decrypt(self.path.read_bytes()))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_it_reads_what_is_there_now(world: World) -> None:
    store = world.store()
    assert store.read(["a"])["a"].entry == {}
    world.vaulted("applications: {a: {note: '{{ no template }}', end_date_time: 2026-06-30T00:00:00Z}}")
    held = store.read(["a", "b"])
    assert held["a"].entry == {"note": "{{ no template }}", "end_date_time": "2026-06-30 00:00:00+00:00"}
    assert (held["b"].entry, held["b"].revision) == ({}, "")


def test_what_else_is_in_the_file_stays(world: World) -> None:
    world.vaulted("note: kept\ndue: 2026-01-01\napplications: {a: {client_id: '1'}}")
    world.store().write("b", {"client_id": "Grüße"}, "")
    due = yaml.safe_load("2026-01-01")
    applications = {"a": {"client_id": "1"}, "b": {"client_id": "Grüße"}}
    assert world.content() == {"note": "kept", "due": due, "applications": applications}


def test_an_empty_entry_leaves_no_trace_of_the_application(world: World) -> None:
    store = world.store()
    revision = store.write("a", {"client_id": "1"}, "")
    assert store.write("a", {}, revision) == ""
    assert world.content() == {"applications": {}}


def test_only_the_entry_that_was_read_is_replaced(world: World) -> None:
    store = world.store()
    revision = store.write("a", {"client_id": "1"}, "")
    assert revision == fingerprint({"client_id": "1"})
    before = world.path.read_bytes()
    for other in ("", fingerprint({"client_id": "2"})):
        with pytest.raises(StoreError) as caught:
            store.write("a", {"client_id": "3"}, other)
        assert caught.value.code == "conflict"
    assert store.write("a", {"client_id": "1"}, revision) == revision
    assert world.path.read_bytes() == before


def test_the_run_that_comes_later_sees_what_the_first_wrote(world: World) -> None:
    first, second = world.store(), world.store()
    assert second.read(["a"])["a"].revision == ""
    first.write("a", {"client_id": "1"}, "")
    with pytest.raises(StoreError, match="Another run has changed"):
        second.write("a", {"client_id": "2"}, "")
    second.write("b", {"client_id": "2"}, "")
    assert first.read(["b"])["b"].entry == {"client_id": "2"}
    first.write("c", {"client_id": "3"}, "")
    assert world.content()["applications"] == {name: {"client_id": one} for name, one in zip("abc", "123", strict=True)}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_it_is_private_whatever_the_umask(world: World, mask: int) -> None:
    before = os.umask(mask)
    try:
        world.store().write("a", {"client_id": "1"}, "")
    finally:
        os.umask(before)
    assert stat.S_IMODE(world.path.stat().st_mode) == 0o600
    # Nothing else in there has anything in it.
    assert [file.stat().st_size for file in world.path.parent.iterdir() if file != world.path] == [0]


def test_a_leftover_gives_neither_its_mode_nor_its_place(world: World, tmp_path: Path) -> None:
    store = world.store()
    revision = store.write("a", {"client_id": "1"}, "")
    leftover = world.path.with_name(".store.yml.new")
    leftover.write_text("x")
    leftover.chmod(0o666)
    revision = store.write("a", {"client_id": "2"}, revision)
    assert stat.S_IMODE(world.path.stat().st_mode) == 0o600

    victim = tmp_path / "victim"
    victim.write_text("mine")
    leftover.symlink_to(victim)
    store.write("a", {"client_id": "3"}, revision)
    assert victim.read_text() == "mine"
    assert not world.path.is_symlink()
    assert world.entry("a") == {"client_id": "3"}


@pytest.mark.parametrize("existing", [True, False])
def test_a_store_that_is_a_link_is_not_followed(world: World, tmp_path: Path, existing: bool) -> None:
    target = tmp_path / "elsewhere.yml"
    if existing:
        world.vaulted("applications: {}")
        world.path.rename(target)
    before = target.read_bytes() if existing else None
    world.path.parent.mkdir(exist_ok=True)
    world.path.symlink_to(target)
    store = world.store()
    uses: list[Callable[[], Any]] = [
        lambda: store.read(["a"]), lambda: store.prove(["a"]), lambda: store.write("a", {"client_id": "1"}, ""),
    ]
    for use in uses:
        with pytest.raises(StoreError, match=r"store\.yml is a link, which is not followed") as caught:
            use()
        assert caught.value.remedy == f"Name the file itself in mail_store_path: {target}"
    assert (target.read_bytes() if target.exists() else None) == before


def test_a_lock_that_is_a_link_is_not_followed(world: World, tmp_path: Path) -> None:
    world.path.parent.mkdir()
    world.path.with_name(".store.yml.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(StoreError):
        world.store().write("a", {"client_id": "1"}, "")
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [s3cret", "holds no valid YAML"),
        ("[s3cret]", "holds no dictionary of applications"),
        ("applications: s3cret", "holds no dictionary of applications"),
        ("s3cret", "holds no dictionary of applications"),
    ],
)
def test_what_is_no_dictionary_is_refused_without_repeating_it(world: World, content: str, words: str) -> None:
    world.vaulted(content)
    before = world.path.read_bytes()
    for use in (lambda: world.entry("a"), lambda: world.store().write("a", {"client_id": "1"}, "")):
        with pytest.raises(StoreError) as caught:
            use()
        message = caught.value.result()["msg"]
        assert f"{world.path} {words}. Nothing was overwritten. Repair it (ansible-vault edit" in message
        assert "s3cret" not in message
    assert world.path.read_bytes() == before


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("0123456", "it is no dictionary"),
        ("{current: {key_id: k, secret_text: 0123456}}", "current.secret_text is no text; write it in quotes"),
        ("{current: {key_id: k, secret_text: yes}}", "current.secret_text is no text; write it in quotes"),
        ("{previous: {key_id: k}}", "previous.secret_text is missing"),
        ("{pending: {key_id: k, secret_text: ''}}", "pending.secret_text is empty"),
        ("{current: [s3cret]}", "current is no dictionary"),
        ("{client_id: 17}", "client_id is no text; write it in quotes"),
        ("{encrypted: {host: s3cret}}", "encrypted is no dictionary of dictionaries"),
        ("{encrypted: {host: {k: 5}}}", "encrypted.host.k is no text; write it in quotes"),
        ("{2026-01-01: x}", "it has a key that is no text"),
    ],
)
def test_one_damaged_entry_is_refused_and_the_others_are_not(world: World, entry: str, words: str) -> None:
    world.vaulted(f"applications: {{a: {entry}, b: {{client_id: '1'}}}}")
    store = world.store()
    held = store.read(["a", "b"])
    assert held["b"].entry == {"client_id": "1"}
    with pytest.raises(StoreError) as caught:
        assert held["a"].entry
    message = caught.value.result()["msg"]
    assert f"What {world.path} holds of the application 'a' cannot be used: {words}. Repair it (" in message
    assert "s3cret" not in message
    assert "42798" not in message
    with pytest.raises(StoreError, match="cannot be used"):
        store.write("a", {"client_id": "2"}, "")
    assert list(store.prove(["a", "b"])) == ["a"]
    store.write("b", {"client_id": "2"}, held["b"].revision)
    assert world.entry("b") == {"client_id": "2"}


def test_an_empty_file(world: World) -> None:
    world.path.parent.mkdir()
    world.path.write_bytes(b"\n")
    with pytest.raises(StoreError, match=r"store\.yml is empty\. Nothing was overwritten") as caught:
        world.store().write("a", {"client_id": "1"}, "")
    assert "Restore it from a copy" in str(caught.value.remedy)
    assert world.path.read_bytes() == b"\n"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file(world: World, make: Callable[[Path], None]) -> None:
    world.path.parent.mkdir()
    make(world.path)
    for store in (world.store(), world.store(Path("/dev/zero"))):
        with pytest.raises(StoreError, match="is no file"):
            store.prove(["a"])
        with pytest.raises(StoreError, match="is no file"):
            store.write("a", {"client_id": "1"}, "")


def test_a_file_that_is_not_vaulted(world: World) -> None:
    world.path.parent.mkdir()
    world.path.write_text("applications: {}")
    with pytest.raises(StoreError, match="is not vaulted") as caught:
        world.entry("a")
    assert caught.value.remedy == f"Encrypt it: ansible-vault encrypt {world.path}"


def test_another_password(world: World) -> None:
    world.vaulted("applications: {}", b"other")
    with pytest.raises(StoreError, match="was vaulted with another password, or it is damaged"):
        world.entry("a")


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=60)
@given(st.data())
def test_whatever_is_damaged_is_told_or_does_not_matter(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    world = World(tmp_path_factory.mktemp("damaged"))
    world.vaulted("applications: {a: {client_id: '1'}}")
    whole = world.path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    cut = whole[:place]
    flipped = cut + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1:]
    world.path.write_bytes(data.draw(st.sampled_from([cut, flipped, whole + whole])))
    damaged = world.path.read_bytes()
    if any(found == {"client_id": "1"} for found in readable(world)):
        return
    with pytest.raises(StoreError) as caught:
        world.store().write("a", {"client_id": "2"}, fingerprint({"client_id": "1"}))
    assert str(world.path) in caught.value.message
    assert caught.value.remedy
    assert world.path.read_bytes() == damaged


def readable(world: World) -> list[Any]:
    try:
        return [world.entry("a")]
    except StoreError:
        return []


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


def test_different_applications_lose_nothing(world: World) -> None:
    def write(index: int) -> int:
        store, name = world.store(), f"a{index}"
        for number in range(ROUNDS):
            store.write(name, {"number": number}, store.read([name])[name].revision)
        return 0

    assert in_processes(write, 4) == [0] * 4
    assert [world.entry(f"a{index}") for index in range(4)] == [{"number": ROUNDS - 1}] * 4


def test_of_several_that_write_the_same_one_wins(world: World) -> None:
    def write(index: int) -> int:
        try:
            world.store().write("a", {"index": index}, "")
        except StoreError as error:
            return 1 if error.code == "conflict" else 2
        return 0

    assert sorted(in_processes(write, 4)) == [0, 1, 1, 1]


def test_a_killed_writer_neither_blocks_nor_breaks_anything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = world.store().write("a", {"client_id": "1"}, "")

    def die(_descriptor: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def write(_number: int) -> int:
        monkeypatch.setattr(os, "fsync", die)
        return len(world.store().write("a", {"client_id": "2"}, revision))

    assert in_processes(write, 1) == [-signal.SIGKILL]
    assert world.entry("a") == {"client_id": "1"}
    world.store().write("a", {"client_id": "3"}, revision)
    assert sorted(path.name for path in world.path.parent.iterdir()) == [".store.yml.lock", "store.yml"]


def test_a_kill_at_any_moment_leaves_one_version_whole(world: World) -> None:
    chance = random.Random(7)
    store = world.store()
    revision = store.write("a", {"number": 0}, "")
    for _kill in range(25):
        child = os.fork()
        if child == 0:
            mine = world.store()
            mark = mine.read(["a"])["a"]
            number, mark = mark.entry["number"], mark.revision
            while True:
                number += 1
                mark = mine.write("a", {"number": number}, mark)
        time.sleep(chance.uniform(0.01, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        held = world.store().read(["a"])["a"]
        assert isinstance(held.entry["number"], int)
        revision = held.revision
    world.store().write("a", {"number": -1}, revision)
    assert sorted(path.name for path in world.path.parent.iterdir()) == [".store.yml.lock", "store.yml"]


def test_where_there_is_no_room_the_file_stays_and_the_proof_says_so(world: World) -> None:
    revision = world.store().write("a", {"client_id": "1"}, "")
    before = world.path.read_bytes()

    def fail(_number: int) -> int:
        # Enough for what is there, not for what may come.
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 8192, resource.RLIM_INFINITY))
        store, found = world.store(), []
        uses: list[Callable[[], Any]] = [
            lambda: store.prove(["a", "b"]), lambda: store.write("a", {"client_id": "x" * 9000}, revision)
        ]
        for use in uses:
            try:
                use()
            except StoreError as error:
                found.append(error.result()["msg"])
        return 0 if len(found) == 2 and all("File too large. Make room" in message for message in found) else 1

    assert in_processes(fail, 1) == [0]
    assert world.path.read_bytes() == before
    assert sorted(path.name for path in world.path.parent.iterdir()) == [".store.yml.lock", "store.yml"]


def test_what_cannot_be_replaced_stays_and_nothing_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = world.store().write("a", {"client_id": "1"}, "")

    def replace(_self: Path, _target: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(StoreError, match="Device or resource busy") as caught:
        world.store().write("a", {"client_id": "2"}, revision)
    assert "mount its folder in place of the file" in str(caught.value.remedy)
    assert world.entry("a") == {"client_id": "1"}
    assert sorted(path.name for path in world.path.parent.iterdir()) == [".store.yml.lock", "store.yml"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_proof_leaves_nothing_but_what_is_there(world: World, check_mode: bool) -> None:
    assert world.store(check_mode=check_mode).prove(["a"]) == {}
    assert not world.path.parent.exists()
    world.store().write("a", {"client_id": "1"}, "")
    before = world.path.read_bytes()
    assert world.store(check_mode=check_mode).prove(["a", "b"]) == {}
    assert world.path.read_bytes() == before
    assert sorted(path.name for path in world.path.parent.iterdir()) == [".store.yml.lock", "store.yml"]


def test_a_lock_that_is_held_is_waited_for_with_a_word(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.store().write("b", {"client_id": "1"}, "")
    said: list[str] = []

    def display(_self: Display, message: str, *_more: Any, **_options: Any) -> None:
        said.append(message)
        os.write(release, b"x")

    waiting, release = os.pipe()
    ready, begin = os.pipe()
    child = os.fork()
    if child == 0:
        with world.path.with_name(".store.yml.lock").open("wb") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            os.write(begin, b"x")
            os.read(waiting, 1)
        os._exit(0)
    os.read(ready, 1)
    monkeypatch.setattr(_private_file, "WORD", 0.0)
    monkeypatch.setattr(Display, "display", display)
    world.store().write("a", {"client_id": "1"}, "")
    os.waitpid(child, 0)
    assert said == [f"Waiting for another process that writes {world.path} (at most 120 seconds)."]
    assert world.entry("a") == {"client_id": "1"}


def test_a_lock_that_is_held_for_too_long_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.store().write("b", {"client_id": "1"}, "")
    lock = world.path.with_name(".store.yml.lock")
    ready, begin = os.pipe()
    child = os.fork()
    if child == 0:
        with lock.open("wb") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            os.write(begin, b"x")
            signal.pause()
    try:
        os.read(ready, 1)
        monkeypatch.setattr(_private_file, "LIMIT", 0.0)
        with pytest.raises(StoreError, match="Another process has held") as caught:
            world.store().write("a", {"client_id": "1"}, "")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert caught.value.code == "locked"
    assert f"fuser -v {lock}" in str(caught.value.remedy)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ENTRIES = st.dictionaries(TEXTS, st.recursive(TEXTS, lambda below: st.dictionaries(TEXTS, below) | st.lists(below)))


@given(entries=st.dictionaries(TEXTS, ENTRIES), others=st.dictionaries(TEXTS, TEXTS), changed=ENTRIES)
def test_the_text_is_what_is_read(entries: dict[str, Any], others: dict[str, str], changed: dict[str, Any]) -> None:
    parts: Parts = {}
    for content in ({**others, "applications": entries}, {"applications": {**entries, "a": changed}}):
        assert yaml.safe_load(text_of(content, parts)) == content
