# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Settings for a person to read in a diff, without their secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# What stands in a file may have been written by hand, so every name that looks like a secret's counts.
_SECRET_WORDS = ("secret", "pass")


def shown(settings: Mapping[str, Any] | None, other: Mapping[str, Any] | None, word: str) -> str:
    """Pretty JSON without secrets; empty for None.

    :param other: the settings on the diff's other side; a secret that differs from theirs is shown as ``word``.
    """
    return "" if settings is None else json.dumps(_masked(settings, other, word), indent=2, ensure_ascii=False) + "\n"


def _masked(value: Any, other: Any, word: str) -> Any:
    if isinstance(value, list):
        return [_masked(item, None, word) for item in value]
    if not isinstance(value, Mapping):
        return value
    others = other if isinstance(other, Mapping) else {}
    return {
        name: _masked(inner, others.get(name), word) if not any(sign in name.lower() for sign in _SECRET_WORDS)
        else "(secret)" if others.get(name) == inner else f"(secret, {word})"
        for name, inner in value.items()
    }
