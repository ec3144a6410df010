# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What reads files of environment variables: bash itself, and systemd's and dotenv's rules.

tests/integration/test_environment_readers.py holds the rules to the programs.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable

_SPACE = " \t\n\r"


def bash(text: str, names: Iterable[str]) -> dict[str, str]:
    """What bash says of each variable that is set after sourcing the file: its value, and whether it is exported."""
    done = subprocess.run(
        ["/bin/bash", "-c", _SCRIPT, "bash", text, *names], capture_output=True, check=False, env={},
    )
    found = {}
    for record in done.stdout.decode("utf-8", "replace").split("\0")[:-1]:
        name, _equals, said = record.partition("=")
        found[name] = said
    return found


def systemd_252(text: str) -> dict[str, str]:
    """What the systemd of Debian 12 reads."""
    return systemd(text, version=252)


def is_shell(text: str) -> bool:
    """Whether a shell can read all of the file."""
    return subprocess.run(["/bin/bash", "-n"], input=text.encode(), capture_output=True, check=False).returncode == 0


# The file is a file, so that sourcing it meets its end as a shell does.
_SCRIPT = """
file=$(/bin/mktemp); printf %s "$1" > "$file"; shift; PATH=
. "$file" >/dev/null 2>&1
for name; do
  [ -v "$name" ] && { flags=${!name@a}; printf '%s=%s %s\\0' "$name" "${flags//[!x]/}" "${!name}"; }
done
/bin/rm "$file"
"""


def systemd(text: str, *, version: int = 254) -> dict[str, str]:
    """What EnvironmentFile reads, as src/basic/env-file.c does it; 254 changed how a comment ends."""
    found: dict[str, str] = {}
    state, key, value, kept = "before key", "", "", 0

    def push() -> None:
        found[key.rstrip(_SPACE)] = value

    for character in text:
        newline = character in "\n\r"
        if state == "before key":
            if character in "#;":
                state = "comment"
            elif character not in _SPACE:
                state, key = "key", character
        elif state == "key":
            if newline:
                state = "before key"
            elif character == "=":
                state, value, kept = "before value", "", 0
            else:
                key += character
        elif state == "before value":
            if newline:
                push()
                state = "before key"
            elif character in "'\"":
                state = character
            elif character == "\\":
                state = "escape"
            elif character not in _SPACE:
                state, value = "value", value + character
                kept = len(value)
        elif state == "value":
            if newline:
                value = value[:kept]
                push()
                state = "before key"
            elif character == "\\":
                state, kept = "escape", len(value)
            else:
                value += character
                kept = kept if character in _SPACE else len(value)
        elif state == "escape":
            state = "value"
            if not newline:
                value += character
            kept = len(value)
        elif state == "'":
            if character == "'":
                state = "before value"
            else:
                value += character
            kept = len(value)
        elif state == '"':
            if character == '"':
                state = "before value"
            elif character == "\\":
                state = "quoted escape"
            else:
                value += character
            kept = len(value)
        elif state == "quoted escape":
            state = '"'
            if character in '"\\`$':
                value += character
            elif character != "\n":
                value += "\\" + character
        elif state == "comment":
            if character == "\\":
                state = "comment escape"
            elif newline:
                state = "before key"
        elif state == "comment escape":
            state = "before key" if newline and version >= 254 else "comment"
    if state == "value":
        value = value[:kept]
    if state in ("before value", "value", "escape", "'", '"', "quoted escape"):
        push()
    return found


_LINE = re.compile(
    r"^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)"
    r"(\s*'(?:\\'|[^'])*'|\s*\"(?:\\\"|[^\"])*\"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$",
    re.MULTILINE | re.ASCII,
)


def dotenv(text: str) -> dict[str, str]:
    """What dotenv reads, as its lib/main.js does it in version 16."""
    found = {}
    # To JavaScript the byte order mark is a blank.
    for match in _LINE.finditer(re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))):
        value = (match[2] or "").strip()
        first = value[:1]
        value = re.sub(r"^(['\"`])([\s\S]*)\1$", r"\2", value, flags=re.MULTILINE)
        if first == '"':
            value = value.replace("\\n", "\n").replace("\\r", "\r")
        found[match[1]] = value
    return found
