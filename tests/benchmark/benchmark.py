"""Measure what runs on many hosts cost, and write the page about it.

    make benchmark
    make benchmark hosts="10 30"

Prints a line as soon as it is known.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.deliveries import AT_ONCE as PROOFS_AT_ONCE
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_coalescing import AT_ONCE as REQUESTS_AT_ONCE
from estate import FLOOR, ROTATION, SETUP, Estate, Requests
from identities import made_here, made_there
from measured import Cost
from page import chart, page
from playbook_environment import REPOSITORY

#: The size to which the ratios of this page are held, if it is among those that are asked for.
USUAL = 100
LATENCY = 0.05


@dataclass(frozen=True)
class Measured:
    """What the runs on a number of hosts took."""

    floor_first: Cost
    first: Cost
    floor: Cost
    unchanged: Cost
    rotation: Cost
    asked_first: Requests
    asked_unchanged: Requests

    @property
    def peak(self) -> float:
        """The most memory that one process of the collection's runs held, in MB."""
        return max(one.peak for one in (self.first, self.unchanged, self.rotation))


def measure(folder: Path, size: int) -> Measured:
    """All runs on a number of hosts."""
    with Estate(folder / str(size), size) as estate:
        floor_first, first = estate.run(FLOOR), estate.run(SETUP)
        asked_first = estate.requests()
        floor, unchanged = estate.run(FLOOR), estate.run(SETUP)
        asked_unchanged = estate.requests()
        rotation = estate.run(ROTATION)
    return Measured(floor_first, first, floor, unchanged, rotation, asked_first, asked_unchanged)


def compared(size: int, found: Measured) -> list[str]:
    """A line for each kind of run."""
    pairs = {
        "setup first": (found.first, found.floor_first), "setup unchanged": (found.unchanged, found.floor),
        "rotation unchanged": (found.rotation, found.floor),
    }
    return [
        f"{name}: {size} hosts, {cost.seconds:.1f} s, floor {floor.seconds:.1f} s, "
        f"ratio {cost.seconds / floor.seconds:.2f}"
        for name, (cost, floor) in pairs.items()
    ]


def identities(folder: Path, here: int, there: int) -> str:
    """The line about the same applications made by two collections."""
    with Estate(folder / "identities", 0) as estate:
        ours, theirs = made_here(estate, here), made_there(estate, there)
    ratio = (theirs.seconds / there) / (ours.seconds / here)
    return (
        f"identity: {here} applications, {ours.seconds:.1f} s; azure.azcollection: {theirs.seconds:.1f} s for {there}, "
        f"per application ratio {ratio:.0f}"
    )


def latency(folder: Path, size: int, without: Requests) -> str:
    """The line about answers that come late.

    :param without: the requests of the same run, answered without delay.
    """
    with Estate(folder / "alone", 1) as estate:
        estate.run(SETUP)
        chain = estate.requests()
    with Estate(folder / "late", size) as estate:
        for face in ("identity", "graph", "outlook"):
            estate.sandbox.control("POST", "/faults", {"face": face, "kind": "latency", "seconds": LATENCY})
        estate.run(SETUP)
        asked = estate.requests()
    late = LATENCY * (
        chain.directory + chain.proofs + (asked.directory - chain.directory) / REQUESTS_AT_ONCE
        + (asked.proofs - chain.proofs) / PROOFS_AT_ONCE
    )
    bound = max(late, without.waited)
    return (
        f"latency {LATENCY * 1000:.0f} ms: wall {asked.waited:.1f} s, bound {bound:.1f} s, "
        f"ratio {asked.waited / bound:.2f}"
    )


def table(found: Mapping[int, Measured]) -> str:
    """The costs by number of hosts, in Markdown."""
    rows = ["| hosts | floor | setup first | setup unchanged | rotation unchanged |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*rows, *(
        f"| {size} | {one.floor.seconds:.1f} s | {one.first.seconds:.1f} s | {one.unchanged.seconds:.1f} s "
        f"| {one.rotation.seconds:.1f} s |"
        for size, one in found.items()
    )])


def told(text: str) -> str:
    """Print a line."""
    print(text, flush=True)
    return text


def main(arguments: Sequence[str]) -> int:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, nargs="+", default=[10, 30, 100, 300])
    parser.add_argument("--applications", type=int, default=3, help="how many azure.azcollection is to make")
    parser.add_argument("--docs", type=Path, default=REPOSITORY / "docs", help="where the page is written")
    given = parser.parse_args(arguments)
    sizes = sorted(given.hosts)
    usual = USUAL if USUAL in sizes else sizes[-1]
    found: dict[int, Measured] = {}
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for size in sizes:
            found[size] = measure(folder, size)
            lines += [told(line) for line in compared(size, found[size])]
        lines.append(told(identities(folder, usual, given.applications)))
        first, unchanged = (
            asked.directory / usual for asked in (found[usual].asked_first, found[usual].asked_unchanged)
        )
        lines.append(told(f"requests per application: first {first:.2f}, unchanged {unchanged:.2f}"))
        lines.append(told(latency(folder, usual, found[usual].asked_first)))
        lines.append(told(f"memory: peak {found[sizes[-1]].peak:.0f} MB at {sizes[-1]} hosts"))
    series = {
        "floor": {size: one.floor.seconds for size, one in found.items()},
        "setup first": {size: one.first.seconds for size, one in found.items()},
        "setup unchanged": {size: one.unchanged.seconds for size, one in found.items()},
        "rotation unchanged": {size: one.rotation.seconds for size, one in found.items()},
    }
    machine = f"a machine with {os.cpu_count()} processors and Python {sys.version.split()[0]}"
    text = page(machine, lines, table(found), directory=REQUESTS_AT_ONCE, proofs=PROOFS_AT_ONCE)
    (given.docs / "performance.md").write_text(text, "utf-8")
    (given.docs / "performance.svg").write_text(chart(series), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
