# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A client secret is made and kept, or not made at all, whatever else goes on at the same time.

Before a secret is made, the store's entry gets a lock that remembers which managed secrets there were. So the next run
tells what a killed one made and never stored, and two runs that share an application make one secret for both of them:
the second waits, and finds what the first has stored.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import (
    application_secret,
    registrations,
    secrets,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import Registration
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, Keeper, registered
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError, StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import is_gone, never_stored, written

#: How long a lock holds. Making and storing a secret takes seconds.
LEASE = timedelta(minutes=10)
#: The code of the error for a secret that the store took not.
NOT_KEPT = "not_kept"
#: Seconds between two looks at a lock that another run holds.
PAUSE = 2.0


@dataclass(frozen=True)
class Run:
    """Who works, and how it waits.

    :param me: ``run``, ``host`` and ``process``, which tell this run from any other.
    :param say: told what is waited for.
    """

    me: Mapping[str, str]
    say: Callable[[str], None]
    sleep: Callable[[float], Awaitable[None]]


async def keep(
    graph: GraphClient, ids: Mapping[str, str], options: Mapping[str, Any], registration: Registration,
    keeper: Keeper, run: Run,
) -> Entity:
    """Make a client secret unless the store has one that works, and store it before anything else.

    :param ids: the application's ``tenant_id``, ``client_id`` and ``object_id``.
    :param options: those of the module entra_application_secret that say how the secret is to be.
    :param registration: the application's secrets, read before.
    :returns: what that module returns, without the secret's value.
    :raises StoreError: the store cannot be used; then there is no new secret.
    """
    waited = timedelta()
    while True:
        entry, revision = keeper.read()
        params = secret_params(entry, ids["client_id"], options)
        if params["key_id"] is not None:
            # Nothing more is asked of Entra ID than what was read, if the secret is there and works.
            kept = await application_secret.present(graph, params, True, registration)
            if not kept["changed"]:
                return kept
        holder = _other_holder(entry, run, registration.moment)
        if holder is None:
            try:
                return await _make(graph, ids, params, registration, keeper, (entry, revision), run)
            except StoreError as error:
                if error.code != "conflict" or waited > LEASE:
                    raise
        elif waited > LEASE:
            raise StoreError(
                f"Another run on {holder} has been working on {registration.label} for more than "
                f"{LEASE // timedelta(minutes=1)} minutes.", code="busy", remedy="Run again when it has ended.",
            )
        elif not waited:
            run.say(f"{registration.label}: waiting for another run on {holder}, which works on it")
        # Another run has made a secret by then, or is about to.
        await run.sleep(PAUSE)
        waited += timedelta(seconds=PAUSE)
        registration = await registrations.look(graph, registration)


async def note(
    facts: Mapping[str, Any], keeper: Keeper, run: Run, moment: datetime, *, check_mode: bool
) -> bool:
    """Keep what is known of an application beside its credential; gives whether the store did not know it.

    :param facts: names of an entry, with what they hold from now on.
    :param moment: the tenant's time, by which another run's lock ends.
    :raises StoreError: the store cannot be used, or another run works on the application all the time.
    """
    waited = timedelta()
    while True:
        entry, revision = keeper.read()
        if check_mode or {**entry, **facts} == entry:
            return {**entry, **facts} != entry
        try:
            if _other_holder(entry, run, moment + waited) is None:
                keeper.write({**entry, **facts}, revision)
                return True
        except StoreError as error:
            if error.code != "conflict":
                raise
        if waited > LEASE:
            raise StoreError(
                "Another run has been working on the application all the time.", code="busy",
                remedy="Run again when it has ended.",
            )
        await run.sleep(PAUSE)
        waited += timedelta(seconds=PAUSE)


def secret_params(entry: Mapping[str, Any], client_id: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the module entra_application_secret for an application with that entry in the store.

    :param client_id: the application's; what an entry holds of another one is of no use.
    """
    is_its_own = client_id is not None and entry.get("client_id") == client_id
    key_id = entry.get("current", {}).get("key_id") if is_its_own else None
    return {
        "app_id": client_id, "object_id": None, "unique_name": None, "key_id": key_id, "known_key_ids": [],
        # A store that was lost or restored does not know what servers use. The rotation removes what no server has.
        "remove_unknown": False,
        # To renew it is the rotation's work, which has all servers in view and not only those of this run.
        "renew_within": "1h", "state": "present", **options,
    }


async def _make(
    graph: GraphClient, ids: Mapping[str, str], params: Mapping[str, Any], registration: Registration,
    keeper: Keeper, held: tuple[Entry, str], run: Run,
) -> Entity:
    entry, revision = held
    managed = [
        {"key_id": one["keyId"], "start": one.get("startDateTime")} for one in registration.managed(params["name"])
    ]
    lost = [one["key_id"] for one in never_stored(entry, managed)]
    # A lock that is taken over keeps what it remembers: a replica that lags may not show yet what it was taken for.
    before = entry["lock"]["key_ids"] if "lock" in entry else [one["key_id"] for one in managed]
    lock = {**run.me, "until": written(registration.moment + LEASE), "key_ids": before}
    revision = keeper.write({**entry, "lock": lock}, revision)
    for key_id in lost:
        await secrets.remove(graph, registration, {"keyId": key_id})
    free = _unlocked(entry)
    try:
        made = await make_and_store(
            graph, params, registration, lambda secret: keeper.write(registered(free, ids, secret), revision)
        )
    except ModernAuthError as error:
        if error.code != NOT_KEPT:
            keeper.write(free, revision)
        raise
    return {**made, "removed": [*made["removed"], *lost]}


async def make_and_store(
    graph: GraphClient, params: Mapping[str, Any], registration: Registration,
    store: Callable[[dict[str, str]], object],
) -> Entity:
    """Make a client secret, and store it before anything else happens; what cannot be stored is removed again.

    :param params: the options of the module entra_application_secret.
    :param store: keeps ``key_id``, ``secret_text`` and ``end_date_time``.
    :returns: what that module returns, without the secret's value.
    :raises StoreError: with the code ``NOT_KEPT`` if the store took it not.
    """
    made = await application_secret.present(graph, params, False, registration)
    about = made["secret"]
    secret = {
        "key_id": about["key_id"], "secret_text": made.pop("secret_text"), "end_date_time": about["end_date_time"],
    }
    try:
        store(secret)
    except StoreError as error:
        await secrets.remove(graph, registration, {"keyId": secret["key_id"]})
        raise StoreError(
            f"A client secret was made, but could not be kept in the store, so it was removed again: {error.message}",
            code=NOT_KEPT, remedy=error.remedy,
        ) from error
    return made


def _unlocked(entry: Mapping[str, Any]) -> Entry:
    return {name: value for name, value in entry.items() if name != "lock"}


def _other_holder(entry: Mapping[str, Any], run: Run, now: datetime) -> str | None:
    """The machine on which another run holds the entry's lock; None if nobody does."""
    lock = entry.get("lock")
    if not lock or lock["run"] == run.me["run"] or is_gone(lock) or datetime.fromisoformat(lock["until"]) <= now:
        return None
    return str(lock["host"]).partition(" ")[0]
