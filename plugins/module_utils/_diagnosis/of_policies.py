# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether the tenant's app management policies allow the client secrets that a plan wants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    CONTROLLER,
    Finding,
    Subject,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.in_entra import is_forbidden
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import app_policy
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.app_policy import Restriction
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import (
    SECRET,
    Registration,
    duration,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient

CHECK = "policies"
#: Those in force for an application, by type.
Restrictions: TypeAlias = Mapping[str, Restriction]
_OWN = "an application can have one of its own"


@dataclass(frozen=True)
class Case:
    """An application that gets a client secret.

    :param subject: what it is told of.
    :param lifetime: how long its secrets shall be valid.
    :param exists: whether it is registered, so that it can have a policy of its own.
    """

    subject: Subject
    lifetime: timedelta
    registration: Registration
    exists: bool


def case(wanted: Mapping[str, Any], entity: Mapping[str, Any]) -> Case:
    """An application of a plan.

    :param entity: as Graph shows it; empty if it is not registered yet.
    """
    created = entity.get("createdDateTime")
    return Case(
        Subject(CONTROLLER.kind, CONTROLLER.about, tuple(wanted["hosts"])),
        duration("secret.lifetime", wanted["secret"]["lifetime"]),
        Registration(
            SECRET, f"/applications/{entity.get('id')}", wanted["unique_name"], [], datetime.now(UTC),
            datetime.fromisoformat(created) if created else None,
        ),
        exists=bool(entity),
    )


async def look(graph: GraphClient, cases: Sequence[Case]) -> list[Finding]:
    """What policies forbid, for all applications at once; their own are read only if there are any."""
    if not cases:
        return []
    try:
        default, others = await app_policy.of_tenant(graph)
        able = [one for one in cases if one.exists and others]
        own = await app_policy.of_applications(graph, [one.registration for one in able])
    except ModernAuthError as error:
        if is_forbidden(error):
            return CONTROLLER.unknown([CHECK], f"the caller may not read them, which takes {app_policy.READ}")
        return CONTROLLER.error(CHECK, error)
    assigned = {one.registration.path: policies for one, policies in zip(able, own, strict=True)}
    findings = [
        found for one, restrictions in _together([
            (one, app_policy.in_force(one.registration, assigned.get(one.registration.path, []), default))
            for one in cases
        ]) for found in judge(one, restrictions)
    ]
    return findings or CONTROLLER.ok(CHECK)


def _together(restricted: Iterable[tuple[Case, Restrictions]]) -> Iterator[tuple[Case, Restrictions]]:
    """Applications that want the same, and may do the same, as one that is called by all their names."""
    alike: dict[Any, list[tuple[Case, Restrictions]]] = {}
    for one, restrictions in restricted:
        alike.setdefault((one.lifetime, frozenset(restrictions.items())), []).append((one, restrictions))
    for [(first, restrictions), *others] in alike.values():
        same = [first, *(one for one, _same in others)]
        hosts = tuple(dict.fromkeys(host for one in same for host in one.subject.hosts))
        names = ", ".join(one.registration.label for one in same)
        yield replace(
            first, subject=replace(first.subject, hosts=hosts), registration=replace(first.registration, label=names)
        ), restrictions


def judge(one: Case, restrictions: Restrictions) -> list[Finding]:
    """What is wrong with an application's secrets; nothing if they are allowed. Pure."""
    name = one.registration.label
    exempt = app_policy.exempting(SECRET, restrictions)
    if exempt is not None:
        return one.subject.unknown([CHECK], (
            f'the policy "{exempt.policy}" forbids {name} a client secret, but exempts callers, and Microsoft Graph '
            "alone knows whether this is one"
        ))
    try:
        allowed = app_policy.decide(one.registration, restrictions, one.lifetime, timedelta())
    except InputError as error:
        return one.subject.cross(CHECK, error.message, f"Have the policy changed; {_OWN}.")
    if allowed.limit is not None:
        return one.subject.cross(
            CHECK, f"{allowed.limit[0].upper()}{allowed.limit[1:]}",
            f"Give a lifetime in mail_app.secret that the policy allows, or have it changed; {_OWN}.",
        )
    return []
