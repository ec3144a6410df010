# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Uses the store that a host's variables name, as the steps do."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import fingerprint
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import options_of


class ActionModule(Step):
    """Proves the store, writes into it, and reads it."""

    OPTIONS: ClassVar = {
        "names": {"type": "list", "elements": "str", "default": ["contracts"]},
        "prove": {"type": "bool", "default": False},
        # In a file, so that what is secret in it is in no argument.
        "entry_file": {"type": "path"},
        "revision": {"default": ""},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        options = options_of(self.variables.of(self._task_vars["inventory_hostname"]), folder=os.getcwd())
        store = self.open_store(self.resolved(options))
        if args["prove"]:
            for problem in store.prove(args["names"]).values():
                raise problem
        if args["entry_file"]:
            for name in args["names"]:
                store.write(name, json.loads(Path(args["entry_file"]).read_text(encoding="utf-8")), args["revision"])
        held = store.read(args["names"])
        return {
            "options": options, "revisions": {name: one.revision for name, one in held.items()},
            "fingerprints": {name: fingerprint(one.entry) for name, one in held.items()},
        }
