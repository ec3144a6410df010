"""Kill the rotation at every task boundary and at random points; run it once more each time, and look what is left.

    make kill-test

Before each kill the secret has fallen due and the one before it may be removed, so that every run has all there is to
do. While the killed run and the one after it go on, each server's product signs in over and over. Prints a line for
each kill and counts at the end; the exit code says whether everything held.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from farm import Farm, Run


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
            print(f"{what:<22} {state:<22} {'; '.join(refusals + faults) or 'healed'}", flush=True)


def kill_and_heal(farm: Farm, what: str, kill: Callable[[], Run], result: Result) -> Run:
    """One kill, and the run that heals it."""
    farm.until_due()
    with farm.watched() as refusals:
        killed = kill()
        healing = farm.run()
    faults = farm.faults_at_rest()
    if healing.code != 0:
        faults.append(f"the run after it failed:\n{healing.output}")
    result.tell(what, killed, refusals, faults)
    return killed


def kill_at_boundaries(farm: Farm, numbers: Iterable[int], result: Result) -> None:
    """Kill as task after task begins, until a run is over before its turn."""
    for number in numbers:
        if not kill_and_heal(
            farm, f"task boundary {number}", lambda number=number: farm.run_until_task(number), result
        ).killed:
            return
        result.boundaries += 1


def kill_at_points(farm: Farm, moments: Iterable[float], result: Result) -> None:
    """Kill after each of a number of seconds."""
    for seconds in moments:
        kill_and_heal(farm, f"after {seconds:.2f} s", lambda seconds=seconds: farm.run_for(seconds), result)
        result.points += 1


def length(farm: Farm) -> float:
    """How many seconds a rotation takes that nobody disturbs."""
    farm.until_due()
    started = time.monotonic()
    done = farm.run()
    if done.code != 0:
        raise SystemExit(f"The rotation fails even when nobody kills it:\n{done.output}")
    return time.monotonic() - started


def work(folder: Path, numbers: Iterable[int], points: int, seed: int, result: Result) -> None:
    """One worker's share, on a farm of its own."""
    farm = Farm(folder)
    try:
        seconds = length(farm)
        kill_at_boundaries(farm, numbers, result)
        dice = random.Random(seed)
        kill_at_points(farm, [dice.uniform(0, seconds) for _ in range(points)], result)
    finally:
        farm.stop()


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
    count = itertools.count(given.first)
    numbers = count if given.last is None else itertools.takewhile(lambda number: number <= given.last, count)
    shares = [given.points // given.workers + (index < given.points % given.workers) for index in range(given.workers)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.workers) as pool:
        workers = [
            pool.submit(work, Path(folder) / str(index), numbers, share, given.seed + index, result)
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
