# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Roles that an application has in Exchange, limited to the mailboxes of a management scope: what has to change. Pure.

https://learn.microsoft.com/exchange/permissions-exo/application-rbac. Rights add up: what Entra grants holds for every
mailbox, whatever the scope says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import application_roles, recipient_filters


@dataclass(frozen=True)
class Scope:
    """A management scope. ``is_exclusive``: such a one does not limit applications."""

    name: str
    filter: str
    is_exclusive: bool = False

    def shown(self) -> dict[str, Any]:
        """The scope as modules return it."""
        return {"name": self.name, **recipient_filters.shown(self.filter)}


@dataclass(frozen=True)
class Assignment:
    """A role that an application has.

    :param name: what cmdlets call it; "" for one not yet made.
    :param scope: the management scope's name, or None.
    :param limit: what else limits it: a group, an administrative unit; None.
    """

    name: str
    role: str
    scope: str | None
    limit: str | None = None
    is_enabled: bool = True

    def shown(self) -> dict[str, Any]:
        """The assignment as modules return it."""
        return {"role": self.role, "scope": self.scope, "limit": self.limit, "enabled": self.is_enabled}


@dataclass(frozen=True)
class State:
    """What Exchange has.

    :param assignments: this application's.
    :param used: names of the scopes that other applications or people are limited by.
    :param policies: this application's application access policies.
    """

    scopes: Sequence[Scope]
    assignments: Sequence[Assignment]
    used: Collection[str] = ()
    policies: Sequence[Mapping[str, Any]] = ()

    def scope(self, name: str) -> Scope | None:
        """The scope of that name."""
        return next((one for one in self.scopes if one.name.casefold() == name.casefold()), None)

    def is_used(self, scope: Scope) -> bool:
        """Whether others are limited by the scope."""
        return scope.name.casefold() in {name.casefold() for name in self.used}


@dataclass(frozen=True)
class Change:
    """What separates the state from the wanted one.

    :param scope: the one that the roles are limited by, as it will be; None where there will be none.
    """

    scope: Scope | None
    create: bool = False
    rewrite: bool = False
    assign: Sequence[str] = ()
    enable: Sequence[Assignment] = ()
    unassign: Sequence[Assignment] = ()
    drop: Scope | None = None

    def __bool__(self) -> bool:
        return bool(self.create or self.rewrite or self.assign or self.enable or self.unassign or self.drop)


def is_inside(assignment: Assignment, scope: Scope) -> bool:
    """Whether an assignment is limited by a scope and nothing else."""
    return assignment.limit is None and (assignment.scope or "").casefold() == scope.name.casefold()


def plan(state: State, roles: Sequence[str], scope_name: str, wanted: str, *, purge: bool) -> Change:
    """What has to change so that the application has the roles in the scope.

    :param wanted: the scope's filter.
    :param purge: whether every other role of the application is taken away.
    :raises InputError: if the scope cannot be had under that name.
    """
    named = state.scope(scope_name)
    equal = [one for one in state.scopes if not one.is_exclusive and recipient_filters.are_same(one.filter, wanted)]
    if named is not None and named.is_exclusive:
        raise InputError(
            f"scope_name: the scope {named.name} is exclusive, and such scopes do not limit applications.",
            remedy="Give another scope_name.",
        )
    if named is not None and equal and named not in equal:
        raise InputError(
            f"Exchange has the scope {equal[0].name} with the same filter already, and will not have a second one "
            f"beside {named.name}.", remedy=f"Give scope_name: {equal[0].name}, or remove one of the two.",
        )
    standing = named or (equal[0] if equal else None)
    scope = replace(standing, filter=wanted) if standing else Scope(scope_name, wanted)
    inside = [one for one in state.assignments if is_inside(one, scope) and one.role in roles]
    return Change(
        scope, create=standing is None, rewrite=standing is not None and not equal,
        assign=[role for role in roles if role not in {one.role for one in inside}],
        enable=[one for one in inside if not one.is_enabled],
        unassign=[one for one in state.assignments if one not in inside] if purge else [],
    )


