# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which run this is, and whether another one still exists."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils import _locks
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import is_gone, this_run


def test_a_worker_tells_the_run_that_it_belongs_to() -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(this_run) == this_run()
    assert this_run()["process"].split()[0] == str(os.getpid())


def test_a_run_is_gone_when_its_process_is() -> None:
    assert not is_gone(this_run())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        started = _locks._started(other.pid)
        holder = {**this_run(), "process": f"{other.pid} {started}"}
        assert not is_gone(holder)
    assert is_gone(holder)


def test_a_number_that_was_given_away_again_is_another_process() -> None:
    assert is_gone({**this_run(), "process": f"{os.getpid()} 1"})


def test_elsewhere_nobody_knows() -> None:
    assert not is_gone({"host": "another machine", "process": "1 1"})


def test_without_proc_nobody_is_known_to_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_locks, "PROC", tmp_path)
    assert this_run()["process"] == f"{os.getpid()} unknown"
    assert not is_gone({**this_run(), "process": "1 unknown"})
