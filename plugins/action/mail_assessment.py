# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all hosts; the module of the same name documents the options."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment import tenant
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.report import (
    COLUMNS,
    HEAD,
    accounts_of,
    report,
    rows,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import complete, connection_spec, said_by
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import legacy_sign_ins
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import (
    exchange_session,
    missing_libraries,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import lines, wrapped
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._assessment_page import DEFAULT, assessment_page
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import EstateStep
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._report_file import place, write
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._shown import shown

#: Within how many days the end of a credential is told.
_DUE = timedelta(days=60)
_NO_TENANT = InputError("No tenant is named.", remedy="Set mail_entra.tenant_id, and how Ansible signs in there.")


class ActionModule(EstateStep):
    """Read the tenants, join that with what the hosts have said, and show it."""

    STEP, NOUN = "assessment", "hosts"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "plan": {"type": "dict", "required": True},
        "days": {"type": "int", "default": legacy_sign_ins.LONGEST},
        "folder": {"required": True},
        "template": {},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        if not 1 <= args["days"] <= legacy_sign_ins.LONGEST:
            raise InputError(f"mail_assessment_days: {args['days']} is not between 1 and {legacy_sign_ins.LONGEST}.")
        hosts = [
            host for host in self._task_vars["ansible_play_hosts_all"]
            if self.variables.of(host).known("mail_product") is not None
        ]
        unused = self.unused(args["plan"].get("stores", []))
        read = {host: self._host(host, args["plan"]["hosts"].get(host)) for host in hosts}
        tenants = []
        for tenant_id, some in self._tenants(hosts).items():
            used = accounts_of(use for host in some for use in read[host]["settings"]["uses"])
            planned = {
                str(mailbox).lower() for host in some
                for mailbox in args["plan"]["hosts"].get(host, {}).get("mailboxes", [])
            }
            tenants.append(self._tenant(tenant_id, some, sorted({*used, *planned}), args["days"]))
        data = report(list(read.values()), tenants, unused, datetime.now(UTC), args["days"])
        template = place(args["template"]) if args["template"] else DEFAULT
        folder = place(args["folder"])
        shapes = {"json": json.dumps(data, indent=4) + "\n", "html": assessment_page(data, template)}
        changed = [
            write(folder / f"assessment.{kind}", text, "mail_assessment_folder", check_mode=self.check_mode)
            for kind, text in shapes.items()
        ]
        unread = [
            f"{one['tenant_id'] or 'The tenant'}: {name.replace('_', ' ')} not readable: {one[name]['reason']}"
            for one in data["tenants"] for name in tenant.PARTS if not one[name]["readable"]
        ]
        text = [*lines(rows(data), COLUMNS, HEAD), *wrapped(unread), *wrapped([one["told"] for one in unused])]
        return {"changed": any(changed), "msg": shown(text), "_ansible_verbose_always": True}

    def failed(self, args: Mapping[str, Any], error: ModernAuthError) -> dict[str, Any]:
        """See Step."""
        return {"failed": True, "changed": False, **error.result()}

    def settle(self, args: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict]:
        """See EstateStep; nothing is settled here."""
        return {}

    def _host(self, host: str, plan: Mapping[str, Any] | None) -> dict[str, Any]:
        variables = self.variables.of(host)
        settings = self.handover.settings(host)
        if "uses" not in settings:
            why = settings.get("msg") or "It was not looked at."
            settings = {"product": variables.known("mail_product"), "uses": [], "problems": [why]}
        return {
            "host": host, "environment": variables.known("mail_environment"), "settings": settings,
            "change": self._change(host, plan),
        }

    def _change(self, host: str, plan: Mapping[str, Any] | None) -> dict[str, Any]:
        """What the main job would do, as its plan and its look say."""
        if plan is None or plan["failed"]:
            return {"planned": False, "msg": plan["msg"] if plan else "", "targets": [], "applications": []}
        looked = self.handover.targets(host)
        return {
            "planned": True, "msg": looked.get("msg", ""), "targets": looked.get("targets", []),
            "applications": [
                {"name": one["unique_name"], "permissions": [
                    name for some in one.get("permissions", [])
                    for name in (*some.get("application", []), *some.get("delegated", []))
                ]} for one in plan["applications"]
            ],
        }

    def _tenants(self, hosts: list[str]) -> dict[str | None, list[str]]:
        """The hosts of each tenant."""
        found: dict[str | None, list[str]] = {}
        for host in hosts:
            found.setdefault(self._said(host).get("tenant_id"), []).append(host)
        return found

    def _said(self, host: str) -> dict[str, Any]:
        return {**said_by(self.environment), **(self.variables.of(host).known("mail_entra") or {})}

    def _tenant(self, tenant_id: str | None, hosts: list[str], accounts: list[str], days: int) -> dict[str, Any]:
        """What the tenant says, as the first of its hosts connects to it."""
        about = {"tenant_id": tenant_id, "hosts": hosts}
        try:
            if tenant_id is None:
                raise _NO_TENANT
            spec = {**connection_spec(), **exchange_spec()}
            given = {**self._said(hosts[0]), **(self.variables.of(hosts[0]).known("mail_exchange") or {})}
            options = complete(spec, given, self.environment, "mail_entra and mail_exchange")
            return {**about, **asyncio.run(self._read(options, accounts, days))}
        except ModernAuthError as error:
            return {**about, **{name: tenant.unreadable(error) for name in tenant.PARTS}}

    async def _read(self, options: Mapping[str, Any], accounts: list[str], days: int) -> dict[str, Any]:
        require({**_auth.MISSING, **_graph.MISSING, **missing_libraries(options)})
        tokens = _auth.token_source(options)
        async with (
            _graph.graph_client(options, tokens) as graph,
            _graph.graph_client(options, tokens, version=legacy_sign_ins.VERSION) as log,
        ):
            return await tenant.read(graph, log, partial(exchange_session, options), accounts, days, _DUE)
