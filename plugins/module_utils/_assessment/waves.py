# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""In which wave each host goes. Pure.

Test goes before production: wave 0 is one host of each product outside of production, wave 1 the others there. In
production those whose mailboxes nobody else uses go in wave 2, and those that share one in wave 3. Hosts that share an
application go together, with the last of them. A host whose environment is not said is taken for production.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WORDS = (
    "One test host of each product", "The rest of the test environments",
    "Production, mailboxes that nobody else uses", "Production, mailboxes that several use",
)
PRODUCTION = 2


def waves(
    hosts: Sequence[Mapping[str, Any]], users: Mapping[str, int], production: frozenset[str]
) -> dict[str, int]:
    """The wave of each host that has something to move, by its name.

    :param hosts: {host, product, environment, due, mailboxes, applications}, in the inventory's order.
    :param users: from how many places each mailbox is used beside the inventory, by its address in lower case.
    :param production: the names of environments that are production, in lower case.
    """
    due = [one for one in hosts if one["due"]]
    of_mailbox: dict[str, set[str]] = {}
    for one in hosts:
        for mailbox in one["mailboxes"]:
            of_mailbox.setdefault(mailbox.lower(), set()).add(one["host"])
    pioneers: set[str] = set()
    found: dict[str, int] = {}
    for one in due:
        environment = str(one["environment"] or "").lower()
        if not environment or environment in production:
            is_shared = any(
                len(of_mailbox[name.lower()]) > 1 or users.get(name.lower(), 0) > 1 for name in one["mailboxes"]
            )
            found[one["host"]] = PRODUCTION + is_shared
        else:
            found[one["host"]] = int(one["product"] in pioneers)
            pioneers.add(one["product"])
    return _together(due, found)


def _together(due: Sequence[Mapping[str, Any]], found: dict[str, int]) -> dict[str, int]:
    """Hosts that share an application, all in the last of their waves."""
    while True:
        last: dict[str, int] = {}
        for one in due:
            for application in one["applications"]:
                last[application] = max(last.get(application, 0), found[one["host"]])
        moved = {
            one["host"]: max([found[one["host"]], *(last[application] for application in one["applications"])])
            for one in due
        }
        if moved == found:
            return found
        found = moved
