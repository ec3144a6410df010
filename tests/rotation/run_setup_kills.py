"""Kill the first set-up at every task boundary and at random points; run it once more each time, and look what is left.

    make kill-test

Each time six servers and a tenant know nothing of each other's five applications. Prints a line for each kill and
counts at the end; the exit code says whether everything held.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from farm import SETUP, Run
from young import Young

#: Seconds that each answer takes while a run is killed. Most moments of a run would lie outside the step that matters.
LATENCY = 0.2


@dataclass
class Result:
    """What came of the kills."""

    boundaries: int = 0
    points: int = 0
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, what: str, run: Run, left: str, faults: list[str]) -> None:
        """Print a kill's line."""
        with self.lock:
            self.faults += [f"{what}: {one}" for one in faults]
            state = "killed" if run.killed else f"ended by itself ({run.code})"
            print(f"{what:<20} {state:<22} {left:<40} {'; '.join(faults) or 'healed'}", flush=True)


def kill_and_heal(site: Young, what: str, kill: Callable[[], Run], result: Result) -> bool:
    """One kill, and the run that heals it; whether it was killed before its end."""
    site.empty()
    site.slow_down(LATENCY)
    killed = kill()
    site.sandbox.control("DELETE", "/faults")
    left = site.made()
    site.sandbox.control("DELETE", "/requests")
    healing = site.run(SETUP)
    faults = site.faults()
    if healing.code != 0:
        faults.append(f"the run after it failed:\n{healing.output}")
    result.tell(what, killed, left, faults)
    return killed.killed


def undisturbed(site: Young) -> float:
    """How many seconds a set-up takes that nobody kills."""
    site.empty()
    site.slow_down(LATENCY)
    started = time.monotonic()
    done = site.run(SETUP)
    if done.code != 0 or site.faults():
        raise SystemExit(f"The set-up fails even when nobody kills it: {site.faults()}\n{done.output}")
    return time.monotonic() - started


def work(folder: Path, boundaries: Iterator[int], points: int, seed: int, result: Result) -> None:
    """One worker's share, on a site of its own."""
    site = Young(folder)
    try:
        length = undisturbed(site)
        # The numbers go up, so that the first one that a run does not reach is the last one.
        while kill_and_heal(
            site, f"task boundary {(number := next(boundaries))}", partial(site.run_until_task, SETUP, number), result
        ):
            result.boundaries += 1
        dice = random.Random(seed)
        for _ in range(points):
            seconds = dice.uniform(0, length)
            kill_and_heal(site, f"after {seconds:.2f} s", partial(site.run_for, SETUP, seconds), result)
            result.points += 1
    finally:
        site.stop()


def main() -> int:
    """Run the suite."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--points", type=int, default=30, help="number of random points")
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--seed", type=int, default=20261128)
    given = arguments.parse_args()
    result, boundaries = Result(), itertools.count(1)
    shares = [given.points // given.workers + (index < given.points % given.workers) for index in range(given.workers)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.workers) as pool:
        workers = [
            pool.submit(work, Path(folder) / str(index), boundaries, share, given.seed + index, result)
            for index, share in enumerate(shares)
        ]
        for worker in workers:
            worker.result()
    print(f"{result.boundaries} task boundaries, {result.points} random points (seed {given.seed})")
    print(f"{len(result.faults)} faults after the run that follows: hosts without mail, orphans, lost secrets")
    for one in result.faults:
        print(one)
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
