# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The steps of a rotation: each gives the entry that follows, and leaves the old one alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, encrypted, plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import id_of, ids_of, written
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.seen import (
    Seen,
    newest,
)


def locked(entry: Mapping[str, Any], decision: Mapping[str, Any]) -> Entry:
    """The entry in the hands of this run, with what it has decided."""
    return _tidy({
        **plain(entry), "lock": plain(decision["lock"]), "awaiting": list(decision["awaiting"]),
        "leaving": list(decision["leaving"]),
    })


def removed(entry: Mapping[str, Any], run: str, key_ids: Collection[str], team: Collection[str]) -> Entry:
    """The entry without credentials that Entra ID does not have any more. Current stays until there is another one."""
    kept = _mine(entry, run)
    gone = ids_of(key_ids)
    for slot in ("pending", "previous"):
        if slot in kept and id_of(kept[slot]) in gone:
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


def taken_back(entry: Mapping[str, Any], run: str, team: Sequence[str], back: Collection[str], failure: str) -> Entry:
    """The entry before hosts get an older credential back: whoever was proven with the newest one is awaited again.

    It is stored before a host is touched. A run that ends in between would leave hosts that count as proven with a
    credential that they do not have.

    :param back: the hosts that do. A pending credential is taken back from all of the team, known to be there or not.
    :param failure: why the newest credential could not be proven on a host.
    """
    kept = _mine(entry, run)
    is_pending = newest(kept) == "pending"
    if is_pending:
        kept["pending"]["failure"] = failure
    awaiting = kept.get("awaiting", [])
    again = [host for host in team if is_pending or host in back or host in awaiting]
    kept["awaiting"] = [*again, *(host for host in awaiting if host not in team)]
    return _tidy(kept)


def concluded(entry: Mapping[str, Any], run: str, team: Sequence[str], moment: str, overlap: timedelta) -> Entry:
    """The entry at the end of a run, without its lock: pending becomes current where somebody was proven with it."""
    kept = _mine(entry, run)
    del kept["lock"]
    if newest(kept) == "pending" and set(team) - set(kept.get("awaiting", [])):
        pending = kept.pop("pending")
        end = min(datetime.fromisoformat(moment) + overlap, _latest_end(kept["current"], moment))
        kept["previous"] = {**kept["current"], "remove_after": written(end)}
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
    :param failure: as for ``taken_back``.
    :raises StoreError: the entry is not in the hands of this run.
    """
    _mine(entry, run)
    slots = {host: fallback(entry, seen, changed) for host, changed in reached.items()} if failure is not None else {}
    return {"back": {host: slot for host, slot in slots.items() if slot}, "retire": retirable(entry)}


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


def _latest_end(credential: Mapping[str, Any], moment: str) -> datetime:
    """When the credential ends, but not before the moment."""
    return max(datetime.fromisoformat(credential["end_date_time"]), datetime.fromisoformat(moment))
