# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Users by address. https://learn.microsoft.com/graph/api/user-list"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request, quoted

READ = "User.ReadBasic.All"


def _request(address: str) -> Request:
    address = quoted(address)
    return Request(
        "GET",
        f"/users?$filter=userPrincipalName%20eq%20{address}%20or%20mail%20eq%20{address}&$select=id,userPrincipalName,mail",
        "look up users by their addresses",
        READ,
    )


async def look_up(graph: GraphClient, addresses: Sequence[str]) -> dict[str, Entity | None]:
    """The users whose user principal name or mail address is one of these, by the address that was asked for.

    :raises GraphError: among others if the caller may not read users.
    """
    answers = await graph.batch([_request(address) for address in addresses])
    users = [answer.ok().body.get("value") or [None] for answer in answers]
    return dict(zip(addresses, (found[0] for found in users), strict=True))
