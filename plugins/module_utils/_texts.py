# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What can stand where a text is wanted: not what YAML has read as something else, nor what no text can hold. Pure.

0123456 becomes 42798, 1_000 becomes 1000, 1.10 becomes 1.1, on becomes true, and 2026-01-01 a date. Nobody can tell
from the value what was written, so that it is refused where a text is wanted, and a password above all. Ansible would
turn it into a text without a word. A NUL character ends a text for the operating system: no path, argument or variable
of the environment can hold one. Half a character, which Python has in place of a byte that is no UTF-8, can be sent to
nobody. No message repeats the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

Spec = Mapping[str, Mapping[str, Any]]

_HALF = re.compile("[\ud800-\udfff]")


def complaint(value: Any) -> str | None:
    """What is wrong with a value where a text is wanted; None for one that can be used."""
    if isinstance(value, str):
        if "\0" in value:
            return "holds a NUL character; remove it"
        return "holds bytes that are no UTF-8; write it in UTF-8" if _HALF.search(value) else None
    if isinstance(value, bool):
        kind = "true or false"
    elif isinstance(value, (int, float)):
        kind = "a number"
    elif isinstance(value, date):
        kind = "a date"
    else:
        return "is no text"
    return f"is no text: YAML reads it as {kind}; write it in quotes"


def require_texts(spec: Spec, given: Mapping[str, Any]) -> None:
    """See that every option whose type is a text was given as one that can be used.

    :param spec: an argument spec.
    :param given: the arguments as they came, before Ansible has converted any.
    :raises InputError: naming every option that was not.
    """
    problems = list(_problems(spec, given, ""))
    if problems:
        raise InputError("; ".join(problems))


def _problems(spec: Spec, given: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, rule in spec.items():
        value = given.get(name)
        kind = rule.get("type") or "str"
        if value is None or "choices" in rule:
            continue
        if "options" in rule:
            below = value if isinstance(value, list) else [value]
            for index, item in enumerate(below):
                if isinstance(item, Mapping):
                    where = f"{name}[{index}]" if isinstance(value, list) else name
                    yield from _problems(rule["options"], item, f"{path}{where}.")
        elif kind in ("str", "path"):
            yield from _said(f"{path}{name}", value)
        elif kind == "list" and rule.get("elements") in ("str", "path"):
            # A single text is taken apart at its commas.
            yield from _said(f"{path}{name}", value) if isinstance(value, str) else ()
            for index, item in enumerate(value if isinstance(value, list) else []):
                yield from _said(f"{path}{name}[{index}]", item)


def _said(path: str, value: Any) -> Iterator[str]:
    words = complaint(value)
    if words:
        yield f"{path}: {words}"
