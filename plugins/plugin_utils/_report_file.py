# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A report as a file on the controller."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def place(path: str) -> Path:
    """Where a report goes: a relative path starts in the folder in which Ansible is run.

    Ansible itself would start from the playbook, which may be the installed collection; and beside the inventory
    Ansible would read the report as inventory.
    """
    return Path.cwd() / Path(path).expanduser()


def write(file: Path, content: str, variable: str, *, check_mode: bool) -> bool:
    """Write a report unless it is there as it should be; whether that is, or would be, a change.

    :param variable: that names the file, for messages.
    :raises InputError: it cannot be written.
    """
    data = content.encode()
    try:
        # Whatever was there before may be no text.
        if file.is_file() and file.read_bytes() == data:
            return False
        if not check_mode:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Whoever reads it, as monitoring does every few seconds, never sees half of it.
            new = file.with_name(f".{file.name}.{os.getpid()}")
            try:
                new.write_bytes(data)
                new.replace(file)
            finally:
                new.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{variable}: {file} cannot be written ({error.strerror}).",
            remedy="Name a place that the user who runs Ansible may write to.",
        ) from error
    return True
