# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all applications; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import complete, connection_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate import accesses
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.pool import each
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import (
    exchange_session,
    missing_libraries,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_coalescing import CoalescingGraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, failure
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import EstateStep, grouped


class ActionModule(EstateStep):
    """One connection to Exchange for all applications that are set up in the same way."""

    STEP, NOUN = "access", "applications"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **EstateStep.OPTIONS,
        "identity": {"type": "dict", "default": {}},
        "state": {"choices": ["present", "absent"], "default": "present"},
    }

    def settle(self, args: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict]:
        """See EstateStep."""
        in_exchange = {name: one for name, one in wanted.items() if one["exchange"]}
        ids, verdicts = self._client_ids(args, in_exchange)
        if args["state"] == "absent":
            verdicts |= self.used_elsewhere(in_exchange)
        able = {name: one for name, one in in_exchange.items() if name in ids and name not in verdicts}
        with self.progress(len(able)) as progress:
            for names in grouped(able, lambda one: (one["entra"], one["exchange_connection"])):
                work = {name: (able[name], ids[name]) for name in names}
                verdicts |= self.together(names, self._together(args["state"], work, progress))
        return verdicts

    def _client_ids(
        self, args: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]
    ) -> tuple[dict[str, str | None], dict[str, Verdict]]:
        """What the step before has told, or else the store knows."""
        told = {name: verdict.get("client_id") for name, verdict in args["identity"].items()}
        unknown = {name: one for name, one in wanted.items() if name not in told}
        keepers, verdicts = self.keepers(unknown)
        ids = {name: told[name] for name in wanted if name in told}
        ids |= {name: keeper.read()[0].get("client_id") for name, keeper in keepers.items()}
        if args["state"] == "present" and not self.check_mode:
            for name in [name for name, client_id in ids.items() if client_id is None]:
                del ids[name]
                verdicts[name] = failure(InputError(
                    f"The store does not know the application '{wanted[name]['unique_name']}'.",
                    remedy="Run the step identity first.",
                ))
        return ids, verdicts

    async def _together(
        self, state: str, work: Mapping[str, tuple[Mapping[str, Any], str | None]], progress: Any
    ) -> dict[str, Verdict]:
        first, _client_id = next(iter(work.values()))
        given = {**self.resolved(first["entra"]), **self.resolved(first["exchange_connection"])}
        spec = {**connection_spec(), **exchange_spec()}
        options = complete(spec, given, self.environment, "exchange_connection (mail_exchange)")
        require({**_auth.MISSING, **_graph.MISSING, **missing_libraries(options)})
        graph_options = self.connection(first["entra"])
        tokens = _auth.token_source(graph_options)
        async with (
            _graph.graph_client(graph_options, tokens, CoalescingGraphClient) as graph,
            exchange_session(options) as session,
        ):

            async def one(item: tuple[Mapping[str, Any], str | None]) -> Verdict:
                application, client_id = item
                if state == "absent":
                    return await accesses.absent(session, application, client_id, check_mode=self.check_mode)
                return await accesses.present(graph, session, application, client_id, check_mode=self.check_mode)

            # A session runs one cmdlet after the other.
            return await each(work, one, at_once=1, progress=progress)
