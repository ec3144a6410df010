# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for the whole inventory; the module of the same name documents the options."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import yaml
from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap import told
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import needs, reading
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.parties import parties
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.work import Work, absent, present
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import (
    ENDPOINTS,
    complete,
    connection_spec,
    said_by,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import key_pairs
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import (
    exchange_session,
    missing_libraries,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import ENTRA
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import wrapped
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._commands import playbook_command
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._shown import shown
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._step import Step

#: What of mail_entra and mail_exchange says where the services are, and not who signs in there.
_WHERE = frozenset(ENDPOINTS) - {"token_cache"} | {"tenant_id"}
_WHO = ("exchange_auth", "exchange_access_token", "exchange_managed_identity_id")
_NOTHING_TO_DO = "No host of this inventory signs in to Entra by itself, and no mailbox is read: no caller is needed."
_AWAY = "To take it all away again, with the other options of this run:"


class ActionModule(Step):
    """An administrator makes the two applications that everything else signs in as."""

    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "plan": {"type": "dict", "required": True},
        "caller": {"type": "dict", "default": {}},
        "reader": {"type": "dict", "default": {}},
        "administrator": {"choices": ["azure_cli", "device_code"], "default": "azure_cli"},
        "state": {"choices": ["present", "absent"], "default": "present"},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        caller, reader = parties(args["caller"], args["reader"])
        hosts: Mapping[str, Mapping[str, Any]] = args["plan"]["hosts"]
        unplanned = [host for host, verdict in hosts.items() if verdict["failed"]]
        if unplanned:
            raise InputError(
                f"What {', '.join(unplanned)} needs cannot be told, so that the caller's permissions cannot either.",
                remedy="Correct the settings; the playbook setup_mail with --tags plan names all that is wrong.",
            )
        ours = self._of_one_tenant([
            host for host, plan in hosts.items()
            if plan["reads"] or any(one["identity"] == ENTRA for one in plan["applications"])
        ])
        plans = [hosts[host] for host in ours]
        needed = needs([one for one in args["plan"]["applications"] if set(ours) & set(one["hosts"])], plans)
        rights = reading(plans)
        needless = not needed.permissions and rights is None
        if not hosts or (needless and args["state"] == "present"):
            return {"changed": False, "msg": _NOTHING_TO_DO}
        entra, exchange = self._where(next(iter(ours or hosts)))
        options = {**complete(connection_spec(), entra, self.environment, "mail_entra"), "token_cache": None}
        options["auth_source"] = args["administrator"]
        work = Work(caller, needed, reader, rights)
        verdicts = asyncio.run(self._settle(args["state"], work, options, self._in_exchange(entra, exchange)))
        return {
            "changed": any(verdict["changed"] for verdict in verdicts.values()), **verdicts,
            "warnings": [text for verdict in verdicts.values() for text in verdict.pop("warnings")],
            "diff": [one for verdict in verdicts.values() for one in verdict.pop("diff")],
            **(_told(work, verdicts, options["tenant_id"]) if args["state"] == "present" else _gone(verdicts)),
        }

    async def _settle(
        self, state: str, work: Work, options: Mapping[str, Any], in_exchange: Mapping[str, Any]
    ) -> dict[str, Verdict]:
        require({**_auth.MISSING, **_graph.MISSING, **key_pairs.MISSING, **missing_libraries(in_exchange)})
        async with _graph.graph_client(options, _auth.token_source(options)) as graph:
            if state == "absent":
                return await absent(graph, lambda: exchange_session(in_exchange), work, check_mode=self.check_mode)
            return await present(
                graph, lambda: exchange_session(in_exchange), work, cloud=options["cloud"], check_mode=self.check_mode
            )

    def _of_one_tenant(self, hosts: Sequence[str]) -> list[str]:
        """Those hosts, of the whole inventory, that are in the tenant of those of the run.

        :raises InputError: the run has hosts in several.
        """
        tenants = {host: self._where(host)[0].get("tenant_id") for host in hosts}
        found = {tenants[host]: host for host in self._task_vars["ansible_play_hosts_all"] if host in tenants}
        if None in found:
            raise InputError(
                f"mail_entra.tenant_id: is required on {found[None]}; it says whose administrator you are.",
                remedy="It is the tenant's id; the environment variable AZURE_TENANT_ID stands for it as well.",
            )
        if len(found) > 1:
            raise InputError(
                f"mail_entra.tenant_id: {' and '.join(found.values())} are not in the same tenant, and one caller is "
                "for one tenant.", remedy="Run this once for each tenant, with --limit and hosts of it.",
            )
        return [host for host in hosts if tenants[host] in found]

    def _where(self, host: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Where a host's services are, in Entra and in Exchange."""
        variables = self.variables.of(host)
        entra = {**said_by(self.environment), **(variables.known("mail_entra") or {})}
        exchange = variables.known("mail_exchange") or {}
        return (
            plain({name: entra[name] for name in sorted(_WHERE & set(entra))}),
            plain({name: one for name, one in exchange.items() if name not in _WHO and "certificate" not in name}),
        )

    def _in_exchange(self, entra: Mapping[str, Any], exchange: Mapping[str, Any]) -> dict[str, Any]:
        """How the administrator reaches Exchange: with a code, since the Azure CLI is not allowed there."""
        spec = {**connection_spec(), **exchange_spec()}
        options = complete(spec, {**entra, **exchange}, self.environment, "mail_exchange")
        return {**options, "exchange_auth": "access_token", "auth_source": "device_code", "token_cache": None}


def _told(work: Work, verdicts: Mapping[str, Verdict], tenant_id: str) -> dict[str, Any]:
    lines: list[str] = []
    inventory: dict[str, Any] = {}
    if "caller" in verdicts:
        lines += told.about_caller(work.caller, work.needs, verdicts["caller"])
        inventory["mail_entra"] = told.sign_in(work.caller, tenant_id, verdicts["caller"]["client_id"])
    if "reader" in verdicts and work.rights is not None:
        lines += told.about_reader(work.reader, work.rights, verdicts["reader"])
        signs_in = told.sign_in(work.reader, tenant_id, verdicts["reader"]["client_id"])
        inventory["mail_verify"] = {"receive": signs_in}
    dumped = yaml.safe_dump(inventory, sort_keys=False, width=1000).splitlines()
    away = playbook_command("bootstrap", "-e", "mail_bootstrap_state=absent")
    text = [*wrapped(lines), "", "Into the inventory, beside what is there:", *dumped, "", _AWAY, f"  {away}"]
    return {"inventory": inventory, "msg": shown(text)}


def _gone(verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    return {"msg": shown([verdict["msg"] for verdict in verdicts.values()])}
