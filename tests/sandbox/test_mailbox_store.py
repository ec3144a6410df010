"""The mailbox store's life: readiness, restart, neighbours, crashes, and what an earlier sandbox left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest
from m365_sandbox.mail.dovecot import LONGEST_BASE, Dovecot
from m365_sandbox.mail.mailbox import Mailbox, StoreError
from m365_sandbox.mail.store import MailStore

LETTER = b"Subject: hi\r\nMessage-ID: <a@b.example>\r\n\r\nbody\r\n"


def run(work: Callable[[MailStore], Awaitable[None]], directory: Path) -> None:
    """Run a store in a folder for as long as ``work`` takes."""
    async def whole() -> None:
        store = MailStore(directory)
        await store.start()
        try:
            await work(store)
        finally:
            await store.stop()

    directory.mkdir(mode=0o700, exist_ok=True, parents=True)
    asyncio.run(whole())


def subjects(mailbox: Mailbox) -> list[bytes]:
    inbox = mailbox.folder("INBOX")
    return [item.content for item in mailbox.fetch(inbox, mailbox.search(inbox), whole=True)]


def process_id(directory: Path) -> int:
    return int((directory / "dovecot" / "pid").read_text())


def is_running(process: int) -> bool:
    """A zombie, which only its parent could bury, counts as ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def wait_for_end(store: MailStore) -> None:
    """Wait until the store knows that its Dovecot is gone; a TimeoutError after a minute."""
    for _ in range(6000):
        if store.status != "running":
            return
        time.sleep(0.01)
    raise TimeoutError


def test_mails_survive_a_restart_and_nothing_else_runs_on(tmp_path: Path) -> None:
    processes: list[int] = []

    async def first(store: MailStore) -> None:
        assert store.status == "running"
        await store.deliver(["one", "two"], LETTER, sender="s@b.example")
        processes.append(process_id(tmp_path))

    async def second(store: MailStore) -> None:
        for account in ("one", "two"):
            assert await store.run(account, subjects) == [b"Return-Path: <s@b.example>\r\n" + LETTER]
        assert await store.run("three", subjects) == []
        processes.append(process_id(tmp_path))

    run(first, tmp_path)
    run(second, tmp_path)
    assert not any(is_running(process) for process in processes)
    assert not (tmp_path / "dovecot" / "pid").exists()


def test_wiping_removes_mails_folders_and_the_spool(tmp_path: Path) -> None:
    async def work(store: MailStore) -> None:
        await store.deliver(["one"], LETTER)
        await store.spool("a@b.example", ["c@d.example"], LETTER)
        await store.run("one", lambda mailbox: mailbox.create("Own"))
        await store.wipe()
        assert await store.run("one", subjects) == []
        names = await store.run("one", lambda mailbox: [folder.name for folder in mailbox.folders()])
        assert "Own" not in names
        assert "Sent Items" in names
        assert not (tmp_path / "outbound").exists()

    run(work, tmp_path)


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_wiping_ends_a_session_that_has_asked_for_nothing_yet(
    tmp_path: Path, protocol: Literal["imap", "pop3"]
) -> None:
    async def work(store: MailStore) -> None:
        await store.wipe()
        reader, writer = await store.open_session(protocol, "one")
        await store.wipe()
        async with asyncio.timeout(10):
            await reader.read()
        assert reader.at_eof()
        writer.close()

    run(work, tmp_path)


def test_two_stores_side_by_side(tmp_path: Path) -> None:
    async def outer(one: MailStore) -> None:
        other = MailStore(tmp_path / "other")
        (tmp_path / "other").mkdir(mode=0o700)
        await other.start()
        try:
            await one.deliver(["same"], LETTER)
            assert await other.run("same", subjects) == []
            assert len(await one.run("same", subjects)) == 1
        finally:
            await other.stop()
        assert len(await one.run("same", subjects)) == 1

    run(outer, tmp_path / "one")


@pytest.mark.parametrize("name", ["with space, 100 %u and \"quotes\" # here", "long-" * 30])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    async def deliver(store: MailStore) -> None:
        await store.deliver(["one"], LETTER)

    async def read(store: MailStore) -> None:
        assert len(await store.run("one", subjects)) == 1

    run(deliver, tmp_path / name)
    run(read, tmp_path / name)


def test_a_crash_shows_in_status_and_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work(store: MailStore) -> None:
        os.killpg(process_id(tmp_path), signal.SIGKILL)
        await asyncio.to_thread(wait_for_end, store)
        assert store.status.startswith("Dovecot ended by itself with status -9; see ")
        with pytest.raises(StoreError):
            await store.deliver(["one"], LETTER)
        with pytest.raises(StoreError, match="ended by itself"):
            await store.run("one", subjects)
        with pytest.raises(StoreError, match="ended by itself"):
            await store.open_session("imap", "one")

    with caplog.at_level(logging.ERROR):
        run(work, tmp_path)
    assert "Dovecot ended by itself" in caplog.text


def test_wiping_starts_again_what_has_crashed(tmp_path: Path) -> None:
    async def work(store: MailStore) -> None:
        await store.wipe()
        os.killpg(process_id(tmp_path), signal.SIGKILL)
        await asyncio.to_thread(wait_for_end, store)
        await store.wipe()
        assert store.status == "running"

    run(work, tmp_path)


def test_a_killed_sandbox_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    async def forget(store: MailStore) -> None:
        await store.deliver(["one"], LETTER)
        orphan = process_id(tmp_path)
        successor = MailStore(tmp_path)
        await successor.start()
        try:
            assert not is_running(orphan)
            assert len(await successor.run("one", subjects)) == 1
        finally:
            await successor.stop()

    run(forget, tmp_path)


def test_only_the_owner_reaches_the_store(tmp_path: Path) -> None:
    async def work(store: MailStore) -> None:
        for name in ("master", "dovecot.conf"):
            assert (tmp_path / "dovecot" / name).stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "dovecot").stat().st_mode & 0o777 == 0o700

    run(work, tmp_path)


def test_texts_are_searched_in_any_script(tmp_path: Path) -> None:
    async def work(store: MailStore) -> None:
        await store.deliver(["one"], b"Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\n\r\nx\r\n")

        def find(mailbox: Mailbox) -> list[int]:
            return mailbox.search(mailbox.folder("INBOX"), "SUBJECT", '"größe"')

        assert await store.run("one", find) == [1]

    run(work, tmp_path)


def test_sockets_fit_however_deep_the_folder_and_the_one_for_temporary_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * LONGEST_BASE)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    base = Dovecot(deep / "dovecot", {}).paths.base
    assert len(os.fsencode(base)) <= LONGEST_BASE
    assert not base.is_relative_to(deep)
