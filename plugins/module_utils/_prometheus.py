# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Metrics in Prometheus' text format, version 0.0.4, as the textfile collector of its node exporter reads it. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

#: Labels with their values, and the measured value. A label without a value says nothing, as in Prometheus itself.
Sample: TypeAlias = tuple[Mapping[str, "str | None"], int]


@dataclass(frozen=True)
class Gauge:
    """A value that goes up and down.

    :param name: with its unit: what is a moment ends in ``_timestamp_seconds``.
    :param about: what it tells, one line.
    """

    name: str
    about: str
    samples: Sequence[Sample]


def exposition(gauges: Iterable[Gauge]) -> str:
    """The text; nothing is said of a gauge without samples."""
    return "".join(_gauge(one) for one in gauges if one.samples)


def seconds(moment: str) -> int:
    """Unix time of a moment such as "2031-05-21T12:00:00Z"."""
    return int(datetime.fromisoformat(moment).timestamp())


def _gauge(gauge: Gauge) -> str:
    samples = "".join(
        f"{gauge.name}{{{','.join(_label(name, text) for name, text in labels.items() if text)}}} {value}\n"
        for labels, value in gauge.samples
    )
    return f"# HELP {gauge.name} {gauge.about}\n# TYPE {gauge.name} gauge\n{samples}"


def _label(name: str, text: str) -> str:
    # UTF-8 has no half characters.
    whole = text.encode("utf-8", "replace").decode("utf-8")
    escaped = whole.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'{name}="{escaped}"'
