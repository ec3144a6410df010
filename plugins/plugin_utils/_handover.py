# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What one step hands on to the next, where a host of its own has done it: the only place that knows those names.

What a step has done for all hosts at once is handed on in the playbooks, as an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.plugin_utils._variables import PlayVariables

#: Registered by the role mail_provider: what became of the host's targets.
CONFIGURED = "__mail_provider"
#: Set where a step has failed for the host: ``step``, ``msg`` and ``unreachable``.
FAILED = "__mail_failed"


class Handover:
    """What the hosts of a play hand on.

    :param variables: those of the hosts.
    :param batch: the hosts that Ansible has not given up.
    """

    def __init__(self, variables: PlayVariables, batch: Iterable[str]) -> None:
        self._variables = variables
        self._batch = frozenset(batch)

    def failure(self, host: str) -> Mapping[str, Any] | None:
        """Why a host has failed; None if it has not."""
        found: Mapping[str, Any] | None = self._variables.of(host).known(FAILED)
        if found is None and host not in self._batch:
            return {"step": "", "msg": "The host was lost on the way.", "unreachable": True}
        return found

    def configured(self, host: str) -> Mapping[str, Any] | None:
        """What became of a host's targets; None if nothing was done about them, but look."""
        found: Mapping[str, Any] | None = self._variables.of(host).known(CONFIGURED)
        return found if found and found.get("configured") else None

    def able(self, hosts: Iterable[str]) -> list[str]:
        """The hosts that have not failed."""
        return [host for host in hosts if self.failure(host) is None]
