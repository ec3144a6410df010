# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table at the end of a rotation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import hours
from ansible_collections.mailops.modern_auth.plugins.module_utils._report import aligned

COLUMNS = ("environment", "application", "what was done", "secret ends", "next", "hosts awaited")
_NOTHING = "-"
#: The facts in which the role left words about a host.
WORDS = ("__mail_rotation_unreached", "__mail_rotation_put_back")
Facts = Mapping[str, Mapping[str, Any]]


def report(hosts: Iterable[str], facts: Facts, predicted: bool = False) -> list[str]:
    """A line of headings, one line per application, then what there is to say about each, and one line per failure.

    :param hosts: those of the run, in the order of the inventory.
    :param facts: by host, what the role left behind: ``__mail_plan_data``, ``__mail_rotation_teams``; of a leader also
        ``__mail_rotation_decision``, ``__mail_rotation_first`` and ``__mail_store_credentials``, and of the host that
        concluded for it ``__mail_rotation_concluded`` and ``__mail_store_credentials``; of any host
        ``__mail_report_failure``, and words in ``__mail_rotation_unreached`` and ``__mail_rotation_put_back``.
    :param predicted: nothing was really done, since the run was a check.
    """
    rows: list[tuple[str, ...]] = [COLUMNS]
    notes, failures = [], []
    for host in hosts:
        known = facts[host]
        mine = known.get("__mail_rotation_teams", {}).get(host, {})
        if mine.get("leader") == host:
            plan = known["__mail_plan_data"]
            # A second round goes on with what the first one has begun.
            decision = known.get("__mail_rotation_first", known.get("__mail_rotation_decision", {}))
            rows.append(_row(plan, decision, _entry(mine, facts), predicted))
            notes += [f"{plan['application']['name']}: {reason}" for reason in decision.get("reasons", [])]
        failure = known.get("__mail_report_failure")
        if failure:
            failures.append(f"{host}: {failure['task']}: {failure['message']}")
        failures += [f"{host}: {known[name]}" for name in WORDS if name in known]
    return [*aligned(rows), *notes, *failures]


def _entry(mine: Mapping[str, Any], facts: Facts) -> Mapping[str, Any]:
    """What the store holds of the application now: whoever concluded has written it last."""
    concluded = (host for host in mine["hosts"] if facts[host].get("__mail_rotation_concluded"))
    last = facts[next(concluded, mine["leader"])]
    entry: Mapping[str, Any] = last.get("__mail_store_credentials", {})
    return entry


def _row(
    plan: Mapping[str, Any], decision: Mapping[str, Any], entry: Mapping[str, Any], predicted: bool
) -> tuple[str, ...]:
    application = plan["application"]
    end = entry.get("current", {}).get("end_date_time", "")
    return (
        plan["environment"],
        application["name"],
        _predicted(decision) if predicted else _done(decision, entry),
        end[:10] or _NOTHING,
        _next(entry, timedelta(hours=hours(application["secret"]["renew_within"]))),
        ", ".join(entry.get("awaiting", [])) or _NOTHING,
    )


def _predicted(decision: Mapping[str, Any]) -> str:
    if decision.get("state") != "due":
        return _done(decision, {})
    steps = []
    if decision["remove"]:
        steps.append(f"remove {len(decision['remove'])}")
    if decision["add"]:
        steps.append("make a new one")
    if decision["hosts"]:
        steps.append(f"bring it to {', '.join(decision['hosts'])}")
    if decision["leaving"]:
        steps.append(f"remove {len(decision['leaving'])} then")
    return f"would {', '.join(steps) or 'finish what was begun'}"


def _done(decision: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """What became of what was decided."""
    words = {
        "unset": "nothing to rotate", "busy": "left to another run", "waiting": "waits", "unchanged": "nothing to do",
    }
    state = decision.get("state")
    if state != "due":
        return words.get(state or "", _NOTHING)
    done = []
    held = {entry[slot]["key_id"] for slot in SLOTS if slot in entry} | set(entry.get("leaving", []))
    if entry["current"]["key_id"] != decision["slots"]["current"]:
        done.append("rotated")
    elif entry.get("pending", {}).get("failure"):
        done.append("taken back")
    elif "pending" in entry:
        done.append("made, not proven yet")
    elif len(entry.get("awaiting", [])) < len(decision["awaiting"]):
        done.append("proven on further hosts")
    removed = [key_id for key_id in [*decision["remove"], *decision["leaving"]] if key_id not in held]
    if removed:
        done.append(f"removed {len(removed)}")
    return ", ".join(done) or "nothing came of it"


def _next(entry: Mapping[str, Any], renew_within: timedelta) -> str:
    if "pending" in entry:
        return "finish the rotation"
    if entry.get("awaiting"):
        return "prove it on the hosts awaited"
    if "previous" in entry:
        return f"remove the previous from {entry['previous']['remove_after'][:10]}"
    # A store that can only be read does not know when its secrets end.
    if "end_date_time" not in entry.get("current", {}):
        return _NOTHING
    return f"renew from {datetime.fromisoformat(entry['current']['end_date_time']) - renew_within:%Y-%m-%d}"
