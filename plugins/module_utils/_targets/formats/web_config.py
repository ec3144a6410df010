# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The appSettings of ASP.NET's web.config, in which keys are set and every other byte is kept.

Settings are texts by their keys, in the order in which missing ones are added; None means that the key must not stand
there, in whatever case. A key that stands there several times stands there once afterwards, since what does not count
may be an old secret. ``<remove>`` and ``<clear/>`` stay: they are about what the machine's configuration adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import app_settings
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.app_settings import AppSettings, find, folded
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.edits import Edit, applied
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.shown import shown
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.xml_document import (
    SPACE,
    Document,
    Element,
    attribute_value,
    parse,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.xml_encoding import decode
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.xml_layout import Layout

# There is nothing to start from: the product's own file has to be there.
EMPTY = None

_SAMPLE = '<add key="" value="" />'


def read(content: bytes, settings: Mapping[str, Any]) -> dict[str, str]:
    """The values of the keys that settings name, as .NET sees them; one that is missing is left out.

    :raises InputError: the file is not understood.
    """
    live = find(parse(decode(content)[0]), settings).live
    return {name: live[folded(name)].value for name in settings if folded(name) in live}


def render(content: bytes, settings: Mapping[str, Any], *, create: bool = False) -> bytes:
    """The file with these settings; a value that means the same already is left as it is written.

    :param create: of no meaning here, since a key that is missing is always added.
    :raises InputError: the file is not understood, or a value holds a character that XML does not have.
    """
    text, encoding = decode(content)
    before = after = find(parse(text), settings)
    for step in (_merged, _cleaned):
        edits = list(step(after, settings))
        if edits:
            after = find(parse(applied(after.document.text, edits)), settings)
    if after is before:
        return content
    if _foreign(after, settings) != _foreign(before, settings):
        raise RuntimeError("a web.config would have been changed beyond its settings")
    return after.document.text.encode(encoding, "xmlcharrefreplace")


def changes(before: bytes, after: bytes, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Both contents for a person to read in a diff, without secrets."""
    old, new = read(before, settings), read(after, settings)
    return shown(old, new, "to be replaced"), shown(new, old, "new")


def _merged(found: AppSettings, settings: Mapping[str, Any]) -> Iterator[Edit]:
    """What has to be written for the settings to hold."""
    missing = {}
    for name, wanted in settings.items():
        present = found.live.get(folded(name))
        if wanted is not None and present is None:
            missing[name] = wanted
        elif wanted is not None and present is not None and present.value != wanted:
            yield _with_value(found.document, present.element, name, wanted)
    if missing:
        yield _with_missing(found.document, found.element, missing)


def _cleaned(found: AppSettings, settings: Mapping[str, Any]) -> Iterator[Edit]:
    """What has to go: keys that must not stand there, and what does not count of the others."""
    return Layout(found.document).without(
        entry.element for name, wanted in settings.items() for entry in found.added.get(folded(name), ())
        if wanted is None or entry is not found.live.get(folded(name))
    )


def _with_value(document: Document, element: Element, name: str, wanted: str) -> Edit:
    attributes = document.attributes(element)
    if "value" in attributes:
        value = attributes["value"]
        return Edit(value.start, value.end, _written(name, wanted, document.text[value.end]))
    behind_key, written = attributes["key"].end + 1, _written(name, wanted, '"')
    return Edit(behind_key, behind_key, f' value="{written}"')


def _with_missing(document: Document, section: Element | None, missing: Mapping[str, str]) -> Edit:
    layout, root = Layout(document), document.root
    if section:
        samples = (document.markup(child) for child in reversed(section.children) if _is_sample(document, child))
        return layout.put_in(section, _adds(next(samples, _SAMPLE), missing, layout.before_child(section)))
    before = layout.before_child(root)
    adds = _adds(_SAMPLE, missing, layout.deeper(before))
    markup = f"{before}<{app_settings.NAME}>{adds}{before}</{app_settings.NAME}>"
    if not root.children:
        return layout.put_in(root, markup)
    # .NET wants configSections first.
    at = root.children[0].end if root.children[0].name == "configSections" else root.opened
    return Edit(at, at, markup)


def _is_sample(document: Document, element: Element) -> bool:
    return element.name == "add" and document.attributes(element).keys() == {"key", "value"}


def _adds(sample: str, missing: Mapping[str, str], before: str) -> str:
    """Elements that are written as the sample is, with the same before each."""
    document = parse(sample)
    attributes = document.attributes(document.root)
    return "".join(
        before + applied(sample, [
            Edit(attribute.start, attribute.end, _written(name, said, sample[attribute.end]))
            for attribute, said in ((attributes["key"], name), (attributes["value"], value))
        ])
        for name, value in missing.items()
    )


def _written(name: str, value: str, quote: str) -> str:
    try:
        return attribute_value(value, quote)
    except ValueError:
        raise InputError(
            f"the value of {name} holds a character that XML does not have.", remedy="Give it another value."
        ) from None


def _foreign(found: AppSettings, settings: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All that a file says but for the settings, and for whether there are appSettings, which may be added."""
    ours = {entry.element.node for name in settings for entry in found.added.get(folded(name), ())}
    section = found.element.node if found.element and not found.element.node.attrib else None
    return [
        (node.tag, tuple(node.attrib.items()), (node.text or "").strip(SPACE), (node.tail or "").strip(SPACE))
        for node in found.document.root.node.iter()
        if node is not section and node not in ours and node.getparent() not in ours
    ]
