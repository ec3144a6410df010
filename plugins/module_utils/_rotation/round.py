# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One round of an application's rotation, step by step: each reads the entry, does what is due, and stores it.

What a step gives is handed to the next one, and holds no secret:

    state       unset, busy, due, waiting or unchanged, see decision.py
    decision    what was decided, see there
    reasons     [sentences]
    first       what was decided in the first round, if this is the second one
    failed, msg why it cannot go on; and failed_host, if it is one of its hosts
    lost        {host: why} of those that could not be reached
    locked      whether this run holds the application
    slot, hosts which secret the hosts of this run are to get, and which of them
    seen        {secrets, moment}: what Entra ID has of it
    read_at     the machine's time of that, seconds since the epoch
    entry       what the store holds, without the secrets' values
    back        {host: slot} of what hosts get back, at the end
    put_back    {host: sentence}: what became of that
    retire      [key ids] that are to be removed, at the end; None before that is known
    concluded   whether the round has come to its end
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _rotation
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import token_source
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import credentials, secrets, tokens
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import Identity
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, Keeper, key_ids
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError, StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._identity._keeping import make_and_store
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import is_gone
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.seen import Seen, Terms, newest, until
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import failure

State = dict[str, Any]

#: An application of which nothing is known yet.
UNREAD: Mapping[str, Any] = {
    "state": "unread", "decision": None, "reasons": [], "first": None, "changed": False, "failed": False, "msg": "",
    "failed_host": None, "lost": {}, "locked": False, "slot": "current", "hosts": [], "seen": None, "read_at": None,
    "entry": {}, "back": {}, "put_back": {}, "retire": None, "concluded": False,
}

#: Seconds until every replica of the identity platform has heard of a new secret, at the most.
PATIENCE = 600
#: How often, and after how many seconds, Entra ID is read again before a secret is taken for lost.
LOOKS, PAUSE = 6, 5.0
#: Within which time a credential counts as due does not matter here.
_ANY = timedelta()


@dataclass(frozen=True)
class Round:
    """What a run does for all applications alike.

    :param me: ``run``, ``host`` and ``process``, which tell this run from any other.
    :param options: the connection's, with which a new secret is tried.
    :param clock: the machine's time, seconds since the epoch.
    """

    me: Mapping[str, str]
    terms: Terms
    options: Mapping[str, Any]
    check_mode: bool
    clock: Callable[[], float] = time.time

    @property
    def run(self) -> str:
        """The run's name."""
        return self.me["run"]

    def now(self, state: Mapping[str, Any], lease: timedelta = _ANY) -> str:
        """The tenant's time, by the machine's clock since the tenant told it; a lease later."""
        passed = timedelta(seconds=self.clock() - state["read_at"])
        return until(state["seen"]["moment"], passed, lease)


async def begin(
    graph: GraphClient, wanted: Mapping[str, Any], keeper: Keeper, found: Mapping[str, Any] | None,
    moment: datetime | None, around: Round, prove: Callable[[], ModernAuthError | None],
) -> State:
    """Decide; if something is due, take the lock, remove what nobody has, make what is needed, and see it sign in.

    :param wanted: the application as the plan has it.
    :param found: as Entra ID showed it, with its credentials; None if it was not there.
    :param prove: why the store would take nothing new, so that nothing must be made; None if it would.
    """
    entry, revision = keeper.read()
    state = _decided(wanted, entry, found, moment, around)
    if state["decision"]["missing"]:
        # A replica that lags does not show a secret that was made moments ago, or shows one that was removed.
        found, moment = await _look_again(graph, entry, state["decision"]["missing"])
        state = _decided(wanted, entry, found, moment, around)
    decision = state["decision"]
    if decision["failure"] is not None:
        return {**state, "failed": True, "msg": decision["failure"]}
    if decision["state"] != "due" or around.check_mode:
        return state
    refused = prove()
    if refused is not None:
        return {**state, **failure(refused)}
    try:
        entry = _rotation.locked(entry, decision)
        revision = keeper.write(entry, revision)
    except StoreError as error:
        if error.code != "conflict":
            raise
        return {**state, "state": "busy", "reasons": ["Another run has just begun to work on it."]}
    try:
        entry = await _make(graph, wanted, keeper, (entry, revision), decision, around)
    except ModernAuthError as error:
        # It is in the hands of this run, which gives it free at the end.
        return {**state, **failure(error), "changed": True, "locked": True}
    return {
        **state, "changed": True, "locked": True, "slot": newest(entry), "hosts": decision["hosts"],
        "entry": shown(entry),
    }


def record(keeper: Keeper, state: State, hosts: Collection[str], around: Round) -> None:
    """Keep which hosts were proven with the newest secret, and that the run is alive."""
    entry, revision = keeper.read()
    keeper.write(
        _rotation.proven(entry, around.run, hosts, around.now(state, around.terms.lease)), revision
    )


