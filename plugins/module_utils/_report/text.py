# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rows as lines for a terminal. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

#: How many columns a terminal has, and a log that people read, less those by which Ansible indents.
WIDTH = 96
_GAP = "  "


def lines(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], head: tuple[str, str], *, width: int = WIDTH
) -> list[str]:
    """A table, or a block for each row if the table would be too wide; then why rows failed.

    :param rows: a text for each of the columns, ``failed`` and ``message``.
    :param columns: those without content are left out.
    :param head: the columns that say what a row is about, and how it ended.
    :param width: how many columns the table may take.
    """
    used = [column for column in columns if any(row[column] for row in rows)]
    shown = aligned([used, *([str(row[column]) or "-" for column in used] for row in rows)]) if used else []
    if any(len(line) > width for line in shown):
        shown = [line for row in rows for line in _block(row, used, head)]
    failures = [f"{row[head[0]]}: {line}" for row in rows if row["failed"] for line in row["message"].splitlines()]
    return [*shown, *wrapped(failures)]


def wrapped(sentences: Sequence[str]) -> list[str]:
    """Sentences in lines that are not too long; words that can be copied, as addresses, stay whole."""
    return [
        line for sentence in sentences for line in textwrap.wrap(
            sentence, WIDTH, subsequent_indent=_GAP, break_long_words=False, break_on_hyphens=False
        )
    ]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table whose first row holds the headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], _GAP.join("-" * width for width in widths), *lines[1:]]


def _block(row: Mapping[str, Any], columns: Sequence[str], head: tuple[str, str]) -> list[str]:
    rest = [column for column in columns if column not in head and row[column]]
    width = max(map(len, rest), default=0)
    return [f"{row[head[0]]}: {row[head[1]]}", *(f"  {column.ljust(width)}  {row[column]}" for column in rest)]
