# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is asked of a server and answered holds files, secrets included, and is for nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def quiet(*about: Any) -> Iterator[None]:
    """Set ``no_log`` for the time being.

    Some connections print what a command answers unless the play's contexts say so; modules on Windows write their
    options into the event log unless the task does.

    :param about: contexts of plays, and tasks.
    """
    before = [one.no_log for one in about]
    try:
        for one in about:
            one.no_log = True
        yield
    finally:
        for one, value in zip(about, before, strict=True):
            one.no_log = value
