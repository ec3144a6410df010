# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The rotation as a state machine: runs are killed, hang, and go on side by side over a store, a tenant and its hosts.

A run takes one step at a time, in the order of the role's tasks and by the very functions that they call. Whatever is
done to it, every host's credential works at every moment, there are never more than two managed ones, and when the runs
that follow are left in peace, nothing is left over.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils import _rotation as rotation
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

TEAM = ["one", "two", "three"]
LIFETIME, OVERLAP, LEASE = timedelta(days=180), timedelta(days=7), timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "prod"


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class World:
    """A store, a tenant and the hosts."""

    now: datetime = START
    entry: dict[str, Any] = field(default_factory=dict)
    revision: int = 0
    tenant: dict[str, dict[str, Any]] = field(default_factory=dict)
    deployed: dict[str, str] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    store_is_down: bool = False
    #: Somebody who does not hold the application has changed a host or the store.
    meddled: bool = False
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def add(self) -> dict[str, str]:
        key_id = f"Key-{next(self.numbers)}"
        end = written(self.now + LIFETIME)
        self.tenant[key_id] = {
            "key_id": key_id, "managed": True, "name": NAME, "start": written(self.now), "end": end,
        }
        return {"key_id": key_id, "secret_text": f"value of {key_id}", "end_date_time": end}

    def write(self, entry: dict[str, Any], revision: int) -> int:
        if self.store_is_down or revision != self.revision:
            raise StoreError("down" if self.store_is_down else "conflict")
        self.entry, self.revision = copy.deepcopy(entry), self.revision + 1
        return self.revision

    def works(self, key_id: str) -> bool:
        return key_id in self.tenant and self.tenant[key_id]["end"] > written(self.now)

    def prove(self, host: str) -> bool:
        return host not in self.refused and self.works(self.deployed[host])

    def holds(self) -> None:
        for host, key_id in self.deployed.items():
            assert self.works(key_id), f"{host} has {key_id}, which does not work"
        assert len(self.tenant) <= 2, "more than two credentials"

    def seen(self) -> rotation.Seen:
        return rotation.Seen(list(copy.deepcopy(self.tenant).values()), written(self.now), NAME)


