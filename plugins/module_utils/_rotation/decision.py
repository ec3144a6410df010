# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run does with an application."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import held_by, id_of, ids_of, never_stored
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.seen import (
    Seen,
    Terms,
    due,
    newest,
    until,
)

SET_UP = "Run mailops.modern_auth.setup_mail."


def decide(
    entry: Mapping[str, Any], seen: Seen | None, team: Sequence[str], present: Collection[str], terms: Terms,
    me: Mapping[str, str], *, holder_is_gone: bool,
) -> dict[str, Any]:
    """What a run has to do with an application. Plain data, without any secret's value::

        state      unset: there is no credential to rotate. busy: another run works on it. due: there is something to
                   do. waiting: there will be, later. unchanged: there is nothing to do
        slots      {slot: key id} of the entry as it was
        reasons    [sentences]
        failure    None, or why servers cannot sign in, or never could, and nothing that the run can do helps
        missing    [key ids] that the store has and Entra ID does not show; look again before believing it
        remove     [key ids] to remove in Entra ID at once: nobody has them, or they have expired
        drop       [key ids] in slots of the entry that go with them
        leaving    [key ids] that may go once every host was proven with another one
        add        whether to make a new credential
        awaiting   [hosts] who are awaited then
        hosts      [hosts] of those that this run can reach
        lock       the lock to take

    :param seen: None if Entra ID does not know the application, or the store does not.
    :param team: the hosts of the inventory that use the application.
    :param present: those that this run is limited to.
    :param me: ``run``, ``host`` and ``process``, which tell this run from any other.
    :param holder_is_gone: whether the process that holds the lock does not exist any more.
    """
    if "current" not in entry:
        return {**_idle("unset"), "failure": f"The store has no client secret of it. {SET_UP}"}
    if seen is None:
        return {**_idle("unset"), "failure": f"Entra ID has no application {entry['client_id']} any more. {SET_UP}"}
    lock = entry.get("lock")
    if lock and not holder_is_gone and datetime.fromisoformat(lock["until"]) > seen.now and lock["run"] != me["run"]:
        # What follows the machine's name there is of use to programs only.
        machine = lock["host"].partition(" ")[0]
        return {**_idle("busy"), "reasons": [f"Another run works on it: {machine}, until {lock['until']}."]}
    judgement = _Judgement(entry, seen, terms)
    blocked = judgement.why_nothing_is_added()
    leaving = judgement.leaving()
    add = blocked is None
    restart = add or bool(judgement.unknown_on_hosts(leaving)) or judgement.pending_is_dead
    others = [host for host in entry.get("awaiting", []) if host not in team]
    awaiting = [*team, *others] if restart else list(entry.get("awaiting", []))
    # Nobody is given a credential that does not work.
    works = add or seen.works(entry["current"]) or ("pending" in entry and not judgement.pending_is_dead)
    hosts = [host for host in awaiting if host in present and host in team] if works else []
    busy = bool(
        lock or hosts or add or (leaving and not awaiting) or judgement.remove or judgement.drop
        or set(leaving) != set(entry.get("leaving", []))
        or (newest(entry) == "pending" and set(team) - set(awaiting))
    )
    reasons = judgement.reasons()
    if blocked:
        reasons.append(blocked)
    if not busy and awaiting:
        reasons.append(f"Awaits {', '.join(awaiting)}.")
    return {
        "slots": {slot: entry[slot]["key_id"] for slot in SLOTS if slot in entry},
        "failure": None if works else f"Its servers cannot sign in. {' '.join(reasons)} {SET_UP}",
        "missing": [
            entry[slot]["key_id"] for slot in SLOTS if slot in entry and seen.find(entry[slot]) is None
        ],
        "state": "due" if busy else "waiting" if blocked or awaiting else "unchanged",
        "reasons": reasons,
        "remove": [*judgement.remove, *(judgement.dead_current if add else [])],
        "drop": judgement.drop,
        "leaving": leaving,
        "add": add,
        "awaiting": awaiting,
        "hosts": hosts,
        "lock": {
            **me,
            "until": until(seen.moment, timedelta(), terms.lease),
            "key_ids": list(lock["key_ids"]) if lock else [one["key_id"] for one in seen.managed],
        },
    }


