# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writes all that a callback can get hold of to the file that MAILOPS_TEST_DUMP names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """As nosy as a callback can be."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "dump"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, what: str, content: object) -> None:
        with Path(os.environ["MAILOPS_TEST_DUMP"]).open("a", encoding="utf-8") as dump:
            dump.write(f"{what}: {content!r}\n")

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play begins."""
        self._play = play
        self._write("play", (play.vars, play.vars_files, play.environment))

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """A task begins."""
        self._write("task", (task.get_name(), task.args, task.vars, task.environment))

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A task begins on a host."""
        manager = self._play.get_variable_manager()
        variables = manager.get_vars(play=self._play, host=host, task=task)
        variables.pop("hostvars", None)
        self._write("variables", variables)
        self._write("facts", (manager._nonpersistent_fact_cache.get(host.name), manager._vars_cache.get(host.name)))

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task went well."""
        self._write("result", (result._result, result._task_fields))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self.v2_runner_on_ok(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task was left out."""
        self.v2_runner_on_ok(result)

    def v2_on_file_diff(self, result: Any) -> None:
        """A task shows what it changes."""
        self.v2_runner_on_ok(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The end."""
        self._write("statistics", vars(stats))
