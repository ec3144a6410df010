"""Kill the rotation at every task boundary and at random points; run it once more each time, and look what is left.

    make kill-test

There are two kinds of nights on which there is something to do: the secret has fallen due, or the one before it may be
removed. They alternate. While a killed run and the one after it go on, each server's product signs in over and over.
Prints a line for each kill and counts at the end; the exit code says whether everything held.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from farm import DUE_DAYS, REMOVAL_DAYS, ROTATION, Farm, Run


@dataclass
class Result:
    """What came of the kills."""

    boundaries: int = 0
    points: int = 0
    refusals: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, what: str, run: Run, refusals: list[str], faults: list[str]) -> None:
        """Count a kill and print its line."""
        with self.lock:
            self.refusals += [f"{what}: {one}" for one in refusals]
            self.faults += [f"{what}: {one}" for one in faults]
            state = "killed" if run.killed else f"ended by itself ({run.code})"
            print(f"{what:<28} {state:<22} {'; '.join(refusals + faults) or 'healed'}", flush=True)


@dataclass
class Night:
    """A kind of night.

    :param days: how long after the other kind it is.
    :param boundaries: numbers of the tasks at which it is still to be killed.
    """

    name: str
    days: int
    boundaries: Iterator[int]
    over: bool = False


def kill_and_heal(farm: Farm, night: Night, what: str, kill: Callable[[], Run], result: Result) -> bool:
    """One kill, and the run that heals it; whether it was killed before its end."""
    farm.let_days_pass(night.days)
    with farm.watched() as refusals:
        killed = kill()
        healing = farm.run(ROTATION)
    faults = farm.faults_at_rest()
    if healing.code != 0:
        faults.append(f"the run after it failed:\n{healing.output}")
    result.tell(f"{night.name}, {what}", killed, refusals, faults)
    return killed.killed


def kill_at_boundaries(farm: Farm, nights: Sequence[Night], result: Result) -> None:
    """Kill as task after task begins, until a run is over before its turn."""
    while not all(night.over for night in nights):
        farm.rejuvenate()
        for night in nights:
            number = None if night.over else next(night.boundaries, None)
            if number is None:
                night.over = True
                farm.let_days_pass(night.days)
                undisturbed(farm)
            elif kill_and_heal(
                farm, night, f"task boundary {number}", partial(farm.run_until_task, ROTATION, number), result
            ):
                result.boundaries += 1
            else:
                night.over = True


def kill_at_points(farm: Farm, nights: Sequence[Night], points: int, dice: random.Random, result: Result) -> None:
    """Kill at random moments."""
    lengths = []
    farm.rejuvenate()
    for night in nights:
        farm.let_days_pass(night.days)
        lengths.append(undisturbed(farm))
    for number in range(points):
        kind = number % len(nights)
        if kind == 0:
            farm.rejuvenate()
        seconds = dice.uniform(0, lengths[kind])
        kill_and_heal(farm, nights[kind], f"after {seconds:.2f} s", partial(farm.run_for, ROTATION, seconds), result)
        result.points += 1
    if points % len(nights):
        farm.let_days_pass(nights[-1].days)
        undisturbed(farm)


def undisturbed(farm: Farm) -> float:
    """How many seconds a rotation takes that nobody kills."""
    started = time.monotonic()
    done = farm.run(ROTATION)
    if done.code != 0:
        raise SystemExit(f"The rotation fails even when nobody kills it:\n{done.output}")
    return time.monotonic() - started


def work(folder: Path, nights: Sequence[Night], points: int, seed: int, result: Result) -> None:
    """One worker's share, on a farm of its own."""
    farm = Farm(folder)
    try:
        kill_at_boundaries(farm, nights, result)
        kill_at_points(farm, nights, points, random.Random(seed), result)
    finally:
        farm.stop()


def boundaries(given: argparse.Namespace) -> Iterator[int]:
    """The numbers of the tasks at which a kind of night is to be killed."""
    numbers = itertools.count(given.first)
    return numbers if given.last is None else itertools.takewhile(lambda number: number <= given.last, numbers)


def main() -> int:
    """Run the suite."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--points", type=int, default=50, help="number of random points")
    arguments.add_argument("--first", type=int, default=1, help="task boundary to begin with")
    arguments.add_argument("--last", type=int, help="task boundary to end with, all if left out")
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--seed", type=int, default=20261122)
    given = arguments.parse_args()
    result = Result()
    nights = [Night("due", DUE_DAYS, boundaries(given)), Night("removal", REMOVAL_DAYS, boundaries(given))]
    shares = [given.points // given.workers + (index < given.points % given.workers) for index in range(given.workers)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.workers) as pool:
        workers = [
            pool.submit(work, Path(folder) / str(index), nights, share, given.seed + index, result)
            for index, share in enumerate(shares)
        ]
        for worker in workers:
            worker.result()
    print(f"{result.boundaries} task boundaries, {result.points} random points (seed {given.seed})")
    print(f"{len(result.refusals)} moments at which a server had no working credential")
    print(f"{len(result.faults)} faults after the run that follows: lost secrets, orphans, no rest")
    for one in result.refusals + result.faults:
        print(one)
    return 1 if result.refusals or result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
