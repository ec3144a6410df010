# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Characters that are commands: to a terminal, or to a mail server. Pure.

Names and texts that come from a service are anybody's: whoever may rename an application can write a terminal's escape
sequences into its name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

# Control characters, half characters, line and paragraph separators.
_COMMANDS = frozenset({"Cc", "Cs", "Zl", "Zp"})
# What turns the direction of the text around it.
_TURNS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LAYOUT = frozenset("\n\t")


def has_control(text: str) -> bool:
    """Whether a text holds a control character, a line break among them."""
    return any(unicodedata.category(character) == "Cc" for character in text)


def shown(value: Any) -> Any:
    """A text, or all texts of a structure, as a terminal may see them: commands are spelt out, line breaks stay."""
    if isinstance(value, str):
        return "".join(map(_spelt, value)) if not value.isprintable() else value
    if isinstance(value, Mapping):
        return {shown(name): shown(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    return value


def _spelt(character: str) -> str:
    if character in _LAYOUT or (character not in _TURNS and unicodedata.category(character) not in _COMMANDS):
        return character
    return character.encode("unicode_escape").decode("ascii")
