# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An assessment: the servers' side and the tenant's, joined and judged. Pure.

Plain data without any secret's value::

    moment     when, "2026-11-29T05:00:00Z"
    days       how far the log of sign-ins was looked back
    state      the worst state of all uses, see verdict.py; unknown if a host could not be looked at
    hosts      [{host, product, environment, state, wave, uses, problems: [sentences], change, clients}]; ``wave`` is
               null for a host with nothing to move, ``clients`` are those sign-ins with a password that use one of its
               accounts
    tenants    [{tenant_id, hosts, and by tenant.PARTS what was read}], each client with the ``hosts`` whose account
               it uses
    waves      [{wave, words, hosts}]
    dates      [{what, since, words, page}]
    unused     [{unique_name, environment, told}]: what the store holds and no host uses

A use is one of mail_settings_info, judged. ``change`` is what the collection would do: {planned, msg, targets: [{name,
changed}], applications: [{name, permissions}]}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment import dates
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.verdict import STATES, judged
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.waves import WORDS, waves
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.plan import PRODUCTION

Data = dict[str, Any]
COLUMNS = ("wave", "environment", "host", "product", "use", "signs in", "since", "would change", "result")
HEAD = ("host", "result")


def report(
    hosts: Sequence[Mapping[str, Any]], tenants: Sequence[Mapping[str, Any]], unused: Sequence[Mapping[str, Any]],
    moment: datetime, days: int,
) -> Data:
    """The assessment.

    :param hosts: [{host, environment, settings: as mail_settings_info returns them, change}].
    :param tenants: [{tenant_id, hosts, and what tenant.read gives}]; each host is one of a tenant's.
    """
    clients = [
        {**client, "tenant": number} for number, tenant in enumerate(tenants)
        for client in tenant["sign_ins"].get("clients", [])
    ]
    of_host = {host: tenant for tenant in tenants for host in tenant["hosts"]}
    told = [_host(one, moment, clients, of_host[one["host"]]) for one in hosts]
    places: dict[str, set[str]] = {}
    for client in clients:
        places.setdefault(client["user_principal_name"].lower(), set()).add(client["ip_address"])
    in_wave = waves([
        {
            "host": one["host"], "product": one["product"], "environment": one["environment"],
            "due": bool(one["problems"]) or any(use["state"] != "ok" for use in one["uses"]),
            "mailboxes": accounts_of(one["uses"]),
            "applications": [app["name"] for app in one["change"]["applications"]],
        } for one in told
    ], {name: len(addresses) for name, addresses in places.items()}, PRODUCTION)
    told = [{**one, "wave": in_wave.get(one["host"])} for one in told]
    return {
        "moment": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "days": days,
        "state": _worst(one["state"] for one in told),
        "hosts": told,
        "tenants": [_tenant(one, told) for one in tenants],
        "waves": [
            {"wave": wave, "words": words, "hosts": [name for name, one in in_wave.items() if one == wave]}
            for wave, words in enumerate(WORDS) if wave in in_wave.values()
        ],
        "dates": [
            {"what": one.what, "since": one.since.isoformat(), "words": one.words, "page": one.page}
            for one in dates.ALL
        ],
        "unused": list(unused),
    }


def _host(
    one: Mapping[str, Any], moment: datetime, clients: Sequence[Mapping[str, Any]], tenant: Mapping[str, Any]
) -> Data:
    settings = one["settings"]
    uses = [judged(use, moment.date(), tenant) for use in settings["uses"]]
    accounts = accounts_of(uses)
    return {
        "host": one["host"], "product": settings["product"], "environment": one["environment"],
        "state": _worst([*(use["state"] for use in uses), *(["unknown"] if settings["problems"] or not uses else [])]),
        "uses": uses, "problems": list(settings["problems"]), "change": one["change"],
        "clients": [client for client in clients if client["user_principal_name"].lower() in accounts],
    }


def accounts_of(uses: Iterable[Mapping[str, Any]]) -> list[str]:
    """The accounts and mailboxes of uses, in lower case."""
    return sorted({str(use[name]).lower() for use in uses for name in ("user", "mailbox") if use[name]})


def _tenant(tenant: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]]) -> Data:
    accounts = {one["host"]: accounts_of(one["uses"]) for one in hosts if one["host"] in tenant["hosts"]}

    def using(client: Mapping[str, Any]) -> list[str]:
        return [host for host, own in accounts.items() if client["user_principal_name"].lower() in own]

    sign_ins = tenant["sign_ins"]
    told = {"clients": [{**one, "hosts": using(one)} for one in sign_ins["clients"]]} if "clients" in sign_ins else {}
    return {**tenant, "sign_ins": {**sign_ins, **told}}


def _worst(states: Iterable[str]) -> str:
    return max(states, key=STATES.index, default="ok")


def would_change(change: Mapping[str, Any]) -> str:
    """What the collection would change on a host's side, in a few words."""
    if not change["planned"]:
        return "not planned yet"
    changed = [one["name"] for one in change["targets"] if one["changed"]]
    if not change["targets"]:
        return "not known"
    return f"{len(changed)} of {len(change['targets'])} targets" if changed else "nothing"


def signs_in(use: Mapping[str, Any]) -> str:
    """How a use signs in, and where, in a few words."""
    how = f"{use['transport'] or '?'} {use['authentication'] or '?'}"
    port = f":{use['port']}" if use["port"] else ""
    return f"{how} {use['host']}{port}" if use["host"] else how


def _names(uses: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each use of a host is called; with the place where it stands, if that is all that tells it from another."""
    names = [" ".join(filter(None, (use["use"], use["purpose"]))) for use in uses]
    return [
        name if names.count(name) == 1 else f"{name} ({use['place']})" for name, use in zip(names, uses, strict=True)
    ]


def rows(assessment: Mapping[str, Any]) -> list[Data]:
    """A row for each use, for _report/text.py; a host without any has one that says why."""
    found = []
    for host in assessment["hosts"]:
        about = {
            "wave": "" if host["wave"] is None else str(host["wave"]), "environment": host["environment"] or "",
            "host": host["host"], "product": host["product"] or "", "would change": would_change(host["change"]),
            "failed": False, "message": "",
        }
        found += [
            {
                **about, "use": name, "signs in": signs_in(use), "since": use["since"] or "", "result": use["state"],
            } for name, use in zip(_names(host["uses"]), host["uses"], strict=True)
        ]
        if host["problems"] or not host["uses"]:
            message = "\n".join(host["problems"]) or "It has no mail settings."
            found.append({
                **about, **dict.fromkeys(("use", "signs in", "since"), ""), "result": "unknown", "failed": True,
                "message": message,
            })
    return found