class Run:
    """One run of the playbook; ``steps`` yields where it may be killed, and says what comes next."""

    def __init__(self, world: World, number: int, present: set[str], force: bool, serial: int) -> None:
        self.world, self.me = world, {"run": f"run {number}", "host": "controller", "process": str(number)}
        self.present, self.serial = present, serial
        self.terms = rotation.Terms(timedelta(days=30), OVERLAP, LEASE, force)
        self.gone: set[str] = set()
        self.next = "begin"
        self.decision: dict[str, Any] = {}
        self.steps = self._steps()

    def _steps(self) -> Iterator[str]:
        world, run = self.world, self.me["run"]
        entry, revision = copy.deepcopy(world.entry), world.revision
        yield "read the tenant"
        seen = world.seen()
        holder = entry.get("lock", {}).get("run")
        self.decision = decision = rotation.decide(
            entry, seen, TEAM, self.present, self.terms, self.me, holder_is_gone=holder in self.gone
        )
        if decision["state"] != "due":
            return
        yield "lock"
        try:
            entry = rotation.locked(entry, decision)
            revision = world.write(entry, revision)
        except StoreError:
            return
        failure = None
        try:
            for key_id in decision["remove"]:
                yield "remove"
                world.tenant.pop(key_id, None)
            if decision["remove"] or decision["drop"]:
                yield "drop"
                entry = rotation.removed(entry, run, decision["remove"] + decision["drop"], TEAM)
                revision = world.write(entry, revision)
            if decision["add"]:
                yield "add"
                secret = world.add()
                yield "keep"
                try:
                    entry = rotation.added(entry, run, secret)
                    revision = world.write(entry, revision)
                except StoreError:
                    yield "take back"
                    # Whoever took over may have removed it already.
                    world.tenant.pop(secret["key_id"], None)
                    raise
        except StoreError as error:
            failure = str(error)
        changed: dict[str, bool] = {}
        hosts = decision["hosts"] if failure is None else []
        for first in range(0, len(hosts), self.serial):
            done = []
            for host in hosts[first:first + self.serial]:
                yield f"configure {host}"
                if host in world.unreachable or failure is not None:
                    continue
                current = copy.deepcopy(world.entry)
                slot = rotation.newest(current)
                yield f"write {host}"
                changed[host] = world.deployed[host] != current[slot]["key_id"]
                world.deployed[host] = current[slot]["key_id"]
                yield f"prove {host}"
                if world.prove(host):
                    done.append(host)
                else:
                    failure = f"{host} was refused"
            if done:
                yield "read for the record"
                entry, revision = copy.deepcopy(world.entry), world.revision
                yield "record"
                try:
                    revision = world.write(rotation.proven(entry, run, done, written(world.now + LEASE)), revision)
                except StoreError as error:
                    failure = str(error)
            if failure:
                break
        yield "read for the end"
        entry, revision = copy.deepcopy(world.entry), world.revision
        seen = rotation.Seen(seen.secrets, written(world.now), NAME)
        reached = {host: changed.get(host, False) for host in TEAM if host in self.present - world.unreachable}
        try:
            ending = rotation.ending(entry, run, seen, reached, failure)
            if failure is not None:
                yield "take from hosts"
                revision = world.write(rotation.taken_back(entry, run, TEAM, ending["back"], failure), revision)
        except StoreError:
            return
        for host, slot in ending["back"].items():
            yield f"put back {host}"
            # It may have hung, and be taken over.
            world.meddled |= world.entry.get("lock", {}).get("run") != run
            world.deployed[host] = entry[slot]["key_id"]
        yield "read for the conclusion"
        entry, revision = copy.deepcopy(world.entry), world.revision
        for key_id in ending["retire"]:
            yield "retire"
            world.tenant.pop(key_id, None)
        yield "conclude"
        try:
            kept = rotation.removed(entry, run, ending["retire"], TEAM)
            world.write(rotation.concluded(kept, run, TEAM, seen.moment, OVERLAP), revision)
        except StoreError:
            return