def plan_removal(
    state: State, roles: Sequence[str], scope_name: str, wanted: str | None, *, purge: bool
) -> Change:
    """What has to change so that the application does not have the roles in the scope.

    The scope goes too, if it has the given name and nobody uses it any more.

    :param roles: none for all.
    :param wanted: a filter by which the scope is known, if it is another one's; or None.
    """
    named = state.scope(scope_name)
    equal = [one for one in state.scopes if wanted is not None and recipient_filters.are_same(one.filter, wanted)]
    targets = [*([named] if named else []), *(one for one in equal if one != named)]
    unassign = [
        one for one in state.assignments
        if purge or (any(is_inside(one, scope) for scope in targets) and (not roles or one.role in roles))
    ]
    left = [one for one in state.assignments if one not in unassign]
    is_free = named is not None and not state.is_used(named) and not any(is_inside(one, named) for one in left)
    shown = targets[0] if targets else None
    return Change(
        None if is_free and shown == named else shown, unassign=unassign, drop=named if is_free else None
    )


def predicted(state: State, change: Change) -> State:
    """The state after a change."""
    gone = [*change.unassign, *change.enable]
    scopes = [one for one in state.scopes if one not in (change.drop,) and not _is_same(one, change.scope)]
    return replace(
        state, scopes=[*scopes, *([change.scope] if change.scope else [])],
        assignments=[
            *(one for one in state.assignments if one not in gone),
            *(replace(one, is_enabled=True) for one in change.enable if one not in change.unassign),
            *(Assignment("", role, change.scope.name) for role in change.assign if change.scope),
        ],
    )


def defeats(
    state: State, roles: Iterable[str], scope: Scope | None, granted: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What gives the application beyond the scope what the roles give it there.

    :param granted: application permissions in Entra, as ``consent.granted_by_name`` tells them.
    """
    others = [one for one in state.assignments if one.is_enabled and not (scope and is_inside(one, scope))]
    found: list[dict[str, Any]] = []
    for role in roles:
        found += [
            {"granted_in": "entra", "permission": permission, "resource": one["resource"], "scope": None}
            for one in granted for permission in application_roles.covering(role, one["application"])
        ]
        found += [
            {"granted_in": "exchange", "permission": one.role, "resource": None, "scope": one.scope or one.limit}
            for one in others if application_roles.covering(role, application_roles.permissions(one.role))
        ]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def advice(defeated_by: Sequence[Mapping[str, Any]], policies: Sequence[Mapping[str, Any]]) -> list[str]:
    """Warnings for what stands beside the scope."""
    entra = ", ".join(f"{one['permission']} ({one['resource']})" for one in defeated_by if one["granted_in"] == "entra")
    exchange = ", ".join(
        f"{one['permission']} ({one['scope'] or 'every mailbox'})"
        for one in defeated_by if one["granted_in"] == "exchange"
    )
    warnings = []
    if entra:
        warnings.append(
            f"The scope limits nothing as long as the application is granted {entra} in Entra, which holds for every "
            "mailbox: revoke it with entra_admin_consent, state absent."
        )
    if exchange:
        warnings.append(
            f"The application reaches beyond the scope, since it has {exchange} in Exchange too: take that away with "
            "purge."
        )
    if policies:
        names = ", ".join(f"{one['access_right']} {one['scope']}" for one in policies)
        warnings.append(
            f"The application has application access policies ({names}). They do not limit roles in Exchange, only "
            "permissions granted in Entra, and Microsoft replaces them by such roles: assign the roles, revoke the "
            "permissions in Entra, then remove the policies with Remove-ApplicationAccessPolicy."
        )
    return warnings


def shown_policies(state: State) -> list[dict[str, Any]]:
    """The application access policies as modules return them."""
    return [
        {
            "identity": row["Identity"], "access_right": row["AccessRight"], "scope": row.get("ScopeName"),
            "description": row.get("Description"),
        }
        for row in state.policies
    ]


def shown(state: State, scope: Scope | None) -> dict[str, Any]:
    """The roles in a scope, and the others, as modules return them."""
    inside = [one for one in state.assignments if scope is not None and is_inside(one, scope)]
    standing = scope and state.scope(scope.name)
    return {
        "scope": standing and standing.shown(),
        "roles": sorted(one.role for one in inside if one.is_enabled),
        "other_assignments": sorted(
            (one.shown() for one in state.assignments if one not in inside or not one.is_enabled),
            key=lambda one: (one["role"], str(one["scope"]), str(one["limit"])),
        ),
    }


def _is_same(one: Scope, other: Scope | None) -> bool:
    return other is not None and one.name.casefold() == other.name.casefold()
