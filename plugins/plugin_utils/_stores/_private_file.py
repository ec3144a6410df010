# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A private file that is replaced as a whole, by one process at a time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ansible.utils.display import Display
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError

#: Seconds of waiting for another writer before that is told, and before it is given up.
WORD, LIMIT = 3.0, 120.0
_PAUSE = 0.05

_ROOM = "Make room, and run again; nothing was overwritten."
_RIGHT = "Give the user who runs Ansible the right to, or name another file in mail_store_path."
_REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EPERM: "It may be immutable or append-only (lsattr shows that); or name another file in mail_store_path.",
    errno.EBUSY: "It is mounted by itself, so that it cannot be replaced: mount its folder in place of the file.",
    errno.EROFS: "Its file system is mounted read-only: name another file in mail_store_path.",
}
#: POSIX's locks are between processes; this one is between the threads of this one.
_THREADS = threading.Lock()


def refusal(path: Path, action: str, error: OSError) -> StoreError:
    """The error that stands for one of the operating system."""
    if error.errno == errno.ELOOP:
        return StoreError(
            f"{path} is a link, which is not followed.",
            remedy=f"Name the file itself in mail_store_path: {os.path.realpath(path)}",
        )
    return StoreError(
        f"Could not {action} {path}: {error.strerror}.", remedy=_REMEDIES.get(error.errno or 0, _RIGHT)
    )


def read(path: Path) -> bytes | None:
    """The file's content; None if there is no file.

    :raises OSError: it cannot be read; ELOOP if it is a link.
    :raises StoreError: it is no file but a folder or a device.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        # A device may have no end.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise StoreError(f"{path} is no file.", remedy="Name one in mail_store_path.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def turn(path: Path) -> Iterator[None]:
    """Be the only one to write the file, while others wait. Its folder is made if there is none.

    The lock is on an empty file beside it, since a lock on the file itself would be replaced with it.

    :raises OSError: the lock cannot be had.
    :raises StoreError: another process has held it for too long.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = beside(path, "lock")
    with _THREADS, os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb") as file:
        _wait(file.fileno(), path, lock)
        yield


def _wait(descriptor: int, path: Path, lock: Path) -> None:
    begin, told = time.monotonic(), False
    while True:
        try:
            # The kernel ends it with the process; NFS has this kind of lock, and not flock's on a folder.
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except (BlockingIOError, PermissionError):
            waited = time.monotonic() - begin
        if waited > LIMIT:
            raise StoreError(
                f"Another process has held {lock} for more than {LIMIT:.0f} seconds.", code="locked",
                remedy=f"See which one (fuser -v {lock}), let it end, and run again.",
            )
        if waited > WORD and not told:
            Display().display(f"Waiting for another process that writes {path} (at most {LIMIT:.0f} seconds).")
            told = True
        time.sleep(_PAUSE)


def check_writable(path: Path) -> None:
    """Return if the file may be written, or there is none. Writes nothing; ``rehearse`` shows what else is in the way.

    :raises StoreError: it may not.
    """
    if path.is_symlink() or path.exists():
        if os.path.realpath(path) in _mounts():
            raise refusal(path, "replace", OSError(errno.EBUSY, os.strerror(errno.EBUSY)))
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK))
        except OSError as error:
            raise refusal(path, "write", error) from error


def _folder(path: Path) -> Path:
    """The nearest folder above it that exists."""
    return next(parent for parent in path.parents if parent.exists())


def _mounts() -> set[str]:
    """Where something is mounted in Linux, a single file as well, which nothing but a replacement would find out."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return set()
    # Blanks and the like are written as octal numbers, see proc(5).
    return {re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split(" ")[4]) for line in lines}


def rehearse(path: Path, data: bytes) -> None:
    """Write what would be written into the file, where it is or will be, without a name, so that nothing is left of it.

    :raises OSError: that cannot be written.
    """
    with tempfile.TemporaryFile(dir=_folder(path)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, data: bytes) -> None:
    """Let the file hold other data, readable by its owner alone. In one's turn only.

    Who reads it meanwhile sees it before or after the change, also if this process is killed or the disk is full.

    :raises OSError: it cannot be written; it is as before then.
    """
    new = _write_new(path, data)
    try:
        # Never into the place of a link: that would leave what it points to as it was.
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        new.replace(path)
    except OSError:
        new.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def beside(path: Path, ending: str) -> Path:
    """A hidden file beside it."""
    return path.with_name(f".{path.name}.{ending}")


def _write_new(path: Path, data: bytes) -> Path:
    new = beside(path, "new")
    # What a killed writer left there, or somebody else put there, is neither followed nor written over.
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        try:
            os.fchmod(file.fileno(), stat.S_IRUSR | stat.S_IWUSR)
            # Whoever runs Ansible for others must not lock them out of their file.
            with contextlib.suppress(FileNotFoundError, PermissionError):
                owner = path.stat(follow_symlinks=False)
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            new.unlink()
            raise
    return new
