# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a store may hold of applications that no host of the inventory uses any more. Pure.

Somebody switches a host from Graph to SMTP, or takes it out of the inventory: its application keeps its permissions and
a secret that works, and no plan speaks of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import ENTRA
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import NOTHING


def stores_of(
    usable: Mapping[str, Mapping[str, Any]], connections: Mapping[str, Mapping[str, Any]],
    plans: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Each store once: how it is reached, and the unique names of the applications of the inventory that it is for.

    :param usable: the plans of the run's hosts.
    :param connections: how each of them reaches its application.
    :param plans: those of the whole inventory.
    """
    found: dict[str, dict[str, Any]] = {}
    # Those with an application say best how others are reached. One that has none any more may have been the last one.
    for host, plan in sorted(usable.items(), key=lambda one: not one[1]["applications"]):
        if str(plan["same_store"]) in found:
            continue
        sharing = [other for other in plans.values() if other["same_store"] == plan["same_store"]]
        kept = [one for other in sharing for one in other["applications"]]
        connection = connections[host]
        found[str(plan["same_store"])] = {
            "store": plan["store"], "host": host, "environment": plan["environment"],
            "identity": next((one["identity"] for one in plan["applications"]), ENTRA),
            **connection,
            "in_exchange": bool(connection["exchange_connection"]) or any(one["exchange"] for one in kept),
            "applications": sorted({one["unique_name"] for one in kept}),
        }
    return list(found.values())


def removal(
    work: Mapping[str, Any], names: Sequence[str], held: Sequence[Collection[str]]
) -> dict[str, Any]:
    """The work of a run that takes such applications away, and does nothing else.

    :param work: that of the run, see estate.py.
    :param names: the applications' unique names.
    :param held: which of them each of the stores holds.
    :raises InputError: hosts use one of them.
    """
    stores = work["stores"]
    unused = [
        (store, name) for store, there in zip(stores, held, strict=True) for name in names
        if name in there and name not in store["applications"]
    ]
    used = {name for store in stores for name in names if name in store["applications"]}
    used -= {name for _store, name in unused}
    if used:
        raise InputError(
            f"mail_unused: hosts of the inventory use {', '.join(sorted(used))}. Nothing was removed.",
            remedy="To remove the applications that hosts use, leave mail_unused out and name the hosts with --limit.",
        )
    applications = [_removable(name, store) for store, name in unused]
    hosts = {
        host: {**verdict, "applications": [one for one in applications if host in one["hosts"]]}
        for host, verdict in work["hosts"].items()
    }
    return {**work, "hosts": hosts, "applications": applications, "deliveries": [], "sign_ins": []}


def _removable(name: str, store: Mapping[str, Any]) -> dict[str, Any]:
    """An application as the plan has others, to be removed: what it was granted, nothing but Entra ID knows."""
    return {
        # Two stores may hold one each.
        "name": f"{store['host']}/{name}", "unique_name": name, "display_name": name, "identity": store["identity"],
        "environment": store["environment"], "permissions": [], "exclusive": True, "secret": {},
        "hosts": [store["host"]], "team": [], "store": store["store"], "entra": store["entra"],
        "exchange_connection": store["exchange_connection"],
        "exchange": NOTHING if store["in_exchange"] else None,
    }


def unused(
    stores: Sequence[Mapping[str, Any]], held: Sequence[Collection[str]], removal: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Each application that a store holds and no host uses: {unique_name, environment, told: that in words}.

    :param held: what each of the stores holds, by unique name.
    :param removal: the command that removes one, by its unique name.
    """
    return [
        {
            "unique_name": name, "environment": store["environment"],
            "told": f"The store holds {name}, which no host of the inventory uses: its rights and its secret still "
            f"work. If nothing else uses it, remove it with {removal(name)}",
        }
        for store, names in zip(stores, held, strict=True) for name in sorted(set(names) - set(store["applications"]))
    ]
