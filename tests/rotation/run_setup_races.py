"""Start two first set-ups at once, each on half of the servers, which share an application; look what is left.

    make race-test

Prints a line for each pair. The exit code says whether everything held: both end well, every server delivers, and each
application is there once, with one secret that the store knows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from farm import SETUP
from young import HOSTS, Young


def race(site: Young) -> list[str]:
    """One pair of runs; gives what went wrong, and prints how it went."""
    site.empty()
    hosts = list(HOSTS)
    # Neighbours share an application.
    both = [site.start(SETUP, ",".join(slice_)) for slice_ in (hosts[::2], hosts[1::2])]
    ended = [one.ended() for one in both]
    faults = [f"one failed:\n{run.output}" for run in ended if run.code != 0] + site.faults()
    print(f"{site.made()}: {'; '.join(faults) or 'well'}", flush=True)
    return faults


def main() -> int:
    """Run the suite."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--times", type=int, default=10)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Young(Path(folder) / "site")
        try:
            faults = [fault for _ in range(given.times) for fault in race(site)]
        finally:
            site.stop()
    print(f"{given.times} pairs of set-ups, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
