# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where something stands in a text, in words for a person."""

from __future__ import annotations


def place(text: str, at: int) -> str:
    """The line and the column, each counted from 1, of an offset."""
    line_start = text.rfind("\n", 0, at) + 1
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - line_start + 1}"
