# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A format of lines ``name: value``; lines of others stay where they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EMPTY = b""


def read(content: bytes, settings: Mapping[str, Any]) -> dict[str, str]:
    """The values of the names that settings have."""
    pairs = (line.partition(": ") for line in content.decode().splitlines())
    return {name: value for name, _colon, value in pairs if name in settings}


def render(content: bytes, settings: Mapping[str, Any], *, create: bool = False) -> bytes:
    """The content with these values, behind the lines of others."""
    if read(content, settings) == settings:
        return content
    others = [line for line in content.decode().splitlines() if line.partition(": ")[0] not in settings]
    return "".join(f"{line}\n" for line in (*others, *(f"{name}: {settings[name]}" for name in settings))).encode()


def changes(before: bytes, after: bytes, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Both, without any value."""
    old, new = ("".join(f"{name}: (hidden)\n" for name in read(one, settings)) for one in (before, after))
    return old, new
