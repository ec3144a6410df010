# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the app management policy says about a credential that is about to be made.

An application has one policy of its own or none. A restriction in it takes the place of the one of the same type in the
tenant's default; what it does not mention is decided by the default, since December 2024:
https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import (
    CERTIFICATE,
    SECRET,
    Kind,
    Registration,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request

READ = "Policy.Read.All"

#: The restriction that forbids a kind of credential, and the one that limits how long it is valid.
_FORBIDS = {SECRET: "passwordAddition"}
_LIMITS = {SECRET: "passwordLifetime", CERTIFICATE: "asymmetricKeyLifetime"}
_INSTEAD = {
    SECRET: "Use a certificate (entra_application_certificate), or a federated credential (entra_federated_credential) "
    "where the client gets tokens from an issuer of its own; or have the policy changed for this application.",
    CERTIFICATE: "Give a certificate of an authority that the policy trusts (source_path), use a federated credential "
    "(entra_federated_credential), or have the policy changed for this application.",
}
_SHORTER = "Give a lifetime that the policy allows, or have the policy changed for this application."

_DEFAULT = Request("GET", "/policies/defaultAppManagementPolicy", "read the tenant's app management policy", READ)
_OTHERS = Request("GET", "/policies/appManagementPolicies", "read the app management policies", READ)

# Edm.Duration knows days and smaller units only.
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


@dataclass(frozen=True)
class Restriction:
    """A restriction that is in force for an application.

    :param policy: the display name of the policy that it is part of.
    :param longest: how long a credential may be valid; None if the restriction says nothing of it.
    :param exempts: whether it exempts callers. Which ones cannot be told from here: Graph itself knows.
    """

    policy: str
    longest: timedelta | None = None
    exempts: bool = False


@dataclass(frozen=True)
class Allowed:
    """How long a new credential may be valid.

    :param limit: who allows no more, if that is less than asked for.
    """

    lifetime: timedelta
    limit: str | None = None

    @property
    def warnings(self) -> list[str]:
        """What is said to somebody who gets less than asked for."""
        return [f"lifetime: {self.limit}"] if self.limit else []


def in_force(
    registration: Registration, own: Sequence[Mapping[str, Any]], default: Mapping[str, Any]
) -> dict[str, Restriction]:
    """The restrictions for an application's credentials of a kind, by type. Pure.

    :param own: the policies that are assigned to it; one at most. Microsoft does not say whether one that is switched
        off exempts the application from the default, and here it does not: obeying too much does less harm.
    """
    policies = [(default, "applicationRestrictions"), *((policy, "restrictions") for policy in own)]
    defined = {
        one["restrictionType"]: (one, policy["displayName"])
        for policy, part in policies if policy.get("isEnabled")
        for one in (policy.get(part) or {}).get(registration.kind.api) or []
    }
    return {
        kind: Restriction(policy, _duration(one.get("maxLifetime")), bool(one.get("excludeActors")))
        for kind, (one, policy) in defined.items() if _is_for(one, registration.created)
    }


def exempting(kind: Kind, restrictions: Mapping[str, Restriction]) -> Restriction | None:
    """What forbids a kind of credential to some callers, and not to all; None if nothing does. Pure."""
    forbidden = restrictions.get(_FORBIDS.get(kind, ""))
    return forbidden if forbidden is not None and forbidden.exempts else None


def decide(
    registration: Registration, restrictions: Mapping[str, Restriction], lifetime: timedelta, renew_within: timedelta
) -> Allowed:
    """How long a new credential of the registration's kind may be valid. Pure.

    :param restrictions: those in force; none if they cannot be read.
    :raises InputError: if the policy forbids it, or it would be due as soon as it is made.
    """
    kind, label = registration.kind, registration.label
    forbidden = restrictions.get(_FORBIDS.get(kind, ""))
    if forbidden is not None and not forbidden.exempts:
        raise InputError(
            f'{label} may have no {kind.noun}: the app management policy "{forbidden.policy}" forbids it.',
            remedy=_INSTEAD[kind],
        )
    limit = restrictions.get(_LIMITS[kind])
    if limit is None or limit.longest is None or limit.longest >= lifetime:
        return Allowed(lifetime)
    allows = f'the app management policy "{limit.policy}" allows a {kind.noun} of {label} to be valid for '
    if limit.longest <= renew_within:
        raise InputError(
            f"renew_within: {allows}{_text(limit.longest)}, and with {_text(renew_within)} every run would make a new "
            "one.",
            remedy="Give a smaller renew_within, or have the policy changed for this application.",
        )
    return Allowed(limit.longest, f"{allows}{_text(limit.longest)} and no longer, not for {_text(lifetime)}.")


def explained(error: GraphError, kind: Kind) -> GraphError:
    """A refusal by a policy that could not be read before, with what can be done; any other one as it is."""
    if error.code == "CredentialTypeNotAllowedAsPerAppPolicy":
        error.remedy = _INSTEAD[kind]
    elif error.code == "CredentialInvalidLifetimeAsPerAppPolicy":
        error.remedy = _SHORTER
    return error


async def allowed(
    graph: GraphClient, registration: Registration, lifetime: timedelta, renew_within: timedelta
) -> Allowed:
    """Ask the policy. Whoever may not read it goes on, and Graph refuses what it forbids. Raises like ``decide``."""
    own, default = await graph.batch([_own(registration), _DEFAULT])
    if own.status >= 400 or default.status >= 400:
        return decide(registration, {}, lifetime, renew_within)
    found = in_force(registration, own.entity().get("value") or [], default.entity())
    return decide(registration, found, lifetime, renew_within)


async def of_tenant(graph: GraphClient) -> tuple[Entity, bool]:
    """The tenant's default policy, and whether there are others, which applications can have.

    :raises GraphError: among others if the caller may not read policies.
    """
    default, others = await graph.batch([_DEFAULT, _OTHERS])
    return default.entity(), bool(others.entity()["value"])


async def of_applications(graph: GraphClient, registrations: Sequence[Registration]) -> list[Sequence[Entity]]:
    """The policies that are assigned to each application.

    :raises GraphError: among others if the caller may not read policies.
    """
    answers = await graph.batch([_own(one) for one in registrations])
    return [answer.entity()["value"] for answer in answers]


def _own(registration: Registration) -> Request:
    return Request("GET", f"{registration.path}/appManagementPolicies", "read the app management policy", READ)


def _is_for(restriction: Mapping[str, Any], created: datetime | None) -> bool:
    """Whether it is in force for an application of that age. Policies of earlier years have no ``state``."""
    since = restriction.get("restrictForAppsCreatedAfterDateTime")
    is_young = since is None or created is None or created >= datetime.fromisoformat(since)
    return restriction.get("state", "enabled") == "enabled" and is_young


def _duration(text: str | None) -> timedelta | None:
    match = _DURATION.fullmatch(text or "")
    if match is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _text(length: timedelta) -> str:
    days = length / timedelta(days=1)
    return f"{days:g} days" if days >= 1 else f"{length / timedelta(hours=1):g} hours"