def end(keeper: Keeper, wanted: Mapping[str, Any], state: State, reached: Mapping[str, bool], around: Round) -> State:
    """Find out who gets another secret back, store that they are awaited again, and find out what may be removed.

    :param reached: the hosts that can be reached, and whether each was given another secret.
    """
    entry, revision = keeper.read()
    seen = Seen(state["seen"]["secrets"], around.now(state), wanted["environment"])
    why = state["msg"] if state["failed"] else None
    ending = _rotation.ending(entry, around.run, seen, reached, why)
    if why is not None:
        entry = _rotation.taken_back(entry, around.run, wanted["team"], ending["back"], why)
        keeper.write(entry, revision)
    return {**state, "back": ending["back"], "retire": ending["retire"], "entry": shown(entry)}


async def conclude(
    graph: GraphClient, wanted: Mapping[str, Any], keeper: Keeper, state: State, around: Round
) -> State:
    """Remove what no host has any more, store how it ended, and give the application free."""
    entry, revision = keeper.read()
    await _remove(graph, entry, state["retire"])
    kept = _rotation.removed(entry, around.run, state["retire"], wanted["team"])
    after = _rotation.concluded(
        kept, around.run, wanted["team"], around.now(state), around.terms.overlap,
    )
    keeper.write(after, revision)
    return {**state, "locked": False, "concluded": True, "entry": shown(after)}


def shown(entry: Mapping[str, Any]) -> Entry:
    """The entry without what is secret in it."""
    return {
        name: {key: one for key, one in value.items() if key != "secret_text"} if isinstance(value, Mapping) else value
        for name, value in entry.items() if name not in ("encrypted", "fingerprints")
    }


def _decided(
    wanted: Mapping[str, Any], entry: Mapping[str, Any], found: Mapping[str, Any] | None, moment: datetime | None,
    around: Round,
) -> State:
    seen = None
    if found is not None and moment is not None:
        about = credentials.shown(found, moment, _ANY)["credentials"]
        secrets_ = [one for one in about if one["kind"] == "secret"]
        seen = Seen(secrets_, moment.strftime("%Y-%m-%dT%H:%M:%SZ"), wanted["environment"])
    lock = entry.get("lock")
    decision = _rotation.decide(
        entry, seen, wanted["team"], set(wanted["hosts"]), around.terms, around.me,
        holder_is_gone=lock is not None and is_gone(lock),
    )
    return {
        **UNREAD, "state": decision["state"], "decision": decision, "reasons": decision["reasons"],
        # In a check it would be changed.
        "changed": around.check_mode and decision["state"] == "due",
        "seen": {"secrets": list(seen.secrets), "moment": seen.moment} if seen else None, "read_at": around.clock(),
        "entry": shown(entry),
    }


async def _look_again(
    graph: GraphClient, entry: Mapping[str, Any], missing: Sequence[str]
) -> tuple[Mapping[str, Any] | None, datetime | None]:
    wanted = {key_id.lower() for key_id in missing}
    for attempt in range(1, LOOKS + 1):
        reading = await credentials.read(graph, [entry["client_id"]])
        found = next(iter(reading.applications), None)
        there = {one["keyId"].lower() for one in (found or {}).get("passwordCredentials") or []}
        if wanted <= there or attempt == LOOKS:
            return found, reading.moment
        await asyncio.sleep(PAUSE)
    raise AssertionError("unreachable: the last look returns")


async def _make(
    graph: GraphClient, wanted: Mapping[str, Any], keeper: Keeper, held: tuple[Entry, str], decision: Mapping[str, Any],
    around: Round,
) -> Entry:
    entry, revision = held
    await _remove(graph, entry, decision["remove"])
    gone = [*decision["remove"], *decision["drop"]]
    if gone:
        entry = _rotation.removed(entry, around.run, gone, wanted["team"])
        revision = keeper.write(entry, revision)
    if decision["add"]:
        entry = await _add(graph, wanted, keeper, (entry, revision), decision, around)
    if decision["hosts"]:
        credential = entry[newest(entry)]
        options = {
            **around.options, "auth_source": "client_secret", "tenant_id": entry["tenant_id"],
            "client_id": entry["client_id"], "client_secret": credential["secret_text"], "token_cache": None,
        }
        await tokens.prove(token_source(options), cloud_from(options).graph_scope, PATIENCE)
    return entry


async def _remove(graph: GraphClient, entry: Mapping[str, Any], key_ids: Sequence[str]) -> None:
    if not key_ids:
        return
    registration = await secrets.read(graph, Identity(app_id=entry["client_id"]))
    for key_id in key_ids:
        await secrets.remove(graph, registration, {"keyId": key_id})


async def _add(
    graph: GraphClient, wanted: Mapping[str, Any], keeper: Keeper, held: tuple[Entry, str], decision: Mapping[str, Any],
    around: Round,
) -> Entry:
    entry, revision = held
    registration = await secrets.read(graph, Identity(app_id=entry["client_id"]))
    await make_and_store(graph, {
        "app_id": entry["client_id"], "object_id": None, "unique_name": None, "name": wanted["environment"],
        # Whatever was there before the lock stays.
        "key_id": None, "known_key_ids": [*decision["lock"]["key_ids"], *key_ids(entry)], "remove_unknown": True,
        "lifetime": wanted["secret"]["lifetime"], "renew_within": wanted["secret"]["renew_within"], "state": "present",
    }, registration, lambda secret: keeper.write(_rotation.added(entry, around.run, secret), revision))
    return keeper.read()[0]
