"""Start two rotations at once, again and again; run it once more each time, and look what is left.

    make race-test

Prints a line for each pair: how many secrets were made, and how the two runs ended. The exit code says whether
everything held: never two new secrets, never a server without a working one, never a failure that the next run does not
heal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from farm import Farm


def race(farm: Farm) -> list[str]:
    """Start two runs at once and a third one after them; gives what went wrong, and prints how it went."""
    farm.until_due()
    before = {one["keyId"] for one in farm.credentials()}
    with farm.watched() as refusals:
        both = [farm.start(), farm.start()]
        runs = [one.ended() for one in both]
        made = {one["keyId"] for one in farm.credentials()} - before
        healing = farm.run()
    made |= {one["keyId"] for one in farm.credentials()} - before
    faults = refusals + farm.faults_at_rest()
    if len(made) != 1:
        faults.append(f"{len(made)} secrets were made")
    if healing.code != 0:
        faults.append(f"the run after them failed:\n{healing.output}")
    codes = " and ".join(str(one.code) for one in runs)
    print(f"{len(made)} secret(s) made, the two ended with {codes}: {'; '.join(faults) or 'well'}", flush=True)
    return faults


def main() -> int:
    """Run the suite."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--times", type=int, default=20)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        farm = Farm(Path(folder))
        try:
            faults = [fault for _ in range(given.times) for fault in race(farm)]
        finally:
            farm.stop()
    print(f"{given.times} pairs of runs, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
