# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all applications; the module of the same name documents the options."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials import service_account
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.metrics import metrics
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import report
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.table import table
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import credentials
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import duration
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    InputError,
    ModernAuthError,
    StoreError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_coalescing import CoalescingGraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import ENTRA, GOOGLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import wrapped
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._credentials_page import DEFAULT, credentials_page
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import EstateStep, grouped
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._google_keys import read_key
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._people import People, entry_name, places_of
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._report_file import place, write
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._shown import shown


class ActionModule(EstateStep):
    """Read everything, or report nothing."""

    STEP, NOUN = "report", "applications"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **EstateStep.OPTIONS,
        "plan": {"type": "dict", "default": {}},
        "due_within": {"default": "14d"},
        "folder": {"required": True},
        "template": {},
        "scope": {"choices": ["inventory", "tenant"], "default": "inventory"},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        due_within = duration("mail_credentials_due_within", args["due_within"])
        # Of another kind of identity it is not known what its credentials are. A host keeps its applications even if it
        # could not be looked at for who has signed in.
        wanted, accounts = (
            {name: one for name, one in self.applications(args).items() if one["identity"] == identity}
            for identity in (ENTRA, GOOGLE)
        )
        keepers, refused = self.keepers(wanted)
        for verdict in refused.values():
            raise StoreError(verdict["msg"], code=verdict.get("code"))
        entries = {name: keeper.peek() for name, keeper in keepers.items()}
        readings = [
            asyncio.run(self._read(args, wanted[names[0]]["entra"], [entries[name].get("client_id") for name in names]))
            for names in grouped(wanted, lambda one: one["entra"])
        ]
        moment = max((datetime.fromisoformat(one["moment"]) for one in readings if one["moment"]), default=None)
        keys = {name: self._key(one, moment or datetime.now(UTC), due_within) for name, one in accounts.items()}
        unused = self.unused(args["plan"].get("stores", []))
        data = report(
            [*wanted.values(), *accounts.values()], entries, readings, keys, args["due_within"],
            self._sign_ins(args["plan"], wanted, entries), unused,
        )
        template = place(args["template"]) if args["template"] else DEFAULT
        folder = place(args["folder"])
        shapes = {
            "json": json.dumps(data, indent=4) + "\n", "html": credentials_page(data, template), "prom": metrics(data),
        }
        changed = [
            write(folder / f"credentials.{kind}", text, "mail_credentials_folder", check_mode=self.check_mode)
            for kind, text in shapes.items()
        ]
        text = [*table(data), *wrapped([one["told"] for one in unused])]
        return {"changed": any(changed), "msg": shown(text), "_ansible_verbose_always": True}

    def failed(self, args: Mapping[str, Any], error: ModernAuthError) -> dict[str, Any]:
        """See Step: what cannot be read is no report."""
        return {"failed": True, "changed": False, **error.result()}

    def settle(self, args: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict]:
        """See EstateStep; nothing is settled here."""
        return {}

    def _sign_ins(
        self, plan: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]], entries: Mapping[str, Entry]
    ) -> dict[str, list[dict[str, Any]]]:
        """Where people sign in, by host: for the products, as their targets have said, and for our own proofs.

        Who has yet to sign in for a proof is known to the runs that prove it.
        """
        found = {host: list(self.handover.targets(host).get("sign_ins", [])) for host in plan.get("hosts", {})}
        for_people = {
            name: {**one, "unique_name": entry_name(one["unique_name"])} for name, one in wanted.items()
            if "client_id" in entries[name] and any(some.get("delegated") for some in one["permissions"])
        }
        keepers, _refused = self.keepers(for_people)
        for name in for_people:
            client_id, unique_name = entries[name]["client_id"], wanted[name]["unique_name"]
            people = People(client_id, places_of(client_id, keepers.get(name)))
            for host in found.keys() & set(wanted[name]["hosts"]):
                found[host] += [asdict(one) for one in people.sign_ins(unique_name, host)]
        return found

    def _key(self, application: Mapping[str, Any], moment: datetime, due_within: timedelta) -> dict[str, Any]:
        try:
            return service_account.reading(*read_key(self, application), moment, due_within)
        except InputError as error:
            return service_account.unread(error.message, moment)

    async def _read(
        self, args: Mapping[str, Any], entra: Mapping[str, Any], client_ids: list[str | None]
    ) -> dict[str, Any]:
        require({**_auth.MISSING, **_graph.MISSING})
        options = self.connection(entra)
        ids = [client_id for client_id in client_ids if client_id]
        async with _graph.graph_client(options, _auth.token_source(options), CoalescingGraphClient) as graph:
            reading, enabled = await asyncio.gather(
                credentials.read_all(graph) if args["scope"] == "tenant" else credentials.read(graph, ids),
                credentials.enabled(graph, ids),
            )
        told = credentials.told(reading, duration("mail_credentials_due_within", args["due_within"]))
        return {**told, "enabled": enabled}
