# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rows as files: Markdown, JSON or HTML for change tickets, metrics for monitoring, by the file's name. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import PurePath
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._prometheus import Gauge, exposition
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.rows import DELIVERED
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import told as sentences

Rows = Sequence[Mapping[str, Any]]

_MESSAGE_ID = "Message-ID"

_STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:2rem;color:#1b1b1b;background:#fff}"
    "table{border-collapse:collapse}"
    "th,td{border:1px solid #bbb;padding:.35rem .6rem;text-align:left;vertical-align:top}"
    "th{background:#f0f0f0}.failed{background:#fbe3e3}"
)


@dataclass(frozen=True)
class Told:
    """What a file tells.

    :param moment: when the mails were sent and looked for.
    :param columns: of the rows, see rows.py.
    """

    title: str
    moment: datetime
    rows: Rows
    columns: Sequence[str]


def written(path: str, told: Told) -> str:
    """The content of the file.

    :param path: its name ends in .md, .json, .html or .prom.
    :raises InputError: if it does not.
    """
    shape = _SHAPES.get(PurePath(path).suffix.lower())
    if shape is None:
        raise InputError(
            f"mail_report_file: {path} does not say what the report shall be.",
            remedy=f"Let its name end in {', '.join(_SHAPES)}.",
        )
    return shape(told)


def _table(told: Told) -> tuple[list[list[str]], list[list[str]]]:
    """The rows' cells without empty columns, and those of the mails, headings first."""
    rows, columns = told.rows, [column for column in told.columns if any(row[column] for row in told.rows)]
    mails = [
        [str(row["host"]), str(mail["name"]), str(mail["message_id"] or ""), str(mail["result"])]
        for row in rows for mail in row["deliveries"]
    ]
    cells = [[str(row[column]) for column in columns] for row in rows]
    return [columns, *cells], [["host", "mail", _MESSAGE_ID, "result"], *mails]


def _required(rows: Rows) -> list[str]:
    return sentences({str(row["host"]): row["authorization_required"] for row in rows})


def _markdown(told: Told) -> str:
    def plain(text: str) -> str:
        return escape(text, quote=False).replace("|", "\\|")

    def cell(heading: str, text: str) -> str:
        # Between angle brackets it would be taken for an address, and shown without them or not at all.
        return f"`{text}`" if heading == _MESSAGE_ID and text else plain(text)

    def table(cells: list[list[str]]) -> str:
        lines = ["| " + " | ".join(map(cell, cells[0], row)) + " |" for row in cells[1:]]
        return "\n".join(["| " + " | ".join(cells[0]) + " |", "|" + " --- |" * len(cells[0]), *lines])

    hosts, mails = _table(told)
    failed = [row for row in told.rows if row["failed"]]
    why = ["\n  ".join(f"- **{row['host']}**: {plain(row['message'])}".splitlines()) for row in failed]
    sign_ins = "\n".join(["## Authorization required\n", *(f"- {plain(one)}" for one in _required(told.rows))])
    parts = [
        f"# {plain(told.title)}", table(hosts), "\n".join(why), sign_ins if _required(told.rows) else "", table(mails),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _json(told: Told) -> str:
    return json.dumps({"title": told.title, "hosts": list(told.rows)}, indent=2) + "\n"


def _metrics(told: Told) -> str:
    proofs = [
        ({name: row[name] for name in ("host", "environment", "product")}, row) for row in told.rows
        if row["deliveries"] or row["failed"] or row["authorization_required"]
    ]
    return exposition((
        Gauge(
            "mailops_proof_timestamp_seconds", "When a host's mails were last sent and looked for, or could not be.",
            [(labels, int(told.moment.timestamp())) for labels, _row in proofs],
        ),
        Gauge(
            "mailops_proof_success", "Whether all of a host's mails arrived, or were refused, as they have to.",
            [(labels, int(row["result"] == DELIVERED)) for labels, row in proofs],
        ),
    ))


def _html(told: Told) -> str:
    def table(cells: list[list[str]], failed: Sequence[bool] = ()) -> str:
        head = "".join(f"<th scope=col>{escape(cell)}</th>" for cell in cells[0])
        body = "".join(
            f"<tr{' class=failed' if number < len(failed) and failed[number] else ''}>"
            + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for number, row in enumerate(cells[1:])
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    hosts, mails = _table(told)
    why = "".join(
        f"<p><b>{escape(str(row['host']))}</b>: {escape(row['message'])}</p>" for row in told.rows if row["failed"]
    )
    required = "".join(f"<li>{escape(one)}</li>" for one in _required(told.rows))
    sign_ins = f"<h2>Authorization required</h2><ul>{required}</ul>" if required else ""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(told.title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(told.title)}</h1>{table(hosts, [row['failed'] for row in told.rows])}{why}{sign_ins}"
        f"<h2>Mails</h2>{table(mails)}</html>\n"
    )


_SHAPES: Mapping[str, Callable[[Told], str]] = {
    ".md": _markdown, ".json": _json, ".html": _html, ".prom": _metrics,
}
