# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A CommonJS module that exports an object literal, in which settings are changed and every other byte is kept.

Settings are nested dictionaries. What stands in them at last:

    text or a whole number      the value itself
    {"environment": NAME}       the environment variable, as ``process.env.NAME``
    a list of texts and those   all of it as one text, as a template
    None                        the key must not be there

Only ``module.exports = {...}`` as a statement of its own is understood, in which each dictionary of the settings is an
object literal as well. What computes an object at a place that matters (a spread, a function, another module) is
refused with its place in the file: what is not understood is never edited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import javascript_values as values
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.edits import Edit, applied
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.encoding import decode, edited
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.javascript import LINE_ENDS, Token, tokens
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.place import place
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.shown import shown

# There is nothing to start from: the product's own file has to be there.
EMPTY = None

_MODIFIERS = frozenset(("get", "set", "async", "*"))
# Behind these names a statement goes on.
_UNFINISHED = frozenset((
    "else", "do", "return", "typeof", "instanceof", "in", "of", "new", "delete", "void", "throw", "case", "yield",
    "await", "default", "export", "var", "let", "const",
))


def read(content: bytes, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says at the places that settings name.

    :returns: of the same shape as settings. A key that is missing is left out, and an expression that is none of the
        above stands as ``{"expression": its text}``.
    :raises InputError: the file is not understood.
    """
    module = _Module(decode(content)[0])
    return module.read(module.exported(), settings, ())


def render(content: bytes, settings: Mapping[str, Any], *, create: bool = False) -> bytes:
    """The file with these settings; a value that means the same already is left as it is written.

    :param create: of no meaning here, since a key that is missing is always added.
    :raises InputError: the file is not understood.
    """
    return edited(content, lambda text: _with_settings(text, settings))


def changes(before: bytes, after: bytes, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Both contents for a person to read in a diff, without secrets."""
    old, new = read(before, settings), read(after, settings)
    return shown(old, new, "to be replaced"), shown(new, old, "new")


def _with_settings(text: str, settings: Mapping[str, Any]) -> str:
    for step in (_Module.remove, _Module.merge):
        module = _Module(text)
        text = applied(text, step(module, module.exported(), settings, ()))
    return text


def _without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_none(value) if values.is_object(value) else value
        for name, value in settings.items() if value is not None
    }


@dataclass(frozen=True, slots=True)
class _Member:
    """What stands between two commas of an object literal. All are indices of tokens, and -1 is none.

    :param name: None if it may set any key: a spread, or a key that is computed.
    :param value: where the value starts; -1 if it is not written as ``key: value``.
    :param last: where the value, and the member, ends.
    :param comma: the comma behind it.
    """

    name: str | None
    first: int
    value: int
    last: int
    comma: int


