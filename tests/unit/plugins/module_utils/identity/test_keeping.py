# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A client secret is made and kept, or not made at all, whatever else goes on."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import SECRET, Registration, title
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.registrations import of
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, fingerprint
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Entity, Request
from ansible_collections.mailops.modern_auth.plugins.module_utils._identity._keeping import LEASE, NOT_KEPT, Run, keep
from ansible_collections.mailops.modern_auth.plugins.module_utils._locks import this_run, written

NOW = datetime(2026, 6, 1, tzinfo=UTC)
IDS = {"tenant_id": "t", "client_id": "c", "object_id": "o"}
OPTIONS = {"name": "prod", "lifetime": "180d"}
OTHER = {"run": "theirs", "host": "elsewhere boot pid", "process": "1 1"}


class Tenant:
    """One application, as Graph shows and changes it."""

    def __init__(self, *secrets: str) -> None:
        self._numbers = itertools.count(1)
        self.secrets = [self._secret(one) for one in secrets]

    def _secret(self, key_id: str) -> Entity:
        return {
            "keyId": key_id, "displayName": title("prod", "0a1b2c3d"),
            "startDateTime": written(NOW), "endDateTime": written(NOW + timedelta(days=180)),
        }

    def ids(self) -> list[str]:
        return [one["keyId"] for one in self.secrets]

    def read(self) -> Entity:
        return {"id": "o", "displayName": "Contracts", "passwordCredentials": list(self.secrets)}

    def registration(self) -> Registration:
        return of(self.read(), NOW, SECRET)

    async def send(self, request: Request) -> Answer:
        body: Entity = {}
        if request.path.endswith("/addPassword"):
            made = self._secret(f"new-{next(self._numbers)}")
            self.secrets.append(made)
            body = {**made, "secretText": f"{made['keyId']}~s3cret"}
        elif request.path.endswith("/removePassword"):
            wanted = cast(dict[str, str], request.body)["keyId"]
            self.secrets = [one for one in self.secrets if one["keyId"] != wanted]
        else:
            body = self.read()
        return Answer(request, 200, {"date": NOW.strftime("%a, %d %b %Y %H:%M:%S GMT")}, body)

    async def batch(self, requests: Sequence[Request]) -> list[Answer]:
        # Whoever may not read the policies goes on.
        return [Answer(request, 403) for request in requests]

    async def wait_until(
        self, attempt: Callable[[], Awaitable[Any]], done: Callable[[Any], bool], patience: float = 0
    ) -> Any:
        result = await attempt()
        assert done(result)
        return result


class Memory:
    """Keeps one entry, and all that was ever written.

    :param refuse: is asked before each writing, by its number from 1.
    """

    def __init__(self, entry: Entry, refuse: Callable[[int], StoreError | None] = lambda _number: None) -> None:
        self.entry, self._refuse = entry, refuse
        self.written: list[Entry] = []

    def read(self) -> tuple[Entry, str]:
        return dict(self.entry), fingerprint(self.entry)

    def write(self, entry: Entry, revision: str) -> str:
        refused = self._refuse(len(self.written) + 1)
        if refused is not None:
            raise refused
        if revision != fingerprint(self.entry):
            raise StoreError("Another run has changed it.", code="conflict")
        self.entry = entry
        self.written.append(entry)
        return fingerprint(entry)


def kept(
    tenant: Tenant, memory: Memory, meanwhile: Callable[[], None] = lambda: None, said: list[str] | None = None
) -> Entity:
    """What keep gives.

    :param meanwhile: what happens while it waits.
    """

    async def sleep(_seconds: float) -> None:
        meanwhile()

    run = Run({"run": "mine", **this_run()}, (said if said is not None else []).append, sleep)
    return asyncio.run(keep(cast(GraphClient, tenant), IDS, OPTIONS, tenant.registration(), memory, run))


def credential(key_id: str) -> dict[str, str]:
    return {"key_id": key_id, "secret_text": f"{key_id}~s3cret", "end_date_time": written(NOW + timedelta(days=180))}


def lock(who: dict[str, str], *key_ids: str, until: datetime = NOW + LEASE) -> dict[str, Any]:
    return {**who, "until": written(until), "key_ids": list(key_ids)}


