# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the tenant, the store and the inventory know of credentials, joined and judged. Pure.

A report is plain data without any secret's value::

    moment          the tenant's time of the judgement, "2026-11-22T05:00:00Z"
    due_within      as given, "14d"
    state           the worst state of all applications: ok, due or expired
    applications    [{name, unique_name, environment, tenant_id, app_id, object_id, store, hosts, awaiting, lock, state,
                    reasons: [sentences], next: [{slot, what, when}], credentials}]

The first to need attention comes first. Credentials are those of the module mail_credentials_info, with two words more:
``slot``, where the store has the credential (current, pending, previous) or None, and ``origin``: store, another
environment, nobody (a managed one in no store), by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._settings import hours

Facts = Mapping[str, Mapping[str, Any]]
Data = dict[str, Any]

#: From harmless to bad; the place in it is the exit code for monitoring.
STATES = ("ok", "due", "expired")
SLOTS = ("current", "pending", "previous")


def readers(hosts: Iterable[str], facts: Facts) -> dict[str, list[str]]:
    """Which hosts read the tenant, one for each tenant, and the ids of the applications that it reads.

    :param facts: by host, ``__mail_plan_data``; of the hosts that lead an application ``__mail_credentials_entry``.
    """
    first: dict[str, str] = {}
    ids: dict[str, list[str]] = {}
    for host in hosts:
        entry = facts[host].get("__mail_credentials_entry")
        if entry is not None:
            tenant = facts[host]["__mail_plan_data"]["application"]["key"].partition("/")[0]
            wanted = ids.setdefault(first.setdefault(tenant, host), [])
            wanted += [entry["client_id"]] if "client_id" in entry else []
    return ids


def public(entry: Mapping[str, Any], kind: str) -> Data:
    """What a report needs of the store's entry of an application: no secret's value, encrypted or not.

    :param kind: the kind of store.
    """
    known: Data = {name: entry[name] for name in ("tenant_id", "client_id", "object_id") if name in entry}
    lock = entry.get("lock") or {}
    return {
        **known,
        "store": kind,
        "awaiting": list(entry.get("awaiting") or []),
        "lock": {name: lock.get(name) for name in ("run", "host", "until")} if lock else None,
        **{
            slot: {name: entry[slot].get(name) for name in ("key_id", "end_date_time", "remove_after", "failure")}
            for slot in SLOTS if entry.get(slot)
        },
    }


def report(hosts: Sequence[str], facts: Facts, due_within: str) -> Data:
    """The report.

    :param facts: by host, ``__mail_plan_data``; of the hosts that lead an application ``__mail_credentials_entry`` as
        ``public`` gives it; of those that read a tenant ``__mail_credentials_reading``, mail_credentials_info's answer.
    :param due_within: within which time before its end a credential counts as due; shown in the report.
    """
    readings = [facts[host]["__mail_credentials_reading"] for host in hosts if _has_read(facts[host])]
    found = {one["app_id"].lower(): one for reading in readings for one in reading["applications"]}
    moments = [reading["moment"] for reading in readings if reading["moment"]]
    applications = [
        _planned(host, _sharing(host, hosts, facts), facts[host], found)
        for host in hosts if "__mail_credentials_entry" in facts[host]
    ]
    seen = {one["app_id"] for one in applications}
    applications += [_judged(_other(one), None) for one in found.values() if one["app_id"] not in seen]
    applications.sort(key=lambda one: (-STATES.index(one["state"]), _first_end(one), str(one["name"])))
    return {
        "moment": max(moments, default=None),
        "due_within": due_within,
        "state": _worst(one["state"] for one in applications),
        "applications": applications,
    }


def _has_read(known: Mapping[str, Any]) -> bool:
    return "applications" in known.get("__mail_credentials_reading", {})


def _sharing(leader: str, hosts: Iterable[str], facts: Facts) -> list[str]:
    key = facts[leader]["__mail_plan_data"]["application"]["key"]
    applications = {host: facts[host].get("__mail_plan_data", {}).get("application") or {} for host in hosts}
    return [host for host in hosts if applications[host].get("key") == key]


def _planned(leader: str, hosts: list[str], known: Mapping[str, Any], found: Mapping[str, Data]) -> Data:
    plan, entry = known["__mail_plan_data"], known["__mail_credentials_entry"]
    application = plan["application"]
    entity = found.get(str(entry.get("client_id")).lower(), {})
    report = {
        "name": application["name"],
        "unique_name": application["unique_name"],
        "environment": plan["environment"],
        "tenant_id": entry.get("tenant_id"),
        "app_id": entity.get("app_id", entry.get("client_id")),
        "object_id": entity.get("object_id", entry.get("object_id")),
        "store": entry["store"],
        "hosts": hosts,
        "awaiting": entry["awaiting"],
        "lock": entry["lock"],
        "credentials": [_placed(one, entry, plan["environment"]) for one in entity.get("credentials", [])],
    }
    report["next"] = _next(report, entry, timedelta(hours=hours(application["secret"]["renew_within"])))
    return _judged(report, _broken(entry, bool(entity), report["credentials"]), entry.get("pending", {}).get("failure"))


