# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""All applications that are reached in the same way, with their mailboxes: what opens sessions, and closes them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import needs
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import in_entra, in_exchange, of_policies
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    CONTROLLER,
    Finding,
    Subject,
    crossed,
    parts,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.mailboxes import named_by
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.pool import Progress, each
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import (
    exchange_session,
    missing_libraries,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_coalescing import CoalescingGraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done

_MAY_NOT = "the caller may not look"


@dataclass(frozen=True)
class Tenant:
    """What is looked at together.

    :param connection: the options by which the caller signs in.
    :param exchange: those by which Exchange is reached; None if it is not asked.
    :param cases: the applications, by name.
    :param plans: the plans of all their hosts, by host.
    :param readers: the readers of the proofs of which Exchange is asked.
    :param due_within: a secret that ends so soon is wrong.
    """

    connection: Mapping[str, Any]
    exchange: Mapping[str, Any] | None
    cases: Mapping[str, in_entra.Case]
    plans: Mapping[str, Mapping[str, Any]]
    readers: Sequence[in_exchange.Reader]
    due_within: timedelta

    def mailbox(self, address: str) -> Subject:
        """A mailbox as a subject, with the hosts whose plans name it."""
        return Subject("mailbox", address, tuple(
            host for host, named in self.named().items()
            if address in (*named["mailboxes"], *named["users"], named["foreign"], named["reader"])
        ))

    def named(self) -> dict[str, Mapping[str, Any]]:
        """The mailboxes that each host's plan names."""
        return {host: named_by(plan, f"hosts.{host}") for host, plan in sorted(self.plans.items())}


async def look(tenant: Tenant, *, at_once: int, progress: Progress) -> list[Finding]:
    """Everything that is to be said of a tenant, in Entra ID and in Exchange; what fails hides nothing else.

    :param at_once: how many applications are looked at at a time.
    """
    missing = {
        **_auth.MISSING, **_graph.MISSING, **(missing_libraries(tenant.exchange) if tenant.exchange else {}),
    }
    if missing:
        return CONTROLLER.cross(
            "libraries", f"Python libraries are missing: {', '.join(missing)}.",
            f"Install them: {shlex.join([sys.executable, '-m', 'pip', 'install', *missing])}",
        )
    findings = CONTROLLER.ok("libraries")
    try:
        tokens = _auth.token_source(tenant.connection)
    except ModernAuthError as error:
        return [*findings, *CONTROLLER.cross("caller_sign_in", error.message, error.remedy or in_entra.CORRECT)]
    applications = [case.wanted for case in tenant.cases.values()]
    needed = needs(applications, tenant.plans.values())
    findings += await in_entra.caller(tokens, cloud_from(tenant.connection).graph_scope, needed, applications)
    if crossed(findings, CONTROLLER.about, ("caller_sign_in",)):
        return findings
    limited = crossed(findings, CONTROLLER.about, ("caller_permissions",))
    async with _graph.graph_client(tenant.connection, tokens, CoalescingGraphClient) as graph:
        seen = await _applications(graph, tenant, limited=limited, at_once=at_once, progress=progress)
        findings += [one for found in seen.values() for one in found.findings]
        findings += await of_policies.look(graph, [
            of_policies.case(case.wanted, entity) for name, case in tenant.cases.items()
            if case.wanted["credential"] == "client_secret" and (entity := seen[name].entity) is not None
        ])
        findings += await _mailboxes(graph, tenant, limited=limited)
    return findings + (await _exchange(tenant.exchange, tenant, seen) if tenant.exchange else [])


async def _applications(
    graph: _graph.GraphClient, tenant: Tenant, *, limited: bool, at_once: int, progress: Progress
) -> dict[str, in_entra.Seen]:
    """What was found of each application.

    :param limited: whether the caller is known to lack permissions.
    """

    async def one(case: in_entra.Case) -> Verdict:
        try:
            return done("", seen=await in_entra.application(graph, tenant.connection, case, tenant.due_within))
        except ModernAuthError as error:
            if limited and in_entra.is_forbidden(error):
                return done("", seen=in_entra.Seen(case.subject.unknown(sorted(in_entra.CHECKS), _MAY_NOT)))
            raise

    verdicts = await each(tenant.cases, one, at_once=at_once, progress=progress)
    return {
        name: verdict["seen"] if not verdict["failed"] else in_entra.Seen(
            tenant.cases[name].subject.cross("registration", *parts(verdict))
        ) for name, verdict in verdicts.items()
    }


async def _mailboxes(graph: _graph.GraphClient, tenant: Tenant, *, limited: bool) -> list[Finding]:
    wanted: dict[str, tuple[Subject, str]] = {}
    for named in tenant.named().values():
        roles = {"mailboxes": named["mailboxes"], "users": named["users"]}
        roles |= {role: [named[role]] for role in ("foreign", "reader") if named[role]}
        for role, addresses in roles.items():
            for address in addresses:
                wanted.setdefault(address, (tenant.mailbox(address), role))
    try:
        found = await in_entra.mailboxes(graph, wanted) if wanted else {}
    except ModernAuthError as error:
        if limited and in_entra.is_forbidden(error):
            return [one for subject, _role in wanted.values() for one in subject.unknown(["licence"], _MAY_NOT)]
        return [one for subject, _role in wanted.values() for one in subject.error("licence", error)]
    return [one for of_one in found.values() for one in of_one]


async def _exchange(
    options: Mapping[str, Any], tenant: Tenant, seen: Mapping[str, in_entra.Seen]
) -> list[Finding]:
    work: Sequence[in_exchange.Case] = [
        in_exchange.Case(
            case.subject, case.wanted["exchange"], seen[name].client_id, seen[name].principal_id,
            [foreign for host in case.wanted["hosts"] if (foreign := tenant.plans[host]["foreign"])],
        )
        for name, case in tenant.cases.items() if case.wanted["exchange"]
    ]
    try:
        async with exchange_session(options) as session:
            findings = await in_exchange.look(session, work, tenant.mailbox)
            for one in tenant.readers:
                findings += await in_exchange.reader(session, one)
            return findings
    except ModernAuthError as error:
        return CONTROLLER.error("caller_exchange", error)
