# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table at the end of a rotation. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import hours
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import id_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import lines as as_lines
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import wrapped
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.seen import Terms, due

COLUMNS = ("environment", "application", "what was done", "secret ends", "next", "hosts awaited")
HEAD = ("application", "what was done")
_NOTHING = "-"


def lines(
    applications: Sequence[Mapping[str, Any]], states: Mapping[str, Mapping[str, Any]],
    plans: Mapping[str, Mapping[str, Any]], *, predicted: bool,
) -> list[str]:
    """A row for each application, then what there is to say about each, and a line for each failure.

    :param applications: as the plan has them.
    :param states: how far each is, see round.py.
    :param plans: each host's plan; those that have failed are told.
    :param predicted: nothing was really done, since the run was a check.
    """
    rows, notes, failures = [], [], []
    for one in applications:
        state = states.get(one["name"])
        if state is None:
            continue
        rows.append(_row(one, state, predicted))
        # A second round goes on with what the first one has begun.
        decision = state["first"] or state["decision"] or {}
        notes += [f"{one['display_name']}: {reason}" for reason in decision.get("reasons") or state["reasons"]]
        if state["failed"]:
            failures.append(f"{one['display_name']}: {state['msg']}")
        failures += [
            f"{host}: It cannot be reached ({why.strip().rstrip('.')}), so the secret that it has is kept; run again "
            "when it can." for host, why in state["lost"].items()
        ]
        failures += [f"{host}: {what}" for host, what in state["put_back"].items()]
    failures += [
        f"{host}: {problem}" for host, plan in plans.items() if plan["failed"] for problem in plan["msg"].splitlines()
    ]
    shown = as_lines(rows, COLUMNS, HEAD) if rows else ["There is no application to rotate."]
    return [*shown, *wrapped([*notes, *failures])]


def _row(application: Mapping[str, Any], state: Mapping[str, Any], predicted: bool) -> dict[str, Any]:
    entry = state["entry"]
    decision = state["first"] or state["decision"] or {"state": state["state"]}
    return {
        "environment": application["environment"], "application": application["display_name"],
        "what was done": _predicted(decision) if predicted else _done(decision, entry),
        "secret ends": entry.get("current", {}).get("end_date_time", "")[:10],
        "next": _next(entry, state["seen"], application["secret"]["renew_within"]),
        "hosts awaited": ", ".join(entry.get("awaiting", [])), "failed": False, "message": "",
    }


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


def _next(entry: Mapping[str, Any], seen: Mapping[str, Any] | None, renew_within: str) -> str:
    if "pending" in entry:
        return "finish the rotation"
    if entry.get("awaiting"):
        return "prove it on the hosts awaited"
    if "previous" in entry:
        return f"remove the previous from {entry['previous']['remove_after'][:10]}"
    current = entry.get("current", {})
    # A store that can only be read does not know when its secrets end.
    if "end_date_time" not in current or seen is None:
        return ""
    known = next((one for one in seen["secrets"] if id_of(one) == id_of(current)), None)
    # One that was made in this run starts now.
    secret = known or {"start": seen["moment"], "end": current["end_date_time"]}
    terms = Terms(timedelta(hours=hours(renew_within)), timedelta(), timedelta())
    return f"renew from {due(secret, terms):%Y-%m-%d}"
