# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writes the tables of symptoms in docs/troubleshooting.md, from the data of the module mail_diagnosis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import symptoms

PAGE = Path(__file__).parents[1] / "troubleshooting.md"
TABLES = {
    "entra": symptoms.entra, "google": symptoms.google, "mail": symptoms.mail, "connections": symptoms.connections,
}


def page(text: str) -> str:
    """The page's text, with the tables as they have to be.

    :param text: the page as it is.
    """
    for name, rows in TABLES.items():
        begin, end = f"<!-- symptoms {name}: made by make variables -->", f"<!-- end of symptoms {name} -->"
        before, found, rest = text.partition(begin)
        _old, closed, after = rest.partition(end)
        if not found or not closed:
            raise SystemExit(f"{PAGE} has no place for the table {name}: {begin} {end}")
        text = f"{before}{begin}\n\n{_table(rows())}\n\n{end}{after}"
    return text


def _table(rows: Sequence[symptoms.Symptom]) -> str:
    cells = [list(row.values()) for row in symptoms.rows(rows)]
    head = list(next(symptoms.rows(rows)))
    lines = [head, ["---"] * len(head), *cells]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"([|<>*])", r"\\\1", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
