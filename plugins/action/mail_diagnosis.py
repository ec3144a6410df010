# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs on the controller, once for all hosts; the module of the same name documents the options."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import complete, connection_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import (
    at_google,
    in_entra,
    in_exchange,
    in_tenant,
    of_readers,
    on_servers,
    symptoms,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    CHECKS,
    CONTROLLER,
    Finding,
    Subject,
    crossed,
    crosses,
    limited,
    parts,
    plain,
    sentence,
    table,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import duration
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import ENTRA, GOOGLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import Reference, fill, of_entry
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import wrapped
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._estate_step import (
    AT_ONCE,
    EstateStep,
    Keeper,
    grouped,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._report_file import place, write
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._shown import shown

#: The code of a store's refusal that is no fault of it.
READ_ONLY = "read_only"
#: The checks for which Exchange is asked, and those for which the tenant is.
_EXCHANGE = in_exchange.CHECKS | in_exchange.SWITCHES | {"caller_exchange", of_readers.CHECK}
_TENANT = in_entra.CHECKS | _EXCHANGE | {*CHECKS["controller"], *CHECKS["mailbox"]}
_NOT_ASKED = "its token does not let it read, but a role of Exchange may, which was not asked"
_WELL = "The checks found nothing wrong."
Applications = Mapping[str, Mapping[str, Any]]


class ActionModule(EstateStep):
    """Look at everything, and tell everything at once."""

    STEP, NOUN = "diagnosis", "applications"
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
        meaning = [*wrapped(symptoms.told(symptom, findings)), ""] if symptom else []
        content = {
            "title": "Diagnosis of the mail of business applications",
            **({"symptom": symptoms.plain(symptom)} if symptom else {}), "findings": plain(findings),
        }
        changed = bool(args["path"]) and _write(args["path"], content)
        hosts = {host: self._verdict(host, findings) for host in args["plan"]["hosts"]}
        return {
            "changed": changed, "findings": content["findings"], "hosts": hosts,
            "msg": shown([*meaning, *table(findings)] or [_WELL]),
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
        cases = {
            name: in_entra.Case(subjects[name], one, keepers[name].peek() if name in keepers else None)
            for name, one in applications.items() if one["identity"] == ENTRA and self._wants(_TENANT)
        }
        findings += self._at_google(applications, subjects)
        findings += self._tenants(plan, cases, self._readers(plan, keepers) if self._wants({of_readers.CHECK}) else [])
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
            for one in subjects[name].cross("store", *parts(verdict))
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

    def _at_google(self, applications: Applications, subjects: Mapping[str, Subject]) -> list[Finding]:
        """The service accounts, and what Google gives them."""
        findings: list[Finding] = []
        cases: dict[str, in_entra.Case] = {}
        for name, one in applications.items():
            if one["identity"] == GOOGLE and self._wants(at_google.CHECKS):
                try:
                    account = self.resolved(one["account"])
                except InputError as error:
                    findings += subjects[name].error("secret", error)
                    continue
                cases[name] = in_entra.Case(subjects[name], {**one, "account": account}, None)
        for names in grouped({name: case.wanted for name, case in cases.items()}, lambda one: one["entra"]):
            same = [cases[name] for name in names]
            try:
                options = self.connection(same[0].wanted["entra"])
                findings += asyncio.run(at_google.look(options, same, self._due_within))
            except ModernAuthError as error:
                findings += [one for case in same for one in case.subject.error("token", error)]
        return findings

    def _tenants(
        self, plan: Mapping[str, Any], cases: Mapping[str, in_entra.Case], readers: Sequence[of_readers.Told]
    ) -> list[Finding]:
        """The applications, and the readers of the proofs, of whom Exchange may have to be asked with the former."""
        findings = [found for one in readers for found in one.findings]
        unclear = [one.asks for one in readers if one.asks is not None]
        connections = {name: case.wanted for name, case in cases.items()}
        for names in grouped(connections, lambda one: (one["entra"], one["exchange_connection"])):
            found = self._tenant(plan, {name: cases[name] for name in names}, unclear)
            decided = {one.hosts for one in found if one.check == of_readers.CHECK}
            unclear = [one for one in unclear if one.subject.hosts not in decided]
            findings += found
        return findings + [one for left in unclear for one in left.subject.unknown([of_readers.CHECK], _NOT_ASKED)]

    def _readers(self, plan: Mapping[str, Any], keepers: Mapping[str, Keeper]) -> list[of_readers.Told]:
        """What signing in has told of everybody who looks for a proof."""
        told: list[of_readers.Told] = []
        readers: list[of_readers.Reader] = []
        for host, of_host in plan["hosts"].items():
            check = None if of_host["failed"] else of_readers.proof(plan["deliveries"], host, of_host["reads"])
            if check is None:
                continue
            subject = Subject("mailbox", check["receive"]["mailbox"], (host,))
            value_of = partial(self._value, host, check["application"], keepers)
            try:
                receive = fill(check["receive"], value_of)
            except InputError as error:
                told.append(of_readers.Told(subject.unknown([of_readers.CHECK], error.message.rstrip("."))))
                continue
            try:
                readers.append(of_readers.reader(subject, check, receive))
            except InputError as error:
                told.append(of_readers.Told(subject.error(of_readers.CHECK, error)))
        return [*told, *asyncio.run(of_readers.look(of_readers.joined(readers)))]

    def _value(self, host: str, application: str | None, keepers: Mapping[str, Keeper], one: Reference) -> Any:
        """What a reference stands for in how a host's proof is looked for."""
        if one.kind == "secret":
            return self.resolved({"variable": one.name, "host": host})
        keeper = keepers.get(one.application or application or "")
        if keeper is None:
            raise InputError("The store could not be read.")
        return of_entry(one, keeper.peek(), SLOTS[0], keeper.name, may_be_unknown=False)

    def _tenant(
        self, plan: Mapping[str, Any], cases: Mapping[str, in_entra.Case], readers: Sequence[in_exchange.Reader]
    ) -> list[Finding]:
        """The applications that are reached in the same way, and the readers of their hosts' proofs."""
        first = next(iter(cases.values())).wanted
        exchange = None
        try:
            connection = self.connection(first["entra"])
            if self._wants(_EXCHANGE) and any(case.wanted["exchange"] for case in cases.values()):
                given = {**self.resolved(first["entra"]), **self.resolved(first["exchange_connection"])}
                spec = {**connection_spec(), **exchange_spec()}
                exchange = complete(spec, given, self.environment, "mail_exchange")
        except ModernAuthError as error:
            return CONTROLLER.error("caller_sign_in", error)
        plans = {host: plan["hosts"][host] for case in cases.values() for host in case.wanted["hosts"]}
        own = [one for one in readers if not plans.keys().isdisjoint(one.subject.hosts)]
        tenant = in_tenant.Tenant(connection, exchange, cases, plans, own, self._due_within)
        with self.progress(len(cases)) as progress:
            return asyncio.run(in_tenant.look(tenant, at_once=AT_ONCE, progress=progress))

    # -- what is told -------------------------------------------------------------------------------------------------

    def _wants(self, checks: Iterable[str]) -> bool:
        return self._checks is None or bool(self._checks & set(checks))

    def _verdict(self, host: str, findings: Sequence[Finding]) -> Verdict:
        """A host fails for what is wrong with it, its applications, its mailboxes or the controller."""
        wrong = [f"{one.about}: {sentence(one)}" for one in crosses(findings) if not one.hosts or host in one.hosts]
        return {"changed": False, "failed": bool(wrong), "msg": "\n".join(wrong) or _WELL}


def _is_kept(application: Mapping[str, Any]) -> bool:
    """Whether the store has to hold a credential of it; Google's keys are people's."""
    return application["identity"] == ENTRA and bool(application["credential"] != "none")


def _write(path: str, content: Mapping[str, Any]) -> bool:
    if not path.endswith(".json"):
        raise InputError(
            f"mail_report_file: {path} does not end in .json.", remedy="A diagnosis is written as JSON alone."
        )
    return write(place(path), json.dumps(content, indent=2) + "\n", "mail_report_file", check_mode=False)
