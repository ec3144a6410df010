# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The appSettings of a .NET configuration file, as System.Configuration understands them.

It reads what is added, removed and cleared from top to bottom, takes no notice of case in keys, and the last value of a
key wins. Settings that partly stand elsewhere (another file, a builder, an encrypted section) are refused, since nobody
can tell from this file what they are. Source: AppSettingsSection, KeyValueConfigurationCollection and
BaseConfigurationRecord of .NET Framework's reference source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.xml_document import (
    SPACE,
    Document,
    Element,
)

NAME = "appSettings"

_TRANSFORM = "http://schemas.microsoft.com/XML-Document-Transform"
_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "add": frozenset(("key", "value")), "remove": frozenset(("key",)), "clear": frozenset(),
}
# Attributes by which appSettings come from somewhere else: what they do, and what would be right.
_ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "configSource": ("stand in another file", f"Move <{NAME}> from that file into this one"),
    "file": ("are overridden by another file", "Move that file's settings into this one, and remove the attribute"),
    "configProtectionProvider": ("are encrypted", f"Decrypt them on the server with aspnet_regiis -pdf {NAME}"),
    "configBuilders": ("are changed by a configuration builder", "Remove the attribute"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An element below appSettings: "add", "remove" or "clear".

    :param key: see ``folded``.
    """

    element: Element
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The settings of the application itself.

    :param element: None if there are none.
    :param added: every "add" of a key, by the key folded, in their order.
    :param live: the one "add" of a key that counts.
    """

    document: Document
    element: Element | None
    added: Mapping[str, list[Entry]]
    live: Mapping[str, Entry]


def folded(key: str) -> str:
    """What two keys have in common that .NET takes for the same: capitals, where that does not make ASCII of others."""
    if key.isascii():
        return key.upper()
    capitals = ((character, character.upper()) for character in key)
    return "".join(
        capital if len(capital) == 1 and capital.isascii() == character.isascii() else character
        for character, capital in capitals
    )


def find(document: Document, keys: Iterable[str]) -> AppSettings:
    """The settings of the application itself.

    :param keys: those that matter; they must not be set for a part of the application alone.
    :raises InputError: they are not understood, with their place.
    """
    if document.root.name != "configuration":
        _refuse(
            document, document.root, f"the root is <{document.root.name}>, and .NET asks for <configuration>",
            "Name the application's own web.config",
        )
    transformed = document.root.node.xpath("//@t:*", namespaces={"t": _TRANSFORM})
    if transformed:
        node = transformed[0].getparent()
        _refuse(
            document, next(element for element in document.elements if element.node is node),
            "this is a transformation of a web.config, which is applied when an application is published",
            "Name the web.config on the server",
        )
    here, elsewhere = _sections(document)
    for section in elsewhere:
        _refuse_settings_of_a_part(document, section, {folded(key) for key in keys})
    if len(here) > 1:
        places = " and ".join(map(document.place, here))
        raise InputError(f"<{NAME}> is there {len(here)} times ({places}).", remedy="Put all into one.")
    return _settings(document, here[0]) if here else AppSettings(document, None, {}, {})


def _sections(document: Document) -> tuple[list[Element], list[Element]]:
    """The appSettings of the application itself, and those of parts of it."""
    here: list[Element] = []
    elsewhere: list[Element] = []
    for child in document.root.children:
        if child.name == NAME:
            here.append(child)
        elif child.name == "location":
            path = document.attributes(child).get("path")
            whole = path is None or path.value in ("", ".")
            (here if whole else elsewhere).extend(inner for inner in child.children if inner.name == NAME)
    return here, elsewhere


def _refuse_settings_of_a_part(document: Document, section: Element, keys: set[str]) -> None:
    for child in section.children:
        key = document.attributes(child).get("key")
        if key is not None and folded(key.value) in keys:
            _refuse(
                document, child, f"{key.value} is set for a part of the application alone, in a <location>",
                "Remove it there, so that the whole application has the same",
            )


def _settings(document: Document, section: Element) -> AppSettings:
    attributes = document.attributes(section)
    for name, (does, remedy) in _ELSEWHERE.items():
        if name in attributes and attributes[name].value:
            _refuse(document, section, f"its {NAME} {does} ({name})", remedy)
    added: dict[str, list[Entry]] = {}
    live: dict[str, Entry] = {}
    for entry in _entries(document, section):
        if entry.element.name == "add":
            added.setdefault(entry.key, []).append(entry)
            live[entry.key] = entry
        elif entry.element.name == "remove":
            live.pop(entry.key, None)
        else:
            live.clear()
    return AppSettings(document, section, added, live)


def _entries(document: Document, section: Element) -> Iterator[Entry]:
    _refuse_text(document, section)
    for child in section.children:
        if child.name == "EncryptedData":
            _refuse(document, child, f"its {NAME} are encrypted", _ELSEWHERE["configProtectionProvider"][1])
        if child.name not in _ATTRIBUTES:
            _refuse(document, child, f"<{child.name}> is not understood in {NAME}", "Use <add>, <remove> and <clear>")
        if child.children:
            _refuse(document, child.children[0], f"<{child.name}> must be empty", "Move out what stands in it")
        _refuse_text(document, child)
        attributes = document.attributes(child)
        known = _ATTRIBUTES[child.name]
        foreign = [name for name in attributes if name not in known and not name.startswith("lock")]
        if foreign:
            _refuse(
                document, child, f"<{child.name}> has an attribute {foreign[0]}, which .NET does not know",
                f"It knows these, in small letters: {', '.join(sorted(known)) or 'none'}",
            )
        if "key" in known and "key" not in attributes:
            _refuse(document, child, f"<{child.name}> has no key", "Give it one, or remove it")
        key, value = (attributes[name].value if name in attributes else "" for name in ("key", "value"))
        yield Entry(child, folded(key), value)


def _refuse_text(document: Document, element: Element) -> None:
    if element.content.strip(SPACE):
        _refuse(document, element, f"<{element.name}> holds text", "Remove the text, or make a comment of it")


def _refuse(document: Document, element: Element, what: str, remedy: str) -> NoReturn:
    raise InputError(f"{document.place(element)}: {what}.", remedy=f"{remedy}; nothing was changed.")
