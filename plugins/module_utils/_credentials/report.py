# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the tenant, the store and the inventory know of credentials, joined and judged. Pure.

A report is plain data without any secret's value::

    moment          the tenant's time of the judgement, "2026-11-22T05:00:00Z"
    due_within      as given, "14d"
    state           the worst state of all applications: ok, due or expired
    unused          [{unique_name, environment, told: a sentence}]: what the store holds and no host uses
    sign_ins        [{host, told: a sentence, what, where, account, since, age_days, do}], see _sign_ins.py; what is
                    still to be done counts as due
    applications    [{name, unique_name, environment, tenant_id, app_id, object_id, enabled, store, hosts, awaiting,
                    lock, state, reasons: [sentences], notes: [sentences], credentials}]

``enabled`` says whether somebody can sign in as the application: null if it has no service principal, and for those
that no host uses, which are not looked at. ``reasons`` say why it is due or expired, ``notes`` what there is to know
whatever its state. The first to need attention comes first.

Credentials are those of the module mail_credentials_info and have further: ``slot``, where the store has the credential
(current, pending, previous) or None; ``origin``: store, file (a managed certificate), another environment, nobody (a
managed secret in no store), by hand; ``next``, what the rotation does because of it, {what, when} with a moment or None
for the next run, or None if it does nothing.

A service account of Google's is an application too, with null for what only those of Entra ID have. Its key has the
kind "P12 key" or "JSON key", the account as ``display_name``, and ``source``: the file on the controller, or the
variable. What a JSON file does not tell is null: ``start``, ``end``, ``days_left``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS, plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import GUID, hours
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation import Terms, due
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import age_days
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import told as told_of

Data = dict[str, Any]
#: A state and the sentence that tells why.
Reason = tuple[str, str]

#: From harmless to bad; the place in it is the exit code for monitoring.
STATES = ("ok", "due", "expired")
#: The kind of store in which nothing can be rotated.
READ_ONLY = "environment"


def report(
    applications: Sequence[Mapping[str, Any]], entries: Mapping[str, Mapping[str, Any]],
    readings: Sequence[Mapping[str, Any]], keys: Mapping[str, Mapping[str, Any]], due_within: str,
    sign_ins: Mapping[str, Sequence[Mapping[str, Any]]], unused: Sequence[Mapping[str, Any]],
) -> Data:
    """The report.

    :param applications: as the plan has them.
    :param entries: what the store holds of each of Entra's, by its name.
    :param readings: answers of mail_credentials_info, one for each tenant, each with ``enabled`` by application id.
    :param keys: what was read of each service account, by its name: {moment, credentials, notes, problem: None, or why
        its key cannot be read}.
    :param due_within: within which time before its end a credential counts as due; shown in the report.
    :param sign_ins: those that hosts need, by host.
    :param unused: see _plan/unused.py.
    """
    found = {one["app_id"].lower(): one for reading in readings for one in reading["applications"]}
    moments = [reading["moment"] for reading in (*readings, *keys.values()) if reading["moment"]]
    enabled = {app_id: one for reading in readings for app_id, one in reading["enabled"].items()}
    told = [
        _service_account(one, keys[one["name"]]) if one["name"] in keys
        else _planned(one, plain(entries[one["name"]]), found, enabled) for one in applications
    ]
    seen = {one["app_id"] for one in told}
    told += [_judged(_bare(one), []) for one in found.values() if one["app_id"] not in seen]
    told.sort(key=lambda one: (-STATES.index(one["state"]), _first_end(one), str(one["name"])))
    moment = max(moments, default=None)
    aged = {
        host: [{**one, "age_days": age_days(one["since"], moment)} for one in some] for host, some in sign_ins.items()
    }
    return {
        "moment": moment,
        "due_within": due_within,
        "state": _worst([
            *(one["state"] for one in told), *("due" for some in sign_ins.values() for one in some if one["do"]),
        ]),
        "sign_ins": [
            {"host": host, "told": line, **one}
            for host, some in aged.items() for one, line in zip(some, told_of({host: some}), strict=True)
        ],
        "unused": list(unused),
        "applications": told,
    }


def _planned(
    application: Mapping[str, Any], entry: Mapping[str, Any], found: Mapping[str, Data],
    enabled: Mapping[str, bool | None],
) -> Data:
    client_id = str(entry.get("client_id")).lower()
    renew_within = timedelta(hours=hours(application["secret"]["renew_within"]))
    entity = found.get(client_id, {})
    report = {
        "name": application["display_name"],
        "unique_name": application["unique_name"],
        "environment": application["environment"],
        "tenant_id": entry.get("tenant_id"),
        "app_id": entity.get("app_id", entry.get("client_id")),
        "object_id": entity.get("object_id", entry.get("object_id")),
        "enabled": enabled.get(client_id),
        "store": application["store"]["kind"],
        "hosts": list(application["team"]),
        "awaiting": entry.get("awaiting", []),
        "lock": _lock(entry["lock"]) if "lock" in entry else None,
        "notes": [],
        "credentials": [
            _placed(one, entry, application["environment"], renew_within) for one in entity.get("credentials", [])
        ],
    }
    if report["store"] == READ_ONLY:
        report["credentials"] = [{**one, "next": None} for one in report["credentials"]]
    failure = entry.get("pending", {}).get("failure")
    return _judged(report, _in_the_store(report, entry, bool(entity), failure), failure)


