# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A step whose result is larger than a pipe takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step


class ActionModule(Step):
    """Leaves the number of its process in a folder, waits until a file is there, and tells much."""

    OPTIONS: ClassVar = {"folder": {"type": "path"}, "wait_for": {"type": "path"}}

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        (Path(args["folder"]) / str(os.getpid())).touch()
        os.close(os.open(args["wait_for"], os.O_RDONLY))
        return {"changed": False, "much": "x" * (1 << 20)}
