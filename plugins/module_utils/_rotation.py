# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the rotation of an application's client secret does next. Pure; the role mail_rotation does it.

Beside what _entries.py says, the rotation keeps in an entry::

    previous.remove_after   from when on the previous credential may go
    pending.failure         why its last roll-out was taken back
    awaiting                [hosts] that were not yet proven with the newest credential: pending, or else current
    leaving                 [key ids] of credentials that no host may have any more once nobody is awaited
    lock                    {run, host, process, until, key_ids}, of the run that works on the application

One rule carries everything: **a credential that works is removed only after every host was proven with another one
since the day on which that was decided.** To remove the previous credential, or a managed one that no store knows,
means to put it into ``leaving`` and every host into ``awaiting``; it goes when ``awaiting`` is empty. So a host that
was set up with an older credential meanwhile, or restored from a backup, is brought back before it is harmed. Adding a
credential when there are two has to wait for that, so a run has two rounds.

Every step of a run may be the last one, and is finished by the next run:

- Locked, nothing made: the process is gone, or the lease over, and the next run takes the lock over.
- Made, not stored: it is managed, in no slot, not among the ``key_ids`` that the lock remembers from before it was
  made, and not made after the lease, so it never left the run that made it. It is removed at once, before another one
  is made. A lock that is taken over keeps its ``key_ids``, since a lagging replica may not show such a credential to
  the first run that follows. One made after the lease tells that the entry, lock included, came back from a backup.
  A backup from the second or two between a lock and the storing of its own secret is not told apart: where it comes
  back, servers miss that secret until the same run brings them the next one.
- Stored as pending: it is rolled out to whoever is awaited. A host that had been given it before the record of its
  proof is given it again, which changes nothing.
- Proven, not made current: a pending credential that was proven on some host, and failed on none, becomes current.
- Removed in Entra ID, not in the store: it is dropped.

Two runs: every change of an entry replaces the revision that was read before it, so one of two locks fails. Entra ID
is read after the entry, hence what was read is true for whoever gets the lock: it is not touched without one. A run
whose lease is over may still be alive, if it hung. Its writes fail; what it does on a host leaves a credential there
that works, by the rule above. Only if it hung between its lock and its making of a secret, for longer than the lease,
there is one secret too many until it finds that its write fails, and removes it.

Never more than two managed credentials: a new one waits until the previous one, or one that no store knows, is gone.

Hosts that the inventory does not know (any more) stay in ``awaiting``, in case it is another inventory that knows
them. They are forgotten when every other credential that they could have has expired.

Ids of credentials are compared in lower case. Moments are ISO 8601 texts and the tenant's, never the machine's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import SLOTS, Entry, encrypted, plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError

SET_UP = "Run mailops.modern_auth.setup_mail."


@dataclass(frozen=True)
class Terms:
    """When credentials come and go.

    :param renew_within: how long before its end a credential is replaced. One that lives less than twice as long is
        replaced after half of its life, so that a tenant's policy of short lives does not mean a new one each night.
    :param overlap: how long the previous one is kept at least.
    :param lease: how long a lock holds without a sign of life.
    :param force: replace the credential although it is not due.
    """

    renew_within: timedelta
    overlap: timedelta
    lease: timedelta
    force: bool = False