class _Module:
    """A file that was taken apart."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)

    # -- finding ----------------------------------------------------------------------------------------------------

    def exported(self) -> int:
        """The bracket that opens the exported object."""
        for index, token in enumerate(self.tokens):
            dynamic = token.text == "import" and self._text(index + 1) in ("(", ".")
            if token.kind == "name" and token.text in ("import", "export") and self._is_free(index) and not dynamic:
                raise self._refused(token, f"it is an ES module ({token.text}), not a CommonJS one")
        uses = [
            index for index, token in enumerate(self.tokens)
            if token.kind == "name" and token.text in ("module", "exports") and self._is_free(index)
        ]
        if not uses:
            raise InputError("it exports nothing.", remedy="Let it end with module.exports = { mail: {} };")
        at = uses[0]
        if [self._text(at + step) for step in range(4)] != ["module", ".", "exports", "="]:
            raise self._refused(self.tokens[at], "only module.exports = { ... } is understood, not other uses of it")
        if len(uses) > 1:
            raise self._refused(
                self.tokens[uses[1]], f"{self._text(uses[1])} is used once more, which may change what is exported"
            )
        opening = at + 4
        if not self._starts_statement(at) or self._inside_brackets(at):
            raise self._refused(self.tokens[at], "module.exports = ... is not a statement of its own")
        if self._text(opening) != "{":
            raise self._refused(self.tokens[at], "what is exported is not written as an object, { ... }")
        if not self._ends_statement(self.tokens[opening].partner):
            raise self._refused(self.tokens[opening], "the exported object is part of a longer expression")
        return opening

    def _text(self, index: int) -> str:
        token = self.tokens[index] if 0 <= index < len(self.tokens) else None
        return token.text if token and token.kind in ("mark", "name") else ""

    def _is_free(self, index: int) -> bool:
        """Whether a name is a variable or a word of the language, and not the name of something's property."""
        return self._text(index - 1) not in (".", "?.") and self._text(index + 1) != ":"

    def _inside_brackets(self, index: int) -> bool:
        return any(token.partner > index for token in self.tokens[:index])

    def _line_ends_behind(self, index: int) -> bool:
        return any(character in LINE_ENDS for character in self._between(index, index + 1))

    def _between(self, index: int, other: int) -> str:
        return self.text[self.tokens[index].end : self.tokens[other].start]

    def _starts_statement(self, index: int) -> bool:
        if index == 0 or self._text(index - 1) in (";", "}"):
            return True
        before = self.tokens[index - 1]
        if before.kind == "mark" and before.text not in (")", "]"):
            return False
        if before.text == ")" and self._text(before.partner - 1) in ("if", "while", "for", "with", "await"):
            return False
        return self._line_ends_behind(index - 1) and not (before.kind == "name" and before.text in _UNFINISHED)

    def _ends_statement(self, index: int) -> bool:
        if index + 1 == len(self.tokens) or self._text(index + 1) == ";":
            return True
        after = self.tokens[index + 1]
        return self._line_ends_behind(index) and after.kind == "name" and after.text not in ("in", "instanceof")

    # -- objects ----------------------------------------------------------------------------------------------------

    def _members(self, opening: int) -> list[_Member]:
        members = []
        first, closing = opening + 1, self.tokens[opening].partner
        while first < closing:
            behind = first
            while behind < closing and self._text(behind) != ",":
                behind = max(self.tokens[behind].partner, behind) + 1
            if behind == first:
                raise self._refused(self.tokens[first], "a key is expected here")
            members.append(self._member(first, behind - 1, behind if behind < closing else -1))
            first = behind + 1
        return members

    def _member(self, first: int, last: int, comma: int) -> _Member:
        key = first
        while key < last and self._text(key) in _MODIFIERS and self._text(key + 1) not in (":", "("):
            key += 1
        token = self.tokens[key]
        name = values.text_of(token) if token.kind == "string" else token.text
        if token.kind not in ("name", "string", "number") or name is None or "\\" in name:
            name = None
        plain = self._text(first + 1) == ":" and last > first + 1
        return _Member(name, first, first + 2 if plain else -1, last, comma)

    def _find(self, opening: int, name: str, path: tuple[str, ...]) -> _Member | None:
        members = self._members(opening)
        named = [index for index, member in enumerate(members) if member.name == name]
        where = ".".join((*path, name))
        if len(named) > 1:
            places = " and ".join(place(self.text, self.tokens[members[index].first].start) for index in named)
            raise InputError(f"{where} is there {len(named)} times ({places}).", remedy="Remove all but one.")
        for member in members[named[0] + 1 if named else 0 :]:
            if member.name is None:
                raise self._refused(self.tokens[member.first], f"what is computed here may set {where}")
        found = members[named[0]] if named else None
        if found and found.value < 0:
            raise self._refused(self.tokens[found.first], f"{where} is not written as {name}: value")
        return found

    def _object(self, member: _Member, path: tuple[str, ...]) -> int:
        """The bracket that opens the object which a member's value is."""
        if self._text(member.value) != "{" or self.tokens[member.value].partner != member.last:
            raise self._refused(self.tokens[member.value], f"{'.'.join(path)} is not written as an object, {{ ... }}")
        return member.value

    # -- reading and changing ---------------------------------------------------------------------------------------

    def read(self, opening: int, settings: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        """See the function of this name."""
        found = {}
        for name, wanted in settings.items():
            member = self._find(opening, name, path)
            if member and values.is_object(wanted):
                found[name] = self.read(self._object(member, (*path, name)), wanted, (*path, name))
            elif member:
                found[name] = self._meaning(member)
        return found

    def _meaning(self, member: _Member) -> Any:
        meaning = values.meaning(self.tokens[member.value : member.last + 1])
        text = self.text[self.tokens[member.value].start : self.tokens[member.last].end]
        return {"expression": text} if meaning is None else meaning

    def remove(self, opening: int, settings: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Edit]:
        """What has to be taken out of an object for the settings to hold."""
        for name, wanted in settings.items():
            member = self._find(opening, name, path)
            if member and values.is_object(wanted):
                yield from self.remove(self._object(member, (*path, name)), wanted, (*path, name))
            elif member and wanted is None:
                yield from self._removal(member)

    def merge(self, opening: int, settings: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Edit]:
        """What has to be written into an object for the settings to hold."""
        missing: dict[str, Any] = {}
        for name, wanted in settings.items():
            member = self._find(opening, name, path)
            if member is None:
                missing |= _without_none({name: wanted})
            elif values.is_object(wanted):
                yield from self.merge(self._object(member, (*path, name)), wanted, (*path, name))
            elif not values.same(self._meaning(member), wanted):
                start, end = self.tokens[member.value].start, self.tokens[member.last].end
                yield Edit(start, end, values.render(wanted))
        if missing:
            yield from self._addition(opening, missing)

    def _removal(self, member: _Member) -> Iterator[Edit]:
        """A member without what stands around it, but with the line if it has one to itself."""
        start, end = self.tokens[member.first].start, self.tokens[member.last].end
        if member.comma >= 0:
            comma = self.tokens[member.comma]
            if self.text[end : comma.start].strip():
                yield Edit(comma.start, comma.end, "")
            else:
                end = comma.end
        before = self.text[:start].rstrip(" \t")
        after = self.text[end:].lstrip(" \t")
        if before.endswith("\n") and after.startswith(("\n", "\r\n")):
            start, end = len(before), len(self.text) - len(after) + after.index("\n") + 1
        yield Edit(start, end, "")

    def _addition(self, opening: int, missing: Mapping[str, Any]) -> Iterator[Edit]:
        """Members behind the last one, and behind any comment there, in the style of their neighbours."""
        start, closing = self.tokens[opening].end, self.tokens[self.tokens[opening].partner].start
        end = max(start, len(self.text[:closing].rstrip()))
        last = next(reversed(self._members(opening)), None)
        if last and last.comma < 0:
            comma_at = self.tokens[last.last].end
            yield Edit(comma_at, comma_at, ",")
        several_lines = last is None or any(character in LINE_ENDS for character in self.text[start:closing])
        if not several_lines:
            members = [f" {values.key(name)}: {values.render(value)}" for name, value in missing.items()]
            yield Edit(end, end, ",".join(members))
            return
        style = _Style(self.text)
        outer = style.indentation_at(start)
        inner = style.indentation_at(self.tokens[last.first].start) if last else outer + style.unit
        if len(inner) <= len(outer):
            inner = outer + style.unit
        lines = [line for name, value in missing.items() for line in style.member(name, value, inner)]
        text = "".join(style.line_end + line for line in lines)
        if not any(character in LINE_ENDS for character in self.text[end:closing]):
            text += style.line_end + outer
        yield Edit(end, end, text)

    def _refused(self, token: Token, reason: str) -> InputError:
        return InputError(
            f"{place(self.text, token.start)}: {reason}.",
            remedy="Write the exported object and the settings for mail in it out, module.exports = { mail: { ... } }; "
            "nothing was changed.",
        )


class _Style:
    """How a text is laid out."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.line_end = "\r\n" if "\r\n" in text else "\n"
        lines = [line for line in text.splitlines() if line.strip()]
        steps = [
            _indentation(line)[len(_indentation(above)) :] for above, line in pairwise(lines)
            if above.rstrip().endswith("{") and _indentation(line).startswith(_indentation(above))
        ]
        self.unit = next((step for step in steps if step), "  ")

    def indentation_at(self, at: int) -> str:
        """The white space with which the line at an offset starts."""
        line_start = max(self._text.rfind(end, 0, at) for end in LINE_ENDS) + 1
        return _indentation(self._text[line_start:at])

    def member(self, name: str, value: Any, indentation: str) -> list[str]:
        """The lines of ``name: value,``."""
        if not values.is_object(value):
            return [f"{indentation}{values.key(name)}: {values.render(value)},"]
        below = [line for key, inner in value.items() for line in self.member(key, inner, indentation + self.unit)]
        return [f"{indentation}{values.key(name)}: {{", *below, f"{indentation}}},"]


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
