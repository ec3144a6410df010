# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all hosts; the module of the same name documents the options."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import needs
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import complete, connection_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import (
    in_entra,
    in_exchange,
    on_servers,
    symptoms,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    CONTROLLER,
    Finding,
    Subject,
    crossed,
    crosses,
    limited,
    plain,
    sentence,
    table,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import duration
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.mailboxes import named_by
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import (
    exchange_session,
    missing_libraries,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_coalescing import CoalescingGraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import ENTRA
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import wrapped
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, defect
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import EstateStep, Keeper, grouped
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._report_file import place, write
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._shown import shown

#: The code of a store's refusal that is no fault of it.
READ_ONLY = "read_only"
_WELL = "The checks found nothing wrong."
Applications = Mapping[str, Mapping[str, Any]]


class ActionModule(EstateStep):
    """Look at everything, and tell everything at once."""

    STEP, NOUN = "diagnosis", "hosts"
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "plan": {"type": "dict"},
        "symptom": {},
        "due_within": {"default": "14d"},
        "path": {},
    }
    RULES: ClassVar[Mapping[str, Any]] = {"required_one_of": [["plan", "symptom"]]}

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """See Step."""
        symptom = symptoms.find(args["symptom"]) if args["symptom"] else None
        if args["plan"] is None:
            told = symptoms.plain(symptom) if symptom else {}
            return {"changed": False, "symptom": told, "servers": bool(on_servers.CHECKS & set(told["checks"]))}
        self._checks = frozenset(symptom.checks) if symptom else None
        self._due_within = duration("due_within", args["due_within"])
        found = self._findings(args["plan"])
        findings = found if self._checks is None else limited(found, self._checks)
        text = [*(symptoms.told(symptom, crosses(findings)) if symptom else []), *table(findings)]
        content = {
            "title": "Diagnosis of the mail of business applications",
            **({"symptom": symptoms.plain(symptom)} if symptom else {}), "findings": plain(findings),
        }
        changed = bool(args["path"]) and _write(args["path"], content)
        hosts = {host: self._verdict(host, findings) for host in args["plan"]["hosts"]}
        lines = [part for line in text for part in (wrapped([line]) if len(line) > 96 else [line])]
        return {
            "changed": changed, "findings": content["findings"], "hosts": hosts, "msg": shown(lines or [_WELL]),
        }

    def settle(self, args: Mapping[str, Any], wanted: Applications) -> dict[str, Verdict]:
        """See EstateStep; nothing is settled here."""
        return {}

    def failed(self, args: Mapping[str, Any], error: ModernAuthError) -> dict[str, Any]:
        """See Step: what is wrong with the task itself ends it."""
        return {"failed": True, "changed": False, **error.result()}

    @property
    def check_mode(self) -> bool:
        """See Step: it looks in whatever mode it runs; some stores would otherwise prove themselves by writing."""
        return True

    # -- what is found ------------------------------------------------------------------------------------------------

    def _findings(self, plan: Mapping[str, Any]) -> list[Finding]:
        applications = self.applications(plan)
        subjects = {
            name: Subject("application", one["unique_name"], tuple(one["hosts"])) for name, one in applications.items()
        }
        findings, keepers = self._stores(applications, subjects)
        own = {name: one for name, one in applications.items() if one["identity"] == ENTRA}
        for names in grouped(own, lambda one: (one["entra"], one["exchange_connection"])):
            cases = {
                name: in_entra.Case(subjects[name], own[name], keepers[name].peek() if name in keepers else None)
                for name in names
            }
            findings += asyncio.run(self._tenant(plan, cases))
        for host, of_host in plan["hosts"].items():
            lost = any(
                crossed(findings, subjects[name].about, ("store", "registration"))
                for name, one in applications.items() if host in one["hosts"]
            )
            findings += on_servers.look(
                host, of_host, self.handover.targets(host), self.handover.authorizations(host), has_credentials=not lost
            )
        return findings

    def _stores(
        self, applications: Applications, subjects: Mapping[str, Subject]
    ) -> tuple[list[Finding], dict[str, Keeper]]:
        """Whether each credential is in its store, and whether that can be written."""
        keepers, refused = self.keepers(applications)
        findings = [
            one for name, verdict in refused.items()
            for one in subjects[name].cross("store", *_parts(verdict))
        ]
        for name, keeper in keepers.items():
            try:
                unkept = keeper.store.prove([keeper.name])
            except ModernAuthError as error:
                if error.code != READ_ONLY:
                    findings += subjects[name].error("store", error)
                    continue
                # It was chosen to be read alone.
                unkept = {}
            if keeper.name in unkept:
                findings += subjects[name].error("store", unkept[keeper.name])
            elif _is_kept(applications[name]) and keeper.holds_no_credential:
                findings += subjects[name].cross(
                    "store", "The store holds no credential of it.",
                    "Run mailops.modern_auth.setup_mail; if it ran before, look whether mail_store_path, and the "
                    "folder in which Ansible is run, are those of then.",
                )
            else:
                findings += subjects[name].ok("store")
        return findings, keepers

    async def _tenant(self, plan: Mapping[str, Any], cases: Mapping[str, in_entra.Case]) -> list[Finding]:
        """The applications that are reached in the same way, in Entra and in Exchange."""
        first = next(iter(cases.values())).wanted
        try:
            options = self.connection(first["entra"])
            spec = {**connection_spec(), **exchange_spec()}
            given = {**self.resolved(first["entra"]), **self.resolved(first["exchange_connection"])}
            in_exchange_options = complete(spec, given, self.environment, "mail_exchange")
        except ModernAuthError as error:
            return CONTROLLER.error("caller_sign_in", error)
        exchange = any(case.wanted["exchange"] for case in cases.values())
        missing = {
            **_auth.MISSING, **_graph.MISSING, **(missing_libraries(in_exchange_options) if exchange else {}),
        }
        if missing:
            return CONTROLLER.cross(
                "libraries", f"Python libraries are missing: {', '.join(missing)}.",
                f"Install them: {shlex.join([sys.executable, '-m', 'pip', 'install', *missing])}",
            )
        findings = CONTROLLER.ok("libraries")
        hosts = {host for case in cases.values() for host in case.wanted["hosts"]}
        plans = [plan["hosts"][host] for host in hosts]
        try:
            tokens = _auth.token_source(options)
        except ModernAuthError as error:
            return [*findings, *CONTROLLER.error("caller_sign_in", error)]
        needed = needs([case.wanted for case in cases.values()], plans)
        findings += await in_entra.caller(tokens, cloud_from(options).graph_scope, needed)
        if crossed(findings, CONTROLLER.about, ("caller_sign_in",)):
            return findings
        async with _graph.graph_client(options, tokens, CoalescingGraphClient) as graph:
            seen = dict(zip(cases, await asyncio.gather(
                *(self._application(graph, options, case, findings) for case in cases.values())
            ), strict=True))
            findings += [one for found in seen.values() for one in found.findings]
            findings += await self._mailboxes(graph, plan, hosts, findings)
        if exchange and self._wants(in_exchange.CHECKS | in_exchange.SWITCHES | {"caller_exchange"}):
            work = [
                in_exchange.Case(
                    case.subject, case.wanted["exchange"], seen[name].client_id, seen[name].principal_id,
                    [plan["hosts"][host]["foreign"] for host in case.wanted["hosts"] if plan["hosts"][host]["foreign"]],
                )
                for name, case in cases.items() if case.wanted["exchange"]
            ]
            findings += await self._exchange(in_exchange_options, work, _by_mailbox(plan, hosts))
        return findings

    async def _application(
        self, graph: _graph.GraphClient, options: Mapping[str, Any], case: in_entra.Case, before: Sequence[Finding]
    ) -> in_entra.Seen:
        try:
            return await in_entra.application(graph, options, case, self._due_within)
        except ModernAuthError as error:
            if in_entra.is_forbidden(error) and crossed(before, CONTROLLER.about, ("caller_permissions",)):
                return in_entra.Seen(case.subject.unknown(sorted(in_entra.CHECKS), "the caller may not look"))
            return in_entra.Seen(case.subject.error("registration", error))
        except Exception as error:
            # The reporting boundary: a defect in one place hides nothing else.
            return in_entra.Seen(case.subject.error("registration", defect(error)))

    async def _mailboxes(
        self, graph: _graph.GraphClient, plan: Mapping[str, Any], hosts: Iterable[str], before: Sequence[Finding]
    ) -> list[Finding]:
        of_mailbox = _by_mailbox(plan, hosts)
        wanted: dict[str, tuple[Subject, str]] = {}
        for host in sorted(hosts):
            named = named_by(plan["hosts"][host], f"hosts.{host}")
            roles = {"mailboxes": named["mailboxes"], "users": named["users"]}
            roles |= {role: [named[role]] for role in ("foreign", "reader") if named[role]}
            for role, addresses in roles.items():
                for address in addresses:
                    wanted.setdefault(address, (of_mailbox(address), role))
        try:
            found = await in_entra.mailboxes(graph, wanted) if wanted else {}
        except ModernAuthError as error:
            if in_entra.is_forbidden(error) and crossed(before, CONTROLLER.about, ("caller_permissions",)):
                return [one for subject, _role in wanted.values() for one in subject.unknown(
                    ["licence"], "the caller may not look"
                )]
            return [one for subject, _role in wanted.values() for one in subject.error("licence", error)]
        return [one for of_one in found.values() for one in of_one]

    async def _exchange(
        self, options: Mapping[str, Any], work: Sequence[in_exchange.Case], of_mailbox: Callable[[str], Subject]
    ) -> list[Finding]:
        try:
            async with exchange_session(options) as session:
                return await in_exchange.look(session, work, of_mailbox)
        except ModernAuthError as error:
            return CONTROLLER.error("caller_exchange", error)

    # -- what is told -------------------------------------------------------------------------------------------------

    def _wants(self, checks: Iterable[str]) -> bool:
        return self._checks is None or bool(self._checks & set(checks))

    def _verdict(self, host: str, findings: Sequence[Finding]) -> Verdict:
        """A host fails for what is wrong with it, its applications, its mailboxes or the controller."""
        wrong = [f"{one.about}: {sentence(one)}" for one in crosses(findings) if not one.hosts or host in one.hosts]
        return {"changed": False, "failed": bool(wrong), "msg": "\n".join(wrong) or _WELL}


def _by_mailbox(plan: Mapping[str, Any], hosts: Iterable[str]) -> Callable[[str], Subject]:
    """A mailbox as a subject, with the hosts whose plans name it."""
    named = {host: named_by(plan["hosts"][host], f"hosts.{host}") for host in sorted(hosts)}

    def subject(address: str) -> Subject:
        own = [
            host for host, one in named.items()
            if address in (*one["mailboxes"], *one["users"], one["foreign"], one["reader"])
        ]
        return Subject("mailbox", address, tuple(own))

    return subject


def _is_kept(application: Mapping[str, Any]) -> bool:
    """Whether the store has to hold a credential of it; Google's keys are people's."""
    return application["identity"] == ENTRA and bool(application["credential"] != "none")


def _parts(verdict: Verdict) -> tuple[str, str]:
    """What a verdict says is wrong, and the remedy."""
    remedy = str(verdict.get("remedy", ""))
    return str(verdict["msg"]).removesuffix(remedy).rstrip(), remedy


def _write(path: str, content: Mapping[str, Any]) -> bool:
    if not path.endswith(".json"):
        raise InputError(
            f"mail_report_file: {path} does not end in .json.", remedy="A diagnosis is written as JSON alone."
        )
    return write(place(path), json.dumps(content, indent=2) + "\n", "mail_report_file", check_mode=False)