class _Judgement:
    """What stands in the way of an entry being at rest."""

    def __init__(self, entry: Mapping[str, Any], seen: Seen, terms: Terms) -> None:
        self.entry, self.seen, self.terms = entry, seen, terms
        self.pending_is_dead = "pending" in entry and not seen.works(entry["pending"])
        previous_is_dead = "previous" in entry and not seen.works(entry["previous"])
        dead = [entry[slot] for slot, is_dead in (
            ("pending", self.pending_is_dead), ("previous", previous_is_dead)
        ) if is_dead]
        # What a person made, or renamed, is dropped when its time is over, and left to that person.
        foreign = [entry["previous"]] if not previous_is_dead and self._is_over() and not self._may_remove() else []
        self.drop = [one["key_id"] for one in dead + foreign]
        held = held_by(entry)
        self.orphans = [one for one in seen.managed if id_of(one) not in held]
        unkept = {id_of(one) for one in never_stored(entry, seen.managed)}
        gone = {id_of(one) for one in dead}
        self.remove = [
            one["key_id"] for one in seen.managed
            if id_of(one) in unkept | gone or (one in self.orphans and seen.has_ended(one))
        ]
        current = seen.find(entry["current"])
        is_dead = current is not None and seen.has_ended(current) and seen.is_managed(current)
        self.dead_current = [entry["current"]["key_id"]] if is_dead else []

    def _is_over(self) -> bool:
        previous = self.entry.get("previous")
        return previous is not None and datetime.fromisoformat(previous["remove_after"]) <= self.seen.now

    def _may_remove(self) -> bool:
        return self.seen.is_managed(self.seen.find(self.entry["previous"]))

    def leaving(self) -> list[str]:
        """What may go once every host was proven with another one."""
        ids = [one["key_id"] for one in self.orphans]
        if self._is_over() and self._may_remove():
            ids.append(self.entry["previous"]["key_id"])
        gone = ids_of([*self.remove, *self.drop])
        return [key_id for key_id in ids if key_id.lower() not in gone]

    def unknown_on_hosts(self, leaving: Sequence[str]) -> set[str]:
        """Those of whom no proof has been asked yet that hosts do not have them."""
        return ids_of(leaving) - ids_of(self.entry.get("leaving", []))

    def _wanted(self) -> str | None:
        """Why a new credential is wanted, or None."""
        current = self.seen.find(self.entry["current"])
        if current is None:
            return "The current secret is not in Entra ID any more."
        if self.seen.has_ended(current):
            return f"The current secret expired at {current['end']}."
        if due(current, self.terms) <= self.seen.now:
            return f"The current secret expires at {current['end']}."
        return "A new secret is asked for (mail_rotation_force)." if self.terms.force else None

    def why_nothing_is_added(self) -> str | None:
        """Why no new credential is made now, '' if none is wanted; None if one is made."""
        if self._wanted() is None or ("pending" in self.entry and not self.pending_is_dead):
            return ""
        left = ids_of([one["key_id"] for one in self.seen.managed]) - ids_of([*self.remove, *self.dead_current])
        if len(left) < 2:
            return None
        before = self.entry.get("previous", {}).get("remove_after", "every host was proven with the current one")
        return f"A new secret waits until another one is gone, after {before}."

    def reasons(self) -> list[str]:
        """Sentences about what is to be done."""
        found = []
        if self.remove:
            found.append(f"Secrets that nobody has, or that have expired: {', '.join(self.remove)}.")
        if self.leaving():
            found.append(f"Secrets to be removed once every host was proven with another: {', '.join(self.leaving())}.")
        if self.pending_is_dead:
            found.append("The pending secret has expired, or is not in Entra ID any more.")
        elif "pending" in self.entry:
            found.append("A rotation that has begun is not finished.")
        else:
            wanted = self._wanted()
            found += [wanted] if wanted else []
        return found


def _idle(state: str) -> dict[str, Any]:
    return {
        "state": state, "add": False, "failure": None, "lock": None, "slots": {},
        **{name: [] for name in ("reasons", "missing", "remove", "drop", "leaving", "awaiting", "hosts")},
    }
