"""Microsoft's own public clients, which every tenant knows without a registration.

Client ids: those of the Azure CLI and of Microsoft Graph Command Line Tools are in both tools' sources, Exchange
PowerShell's is that of the module ExchangeOnlineManagement. What the Azure CLI may do on Graph was seen in its tokens;
that a client of Microsoft's gets nothing of a resource which has not preauthorized it is AADSTS65002 (azure-cli#23485).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from m365_sandbox.state.resources import EXCHANGE_APP_ID, GRAPH_APP_ID

MANAGEMENT_APP_ID = "797f4846-ba00-4fd7-ba43-dac1f8f63013"


@dataclass(frozen=True)
class FirstParty:
    """One of them.

    :param preauthorized: by the resource's appId, the delegated permissions that it has without anybody's consent.
    :param asks: whether it may ask people for more.
    """

    name: str
    preauthorized: Mapping[str, frozenset[str]] = field(default_factory=dict)
    asks: bool = False


FIRST_PARTY: Mapping[str, FirstParty] = {
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": FirstParty("Microsoft Azure CLI", {
        GRAPH_APP_ID: frozenset({
            "AuditLog.Read.All", "Directory.AccessAsUser.All", "Group.ReadWrite.All", "User.ReadWrite.All",
        }),
        MANAGEMENT_APP_ID: frozenset({"user_impersonation"}),
    }),
    "14d82eec-204b-4c2f-b7e8-296a70dab67e": FirstParty("Microsoft Graph Command Line Tools", asks=True),
    # Its tokens really name permissions of the admin API whose ids are not published.
    "fb78d390-0c51-40cd-8e17-fdbfab77341b": FirstParty("Microsoft Exchange REST API Based Powershell", {
        EXCHANGE_APP_ID: frozenset({"Exchange.Manage"}),
    }),
}