def test_a_secret_is_in_the_store_before_anything_else_and_its_value_nowhere_else() -> None:
    tenant, memory = Tenant(), Memory({})
    made = kept(tenant, memory)
    assert [sorted(entry) for entry in memory.written] == [["lock"], ["client_id", "current", "object_id", "tenant_id"]]
    assert memory.entry["current"]["secret_text"] == "new-1~s3cret"
    assert (tenant.ids(), made["changed"], "s3cret" in str(made)) == (["new-1"], True, False)


def test_one_that_works_is_kept_and_nothing_is_written() -> None:
    tenant, memory = Tenant("old"), Memory({**IDS, "current": credential("old")})
    assert (kept(tenant, memory)["changed"], memory.written, tenant.ids()) == (False, [], ["old"])


def test_what_the_store_holds_of_another_application_is_given_up() -> None:
    tenant, memory = Tenant(), Memory({**IDS, "client_id": "purged", "current": credential("old"), "awaiting": ["a"]})
    kept(tenant, memory)
    assert memory.entry == {**IDS, "current": credential("new-1")}


def test_what_the_store_did_not_take_is_removed_again() -> None:
    tenant = Tenant()
    memory = Memory({}, lambda number: StoreError("It is full.", code="full") if number == 2 else None)
    with pytest.raises(StoreError, match=r"removed again: It is full\.") as caught:
        kept(tenant, memory)
    assert (caught.value.code, tenant.ids()) == (NOT_KEPT, [])


def test_a_store_that_takes_no_lock_gets_no_secret() -> None:
    tenant = Tenant()
    with pytest.raises(StoreError, match="It is full"):
        kept(tenant, Memory({}, lambda _number: StoreError("It is full.", code="full")))
    assert tenant.ids() == []


@pytest.mark.parametrize("held", [
    # It is not there any more: nobody has a process of that number which began at that tick.
    lock({"run": "theirs", **this_run(), "process": "1 1"}, "old"),
    lock(OTHER, "old", until=NOW - timedelta(minutes=1)),
])
def test_what_a_killed_run_made_and_never_stored_is_removed(held: dict[str, Any]) -> None:
    tenant, memory = Tenant("old", "orphan"), Memory({"lock": held})
    if held["until"] < written(NOW):
        tenant.secrets[1]["startDateTime"] = held["until"]
    made = kept(tenant, memory)
    assert (tenant.ids(), made["removed"], memory.entry["current"]["key_id"]) == (["old", "new-1"], ["orphan"], "new-1")
    # What was there before the lock of the killed run is remembered, not what is there now.
    assert memory.written[0]["lock"]["key_ids"] == ["old"]


def test_while_another_run_holds_it_this_one_waits_and_takes_what_that_one_stored() -> None:
    tenant, memory, said = Tenant(), Memory({"lock": lock(OTHER)}), list[str]()

    def other() -> None:
        tenant.secrets.append(tenant._secret("theirs"))
        memory.entry = {**IDS, "current": credential("theirs")}

    made = kept(tenant, memory, other, said)
    assert (made["changed"], tenant.ids(), memory.written) == (False, ["theirs"], [])
    assert said == ['"Contracts": waiting for another run on elsewhere, which works on it']


def test_who_loses_the_race_for_the_lock_takes_what_the_other_stores() -> None:
    tenant = Tenant()

    def taken(_number: int) -> StoreError:
        tenant.secrets.append(tenant._secret("theirs"))
        memory.entry = {**IDS, "current": credential("theirs")}
        return StoreError("Another run has changed it.", code="conflict")

    memory = Memory({}, taken)
    assert (kept(tenant, memory)["changed"], tenant.ids()) == (False, ["theirs"])


def test_waiting_has_an_end() -> None:
    said: list[str] = []
    tenant, memory = Tenant(), Memory({"lock": lock(OTHER, until=NOW + timedelta(days=1))})
    with pytest.raises(StoreError, match="for more than 10 minutes") as caught:
        kept(tenant, memory, said=said)
    assert (caught.value.code, len(said), tenant.ids(), memory.written) == ("busy", 1, [], [])
