# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A worker of Ansible ends when Ansible does, however Ansible ends.

Ansible ends its workers itself unless it is killed. Then a worker goes on with its task, and one whose result is larger
than a pipe takes (64 KiB) never ends: it waits until the result is read, and holds the reading end itself, so that the
system tells it of nothing. Every other worker waits behind it for its turn to write.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from functools import cache

#: Seconds between two looks.
PAUSE = 1.0


@cache
def end_with_ansible() -> None:
    """From now on, end this process as Ansible would, once the one that has started it is gone.

    Does nothing in a process that Ansible has not forked.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        threading.Thread(target=_watch, args=(parent.pid,), daemon=True).start()


def _watch(parent: int) -> None:
    # Not by multiprocessing's own sentinel: workers that were forked later hold it open.
    while os.getppid() == parent:
        time.sleep(PAUSE)
    # Since ansible-core 2.19, a worker passes this on to all that it has started.
    os.kill(os.getpid(), signal.SIGTERM)