@dataclass(frozen=True)
class Seen:
    """What Entra ID has of an application.

    :param secrets: as the module mail_credentials_info gives them, of the kind secret.
    :param moment: the tenant's time when it was read.
    :param name: under which the managed ones that count were made; those of other names are left alone.
    """

    secrets: Sequence[Mapping[str, Any]]
    moment: str
    name: str

    @property
    def now(self) -> datetime:
        """The moment."""
        return datetime.fromisoformat(self.moment)

    def find(self, credential: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """The credential of a slot as Entra ID has it, or None."""
        return next((one for one in self.secrets if credential and _id(one) == _id(credential)), None)

    def works(self, credential: Mapping[str, Any] | None) -> bool:
        """Whether somebody can sign in with the credential of a slot."""
        found = self.find(credential)
        return found is not None and not self.has_ended(found)

    def has_ended(self, secret: Mapping[str, Any]) -> bool:
        """Whether it has expired."""
        return datetime.fromisoformat(secret["end"]) <= self.now

    def is_managed(self, secret: Mapping[str, Any] | None) -> bool:
        """Whether it is one that the rotation may remove."""
        return secret is not None and bool(secret["managed"]) and secret["name"] == self.name

    @property
    def managed(self) -> list[Mapping[str, Any]]:
        """Those that the rotation may remove."""
        return [one for one in self.secrets if self.is_managed(one)]


def due(secret: Mapping[str, Any], terms: Terms) -> datetime:
    """From when on a credential is to be replaced."""
    end = datetime.fromisoformat(secret["end"])
    if not secret.get("start"):
        return end - terms.renew_within
    return end - min(terms.renew_within, (end - datetime.fromisoformat(secret["start"])) / 2)


def newest(entry: Mapping[str, Any]) -> str:
    """The slot of the credential that every host is to have: pending, or else current."""
    return "pending" if "pending" in entry else "current"


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
        return {**_idle("busy"), "reasons": [f"Another run works on it: {lock['host']}, until {lock['until']}."]}
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
        self.orphans = [one for one in seen.managed if _id(one) not in _held(entry)]
        never_stored = {_id(one) for one in self.orphans if _was_made_under(entry.get("lock"), one)}
        gone = {_id(one) for one in dead}
        self.remove = [
            one["key_id"] for one in seen.managed
            if _id(one) in never_stored | gone or (one in self.orphans and seen.has_ended(one))
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
        gone = _ids([*self.remove, *self.drop])
        return [key_id for key_id in ids if key_id.lower() not in gone]

    def unknown_on_hosts(self, leaving: Sequence[str]) -> set[str]:
        """Those of whom no proof has been asked yet that hosts do not have them."""
        return _ids(leaving) - _ids(self.entry.get("leaving", []))

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
        left = _ids([one["key_id"] for one in self.seen.managed]) - _ids([*self.remove, *self.dead_current])
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


# Steps: each gives the entry that follows and leaves the old one alone.


def locked(entry: Mapping[str, Any], decision: Mapping[str, Any]) -> Entry:
    """The entry in the hands of this run, with what it has decided."""
    return _tidy({
        **plain(entry), "lock": plain(decision["lock"]), "awaiting": list(decision["awaiting"]),
        "leaving": list(decision["leaving"]),
    })


def removed(entry: Mapping[str, Any], run: str, key_ids: Collection[str], team: Collection[str]) -> Entry:
    """The entry without credentials that Entra ID does not have any more. Current stays until there is another one."""
    kept = _mine(entry, run)
    gone = _ids(key_ids)
    for slot in ("pending", "previous"):
        if slot in kept and _id(kept[slot]) in gone:
            del kept[slot]
    kept["leaving"] = [key_id for key_id in kept.get("leaving", []) if key_id.lower() not in gone]
    if not (kept["leaving"] or "pending" in kept or "previous" in kept):
        kept["awaiting"] = [host for host in kept.get("awaiting", []) if host in team]
    return _tidy(kept)


def added(entry: Mapping[str, Any], run: str, secret: Mapping[str, str]) -> Entry:
    """The entry with a new credential that is to be rolled out.

    :param secret: ``key_id``, ``secret_text`` and ``end_date_time``.
    """
    return _tidy({**_mine(entry, run), "pending": dict(secret)})


def proven(entry: Mapping[str, Any], run: str, hosts: Collection[str], until: str) -> Entry:
    """The entry after hosts were proven with the newest credential.

    :param until: the new end of the lease.
    """
    kept = _mine(entry, run)
    kept["awaiting"] = [host for host in kept.get("awaiting", []) if host not in hosts]
    kept["lock"]["until"] = until
    return _tidy(kept)


def concluded(
    entry: Mapping[str, Any], run: str, team: Sequence[str], failure: str | None, moment: str, overlap: timedelta
) -> Entry:
    """The entry at the end of a run, without its lock.

    :param failure: why the newest credential could not be proven on a host; then it was taken back from every host.
    """
    kept = _mine(entry, run)
    del kept["lock"]
    if newest(kept) == "pending":
        awaiting = kept.get("awaiting", [])
        if failure is not None:
            kept["pending"]["failure"] = failure
            kept["awaiting"] = [*team, *(host for host in awaiting if host not in team)]
        elif set(team) - set(awaiting):
            pending = kept.pop("pending")
            end = min(datetime.fromisoformat(moment) + overlap, _latest_end(kept["current"], moment))
            kept["previous"] = {**kept["current"], "remove_after": _written(end)}
            kept["current"] = {name: value for name, value in pending.items() if name != "failure"}
    return _tidy(kept)


def retirable(entry: Mapping[str, Any]) -> list[str]:
    """The ids of the credentials that may be removed, since every host was proven with another one."""
    return [] if entry.get("awaiting") else list(entry.get("leaving", []))


def fallback(entry: Mapping[str, Any], seen: Seen, changed: bool) -> str | None:
    """The slot of the credential that a host gets back after a failed proof; None if it keeps what it has.

    :param changed: whether the host was given another credential in this run. If not, and there is no pending one, it
        has had the current one all along.
    """
    if newest(entry) == "pending":
        return "current" if seen.works(entry["current"]) else None
    previous = entry.get("previous")
    is_leaving = previous is not None and previous["key_id"] in entry.get("leaving", [])
    return "previous" if changed and not is_leaving and seen.works(previous) else None


def ending(
    entry: Mapping[str, Any], run: str, seen: Seen, reached: Mapping[str, bool], failure: str | None
) -> dict[str, Any]:
    """What is left to do before an entry is concluded: ``back``, the slot of what each host gets back, and ``retire``,
    the ids of the credentials to remove.

    :param reached: the hosts that can be reached, and whether each was given another credential in this run.
    :param failure: as for ``concluded``.
    :raises StoreError: the entry is not in the hands of this run.
    """
    _mine(entry, run)
    slots = {host: fallback(entry, seen, changed) for host, changed in reached.items()} if failure is not None else {}
    return {"back": {host: slot for host, slot in slots.items() if slot}, "retire": retirable(entry)}


def until(moment: str, passed: timedelta, lease: timedelta) -> str:
    """The end of a lease.

    :param passed: how much time went by since the moment, by the machine's clock.
    """
    return _written(datetime.fromisoformat(moment) + passed + lease)


def _mine(entry: Mapping[str, Any], run: str) -> Entry:
    """A copy of the entry.

    :raises StoreError: it is not in the hands of this run.
    """
    lock = entry.get("lock") or {}
    if lock.get("run") != run:
        raise StoreError(
            "Another run has taken the application over, since this one gave no sign of life for longer than "
            "mail_rotation_lock.", code="conflict", remedy="Run again.",
        )
    return plain(entry)


def _tidy(entry: Entry) -> Entry:
    """The entry without empty lists, and without ciphertexts of credentials that it no longer holds."""
    kept = {name: value for name, value in entry.items() if value or name not in ("awaiting", "leaving")}
    return encrypted(kept, {}) if "encrypted" in kept else kept


def _idle(state: str) -> dict[str, Any]:
    return {
        "state": state, "add": False, "failure": None, "lock": None, "slots": {},
        **{name: [] for name in ("reasons", "missing", "remove", "drop", "leaving", "awaiting", "hosts")},
    }


def _latest_end(credential: Mapping[str, Any], moment: str) -> datetime:
    """When the credential ends, but not before the moment."""
    return max(datetime.fromisoformat(credential["end_date_time"]), datetime.fromisoformat(moment))


def _was_made_under(lock: Mapping[str, Any] | None, secret: Mapping[str, Any]) -> bool:
    """Whether a credential was made by the run that holds, or held, the lock."""
    if not lock or _id(secret) in _ids(lock["key_ids"]) or not secret.get("start"):
        return False
    return datetime.fromisoformat(secret["start"]) <= datetime.fromisoformat(lock["until"])


def _held(entry: Mapping[str, Any]) -> set[str]:
    return {_id(entry[slot]) for slot in SLOTS if slot in entry}


def _id(credential: Mapping[str, Any]) -> str:
    return str(credential["key_id"]).lower()


def _ids(key_ids: Collection[str]) -> set[str]:
    return {key_id.lower() for key_id in key_ids}


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