class Rotation(RuleBasedStateMachine):
    """What may happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.runs: list[Run] = []
        self.killed: set[str] = set()
        self.numbers = itertools.count()
        self.backups: list[dict[str, Any]] = []

    @initialize(days=st.integers(0, 170))
    def set_up(self, days: int) -> None:
        secret = self.world.add()
        self.world.write({"client_id": "c", "current": secret}, 0)
        self.world.deployed = dict.fromkeys(TEAM, secret["key_id"])
        self.world.now += timedelta(days=days)

    # -- runs

    @precondition(lambda self: len(self.runs) < 2)
    @rule(present=st.sets(st.sampled_from(TEAM), min_size=1), force=st.booleans(), serial=st.integers(1, 3))
    def start(self, present: set[str], force: bool, serial: int) -> None:
        run = Run(self.world, next(self.numbers), present, force, serial)
        # What is known of others is known to all: the set is shared.
        run.gone = self.killed
        self.runs.append(run)

    def advance(self, run: Run) -> None:
        run.next = next(run.steps, "")
        if not run.next:
            self.runs.remove(run)

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1), steps=st.integers(1, 25))
    def go_on(self, which: int, steps: int) -> None:
        run = self.runs[which % len(self.runs)]
        for _step in range(steps):
            if run in self.runs:
                self.advance(run)
                self.holds()

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1), step=st.sampled_from([
        "lock", "add", "keep", "prove", "take", "put", "retire", "conclude",
    ]))
    def go_on_until(self, which: int, step: str) -> None:
        run = self.runs[which % len(self.runs)]
        while run in self.runs:
            self.advance(run)
            self.holds()
            if run.next.startswith(step):
                return

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1), noticed=st.booleans())
    def kill(self, which: int, noticed: bool) -> None:
        """Noticed: by the next run on the same machine. If not, the lease has to pass."""
        run = self.runs.pop(which % len(self.runs))
        if noticed:
            self.killed.add(run.me["run"])

    # -- the world

    @rule(hours=st.one_of(st.integers(1, 48), st.integers(1, 160 * 24)))
    def time_passes(self, hours: int) -> None:
        """Runs hang meanwhile, for less than a credential lives that they may put back. Only one that is about to make
        a secret has to do it within its lease.
        """
        for run in list(self.runs):
            while run in self.runs and run.next in ("remove", "drop", "add"):
                self.advance(run)
        used = [key for key in self.world.tenant if self.runs and self.world.works(key)]
        held = [datetime.fromisoformat(self.world.tenant[key]["end"]) for key in [*used, *self.world.deployed.values()]]
        later = min(self.world.now + timedelta(hours=hours), min(held) - timedelta(days=1))
        self.world.now = max(self.world.now, later)

    @rule(host=st.sampled_from(TEAM))
    def host_goes_down_or_comes_up(self, host: str) -> None:
        self.world.unreachable ^= {host}

    @rule(hosts=st.sets(st.sampled_from(TEAM), min_size=1))
    def delivery_fails_or_works_again(self, hosts: set[str]) -> None:
        self.world.refused ^= hosts

    @rule()
    def store_fails_or_works_again(self) -> None:
        self.world.store_is_down = not self.world.store_is_down

    @rule(host=st.sampled_from(TEAM))
    def host_is_set_up(self, host: str) -> None:
        """By the setup playbook, which knows nothing of a rotation that goes on."""
        if host not in self.world.unreachable and self.world.works(self.world.entry["current"]["key_id"]):
            self.world.deployed[host] = self.world.entry["current"]["key_id"]
            self.world.meddled = True

    @rule(host=st.sampled_from(TEAM))
    def host_is_restored_from_a_backup(self, host: str) -> None:
        """With what was current before."""
        previous = self.world.entry.get("previous", {}).get("key_id", "")
        recent = previous not in self.world.entry.get("leaving", [])
        if recent and self.world.works(previous):
            self.world.deployed[host] = previous
            self.world.meddled = True

    @precondition(lambda self: "lock" not in self.world.entry)
    @rule()
    def store_is_backed_up(self) -> None:
        self.backups.append(copy.deepcopy(self.world.entry))

    @precondition(lambda self: self.backups and not self.runs)
    @rule()
    def store_is_restored(self) -> None:
        entry = self.backups.pop()
        if self.world.works(entry["current"]["key_id"]):
            self.world.entry, self.world.revision = entry, self.world.revision + 1
            self.world.meddled = True

    @rule()
    def somebody_removes_a_secret_that_no_host_has(self) -> None:
        used = {*self.world.deployed.values(), self.world.entry["current"]["key_id"]}
        idle = sorted(set(self.world.tenant) - used)
        if idle and not self.runs:
            del self.world.tenant[idle[0]]

    @rule()
    def a_secret_appears_that_no_store_knows(self) -> None:
        if not self.runs and len(self.world.tenant) < 2:
            self.world.add()

    # -- what must hold

    @invariant()
    def holds(self) -> None:
        self.world.holds()

    def teardown(self) -> None:
        """Two runs left in peace finish whatever was begun; a third one finds nothing to do."""
        if not self.world.entry:
            return
        self.runs.clear()
        self.world.unreachable.clear()
        self.world.refused.clear()
        self.world.store_is_down = False
        self.killed.update(f"run {number}" for number in range(next(self.numbers)))
        for _round in range(2):
            self.full_run()
        entry, tenant = self.world.entry, set(self.world.tenant)
        known = {entry[slot]["key_id"] for slot in ("current", "previous") if slot in entry}
        assert tenant - known == set(), "an orphan is left"
        assert entry["current"]["key_id"] in tenant
        if not self.world.meddled:
            assert set(self.world.deployed.values()) == {entry["current"]["key_id"]}
        assert not {"lock", "pending", "awaiting", "leaving"} & set(entry), entry
        before = (copy.deepcopy(entry), self.world.revision)
        assert self.full_run().decision["state"] in ("unchanged", "waiting")
        assert (self.world.entry, self.world.revision) == before

    def full_run(self) -> Run:
        run = Run(self.world, next(self.numbers), set(TEAM), False, 1)
        run.gone = self.killed
        go(run, None)
        return run


def go(run: Run, steps: int | None) -> bool:
    """Let a run take a number of steps, or all; whether it has ended."""
    for _step in itertools.repeat(None) if steps is None else range(steps):
        run.next = next(run.steps, "")
        run.world.holds()
        if not run.next:
            return True
    return False


def when_due() -> World:
    world = World()
    secret = world.add()
    world.write({"client_id": "c", "current": secret}, 0)
    world.deployed = dict.fromkeys(TEAM, secret["key_id"])
    world.now += timedelta(days=160)
    return world


def when_the_previous_one_may_go() -> World:
    world = when_due()
    go(Run(world, 90, set(TEAM), False, 1), None)
    world.now += timedelta(days=8)
    return world


def when_a_host_is_still_awaited() -> World:
    world = when_due()
    world.unreachable = {"two"}
    go(Run(world, 90, set(TEAM), False, 1), None)
    world.unreachable = set()
    return world


def when_proofs_fail() -> World:
    world = when_due()
    world.refused = set(TEAM)
    return world


def when_the_second_host_is_refused() -> World:
    world = when_due()
    world.refused = {"two"}
    return world


def when_the_second_of_those_awaited_is_refused() -> World:
    world = when_due()
    world.unreachable = {"two", "three"}
    go(Run(world, 90, set(TEAM), False, 1), None)
    world.unreachable = set()
    world.refused = {"three"}
    return world


def when_a_secret_is_in_no_store() -> World:
    world = when_due()
    world.add()
    return world


SITUATIONS = [
    when_due, when_the_previous_one_may_go, when_a_host_is_still_awaited, when_proofs_fail,
    when_the_second_host_is_refused, when_the_second_of_those_awaited_is_refused, when_a_secret_is_in_no_store,
]


def assert_rest(world: World) -> None:
    """When the runs that follow are left in peace, nothing is left over and every host has the current secret."""
    world.refused.clear()
    for number in (97, 98):
        run = Run(world, number, set(TEAM), False, 1)
        run.gone = {f"run {other}" for other in range(number)}
        go(run, None)
    known = {world.entry[slot]["key_id"] for slot in ("current", "previous") if slot in world.entry}
    assert set(world.tenant) == known
    assert not {"lock", "pending", "awaiting", "leaving"} & set(world.entry)
    assert set(world.deployed.values()) == {world.entry["current"]["key_id"]}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_run_may_be_killed_at_every_step(situation: Callable[[], World]) -> None:
    for steps in itertools.count():
        world = situation()
        if go(Run(world, 1, set(TEAM), False, 2), steps):
            return
        assert_rest(world)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_second_run_may_come_at_every_step_and_be_killed_at_every_step(situation: Callable[[], World]) -> None:
    """Forced, so that it would make a secret whenever it may."""
    for before in itertools.count():
        for steps in itertools.count():
            world = situation()
            first, second = Run(world, 1, set(TEAM), False, 2), Run(world, 2, set(TEAM), True, 2)
            if go(first, before):
                return
            has_ended = go(second, steps)
            go(first, None)
            assert_rest(world)
            if has_ended:
                break


TestRotation = Rotation.TestCase
TestRotation.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
