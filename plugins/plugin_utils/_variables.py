# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The variables of any host, as a task of that host would see them, for actions that work for many hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.template import Templar
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import masked


class Variables(Mapping[str, Any]):
    """The variables of one host, each templated when it is asked for.

    :raises AnsibleError: by ``[]``, if a variable refers to one that is not defined.
    """

    def __init__(self, raw: Mapping[str, Any], loader: Any) -> None:
        self._raw = raw
        self._templar = Templar(loader=loader, variables=raw)

    def __getitem__(self, name: str) -> Any:
        return self._templar.template(self._raw[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def public(self, name: str) -> Any:
        """The value of a variable with words in place of its secrets, which are not asked for.

        :raises AnsibleError: it refers to a variable that is not defined.
        """
        value = self._templar.template(masked(name, self._raw[name]))
        return masked(name, value)

    def registered(self, name: str) -> Any:
        """What a task has registered under a name, which is no template; None if none has."""
        return self._raw.get(name)

    def known(self, name: str) -> Any:
        """The value of a variable; None if it is not set, or cannot be told."""
        try:
            return self[name] if name in self._raw else None
        except AnsibleError:
            return None


class PlayVariables:
    """The variables of the play's hosts, and of the inventory's others.

    Ansible's own ``hostvars`` leave out what a play or a role sets for its tasks, which people rely on.

    :param task: the task that is executed.
    :param task_vars: its variables, as an action is handed them.
    """

    def __init__(self, task: Any, task_vars: Mapping[str, Any], loader: Any) -> None:
        self._task = task
        self._loader = loader
        self._manager = task_vars["hostvars"]._variable_manager
        self._inventory = task_vars["hostvars"]._inventory
        self._known: dict[str, Variables] = {}

    def of(self, host: str) -> Variables:
        """The variables of a host."""
        if host not in self._known:
            raw = self._manager.get_vars(
                play=self._task.get_play(), host=self._inventory.get_host(host), task=self._task,
                include_hostvars=False,
            )
            self._known[host] = Variables(raw, self._loader)
        return self._known[host]
