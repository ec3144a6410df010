# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A file on the controller that holds a secret."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def write(path: Path, content: bytes) -> None:
    """Let a file that only its owner can read hold the content, and have it on the disk. A link is replaced.

    :raises InputError: if it cannot be written; it is as before then.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        # What a killed process left there is neither followed nor written over.
        new.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"path: {path} cannot be written ({error.strerror}).",
            remedy="Give a path in a folder that exists and that the user who runs the task may write to.",
        ) from error
