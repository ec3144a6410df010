# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A file of environment variables, ``NAME=value`` a line, in which variables are set and every other byte is kept.

Such files are read by shells, by systemd (https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html,
EnvironmentFile) and by dotenv and its kin (https://github.com/motdotla/dotenv#rules), which agree on some ways to quote
and not on others. A value is written in a way that means the same to all of them, or refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.encoding import MARK, decode, edited
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.place import place
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.shown import shown

# What a file that is not there yet starts from.
EMPTY = b""

_ASSIGNMENT = re.compile(r"[ \t]*(?P<export>export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*")
_LINE = re.compile(r"[^\r\n]*")
_LINE_END = re.compile(r"\r\n|\r|\n")
# A shell expands a tilde at the beginning and behind a colon.
_PLAIN = re.compile(r"[A-Za-z0-9_./@%+,=-][A-Za-z0-9_./@%+,=~-]*")
_QUOTED = {"'": re.compile(r"'(?P<value>[^']*)'"), '"': re.compile(r'"(?P<value>(?:[^"\\]|\\.)*)"', re.DOTALL)}
_NOTHING_MORE = re.compile(r"[ \t]*(?=[\r\n]|\Z)")
# Between double quotes, readers differ about these.
_UNSURE = frozenset("\\$`")


def read(content: bytes, settings: Mapping[str, Any]) -> dict[str, str | None]:
    """The values of the variables that settings name; of those alone, since others may hold anybody's secrets.

    :returns: texts, or None for a value that not all readers take for the same.
    :raises InputError: a quoted value has no end, or a variable is there twice.
    """
    return {name: variable.value for name, variable in _variables(decode(content)[0], settings).items()}


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


def _with_settings(content: str, settings: Mapping[str, Any]) -> str:
    present = _variables(content, settings)
    for variable in sorted(present.values(), key=lambda variable: variable.start, reverse=True):
        wanted = str(settings[variable.name])
        if variable.value != wanted:
            content = content[: variable.start] + _quoted(variable.name, wanted) + content[variable.end :]
    missing = {name: str(value) for name, value in settings.items() if name not in present}
    return content + "".join(_added(content, missing))


@dataclass(frozen=True, slots=True)
class _Variable:
    """An assignment.

    :param value: None if readers differ about it.
    :param start: where the value starts, quotes included; ``end`` is where it ends.
    """

    name: str
    value: str | None
    start: int
    end: int
    exported: bool


def _variables(content: str, wanted: Mapping[str, Any]) -> dict[str, _Variable]:
    found: dict[str, _Variable] = {}
    for variable in _assignments(content):
        if variable.name in found:
            places = " and ".join(place(content, one.start) for one in (found[variable.name], variable))
            raise InputError(f"{variable.name} is there twice ({places}).", remedy="Remove one of the two.")
        if variable.name in wanted:
            found[variable.name] = variable
    return found


def _assignments(content: str) -> list[_Variable]:
    found = []
    at = len(MARK) if content.startswith(MARK) else 0
    while at < len(content):
        if head := _ASSIGNMENT.match(content, at):
            value, end = _value(content, head.end())
            found.append(_Variable(head["name"], value, head.end(), end, bool(head["export"])))
            at = end
        ending = _LINE_END.match(content, at := _line_end(content, at))
        at = ending.end() if ending else len(content)
    return found


def _value(content: str, start: int) -> tuple[str | None, int]:
    """What a value means, and where it ends. A quoted one may go over several lines."""
    mark = content[start : start + 1]
    if mark in _QUOTED:
        found = _QUOTED[mark].match(content, start)
        if found is None:
            raise InputError(f"{place(content, start)}: the quote is never closed.", remedy="Close it.")
        if _NOTHING_MORE.match(content, found.end()):
            return None if mark == '"' and _UNSURE & set(found["value"]) else found["value"], found.end()
        return None, _line_end(content, found.end())
    end = _line_end(content, start)
    value = content[start:end].rstrip()
    return value if _PLAIN.fullmatch(value) else None, start + len(value)


def _line_end(content: str, at: int) -> int:
    found = _LINE.match(content, at)
    return found.end() if found else len(content)


def _quoted(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value and value.isprintable():
        return f"'{value}'"
    if not set(value) & {'"', *_UNSURE} and value.isprintable():
        return f'"{value}"'
    raise InputError(
        f"the value of {name} holds characters that readers of such files take for different things: a line break or "
        "another control character, or a ' beside one of \" \\ $ `.",
        remedy="Give it another value.",
    )


def _added(content: str, missing: Mapping[str, str]) -> list[str]:
    """Lines for further variables, written as the others are."""
    end = "\r\n" if "\r\n" in content else "\n"
    others = _assignments(content)
    word = "export " if others and all(variable.exported for variable in others) else ""
    lines = [f"{word}{name}={_quoted(name, value)}{end}" for name, value in missing.items()]
    unfinished = bool(lines) and content.removeprefix(MARK) != "" and not content.endswith(("\n", "\r"))
    return [end, *lines] if unfinished else lines
