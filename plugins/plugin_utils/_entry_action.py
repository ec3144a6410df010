# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the actions share that read and replace an application's entry in a store. They run on the controller.

A store that is served this way has an action with the options below and its own; it returns ``entry`` and ``revision``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError, StoreError

ARGUMENTS = {
    "name": {"required": True},
    "entry": {"type": "dict", "no_log": True},
    "revision": {},
    "writable": {"type": "bool", "default": False},
}


class EntryAction(ActionBase):
    """Reads the entry, or replaces it where ``entry`` is given and nobody else did so meanwhile."""

    #: The options that say where the store is.
    PLACE: ClassVar[Mapping[str, Mapping[str, Any]]]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(
            {**ARGUMENTS, **self.PLACE}, required_together=[("entry", "revision")]
        )
        try:
            result = self.use(args, task_vars or {})
        except ModernAuthError as error:
            return {"failed": True, "changed": False, **error.result()}
        # Here and not as the task's no_log, which would hide why it failed as well.
        return {**result, "_ansible_no_log": True}

    @abstractmethod
    def use(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked for: ``changed``, ``entry`` and ``revision``.

        :raises ModernAuthError: the store cannot be used; its message says nothing of what is secret.
        """

    def run_module(self, name: str, options: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The result of another collection's module, a failed one included.

        :raises StoreError: the collection is not installed.
        """
        collection = name.rpartition(".")[0]
        if not self._shared_loader_obj.module_loader.find_plugin(name):
            raise StoreError(
                f"The module {name} cannot be found.",
                remedy=f"Install its collection: ansible-galaxy collection install {collection}",
            )
        return dict(self._execute_module(module_name=name, module_args=dict(options), task_vars=task_vars))


def conflict(name: str) -> StoreError:
    """The refusal to overwrite what another run wrote."""
    return StoreError(
        f"Another run has changed what the store holds of the application '{name}' since this one read it.",
        code="conflict", remedy="Run again when the other run has ended; nothing was overwritten.",
    )
