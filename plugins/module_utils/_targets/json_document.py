# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A JSON text with the place of everything in it, so that one value can be replaced and every other byte be kept.

``json.loads`` forgets white space, names that repeat and how a number was written. The functions here keep the text and
say where in it each value starts and ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from typing import Literal

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_DECODER = JSONDecoder()
# Python's own stack ends at about 1000 frames; no file that a product reads comes near this depth.
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Node:
    """A value in the text.

    :param start: offset of its first character.
    :param end: offset behind its last character.
    :param text: the characters that a string stands for; for a number or a literal, the characters as written; else "".
    """

    kind: Literal["object", "array", "string", "plain"]
    start: int
    end: int
    text: str = ""
    members: tuple[Member, ...] = ()
    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A name in an object, and its value. Names may repeat."""

    name: Node
    value: Node


def parse(text: str) -> Node:
    """The value that the whole text is.

    :raises JSONDecodeError: the text is not JSON (RFC 8259); the error knows line and column.
    """
    start = _space(text, 0)
    node = _value(text, start, 0)
    end = _space(text, node.end)
    if end != len(text):
        raise JSONDecodeError("Extra data", text, end)
    return node


def reason(error: JSONDecodeError) -> str:
    """Why a text is not JSON; names what some readers take although it is none."""
    ahead, before = error.doc[error.pos : error.pos + 2], error.doc[: error.pos].rstrip()
    if ahead in ("//", "/*") or ahead[:1] == "#":
        return "comments are not understood, since JSON has none"
    if ahead[:1] in ("}", "]") and before.endswith(","):
        return "a comma behind the last one is not understood, since JSON has none there"
    return error.msg


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the text."""
    yield node
    for item in node.items:
        yield from walk(item)
    for member in node.members:
        yield from walk(member.value)


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> Node:
    if depth > _DEEPEST:
        raise JSONDecodeError("Nested too deeply", text, at)
    first = text[at : at + 1]
    if first == "{":
        return _object(text, at, depth)
    if first == "[":
        return _array(text, at, depth)
    if first == '"':
        return _string(text, at)
    found = _PLAIN.match(text, at)
    if not found:
        raise JSONDecodeError("Expecting value", text, at)
    return Node("plain", at, found.end(), found.group())


def _string(text: str, at: int) -> Node:
    if text[at : at + 1] != '"':
        raise JSONDecodeError("Expecting a name in double quotes", text, at)
    characters, end = _DECODER.raw_decode(text, at)
    return Node("string", at, end, characters)


def _object(text: str, start: int, depth: int) -> Node:
    members: list[Member] = []
    at = _space(text, start + 1)
    while text[at : at + 1] != "}":
        if members:
            at = _space(text, _comma(text, at))
        name = _string(text, at)
        at = _space(text, name.end)
        if text[at : at + 1] != ":":
            raise JSONDecodeError("Expecting ':'", text, at)
        value = _value(text, _space(text, at + 1), depth + 1)
        members.append(Member(name, value))
        at = _space(text, value.end)
    return Node("object", start, at + 1, members=tuple(members))


def _array(text: str, start: int, depth: int) -> Node:
    items: list[Node] = []
    at = _space(text, start + 1)
    while text[at : at + 1] != "]":
        if items:
            at = _space(text, _comma(text, at))
        items.append(_value(text, at, depth + 1))
        at = _space(text, items[-1].end)
    return Node("array", start, at + 1, items=tuple(items))


def _comma(text: str, at: int) -> int:
    if text[at : at + 1] != ",":
        raise JSONDecodeError("Expecting ','", text, at)
    return at + 1
