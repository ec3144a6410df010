# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Files that only their owner reads: their rights, links, and what is left when writing ends early."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._private_files import (
    private_folder,
    read,
    write,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

OLD, NEW = b"old" * 100_000, b"new" * 100_000


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_born_for_the_owner_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder = private_folder(str(tmp_path / "cache"))
        assert folder is not None
        write(folder / "file", b"token")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "file").stat().st_mode) == 0o600
    assert read(folder / "file") == b"token"
    assert os.listdir(folder) == ["file"]


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    with pytest.raises(InputError, match="others may enter"):
        private_folder(str(tmp_path))


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be used as a folder"):
        private_folder(str(tmp_path / "file"))


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "foreign").write_bytes(b"foreign")
    (tmp_path / "file").symlink_to(tmp_path / "foreign")
    assert read(tmp_path / "file") is None
    write(tmp_path / "file", b"token")
    assert (tmp_path / "foreign").read_bytes() == b"foreign"
    assert not (tmp_path / "file").is_symlink()
    assert read(tmp_path / "file") == b"token"


def test_the_mode_of_an_old_file_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o644)
    write(tmp_path / "file", b"token")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "something").write_text("")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def nothing(path: Path) -> None:
    pass


@pytest.mark.parametrize("make", [a_folder, a_pipe, nothing])
def test_what_is_no_file_counts_as_missing(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "file")
    assert read(tmp_path / "file") is None


def test_a_file_that_is_too_old_counts_as_missing(tmp_path: Path) -> None:
    write(tmp_path / "file", b"document")
    os.utime(tmp_path / "file", (time.time() - 100,) * 2)
    assert read(tmp_path / "file", 200) == b"document"
    assert read(tmp_path / "file", 50) is None


def test_a_folder_in_place_of_the_file_is_done_without(tmp_path: Path) -> None:
    a_folder(tmp_path / "file")
    write(tmp_path / "file", b"token")
    assert os.listdir(tmp_path) == ["file"]
    assert os.listdir(tmp_path / "file") == ["something"]


def test_a_folder_that_is_gone_is_done_without(tmp_path: Path) -> None:
    write(tmp_path / "gone" / "file", b"token")
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    write(tmp_path / "file", OLD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        write(tmp_path / "file", NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert read(tmp_path / "file") == OLD
    assert os.listdir(tmp_path) == ["file"]


WRITER = """
import sys
from pathlib import Path
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._private_files import write
print("ready", flush=True)
while True:
    for content in (b"old" * 100_000, b"new" * 100_000):
        write(Path(sys.argv[1]), content)
"""


def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    for number in range(8):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "file")], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.005 * number)
        process.kill()
        process.wait()
        process.stdout.close()
        assert read(tmp_path / "file") in (None, OLD, NEW)
    for left in tmp_path.glob("file.*"):
        assert stat.S_IMODE(left.stat().st_mode) == 0o600
        os.utime(left, (time.time() - 3600,) * 2)
    write(tmp_path / "file", NEW)
    assert os.listdir(tmp_path) == ["file"]