def _lock(lock: Mapping[str, Any]) -> Data:
    """Who holds a lock: the machine's name, without what tells one start of the machine from another."""
    return {"run": lock["run"], "host": lock["host"].partition(" ")[0], "until": lock["until"]}


def _service_account(application: Mapping[str, Any], key: Mapping[str, Any]) -> Data:
    entity = {
        **dict.fromkeys(("app_id", "object_id")), "unique_name": application["unique_name"],
        "display_name": application["display_name"], "credentials": key["credentials"],
    }
    report = {
        **_bare(entity), "environment": application["environment"], "hosts": list(application["team"]),
        "notes": key["notes"],
    }
    return _judged(report, [("due", key["problem"])] if key["problem"] else [])


def _bare(entity: Mapping[str, Any]) -> Data:
    """An application of which nothing but its credentials is known, as of those that no host of the inventory uses."""
    return {
        "name": entity["display_name"] or entity["app_id"],
        "unique_name": entity["unique_name"],
        **dict.fromkeys(("environment", "tenant_id")),
        "app_id": entity["app_id"],
        "object_id": entity["object_id"],
        "enabled": None,
        "store": None,
        "hosts": [],
        "awaiting": [],
        "lock": None,
        "notes": [],
        "credentials": [_placed(one, {}, None, timedelta()) for one in entity["credentials"]],
    }


def _placed(
    credential: Mapping[str, Any], entry: Mapping[str, Any], environment: str | None, renew_within: timedelta
) -> Data:
    slot = next((slot for slot in SLOTS if _same(entry.get(slot, {}).get("key_id"), credential["key_id"])), None)
    if slot:
        origin = "store"
    elif not credential["managed"]:
        origin = "by hand"
    elif credential["name"] != environment:
        origin = "another environment"
    else:
        origin = "file" if credential["kind"] == "certificate" else "nobody"
    following = _next(credential, slot or origin, entry, renew_within)
    return {**credential, "slot": slot, "origin": origin, "next": following}


def _next(
    credential: Mapping[str, Any], place: str, entry: Mapping[str, Any], renew_within: timedelta
) -> Data | None:
    if place == "pending":
        return {"what": "finish its roll-out", "when": None}
    if place == "current" and "pending" not in entry:
        when = due(credential, Terms(renew_within, overlap=timedelta(), lease=timedelta()))
        return {"what": "replace it", "when": when.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if place == "previous":
        return {"what": "remove it", "when": entry["previous"].get("remove_after")}
    if place == "nobody":
        return {"what": "remove it once every host was proven with another one", "when": None}
    return None


def _in_the_store(report: Data, entry: Mapping[str, Any], exists: bool, failure: str | None) -> list[Reason]:
    """What is wrong with an application whatever the ends of its credentials are."""
    reasons: list[Reason] = []
    if "client_id" in entry and not exists:
        reasons.append(("expired", f"There is no application {entry['client_id']} in the tenant (any more)."))
    elif "current" not in entry:
        reasons.append(("due", "The store has no credential of it yet; run mailops.modern_auth.setup_mail."))
    elif report["store"] == READ_ONLY and not GUID.fullmatch(entry["current"]["key_id"]):
        reasons.append(("due", "The environment does not say which credential servers use; set its variable _KEY_ID."))
    elif not any(one["slot"] == "current" for one in report["credentials"]):
        key_id = entry["current"]["key_id"]
        reasons.append(("expired", f"The current credential {key_id} is not in the tenant (any more)."))
    if exists and not report["enabled"]:
        why = "It has no service principal in the tenant" if report["enabled"] is None else (
            "Its service principal is disabled"
        )
        reasons.append(("expired", f"{why}, so nobody can sign in as it."))
    if failure:
        reasons.append(("due", f"The new secret was taken back from the servers: {failure}"))
    return reasons


def _judged(report: Data, reasons: list[Reason], failure: str | None = None) -> Data:
    """The report of an application with its state and the reasons for it."""
    reasons = list(reasons)
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
    made = {"by hand": " made by hand", "another environment": " of another environment"}.get(credential["origin"], "")
    return f'The {credential["kind"]} "{title}"{made}'


def _ends(credential: Mapping[str, Any]) -> str:
    days = credential["days_left"]
    if credential["status"] == "expired":
        return f"expired on {credential['end'][:10]}"
    return f"ends in {days} day{'' if days == 1 else 's'}, on {credential['end'][:10]}"


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.lower() == other.lower()


def _first_end(application: Mapping[str, Any]) -> str:
    return min((one["end"] for one in application["credentials"] if one["end"]), default="9")


def _worst(states: Iterable[str]) -> str:
    return max(states, key=STATES.index, default="ok")
