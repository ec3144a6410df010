# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who signs in to mail by legacy authentication, which is with a password, as Entra's log of sign-ins tells.

https://learn.microsoft.com/graph/api/signin-list. Version 1.0 of Graph shows interactive sign-ins only, /beta the
others too. It filters by equality alone, so that each name of a client is a request of its own; five are allowed in ten
seconds, and the client waits. Names of clients:
https://learn.microsoft.com/entra/identity/conditional-access/policy-block-legacy-authentication
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request, quoted

#: The version of Graph that tells of all kinds of sign-ins.
VERSION = "beta"
READ = "AuditLog.Read.All"
#: How long Entra keeps the log with a licence that lets it be read, in days.
LONGEST = 30
#: Where a sign-in stands in the log: protocols by what ``clientAppUsed`` calls them now, and has called them.
CLIENT_APPS: Mapping[str, Sequence[str]] = {
    "smtp": ("Authenticated SMTP", "SMTP"),
    "imap": ("IMAP4", "IMAP", "Other clients; IMAP"),
    "pop3": ("POP3", "POP"),
    "ews": ("Exchange Web Services",),
    "other": (
        "Other clients", "Other clients; Older Office clients", "Exchange ActiveSync",
        "Exchange ActiveSync (unSupported)", "AutoDiscover", "MAPI", "MAPI Over HTTP",
        "Outlook Anywhere (RPC over HTTP)", "Offline Address Book", "Exchange Online PowerShell",
        "Reporting Web Services",
    ),
}
KINDS = ("interactiveUser", "nonInteractiveUser")
_NO_LICENCE = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
_NO_DIRECTORY = "Authentication_ApplicationHasNoDirectoryReadAccess"


@dataclass(frozen=True)
class Log:
    """What the log says.

    :param since: the moment from which on it was looked at, "2026-11-28T21:00:00Z"; ``until`` is that of the look.
    :param clients: one entry for each client, see ``clients_of``.
    :param unreadable: why it cannot be read in this tenant. There may be clients all the same.
    """

    since: str
    until: str
    clients: Sequence[Entity] = ()
    unreadable: str | None = None


async def read(graph: GraphClient, protocols: Iterable[str], days: int) -> Log:
    """Who has signed in to mail with a password, or tried to.

    :param graph: a client for ``VERSION``.
    :param days: how far back; Entra keeps 30.
    :raises GraphError: among others if the caller may not read the log.
    """
    now = datetime.now(UTC)
    since, until = ((now - timedelta(days=ago)).strftime("%Y-%m-%dT%H:%M:%SZ") for ago in (days, 0))
    found: dict[str, Entity] = {}
    for protocol in protocols:
        for client_app in CLIENT_APPS[protocol]:
            for kind in KINDS:
                try:
                    entries = await graph.pages(await graph.send(_request(client_app, kind, since)))
                except GraphError as error:
                    explain(error)
                    if error.code == _NO_LICENCE:
                        return Log(since, until, unreadable=error.remedy)
                    raise
                found |= {str(entry["id"]): {**entry, "protocol": protocol} for entry in entries}
    return Log(since, until, clients_of(found.values()))


def explain(error: GraphError) -> None:
    """Give a refusal of the log, or of a report that is made of it, the remedy that its own words do not tell."""
    if error.code == _NO_LICENCE:
        error.remedy = "The tenant has no licence of Entra ID P1 or P2."
    if error.code == _NO_DIRECTORY:
        error.remedy = f"The caller needs Directory.Read.All on Microsoft Graph beside {READ}."


def clients_of(entries: Iterable[Mapping[str, Any]]) -> list[Entity]:
    """The clients behind sign-ins: whose account, by which protocol, from which address. Pure.

    :param entries: Graph's signIn, each with its ``protocol``.
    :returns: {protocol, client_app, user_principal_name, application, ip_address, succeeded, failed, errors: {AADSTS
        number: how often}, first, last}; the most frequent first.
    """
    by_client: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for entry in entries:
        who = (
            entry["protocol"], *(str(entry.get(name) or "") for name in (
                "clientAppUsed", "userPrincipalName", "appDisplayName", "ipAddress",
            )),
        )
        by_client.setdefault(who, []).append(entry)
    clients = [_client(who, some) for who, some in by_client.items()]
    return sorted(clients, key=lambda one: (-one["succeeded"], -one["failed"], one["user_principal_name"]))


def _client(who: Sequence[str], entries: Sequence[Mapping[str, Any]]) -> Entity:
    codes = Counter(int((entry.get("status") or {}).get("errorCode") or 0) for entry in entries)
    moments = sorted(str(entry.get("createdDateTime") or "") for entry in entries)
    names = ("protocol", "client_app", "user_principal_name", "application", "ip_address")
    return {
        **dict(zip(names, who, strict=True)),
        "succeeded": codes[0], "failed": codes.total() - codes[0],
        "errors": {str(code): number for code, number in sorted(codes.items()) if code},
        "first": moments[0], "last": moments[-1],
    }


def _request(client_app: str, kind: str, since: str) -> Request:
    condition = (
        f"clientAppUsed%20eq%20{quoted(client_app)}%20and%20createdDateTime%20ge%20{since}"
        f"%20and%20signInEventTypes/any(one:one%20eq%20{quoted(kind)})"
    )
    return Request("GET", f"/auditLogs/signIns?$filter={condition}", "read the log of sign-ins", READ)
