# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An XML text with the place of every element and attribute in it, so that one can be changed and all else be kept.

A parser forgets how a document was written: the order and quotes of attributes, references, white space in tags. So
lxml says what the document is, and whether it is one; and where its tags stand is found in the text. In what lxml has
taken for well-formed, and without a DTD, that is unmistakable: a tag ends at the first ">" outside quotes.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.encoding import MARK
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.place import place

MISSING: dict[str, str] = {}
try:
    from lxml import etree
except ImportError:
    MISSING["lxml>=5.0"] = traceback.format_exc()

#: White space, to XML. Python's own has more.
SPACE = " \t\r\n"

_ASIDE = r"<!--.*?-->|<\?.*?\?>"
_DOCTYPE = re.compile(rf"(?:{_ASIDE}|[{SPACE}])*+(<!DOCTYPE)", re.DOTALL)
_TAG = re.compile(
    rf"""{_ASIDE}|<!\[CDATA\[.*?\]\]>|<(?P<end>/?)(?P<name>[^{SPACE}/>]++)(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(rf"""([^{SPACE}=]+)[{SPACE}]*=[{SPACE}]*(?:"([^"]*)"|'([^']*)')""")
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(\w+));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WRITTEN: dict[str, str | int | None] = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;",
}
_QUOTES = {'"': "&quot;", "'": "&apos;"}


@dataclass(frozen=True, slots=True)
class Attribute:
    """Where an attribute's value stands, without its quotes.

    :param value: what it says, with references resolved and white space as written.
    """

    start: int
    end: int
    value: str


@dataclass(slots=True)
class Element:
    """An element, and its places as offsets.

    :param node: the same element of lxml's.
    :param name: as written, with a prefix.
    :param start: where its start tag starts; that one ends before ``opened``.
    :param closing: where its end tag starts, before ``end``; the same as ``end`` if its start tag closes it.
    """

    node: Any
    name: str
    start: int
    opened: int
    closing: int
    end: int
    children: list[Element] = field(default_factory=list)

    @property
    def content(self) -> str:
        """The text in it and between its children, without comments."""
        return "".join(filter(None, (self.node.text, *(child.tail for child in self.node))))


@dataclass(frozen=True, slots=True)
class Document:
    """A text that is well-formed, and its elements in their order."""

    text: str
    elements: list[Element]

    @property
    def root(self) -> Element:
        """The element that all others stand in."""
        return self.elements[0]

    def attributes(self, element: Element) -> dict[str, Attribute]:
        """An element's attributes, by their names as written."""
        found = _ATTRIBUTE.finditer(self.text, element.start + 1 + len(element.name), element.opened)
        return {
            match[1]: Attribute(*match.span(match.lastindex or 0), _resolved(match[match.lastindex or 0]))
            for match in found
        }

    def markup(self, element: Element) -> str:
        """An element's tags, without what stands between them."""
        return self.text[element.start : element.opened] + self.text[element.closing : element.end]

    def place(self, element: Element) -> str:
        """Line and column of an element."""
        return place(self.text, element.start)


def parse(text: str) -> Document:
    """A document taken apart; nothing outside it is ever read.

    :raises InputError: it is not well-formed XML 1.0, it has a DTD, or lxml is missing.
    """
    require(MISSING)
    doctype = _DOCTYPE.match(text, text.startswith(MARK))
    if doctype:
        raise InputError(
            f"it has a DTD ({place(text, doctype.start(1))}), which is not understood: entities could change what "
            "anything in it means.",
            remedy="Remove the DTD, and write out what its entities stand for; nothing was changed.",
        )
    return Document(text, _placed(text, _parsed(text)))


def attribute_value(value: str, quote: str) -> str:
    """What stands between quotes for a value: line breaks and tabs as references, since parsers make blanks of them.

    :raises ValueError: it holds a character that XML does not have.
    """
    if _NO_CHARACTER.search(value):
        raise ValueError
    return value.translate(str.maketrans(_WRITTEN | {quote: _QUOTES[quote]}))


def _parsed(text: str) -> Any:
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True)
    try:
        root = etree.fromstring(text.removeprefix(MARK).encode(), parser)
    except etree.XMLSyntaxError:
        # The first one, since the others follow from it; and its kind, since its words may quote a secret.
        first = parser.error_log[0]
        kind = first.type_name.removeprefix("ERR_").replace("_", " ").lower()
        raise InputError(
            f"it is not well-formed XML (line {first.line}, column {first.column}: {kind}).",
            remedy="Repair it; nothing was changed.",
        ) from None
    if root.getroottree().docinfo.xml_version != "1.0":
        raise InputError("its declaration asks for another XML than 1.0.", remedy="Let it say version=\"1.0\".")
    return root


def _placed(text: str, root: Any) -> list[Element]:
    nodes: Iterator[Any] = root.iter("*")
    elements: list[Element] = []
    opened: list[Element] = []
    for tag in _TAG.finditer(text):
        if tag["end"]:
            element = opened.pop()
            element.closing, element.end = tag.span()
        elif tag["name"]:
            element = Element(next(nodes), tag["name"], *tag.span(), tag.end(), tag.end())
            elements.append(element)
            if opened:
                opened[-1].children.append(element)
            if text[tag.end() - 2] != "/":
                opened.append(element)
    return elements


def _resolved(value: str) -> str:
    if "&" not in value:
        return value
    return _REFERENCE.sub(
        lambda found: _ENTITIES[found[3]] if found[3] else chr(int(found[1], 16) if found[1] else int(found[2])), value
    )