def _other(entity: Mapping[str, Any]) -> Data:
    """An application that no host of the inventory uses."""
    return {
        "name": entity["display_name"] or entity["app_id"],
        "unique_name": entity["unique_name"],
        **dict.fromkeys(("environment", "tenant_id")),
        "app_id": entity["app_id"],
        "object_id": entity["object_id"],
        "store": None,
        "hosts": [],
        "awaiting": [],
        "lock": None,
        "credentials": [_placed(one, {}, None) for one in entity["credentials"]],
        "next": [],
    }


def _placed(credential: Mapping[str, Any], entry: Mapping[str, Any], environment: str | None) -> Data:
    slot = next((slot for slot in SLOTS if _same(entry.get(slot, {}).get("key_id"), credential["key_id"])), None)
    if slot:
        origin = "store"
    elif not credential["managed"]:
        origin = "by hand"
    else:
        origin = "nobody" if credential["name"] == environment else "another environment"
    return {**credential, "slot": slot, "origin": origin}


def _next(report: Mapping[str, Any], entry: Mapping[str, Any], renew_within: timedelta) -> list[Data]:
    """What the rotation will do with the application by itself, and from when on."""
    steps = []
    if "pending" in entry:
        steps.append({"slot": "pending", "what": "finish the rotation that has begun", "when": None})
    for credential in report["credentials"]:
        if credential["slot"] == "current" and "pending" not in entry:
            due = datetime.fromisoformat(credential["end"]) - renew_within
            moment = due.strftime("%Y-%m-%dT%H:%M:%SZ")
            steps.append({"slot": "current", "what": "make a new secret", "when": moment})
    if "previous" in entry:
        when = entry["previous"]["remove_after"]
        steps.append({"slot": "previous", "what": "remove the previous secret", "when": when})
    return steps


def _broken(entry: Mapping[str, Any], exists: bool, credentials: Sequence[Data]) -> str | None:
    """Why the servers cannot sign in, whatever the ends of the credentials are."""
    if "client_id" in entry and not exists:
        return f"There is no application {entry['client_id']} in the tenant (any more)."
    if "current" in entry and not any(one["slot"] == "current" for one in credentials):
        return f"The current credential {entry['current']['key_id']} is not in the tenant (any more)."
    return None


def _judged(report: Data, broken: str | None, failure: str | None = None) -> Data:
    """The report of an application with its state and the reasons for it."""
    reasons = [("expired", broken)] if broken else []
    if failure:
        reasons.append(("due", f"The new secret was taken back from the servers: {failure}"))
    if report["store"] and not any(one["slot"] == "current" for one in report["credentials"]) and not broken:
        reasons.append(("due", "The store has no credential of it yet; run mailops.modern_auth.setup_mail."))
    valid = any(one["status"] != "expired" for one in report["credentials"])
    for one in report["credentials"]:
        # What has ended and is not on a server is history, as long as something else is valid.
        counts = _is_used(one, report["awaiting"], failure) or (one["origin"] != "nobody" and one["slot"] is None)
        is_history = one["status"] == "expired" and one["slot"] is None and valid
        if counts and one["status"] != "ok" and not is_history:
            reasons.append((one["status"], f"{_called(one)} {_ends(one)}."))
    return {
        **report,
        "state": _worst(state for state, _reason in reasons),
        "reasons": [reason for _state, reason in reasons],
    }


def _is_used(credential: Mapping[str, Any], awaiting: Sequence[str], failure: str | None) -> bool:
    """Whether a server may hold the credential."""
    slot = credential["slot"]
    return slot == "current" or (slot == "previous" and bool(awaiting)) or (slot == "pending" and not failure)


def _called(credential: Mapping[str, Any]) -> str:
    if credential["slot"]:
        return f"The {credential['slot']} {credential['kind']}"
    title = credential["display_name"] or credential["key_id"]
    made = "made by hand" if credential["origin"] == "by hand" else "of another environment"
    return f'The {credential["kind"]} "{title}" {made}'


def _ends(credential: Mapping[str, Any]) -> str:
    days = credential["days_left"]
    if credential["status"] == "expired":
        return f"expired on {credential['end'][:10]}"
    return f"ends in {days} day{'' if days == 1 else 's'}, on {credential['end'][:10]}"


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.lower() == other.lower()


def _first_end(application: Mapping[str, Any]) -> str:
    return min((one["end"] for one in application["credentials"]), default="9")


def _worst(states: Iterable[str]) -> str:
    return max(states, key=STATES.index, default="ok")
