# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the actions share that read and replace an application's entry in a store. They run on the controller.

A store that is served this way has an action with the options below and its own, and a class for the place of an entry.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError, StoreError

ARGUMENTS = {
    "name": {"required": True},
    "entry": {"type": "dict", "no_log": True},
    "revision": {},
    "writable": {"type": "bool", "default": False},
}


class Place(Protocol):
    """Where one application's entry is."""

    def prove(self) -> None:
        """Return if the entry can be read and written.

        :raises ModernAuthError: if not.
        """

    def read(self) -> tuple[Entry, str]:
        """The entry, ``{}`` if there is none, and its revision, '' if there never was one.

        :raises ModernAuthError: it cannot be read.
        """

    def write(self, entry: Entry, revision: str) -> str:
        """Replace the entry with that revision; gives the revision of the new one.

        :raises ModernAuthError: it cannot be written; with ``code`` "conflict" if it has another revision.
        """


class EntryAction(ActionBase):
    """Reads the entry, or replaces it where ``entry`` is given and nobody else did so meanwhile."""

    #: The options that say where the store is.
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]]

    @abstractmethod
    def place(self, args: dict[str, Any], task_vars: dict[str, Any]) -> Place:
        """Where the entry is that the task is about.

        :raises ModernAuthError: the options make no sense.
        """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(
            {**ARGUMENTS, **self.OPTIONS}, required_together=[("entry", "revision")]
        )
        try:
            result = self._use(self.place(args, task_vars or {}), args)
        except ModernAuthError as error:
            return {"failed": True, "changed": False, **error.result()}
        # Here and not as the task's no_log, which would hide why it failed as well.
        return {**result, "_ansible_no_log": True}

    def _use(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        if args["writable"]:
            place.prove()
        if args["entry"] is None:
            entry, revision = place.read()
            return {"changed": False, "entry": entry, "revision": revision}
        entry, revision = plain(args["entry"]), args["revision"]
        if self._task.check_mode:
            return {"changed": place.read()[0] != entry, "entry": entry, "revision": revision}
        written = place.write(entry, revision)
        return {"changed": written != revision, "entry": entry, "revision": written}

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
