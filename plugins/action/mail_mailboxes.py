# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all hosts; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import users
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.mailboxes import judge, named_by
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import EstateStep, grouped

#: Graph's code for a caller that lacks a permission.
FORBIDDEN = "Authorization_RequestDenied"


class ActionModule(EstateStep):
    """Look the mailboxes of all hosts up, before anything is touched."""

    STEP, NOUN = "preflight", "hosts"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "hosts": {"type": "dict", "required": True},
        "applications": {"type": "list", "elements": "dict", "required": True},
    }

    def names(self, args: Mapping[str, Any]) -> Iterable[str]:
        """See StepForAll."""
        return [host for one in self._wanted(args).values() for host in self._hosts(one)]

    def result(self, args: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        """See StepForAll."""
        return {"changed": False, "hosts": dict(verdicts)}

    def settle(self, args: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict]:
        """See EstateStep."""
        verdicts: dict[str, Verdict] = {}
        for names in grouped(wanted, lambda one: one["entra"]):
            hosts = {
                host: named_by(args["hosts"][host], f"hosts.{host}")
                for name in names for host in self._hosts(wanted[name]) if host in args["hosts"]
            }
            verdicts |= self.together(hosts, self._judged(wanted[names[0]]["entra"], hosts))
        return verdicts

    async def _judged(
        self, entra: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Verdict]:
        addresses = list(dict.fromkeys(
            address for about in hosts.values()
            for address in (*about["mailboxes"], *about["users"], about["foreign"], about["reader"]) if address
        ))
        found = await self._look_up(entra, addresses) if addresses else {}
        return {host: judge(about, found) for host, about in hosts.items()}

    async def _look_up(
        self, entra: Mapping[str, Any], addresses: list[str]
    ) -> Mapping[str, users.Found] | GraphError:
        """The users by address; the refusal, if the caller may not read users, which others can do without."""
        require({**_auth.MISSING, **_graph.MISSING})
        options = self.connection(entra)
        async with _graph.graph_client(options, _auth.token_source(options)) as graph:
            try:
                return await users.look_up(graph, addresses)
            except GraphError as error:
                if error.code != FORBIDDEN:
                    raise
                return error
