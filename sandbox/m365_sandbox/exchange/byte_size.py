"""Sizes as Exchange reads and prints them (Unlimited<ByteQuantifiedSize>)."""

from __future__ import annotations

import re

UNLIMITED = "Unlimited"
_UNITS = {"b": 0, "kb": 1, "mb": 2, "gb": 3, "tb": 4}
_NAMES = ("B", "KB", "MB", "GB", "TB")
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmgt]?b)?(?:\s*\((?P<bytes>[\d,]+) bytes\))?", re.IGNORECASE)


def printed_size(text: str) -> str:
    """For example ``35 MB (36,700,160 bytes)``, from ``35MB``, from a number of bytes, or from what is printed.

    :raises ValueError: for anything else.
    """
    if text.strip().casefold() == UNLIMITED.casefold():
        return UNLIMITED
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is no size, such as 35MB or {UNLIMITED}")
    if found["bytes"]:
        size = int(found["bytes"].replace(",", ""))
    else:
        size = int(float(found["number"]) * 1024 ** _UNITS[(found["unit"] or "b").lower()])
    power = next((power for power in range(len(_NAMES)) if size < 1024 ** (power + 1)), len(_NAMES) - 1)
    return f"{size / 1024 ** power:.4g} {_NAMES[power]} ({size:,} bytes)"
