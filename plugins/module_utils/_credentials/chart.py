# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The time line of expiries in a credentials report, as SVG. Pure.

A bar a credential, from the left edge (today) to its end; none for one without expiry. Colours are those of the page's
style sheet; each bar also says its state in words, so that nothing depends on colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element, SubElement

_LABELS, _PLOT, _MARGIN = 330, 560, 150
_ROW, _BAR, _HEAD = 22, 12, 34
#: Days that the time line shows at least and at most. What ends later leaves it at the right edge.
_SHORTEST, _LONGEST = 60, 730
_SYMBOLS = {"ok": "", "due": "! ", "expired": "\N{MULTIPLICATION X} "}


def chart(report: Mapping[str, Any]) -> Element:
    """The time line; empty but for its axis if there is no credential.

    :param report: as in report.py, with a moment.
    """
    today = datetime.fromisoformat(report["moment"])
    bars = [
        (application, one) for application in report["applications"] for one in application["credentials"] if one["end"]
    ]
    days = max(_SHORTEST, min(_LONGEST, max((one["days_left"] for _application, one in bars), default=0) + 10))
    width, height = _LABELS + _PLOT + _MARGIN, _HEAD + _ROW * max(len(bars), 1) + 8
    svg = Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}", "role": "img",
        "aria-labelledby": "chart-title chart-text",
    })
    _text(svg, "title", "Time line of expiries", id="chart-title")
    about = f"{len(bars)} credentials from {today:%Y-%m-%d} on; the table has the same dates."
    _text(svg, "desc", about, id="chart-text")
    for moment in _months(today, days):
        x = _x((moment - today).days, days)
        SubElement(svg, "line", {"class": "grid", "x1": x, "x2": x, "y1": str(_HEAD - 6), "y2": str(height)})
        _text(svg, "text", f"{moment:%b %Y}" if days <= 400 or moment.month == 1 else f"{moment:%b}", **{
            "class": "axis", "x": x, "y": str(_HEAD - 12), "text-anchor": "middle",
        })
    for row, (application, one) in enumerate(bars):
        _bar(svg, _HEAD + _ROW * row, application, one, days)
    SubElement(svg, "line", {
        "class": "today", "x1": str(_LABELS), "x2": str(_LABELS), "y1": str(_HEAD - 6), "y2": str(height),
    })
    return svg


def _bar(svg: Element, top: int, application: Mapping[str, Any], credential: Mapping[str, Any], days: int) -> None:
    left, status = credential["days_left"], credential["status"]
    group = SubElement(svg, "g", {"class": status})
    what = credential["slot"] or credential["origin"]
    environment = f" ({application['environment']})" if application["environment"] else ""
    name = f"{application['name']}{environment}"
    _text(group, "title", f"{name}: {credential['kind']} {credential['key_id']}, {what}, ends {credential['end']}")
    middle = str(top + _ROW // 2 + 4)
    room = 42 - len(what)
    shown = name if len(name) <= room else name[:room - 1] + "\N{HORIZONTAL ELLIPSIS}"
    _text(group, "text", f"{shown}, {what}", **{"x": str(_LABELS - 10), "y": middle, "text-anchor": "end"})
    end = _x(max(0, min(left, days)), days)
    SubElement(group, "rect", {
        "x": str(_LABELS), "y": str(top + (_ROW - _BAR) // 2), "width": str(max(float(end) - _LABELS, 3)),
        "height": str(_BAR), "rx": "2",
    })
    words = f"expired {credential['end'][:10]}" if status == "expired" else f"{left} d, {credential['end'][:10]}"
    _text(group, "text", _SYMBOLS[status] + words, **{"x": str(float(end) + 8), "y": middle})


def _months(today: datetime, days: int) -> Iterator[datetime]:
    """The first days of months on the time line, so few that their names have room."""
    step = 1 if days <= 400 else 3
    moment = today.replace(day=1, hour=0, minute=0, second=0)
    while moment <= today + timedelta(days=days):
        if moment > today and (moment.month - 1) % step == 0:
            yield moment
        moment = (moment + timedelta(days=32)).replace(day=1)


def _x(day: int, days: int) -> str:
    return f"{_LABELS + _PLOT * day / days:.1f}"


def _text(parent: Element, tag: str, content: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = content
