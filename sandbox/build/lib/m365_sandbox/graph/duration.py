"""Edm.Duration: what ISO 8601 writes, without years and months [OData JSON format]."""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def parse_duration(text: str) -> timedelta:
    """For example ``P4DT12H30M5S``.

    :raises ValueError: for anything else, and for a duration that no calendar has.
    """
    found = _DURATION.fullmatch(text)
    parts = {name: float(value) for name, value in found.groupdict().items() if value} if found else {}
    if not parts:
        raise ValueError(f"'{text}' is no duration")
    try:
        return timedelta(**parts)
    except OverflowError as error:
        raise ValueError(f"'{text}' is too long") from error
