# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writes what each task returned to the file that MAILOPS_TEST_RESULTS names, a JSON object a line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Results as other programs can read them, beside the output for people."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, result: Any) -> None:
        entry = {"host": result._host.get_name(), "result": json.loads(self._dump_results(result._result))}
        with Path(os.environ["MAILOPS_TEST_RESULTS"]).open("a", encoding="utf-8") as report:
            report.write(json.dumps(entry) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task went well."""
        self._write(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._write(result)
