# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How an XML document is laid out in lines, so that elements come and go as a person would have written them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.edits import Edit
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.xml_document import (
    SPACE,
    Document,
    Element,
)

_LINE_END = re.compile(r"\r\n|\n|\r")
_BLANKS = " \t"


class Layout:
    """The white space of a document. ``before`` is what stands between a tag and whatever precedes it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._text = document.text

    def before(self, element: Element) -> str:
        """The white space before an element, without empty lines."""
        return _last_line(self._text[self._back(element.start, SPACE) : element.start])

    def before_child(self, element: Element) -> str:
        """What a further child has before it: the same as the last one, or a step more than the element."""
        return self.before(element.children[-1]) if element.children else self.deeper(self.before(element))

    def deeper(self, before: str) -> str:
        """A step further in than that, on a line of its own; nothing if that is on none."""
        return before + self._step() if _LINE_END.match(before) else ""

    def _step(self) -> str:
        for parent in self._document.elements:
            outer = _LINE_END.sub("", self.before(parent))
            for inner in map(self.before, parent.children[:1]):
                if _LINE_END.match(inner) and _LINE_END.sub("", inner).startswith(outer):
                    return _LINE_END.sub("", inner)[len(outer) :]
        return "  "

    def put_in(self, element: Element, markup: str) -> Edit:
        """Markup at the end of an element, behind everything that stands in it.

        :param markup: with what has to be before it.
        """
        last_line = self.before(element) if _LINE_END.match(markup) else ""
        if element.closing == element.end:
            slash = element.opened - len("/>")
            return Edit(self._back(slash, SPACE), element.end, f">{markup}{last_line}</{element.name}>")
        at = max(element.opened, self._back(element.closing, SPACE))
        on_a_line = element.children or _LINE_END.search(self._text, at, element.closing)
        return Edit(at, at, markup if on_a_line else markup + last_line)

    def without(self, elements: Iterable[Element]) -> Iterator[Edit]:
        """Elements taken out, and their lines if nothing else stands there."""
        spans: list[tuple[int, int]] = []
        for start, end in sorted((element.start, element.end) for element in elements):
            if spans and not self._text[spans[-1][1] : start].strip(_BLANKS):
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        for start, end in spans:
            yield Edit(*self._with_blanks(start, end), "")

    def _with_blanks(self, start: int, end: int) -> tuple[int, int]:
        left, right = self._back(start, _BLANKS), end
        while self._text[right] in _BLANKS:
            right += 1
        first = self._text[left - 1] in "\r\n"
        line_end = _LINE_END.match(self._text, right)
        if first and line_end:
            return left, line_end.end()
        return (start, right) if first else (left, end)

    def _back(self, at: int, characters: str) -> int:
        while at and self._text[at - 1] in characters:
            at -= 1
        return at


def _last_line(space: str) -> str:
    line_ends = list(_LINE_END.finditer(space))
    return space[line_ends[-1].start() :] if line_ends else space
