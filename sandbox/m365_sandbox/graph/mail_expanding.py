"""``$expand`` of messages: attachments, and extended properties, which are shown in no other way. Pure.

An extended property is named by its MAPI type and by a tag, or by a GUID and a name or number
[GR:singlevaluelegacyextendedproperty, extended-properties-overview].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from m365_sandbox.graph.errors import gateway_refusal
from m365_sandbox.graph.filter_syntax import Comparison, Condition, Either, parse_filter
from m365_sandbox.state.history import Entity

EXTENDED = ("singleValueExtendedProperties", "multiValueExtendedProperties")
ATTACHMENTS = "attachments"
ALWAYS_SHOWN = ("@odata.type", "id")

# A name, and what stands in brackets behind it; quotes and further brackets belong to that.
_PIECE = r"'(?:[^']|'')*'|[^()']"
_CLAUSE = re.compile(rf"\s*(?P<name>\w+)\s*(?:\((?P<option>(?:{_PIECE}|\((?:{_PIECE})*\))*)\))?\s*(?:,|$)")
_HEX = "[0-9a-fA-F]"
_ID = re.compile(
    rf"(?P<type>[A-Za-z]+) (?:(?P<tag>0x{_HEX}{{1,8}})"
    rf"|(?P<set>\{{{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}\}})"
    rf" (?:Id (?P<number>0x{_HEX}{{1,8}})|Name (?P<name>.+)))"
)


@dataclass(frozen=True)
class Expansion:
    """What to show beside a message.

    :param ids: of extended properties.
    :param select: of attachments, the properties; None for all.
    """

    name: str
    ids: frozenset[str] = frozenset()
    select: tuple[str, ...] | None = None

    def attachments(self, found: Iterable[Entity]) -> list[Entity]:
        """The attachments as they are asked for."""
        return [
            {name: value for name, value in one.items() if self.select is None or name in (*self.select, *ALWAYS_SHOWN)}
            for one in found
        ]

    def extended(self, kept: Iterable[Entity]) -> list[Entity]:
        """Those of the kept extended properties that are asked for."""
        return [one for one in kept if one["id"] in self.ids]


def read_expand(query: Mapping[str, str]) -> tuple[Expansion, ...]:
    """The expansions that ``$expand`` names; GraphError 400 for what cannot be expanded."""
    return tuple(_expansions(query["$expand"])) if "$expand" in query else ()


def _expansions(text: str) -> Iterator[Expansion]:
    at = 0
    while at < len(text):
        clause = _CLAUSE.match(text, at)
        if clause is None:
            raise gateway_refusal(f"Parsing OData Select and Expand failed: Syntax error at position {at} in '{text}'.")
        yield _expansion(clause["name"], clause["option"] or "")
        at = clause.end()


def _expansion(name: str, text: str) -> Expansion:
    option, _, value = (part.strip() for part in text.partition("="))
    if name == ATTACHMENTS and option == "":
        return Expansion(name)
    if name == ATTACHMENTS and option == "$select":
        return Expansion(name, select=tuple(one.strip() for one in value.split(",")))
    if name in EXTENDED and option == "$filter":
        return Expansion(name, ids=frozenset(_ids(parse_filter(value))))
    raise gateway_refusal(f"Parsing OData Select and Expand failed: '{name}' cannot be expanded with '{text}'.")


def _ids(condition: Condition) -> Iterator[str]:
    match condition:
        case Either(left, right):
            yield from _ids(left)
            yield from _ids(right)
        case Comparison(("id" | "Id",), "eq", str(value)):
            yield normal_id(value)
        case _:
            raise gateway_refusal("Invalid filter clause: extended properties are found by 'id eq'.")


def merged(kept: Iterable[Entity], changes: Iterable[Entity]) -> list[Entity]:
    """Extended properties after a change: those of the same id are replaced."""
    return list({one["id"]: one for one in (*kept, *changes)}.values())


def normal_id(text: object) -> str:
    """An id with its numbers in lower case and without leading zeros, as Exchange shows it; GraphError 400."""
    matched = _ID.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        raise gateway_refusal(f"'{text}' is not the id of an extended property.")
    if matched["tag"]:
        return f"{matched['type']} {int(matched['tag'], 16):#x}"
    ending = f"Id {int(matched['number'], 16):#x}" if matched["number"] else f"Name {matched['name']}"
    return f"{matched['type']} {matched['set'].lower()} {ending}"
