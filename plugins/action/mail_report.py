# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all hosts; the module of the same name documents the options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.files import Told, written
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.rows import COLUMNS, HEAD, Steps, rows
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import lines, wrapped
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import told
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import EstateStep
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._handover import Handover
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._report_file import place, write
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._shown import shown


class ActionModule(EstateStep):
    """Show what the steps have said, and write it into a file."""

    STEP, NOUN = "report", "hosts"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "title": {"default": "Mail of business applications"},
        "plan": {"type": "dict", "required": True},
        "identity": {"type": "dict", "default": {}},
        "access": {"type": "dict", "default": {}},
        "targets": {"type": "dict"},
        "deliveries": {"type": "dict", "default": {}},
        "path": {},
    }

    def names(self, args: Mapping[str, Any]) -> Iterable[str]:
        """See StepForAll."""
        hosts = args["plan"].get("hosts")
        if not isinstance(hosts, Mapping):
            raise InputError("plan.hosts: is no dictionary; give what the step plan has returned.")
        return list(hosts)

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        hosts = {host: args["plan"]["hosts"][host] for host in self.names(args)}
        said = {"plan": args["plan"], **{step: args[step] for step in ("identity", "access")}}
        handover = Handover(
            self.variables, self._task_vars, {**said, "delivery": args["deliveries"]}, args["targets"]
        )
        configured = {host: handover.configured(host) for host in hosts}
        failures = {host: failure for host in hosts if (failure := handover.failure(host)) is not None}
        found = rows(Steps(
            hosts,
            identity=args["identity"].get("hosts", {}),
            access=args["access"].get("hosts", {}),
            targets={host: found for host, found in configured.items() if found is not None},
            deliveries=args["deliveries"].get("hosts", {}),
            authorizations={host: handover.authorizations(host) for host in hosts},
            failures=failures,
            predicted=self.check_mode,
            removal=any(args[step].get("state") == "absent" for step in ("identity", "access")),
        ))
        changed = False
        if args["path"]:
            file = place(args["path"])
            content = written(args["path"], Told(args["title"], datetime.now(UTC), found, COLUMNS))
            changed = write(file, content, "mail_report_file", check_mode=self.check_mode)
        text = [
            *lines(found, COLUMNS, HEAD),
            *wrapped(told({row["host"]: row["authorization_required"] for row in found})),
            *wrapped([one["told"] for one in self.unused(args["plan"].get("stores", []))]),
        ]
        return {"changed": changed, "msg": shown(text), "_ansible_verbose_always": True}

    def settle(self, args: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict]:
        """See EstateStep; nothing is settled here."""
        return {}

    def result(self, args: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        """See StepForAll."""
        failed = next(iter(verdicts.values()), {"failed": False, "msg": ""})
        return {"changed": False, **failed}
