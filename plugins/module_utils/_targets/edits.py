# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Places of a text that get another text, while everything between them stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands from start to end, as offsets, becomes the text; both are the same to insert it."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap."""
    pieces, kept = [], 0
    # Of two at one place, the one that was found first stays first.
    for edit in sorted(edits, key=lambda edit: edit.start):
        pieces += [text[kept : edit.start], edit.text]
        kept = edit.end
    return "".join([*pieces, text[kept:]])
