# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From the plans of all hosts to the work of a run: its applications, and the mails that prove them. Pure.

What :func:`draw` gives is what the steps hand on. It is plain data and holds no secret: ``{"variable": PATH, "host":
HOST}`` stands for the value of a host's variable.

    hosts         {HOST: {failed, changed, msg, and the host's plan, see plan.py}}
    applications  [{name and the rest of applications.py, environment, entra, exchange_connection, store, hosts, team}]
    deliveries    [{name, host, application, and the options of a check, see proofs.py}]; the application is None for a
                  host that has none, or several, which the references in the check name
    sign_ins      [who has to sign in so that the deliveries can be proven, see sign_ins.py]
    stores        [{store, applications, and what an application of which only its name is known takes from others}]
    left_out      [hosts that no product's mail is planned for]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import ENDPOINTS, said_by
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import (
    KEY,
    google_said_by,
    key_of,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import (
    Table,
    did_you_mean,
    nearest_of,
    secrets,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import GOOGLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.plan import conflicts, examine
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.sign_ins import sign_ins_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.unused import stores_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import (
    FOR_ROLES,
    MAIL_ENTRA,
    MAIL_EXCHANGE,
    TABLE,
)

#: What the variables of this collection begin with, and how alike a misspelt one is.
PREFIX = "mail_"
LIKENESS = 0.75
#: The variables that only a host with a product has. The others are often set for every host there is.
ABOUT_A_PRODUCT = frozenset(TABLE) - {"mail_entra", "mail_exchange", "mail_verify"}
#: Ansible's name for the controller, which no product runs on unless it says so.
LOCALHOST = "localhost"


@dataclass(frozen=True)
class Host:
    """What a host says.

    :param variables: its variables that begin with ``mail_``, by name.
    :param problems: what could not be told of them, each with the variable's name in front.
    :param store: the options of the store that keeps its application's credentials.
    :param same_store: equal for hosts that use the same store.
    """

    variables: Mapping[str, Any]
    problems: tuple[str, ...] = ()
    store: Mapping[str, Any] = field(default_factory=dict)
    same_store: Any = None

    @property
    def is_ours(self) -> bool:
        """Whether it is one of those whose mail is set up, and not only told what all hosts are."""
        return any(name in ABOUT_A_PRODUCT for name in (*self.variables, *map(variable_of, self.problems)))


def variable_of(problem: str) -> str:
    """The variable that a problem is about."""
    return problem.partition(":")[0].partition(".")[0]


def draw(
    hosts: Mapping[str, Host], inventory: Mapping[str, Host], environment: Mapping[str, str],
) -> dict[str, Any]:
    """The work of a run.

    :param hosts: the hosts of the run, in its order.
    :param inventory: all hosts of the inventory.
    :param environment: what modules would take from there is taken here, so that product, identity and proof never
        differ.
    """
    said = {"mail_entra": said_by(environment), "mail_google": google_said_by(environment)}
    left_out = [host for host, about in hosts.items() if _is_left_out(host, about)]
    plans = {
        host: _planned(about, said) for host, about in {**inventory, **hosts}.items() if not _is_left_out(host, about)
    }
    ours = {host: plan for host, plan in plans.items() if host in hosts}
    for host, problems in conflicts({host: plan for host, plan in ours.items() if not plan["problems"]}).items():
        ours[host]["problems"] = problems
    usable = {host: plan for host, plan in ours.items() if not plan["problems"]}
    connections = _connections(usable)
    applications = _applications(usable, connections, plans)
    deliveries = [
        {**_endpoints(plan["entra"]), **check, "host": host, "application": _only(plan)}
        for host, plan in usable.items() for check in plan["checks"]
    ]
    return {
        "hosts": {host: _verdict(plan) for host, plan in ours.items()},
        "applications": applications,
        "stores": stores_of(usable, connections, plans),
        "deliveries": deliveries,
        "sign_ins": sign_ins_of(deliveries, applications),
        "left_out": left_out,
    }


def _is_left_out(host: str, about: Host) -> bool:
    return not about.is_ours or (host == LOCALHOST and about.variables.get("mail_product") is None)


def _planned(about: Host, said: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    variables = dict(about.variables)
    for name in said:
        # A service account is somebody's own, and not there because its endpoint is known.
        if isinstance(variables.get(name, {} if name == "mail_entra" else None), Mapping):
            variables[name] = {**said[name], **variables.get(name, {})}
    product = str(variables.get("mail_product"))
    settings = {
        name: variables.get(name) for name in (*TABLE, f"mail_{product}") if name in TABLE or variables.get(name)
    }
    plan, problems = examine(settings)
    unreadable = set(map(variable_of, about.problems))
    problems = [problem for problem in problems if variable_of(problem) not in unreadable]
    return {
        **plan, "problems": [*about.problems, *_unknown(variables, (*TABLE, f"mail_{product}")), *problems],
        "entra": variables["mail_entra"] if isinstance(variables.get("mail_entra"), Mapping) else {},
        "exchange_connection": variables.get("mail_exchange") or {}, "store": dict(about.store),
        "same_store": about.same_store, "google": variables.get("mail_google") or {},
    }


def _unknown(variables: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """The variables that look like one of ours and are none."""
    names = [*known, *FOR_ROLES]
    # What all of them begin with says nothing. mail_host is a name that other roles have.
    ends = [name.removeprefix(PREFIX) for name in names if name != "mail_hosts"]
    problems = []
    for name in variables:
        nearest = nearest_of(name.removeprefix(PREFIX), ends, LIKENESS)
        if name not in names and nearest:
            problems.append(f"{name}: unknown{did_you_mean(PREFIX + nearest)}")
    return problems


def _verdict(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The host's part of the result."""
    problems = plan["problems"]
    hidden = ("problems", "checks", "entra", "exchange_connection", "same_store", "google")
    return {
        "failed": bool(problems), "changed": False,
        "msg": "\n".join(problems) if problems else f"{plan['product']} is planned.",
        **{name: value for name, value in plan.items() if name not in hidden},
    }


def _only(plan: Mapping[str, Any]) -> str | None:
    """The name of the only application of a host, for references that name none."""
    names = [one["name"] for one in plan["applications"]]
    return names[0] if len(names) == 1 else None


def _applications(
    usable: Mapping[str, Mapping[str, Any]], connections: Mapping[str, Mapping[str, Any]],
    plans: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Each application once, as its first host has it; those that share it have been found to agree."""
    found: dict[str, dict[str, Any]] = {}
    teams: dict[str, list[str]] = {}
    # Each server has a redirect URI of its own, and one that is left out of a run keeps it.
    redirects: dict[str, dict[str, list[str]]] = {}
    for host, plan in plans.items():
        for one in plan["applications"]:
            teams.setdefault(one["name"], []).append(host)
            for platform, uris in one.get("redirect_uris", {}).items():
                known = redirects.setdefault(one["name"], {}).setdefault(platform, [])
                known += [uri for uri in uris if uri not in known]
    for host, plan in usable.items():
        for one in plan["applications"]:
            application = found.setdefault(one["name"], {
                **{key: value for key, value in one.items() if key not in ("variable", "dedicated")}, "users": [],
                "environment": plan["environment"], **connections[host], **_account(one, plan, host),
                "store": plan["store"],
                "hosts": [], "team": teams[one["name"]],
            })
            if one["name"] in redirects:
                application["redirect_uris"] = redirects[one["name"]]
            application["users"] += [user for user in one["users"] if user not in application["users"]]
            application["hosts"].append(host)
    return list(found.values())


def _connections(usable: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """How each host's application is reached, without secrets.

    Those that connect alike refer to the secrets of the first of them, so that a step sees that one client serves all.
    """
    first: dict[str, dict[str, Any]] = {}
    found: dict[str, dict[str, Any]] = {}
    for host, plan in usable.items():
        given = json.dumps([plan["entra"], plan["exchange_connection"]], sort_keys=True, default=str)
        found[host] = first.setdefault(given, {
            "entra": by_reference(MAIL_ENTRA, plan["entra"], "mail_entra", host),
            "exchange_connection": by_reference(MAIL_EXCHANGE, plan["exchange_connection"], "mail_exchange", host),
        })
    return found


def _account(application: Mapping[str, Any], plan: Mapping[str, Any], host: str) -> dict[str, Any]:
    """What the application's kind of identity is told beside the connection, without secrets."""
    if application["identity"] != GOOGLE:
        return {}
    return {"account": by_reference(KEY, key_of(plan["google"]), "mail_google", host)}


def _endpoints(entra: Mapping[str, Any]) -> dict[str, Any]:
    """Where a check finds the services. It takes no token from a cache, and has a time limit of its own."""
    return {name: entra[name] for name in ENDPOINTS if name in entra and name not in ("timeout", "token_cache")}


def by_reference(table: Table, given: Mapping[str, Any], variable: str, host: str) -> dict[str, Any]:
    """The values of a variable's keys, with references in place of those that are secret.

    :param variable: the variable's name.
    """
    found = dict(given)
    for path in secrets(table, given):
        *parents, last = path.split(".")
        level = found
        for parent in parents:
            level[parent] = dict(level[parent])
            level = level[parent]
        level[last] = {"variable": f"{variable}.{path}", "host": host}
    return found
