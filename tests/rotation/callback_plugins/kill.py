# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Kills ansible-playbook and its workers as the task begins whose number MAILOPS_TEST_KILL_AT tells, counted from 1."""

from __future__ import annotations

import os
import signal
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Nothing that ends this way can tidy up behind itself."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kill"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.tasks_left = int(os.environ["MAILOPS_TEST_KILL_AT"])

    def _count(self) -> None:
        self.tasks_left -= 1
        if self.tasks_left == 0:
            os.killpg(os.getpgid(0), signal.SIGKILL)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """A task begins."""
        self._count()

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """A handler begins."""
        self._count()
