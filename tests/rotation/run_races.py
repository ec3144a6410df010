"""Start two rotations at once, again and again; run it once more each time, and look what is left.

    make race-test

One pair of runs finds a secret that is due, the next one the old secret that may be removed. Prints a line for each.
The exit code says whether everything held: never two new secrets, never a server without a working one, never a failure
that the next run does not heal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from farm import DUE_DAYS, REMOVAL_DAYS, ROTATION, Farm


def race(farm: Farm, days: int, expected: int) -> list[str]:
    """Start two runs at once and a third one after them; gives what went wrong, and prints how it went.

    :param days: how much time passes before.
    :param expected: how many secrets are to be made.
    """
    farm.let_days_pass(days)
    farm.sandbox.control("DELETE", "/requests")
    with farm.watched() as refusals:
        both = [farm.start(ROTATION), farm.start(ROTATION)]
        codes = " and ".join(str(one.ended().code) for one in both)
        healing = farm.run(ROTATION)
    made = sum(one["path"].endswith("/addPassword") for one in farm.sandbox.requests("graph"))
    faults = refusals + farm.faults_at_rest()
    if made != expected:
        faults.append(f"expected {expected}")
    if healing.code != 0:
        faults.append(f"the run after them failed:\n{healing.output}")
    print(f"{made} secret(s) made, the two ended with {codes}: {'; '.join(faults) or 'well'}", flush=True)
    return faults


def main() -> int:
    """Run the suite."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--times", type=int, default=20)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        farm = Farm(Path(folder))
        try:
            faults = [
                fault for _ in range(given.times) for days, expected in ((DUE_DAYS, 1), (REMOVAL_DAYS, 0))
                for fault in race(farm, days, expected)
            ]
        finally:
            farm.stop()
    print(f"{2 * given.times} pairs of runs, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
