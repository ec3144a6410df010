# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which credentials of applications nobody signs in with any more, as Entra's report of them tells.

https://learn.microsoft.com/graph/api/reportroot-list-appcredentialsigninactivities; it is in /beta alone, and in
Microsoft's worldwide cloud alone. A credential that is not in it has no sign-in that Entra knows of.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import credentials, legacy_sign_ins
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request

VERSION, READ = legacy_sign_ins.VERSION, legacy_sign_ins.READ


async def last_sign_ins(graph: GraphClient) -> dict[str, str]:
    """The moment of the last sign-in with each credential, by its key id in lower case.

    :param graph: a client for ``VERSION``.
    :raises GraphError: among others if the caller may not read the report, or the tenant has no licence for it.
    """
    request = Request("GET", "/reports/appCredentialSignInActivities", "read the report of credentials", READ)
    try:
        entries = await graph.pages(await graph.send(request))
    except GraphError as error:
        legacy_sign_ins.explain(error)
        raise
    return {
        str(entry["keyId"]).lower(): moment for entry in entries
        if (moment := (entry.get("signInActivity") or {}).get("lastSignInDateTime"))
    }


def unused(reading: credentials.Reading, last: Mapping[str, str], days: int) -> list[Entity]:
    """The credentials that are valid and were not signed in with lately. Pure.

    A credential that is younger than that is left out: its first use may be to come.

    :param last: as ``last_sign_ins`` gives it.
    :returns: {application, app_id, kind, display_name, key_id, last: the moment or None}.
    """
    moment = reading.moment
    return [] if moment is None else [
        {
            "application": application.get("displayName"), "app_id": application["appId"], "kind": kind,
            "display_name": one.get("displayName"), "key_id": one["keyId"], "last": last.get(str(one["keyId"]).lower()),
        }
        for application in reading.applications for kind, name in credentials.KINDS.items()
        for one in application.get(name) or []
        if _is_valid(one, moment) and not _is_recent(one.get("startDateTime"), moment, days)
        and not _is_recent(last.get(str(one["keyId"]).lower()), moment, days)
    ]


def _is_valid(credential: Mapping[str, Any], moment: datetime) -> bool:
    return datetime.fromisoformat(credential["endDateTime"]) > moment


def _is_recent(text: str | None, moment: datetime, days: int) -> bool:
    return text is not None and moment - datetime.fromisoformat(text) < timedelta(days=days)
