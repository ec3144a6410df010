# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the actions share that read and replace an application's entry in a store. They run on the controller."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils.stores import Store, open_store

ARGUMENTS = {
    "name": {"required": True},
    "entry": {"type": "dict", "no_log": True},
    "revision": {},
    "writable": {"type": "bool", "default": False},
}


class EntryAction(ActionBase):
    """Reads the entry, or replaces it where ``entry`` is given and nobody else did so meanwhile."""

    #: The options that say where the store is.
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]]

    @abstractmethod
    def store(self, args: dict[str, Any]) -> dict[str, Any]:
        """The options of the store that the task is about."""

    @property
    def loader(self) -> Any:
        """See Controller."""
        return self._loader

    @property
    def environment(self) -> Mapping[str, str]:
        """See Controller."""
        return os.environ

    @property
    def check_mode(self) -> bool:
        """See Controller."""
        return bool(self._task.check_mode)

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(
            {**ARGUMENTS, **self.OPTIONS}, required_together=[("entry", "revision")]
        )
        try:
            result = self._use(open_store(self.store(args), self), args)
        except ModernAuthError as error:
            return {"failed": True, "changed": False, **error.result()}
        # Here and not as the task's no_log, which would hide why it failed as well.
        return {**result, "_ansible_no_log": True}

    def _use(self, store: Store, args: dict[str, Any]) -> dict[str, Any]:
        name = args["name"]
        if args["writable"]:
            for problem in store.prove([name]).values():
                raise problem
        if args["entry"] is None:
            held = store.read([name])[name]
            return {"changed": False, "entry": held.entry, "revision": held.revision}
        entry, revision = plain(args["entry"]), args["revision"]
        if self.check_mode:
            return {"changed": store.read([name])[name].entry != entry, "entry": entry, "revision": revision}
        written = store.write(name, entry, revision)
        return {"changed": written != revision, "entry": entry, "revision": written}
