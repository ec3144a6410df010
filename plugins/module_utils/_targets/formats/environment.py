# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A file of environment variables, ``NAME=value`` a line, in which variables are set and every other byte is kept.

Shells, systemd and dotenv agree on some ways to quote and not on others. A value is written in a way that means the
same to all of them, or refused; see assignments.py for what else the file may hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.assignments import Assignment, Parsed, parse
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.encoding import decode, edited
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.shown import shown

# What a file that is not there yet starts from.
EMPTY = b""

# A shell expands a tilde at the beginning and behind a colon.
_PLAIN = re.compile(r"[A-Za-z0-9_./@%+,=-][A-Za-z0-9_./@%+,=~-]*")
_QUOTED = re.compile(r"'(?P<single>[^']*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\"", re.DOTALL)
# Between double quotes, readers differ about these.
_UNSURE = frozenset("\\$`")


def read(content: bytes, settings: Mapping[str, Any]) -> dict[str, str | None]:
    """The values of the variables that settings name; of those alone, since others may hold anybody's secrets.

    :returns: texts, or None for a value that not all readers take for the same.
    :raises InputError: the file holds what readers take for different things, or a variable is there twice.
    """
    text, _encoding = decode(content)
    return {name: _meaning(text, variable) for name, variable in parse(text, settings).wanted.items()}


def render(content: bytes, settings: Mapping[str, Any], *, create: bool = False) -> bytes:
    """The file with these variables; a value that means the same already is left as it is written.

    :param settings: texts, by the variables' names.
    :param create: of no meaning here, since a variable that is missing is always added.
    :raises InputError: as read, or a value cannot be written so that every reader takes it for the same.
    """
    return edited(content, lambda text: _with_settings(text, settings))


def changes(before: bytes, after: bytes, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Both contents for a person to read in a diff, without secrets."""
    old, new = read(before, settings), read(after, settings)
    return shown(old, new, "to be replaced"), shown(new, old, "new")


def _with_settings(text: str, settings: Mapping[str, Any]) -> str:
    parsed = parse(text, settings)
    missing = {name: str(value) for name, value in settings.items() if name not in parsed.wanted}
    added = _added(text, parsed, missing)
    for variable in sorted(parsed.wanted.values(), key=lambda variable: variable.start, reverse=True):
        wanted = str(settings[variable.name])
        if _meaning(text, variable) != wanted:
            text = f"{text[: variable.sign]}={_quoted(variable.name, wanted)}{text[variable.end :]}"
    return text + added


def _meaning(text: str, variable: Assignment) -> str | None:
    """What all readers take a value for; None if they differ."""
    value = text[variable.start : variable.end]
    # A shell takes no blanks around the sign.
    if text[variable.sign : variable.start] != "=":
        return None
    if _PLAIN.fullmatch(value) or not value:
        return value
    quoted = _QUOTED.fullmatch(value)
    if quoted is None or (quoted["double"] and _UNSURE & set(quoted["double"])):
        return None
    return quoted["single"] or quoted["double"] or ""


def _quoted(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    # Behind a backslash, dotenv takes a closing quote for escaped.
    if "'" not in value and value.isprintable() and not value.endswith("\\"):
        return f"'{value}'"
    if not set(value) & {'"', *_UNSURE} and value.isprintable():
        return f'"{value}"'
    raise InputError(
        f"the value of {name} holds characters that readers of such files take for different things: a line break or "
        "another control character, a ' beside one of \" \\ $ `, or a \\ at its end.",
        remedy="Give it another value.",
    )


def _added(text: str, parsed: Parsed, missing: Mapping[str, str]) -> str:
    """Lines for further variables, written as the others are."""
    if not missing:
        return ""
    end = "\r\n" if "\r\n" in text else "\n"
    # systemd knows no export, but then it does not know the other lines of such a file either.
    word = "export " if parsed.exports and not parsed.allexport else ""
    unfinished = text != "" and not text.endswith("\n")
    lines = [f"{word}{name}={_quoted(name, value)}{end}" for name, value in missing.items()]
    # An empty line ends what a backslash continues.
    return end * (unfinished + parsed.continued) + "".join(lines)
