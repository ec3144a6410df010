# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is left of a playbook that is killed, judged by the machine's processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playbook_runner import ACTIONS, start

HOSTS: dict[str, dict[str, object]] = {"first": {}, "second": {}}
#: Seconds after which something that has to happen has not happened.
LIMIT = 120


@pytest.mark.parametrize("much_to_tell", [False, True])
def test_no_worker_outlives_a_killed_playbook(tmp_path: Path, much_to_tell: bool) -> None:
    """Whether it still waits for something, or is about to tell what Ansible will never read."""
    workers, gate = tmp_path / "workers", tmp_path / "gate"
    workers.mkdir()
    os.mkfifo(gate)
    task = {"tell_much": {"folder": str(workers), "wait_for": str(gate)}}
    with start(tmp_path, [task], hosts=HOSTS, environment=ACTIONS) as playbook:
        await_(lambda: len(list(workers.iterdir())) == len(HOSTS) or playbook.poll() is not None)
        found = [int(file.name) for file in workers.iterdir()]
        assert len(found) == len(HOSTS)
        assert all(runs(process) for process in found)
        playbook.send_signal(signal.SIGSTOP)
        if much_to_tell:
            os.close(os.open(gate, os.O_WRONLY))
        playbook.kill()
        playbook.wait()
        try:
            await_(lambda: not any(runs(process) for process in found))
            assert not [process for process in found if runs(process)]
        finally:
            for process in filter(runs, found):
                os.kill(process, signal.SIGKILL)


def await_(done: Callable[[], bool]) -> None:
    """Return once it is done, or the limit has passed."""
    end = time.monotonic() + LIMIT
    while not done() and time.monotonic() < end:
        time.sleep(0.1)


def runs(process: int) -> bool:
    """Whether there is such a process that has not ended; proc_pid_stat(5)."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
