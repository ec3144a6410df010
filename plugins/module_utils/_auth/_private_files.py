# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Files that nobody else may read, in a folder that nobody else may enter. What is kept there can always be had anew:
a file that cannot be read counts as missing, and one that cannot be written is done without.
"""

from __future__ import annotations

import os
import stat
import time
import uuid
from contextlib import suppress
from pathlib import Path

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

#: Seconds after which a file that was being written belongs to a process that was killed.
_ABANDONED = 600


def private_folder(path: str | None) -> Path | None:
    """The folder of the option ``token_cache``, made with mode 0700 if it is not there.

    :raises InputError: if it cannot be used, or others may enter it.
    """
    if path is None:
        return None
    folder = Path(path).expanduser()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise InputError(f"token_cache: {folder} cannot be used as a folder ({error.strerror}).") from error
    if stat.S_IMODE(mode) & 0o077:
        raise InputError(
            f"token_cache: others may enter {folder}, and tokens will lie in it.",
            remedy=f"Give a folder of its own, or restrict this one: chmod 700 {folder}.",
        )
    return folder


def read(path: Path, most_seconds: float = float("inf")) -> bytes | None:
    """The content of a file; None if there is none, it is no file of its own, or it is older than so many seconds."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or time.time() - found.st_mtime > most_seconds:
                return None
            return file.read()
    except OSError:
        return None


def write(path: Path, content: bytes) -> None:
    """Put a file in place as a whole, with mode 0600, or leave the old one. A link is replaced, not followed."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.new")
    with suppress(OSError):
        for left in path.parent.glob(f"{path.name}.*.new"):
            if time.time() - left.lstat().st_mtime > _ABANDONED:
                left.unlink()
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
