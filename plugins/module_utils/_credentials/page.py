# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A credentials report as one HTML page that needs nothing else. Pure.

The page is built as a tree and written by the standard library's serializer, so that no name in it can become markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.chart import chart
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.table import ends, hosts, made_by, step

COLUMNS = ("Credential", "In the store", "Made by", "Ends", "Days left", "State", "Next")
_WORDS = {"ok": "nothing is due", "due": "something is due soon", "expired": "something has expired"}
_SYMBOLS = {"ok": "\N{CHECK MARK} ok", "due": "! due", "expired": "\N{MULTIPLICATION X} expired"}
_NOTHING = "\N{EN DASH}"

# No external font, image or script, and no character that HTML would have to escape inside a style element.
_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --head: #f6f8fa;
  --ok: #1a7f37; --due: #9a6700; --expired: #cf222e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --line: #30363d; --head: #161b22;
    --ok: #3fb950; --due: #d29922; --expired: #ff7b72; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto;
  max-width: 78rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } p { margin: .3rem 0; }
.soft, .axis { color: var(--soft); }
.ok { --state: var(--ok); } .due { --state: var(--due); } .expired { --state: var(--expired); }
strong.state, td.state { color: var(--state); font-weight: 600; white-space: nowrap; }
.wide { overflow-x: auto; }
svg { display: block; min-width: 52rem; width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .axis { fill: var(--soft); } svg rect { fill: var(--state); }
.grid { stroke: var(--line); } .today { stroke: var(--ink); stroke-width: 1.5; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--head); }
tbody th { font-weight: 400; } tbody th b { font-weight: 600; }
td.number { text-align: right; } td time { white-space: nowrap; } td:last-child { min-width: 10rem; }
code { font-size: .8rem; color: var(--soft); overflow-wrap: anywhere; }
ul { margin: .2rem 0; padding-left: 1.1rem; }
@media print { :root { --paper: #fff; --ink: #000; --soft: #444; --line: #999; --head: #eee;
    --ok: #1a7f37; --due: #7a5200; --expired: #b00020; }
  body { margin: 0; max-width: none; font-size: 10pt; } .wide { overflow: visible; } svg { min-width: 0; }
  tbody { break-inside: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def page(report: Mapping[str, Any]) -> str:
    """The page.

    :param report: as in report.py.
    """
    html = Element("html", {"lang": "en"})
    head = SubElement(html, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    _add(head, "title", f"Credentials: {_WORDS[report['state']]}")
    SubElement(head, "style").text = _STYLE
    body = SubElement(SubElement(html, "body"), "main")
    _summary(body, report)
    if report["moment"]:
        _add(body, "h2", "Time line")
        SubElement(body, "div", {"class": "wide"}).append(chart(report))
    if report["sign_ins"]:
        _add(body, "h2", "Sign-ins")
        listed = SubElement(body, "ul")
        for one in report["sign_ins"]:
            _add(listed, "li", one["told"])
    _add(body, "h2", "Applications")
    _table(SubElement(body, "div", {"class": "wide"}), report["applications"])
    _clean(html)
    return "<!DOCTYPE html>\n" + tostring(html, encoding="unicode", method="html") + "\n"


def _summary(body: Element, report: Mapping[str, Any]) -> None:
    _add(body, "h1", "Credentials of mail applications")
    states = [application["state"] for application in report["applications"]]
    counts = ", ".join(f"{states.count(state)} {state}" for state in ("expired", "due", "ok"))
    line = SubElement(body, "p", {"class": report["state"]})
    _add(line, "strong", f"In short: {_WORDS[report['state']]}.", **{"class": "state"}).tail = (
        f" {len(states)} applications: {counts}."
    )
    moment = (report["moment"] or "never").replace("T", " ").removesuffix("Z")
    _add(body, "p", f"As of {moment} UTC. Due is what ends within {report['due_within']}.", **{
        "class": "soft"
    })


def _table(parent: Element, applications: Iterable[Mapping[str, Any]]) -> None:
    table = SubElement(parent, "table")
    row = SubElement(SubElement(table, "thead"), "tr")
    for name in ("Application", *COLUMNS):
        _add(row, "th", name, scope="col")
    for application in applications:
        group = SubElement(table, "tbody", {"class": application["state"]})
        credentials = application["credentials"] or [None]
        for number, credential in enumerate(credentials):
            row = SubElement(group, "tr")
            if number == 0:
                _about(SubElement(row, "th", {"scope": "rowgroup", "rowspan": str(len(credentials))}), application)
            _credential(row, credential)


def _about(cell: Element, application: Mapping[str, Any]) -> None:
    _add(cell, "b", application["name"] or _NOTHING)
    facts = (
        ("", application["environment"]),
        ("id: ", application["app_id"]),
        ("store: ", application["store"]),
        ("hosts: ", ", ".join(hosts(application))),
        ("locked by ", _lock(application["lock"])),
    )
    for title, value in facts:
        if value:
            _add(SubElement(cell, "div"), "span", title + value, **{"class": "soft"})
    sentences = [*application["reasons"], *application["notes"]]
    if sentences:
        listed = SubElement(cell, "ul", {"class": application["state"]})
        for sentence in sentences:
            _add(listed, "li", sentence)


def _lock(lock: Mapping[str, Any] | None) -> str:
    return f"run {lock['run']} on {lock['host']}, until {lock['until']}" if lock else ""


def _credential(row: Element, credential: Mapping[str, Any] | None) -> None:
    if credential is None:
        _add(row, "td", "no credential", colspan=str(len(COLUMNS)))
        return
    cell = _add(row, "td", f"{credential['kind']} ")
    if credential["display_name"]:
        _add(SubElement(cell, "div"), "span", credential["display_name"])
    _add(SubElement(cell, "div"), "code", credential["key_id"])
    _add(row, "td", credential["slot"] or _NOTHING)
    _add(row, "td", made_by(credential))
    if credential["end"] is None:
        _add(row, "td", ends(credential))
        _add(row, "td", _NOTHING, **{"class": "number"})
    else:
        _add(SubElement(row, "td"), "time", ends(credential), datetime=credential["end"])
        _add(row, "td", str(credential["days_left"]), **{"class": "number"})
    status = credential["status"]
    _add(row, "td", _SYMBOLS[status], **{"class": f"state {status}"})
    _add(row, "td", step(credential) or _NOTHING)


def _add(parent: Element, tag: str, content: str, **attributes: str) -> Element:
    element = SubElement(parent, tag, attributes)
    element.text = content
    return element


def _clean(tree: Element) -> None:
    """Replace what HTML forbids even when it is escaped: control characters and lone surrogates."""
    for element in tree.iter():
        element.text, element.tail = _allowed(element.text), _allowed(element.tail)
        for name, value in element.items():
            element.set(name, _allowed(value) or "")


def _allowed(text: str | None) -> str | None:
    if text is None:
        return None
    return "".join(
        character if character in "\t\n" or not (
            character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"
        ) else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
