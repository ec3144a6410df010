# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The tenant's side of an assessment, each part by itself: what cannot be read says why, and never looks empty."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import (
    credential_activity,
    credentials,
    identity_policies,
    legacy_sign_ins,
    mail_permissions,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import legacy_access
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient

Data = dict[str, Any]
PARTS = ("sign_ins", "policies", "exchange", "applications", "credentials", "unused_credentials")


async def read(
    graph: GraphClient, log: GraphClient, session: Callable[[], ExchangeSession], accounts: Iterable[str], days: int,
    due_within: timedelta,
) -> Data:
    """Everything, by PARTS; each {readable: True, and what was read}, or {readable: False, reason: a sentence}.

    :param log: a client for legacy_sign_ins.VERSION.
    :param session: opens Exchange.
    :param accounts: those of the inventory, whose mailboxes' switches are told.
    :param days: how far to look back in the log, and after how long without a sign-in a credential counts as unused.
    """
    return {
        "sign_ins": await part(lambda: _sign_ins(log, days)),
        "policies": await part(lambda: identity_policies.read(graph)),
        "exchange": await part(lambda: _exchange(session, accounts)),
        "applications": await part(lambda: _applications(graph)),
        "credentials": await part(lambda: _credentials(graph, due_within)),
        "unused_credentials": await part(lambda: _unused_credentials(graph, log, days)),
    }


async def part(reading: Callable[[], Awaitable[Data]]) -> Data:
    """What was read, or why it was not."""
    try:
        return {"readable": True, **await reading()}
    except ModernAuthError as error:
        return unreadable(error)


def unreadable(error: ModernAuthError) -> Data:
    """Why something cannot be read, with what would help."""
    return {"readable": False, "reason": " ".join(filter(None, (error.message, error.remedy)))}


async def _sign_ins(log: GraphClient, days: int) -> Data:
    found = await legacy_sign_ins.read(log, ("smtp", "imap", "pop3", "ews"), days)
    if found.unreadable:
        return {"readable": False, "reason": found.unreadable}
    return {"since": found.since, "until": found.until, "clients": list(found.clients)}


async def _exchange(session: Callable[[], ExchangeSession], accounts: Iterable[str]) -> Data:
    async with session() as exchange:
        policies = await exchange.invoke("Get-ApplicationAccessPolicy")
        reading = await legacy_access.read(exchange)
        return {
            **legacy_access.told(reading), "accounts": legacy_access.switches(reading, accounts),
            "access_policies": [
                {"app_id": one.get("AppId"), "access_right": one.get("AccessRight"), "scope": one.get("ScopeName")}
                for one in policies
            ],
        }


async def _applications(graph: GraphClient) -> Data:
    return {"applications": await mail_permissions.tenant_wide(graph)}


async def _credentials(graph: GraphClient, due_within: timedelta) -> Data:
    told: Mapping[str, Any] = credentials.told(await credentials.read_all(graph), due_within)
    return {"credentials": [
        {"application": one["display_name"], "app_id": one["app_id"], **credential}
        for one in told["applications"] for credential in one["credentials"] if credential["status"] != "ok"
    ]}


async def _unused_credentials(graph: GraphClient, log: GraphClient, days: int) -> Data:
    last = await credential_activity.last_sign_ins(log)
    return {"credentials": credential_activity.unused(await credentials.read_all(graph), last, days)}
