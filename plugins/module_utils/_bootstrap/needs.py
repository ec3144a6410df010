# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which permissions the caller needs for a plan, and what for. Pure.

docs/least-privilege.md has them by module. A permission that contains another stands for both:
https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import ENTRA
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import (
    EXCHANGE,
    GRAPH,
    Rights,
    rights,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Access

OWNED, ALL = "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"
READ = "Application.Read.All"
ASSIGN = "AppRoleAssignment.ReadWrite.All"
READ_GRANTS, GRANT = "DelegatedPermissionGrant.Read.All", "DelegatedPermissionGrant.ReadWrite.All"
READ_USERS, READ_DIRECTORY = "User.ReadBasic.All", "Directory.Read.All"
MANAGE_EXCHANGE = "Exchange.ManageAsApp"
#: What reading a mailbox takes, by transport: the proof's mail is deleted after it was found.
READING: Mapping[str, tuple[str, str]] = {
    "graph": (GRAPH, "Mail.ReadWrite"), "imap": (EXCHANGE, "IMAP.AccessAsApp"), "pop3": (EXCHANGE, "POP.AccessAsApp"),
}

_CONTAINED: Mapping[str, frozenset[str]] = {
    ALL: frozenset({OWNED, READ}),
    READ_DIRECTORY: frozenset({READ, READ_GRANTS, READ_USERS}),
    "Directory.ReadWrite.All": frozenset({READ_DIRECTORY, READ, READ_GRANTS, READ_USERS, GRANT}),
    GRANT: frozenset({READ_GRANTS}),
    **dict.fromkeys(("User.Read.All", "User.ReadWrite.All"), frozenset({READ_USERS})),
}


@dataclass(frozen=True)
class Needs:
    """What the caller has to be allowed to do.

    :param permissions: application permissions of Microsoft Graph, by name, each with what it is for.
    :param exchange: whether it administers Exchange as well.
    """

    permissions: Mapping[str, str]
    exchange: bool

    @property
    def declared(self) -> list[dict[str, Any]]:
        """The permissions as the module entra_application takes them."""
        named = {GRAPH: list(self.permissions), EXCHANGE: [MANAGE_EXCHANGE] if self.exchange else []}
        return [
            {"resource": resource, "application": names, "delegated": []} for resource, names in named.items() if names
        ]


def needs(applications: Iterable[Mapping[str, Any]], hosts: Iterable[Mapping[str, Any]]) -> Needs:
    """What the caller of a plan needs, and not one thing more.

    :param applications, hosts: as the plan has them, see _plan/estate.py.
    """
    own = [one for one in applications if one["identity"] == ENTRA]
    if not own:
        return Needs({}, False)
    found = {name: why for name, why in _reasons(own, list(hosts)).items() if why is not None}
    contained = {name for held in found for name in _CONTAINED.get(held, ())}
    return Needs(
        {name: why for name, why in found.items() if name not in contained}, any(one["exchange"] for one in own)
    )


def lacking(needed: Needs, held: Collection[str]) -> dict[str, str]:
    """What a caller would need besides, each with what it is for.

    :param held: the application permissions of Microsoft Graph that it has, by name.
    """
    has = {*held, *(name for one in held for name in _CONTAINED.get(one, ()))}
    return {name: why for name, why in needed.permissions.items() if name not in has}


def reading(hosts: Iterable[Mapping[str, Any]]) -> Rights | None:
    """What an application needs that reads the mailboxes in which the proofs have to arrive, and no other.

    :param hosts: as the plan has them.
    :returns: None if nobody has to read any.
    """
    read = [host["reads"] for host in hosts if host.get("reads")]
    accesses = [Access(one["transport"], one["mailbox"]) for one in read]
    permissions = [READING[transport] for transport in dict.fromkeys(one.transport for one in accesses)]
    return rights(
        [{"resource": resource, "application": [name], "delegated": []} for resource, name in permissions], accesses,
        {"scope": "mailboxes"},
    ) if accesses else None


def _reasons(own: Sequence[Mapping[str, Any]], hosts: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """What each permission of Microsoft Graph is for; None where it is for nothing."""
    consented = [one for one in own if one.get("consent", "organization") == "organization"]
    roles, scopes = ", ".join(_names(own, "application")), ", ".join(_names(consented, "delegated"))
    adopted, owned = any(one.get("adopt") for one in own), any(one.get("owners") for one in own)
    exclusive = any(one["exclusive"] for one in own)
    looked_up = any(host.get("foreign") or host.get("users") for host in hosts)
    return {
        OWNED: "register the applications, and look after their secrets",
        ALL: "work on applications that somebody else registered (mail_app.adopt), and look after their secrets"
        if adopted else None,
        READ: "look up permissions and names",
        ASSIGN: f"grant them {roles}" if roles else None,
        GRANT: f"consent to {scopes} for everybody" if scopes else None,
        READ_GRANTS: "see that nothing is granted which defeats a scope (mail_access)" if exclusive else None,
        READ_USERS: "look up the mailboxes that are named" if looked_up else None,
        READ_DIRECTORY: "name owners of the applications (mail_app.owners)" if owned else None,
    }


def _names(applications: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """The permissions of a kind that the applications need."""
    return list(dict.fromkeys(name for one in applications for entry in one["permissions"] for name in entry[kind]))


#: Every permission that a caller may need, by name.
PERMISSIONS = frozenset({*_reasons([], []), MANAGE_EXCHANGE})
