# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""JavaScript as a row of tokens with their places, as far as finding and replacing one value needs it.

The grammar is that of ECMAScript (https://tc39.es/ecma262/#sec-ecmascript-language-lexical-grammar). Its one trap is
the slash, which divides or starts a regular expression depending on what stands before it. Where that cannot be told
for sure, the text is refused: what is not understood is never edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.place import place

Kind = Literal["name", "number", "string", "template", "regex", "mark"]
LINE_ENDS = "\n\r\u2028\u2029"

_BLANK = re.compile(r"[\s\ufeff]+")
_COMMENT = re.compile(rf"//[^{LINE_ENDS}]*|/\*.*?\*/", re.DOTALL)
_HASHBANG = re.compile(rf"#![^{LINE_ENDS}]*")
_PIECE = r"\\u(?:[0-9a-fA-F]{4}|\{[0-9a-fA-F]+\})"
_NAME = re.compile(rf"#?(?:[^\W\d]|\$|{_PIECE})(?:[\w$\u200c\u200d]|{_PIECE})*")
_NUMBER = re.compile(r"0[xXbBoO]\w+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?[\d_]+)?n?")
_STRING = re.compile(r"'(?:[^'\\\n\r]|\\(?:\r\n|.))*'|\"(?:[^\"\\\n\r]|\\(?:\r\n|.))*\"", re.DOTALL)
_REGEX = re.compile(rf"/(?:[^/\\\[{LINE_ENDS}]|\\[^{LINE_ENDS}]|\[(?:[^\]\\{LINE_ENDS}]|\\[^{LINE_ENDS}])*\])+/[\w$]*")
_MARK = re.compile(
    r"\.\.\.|=>|[=!]==?|\+\+|--|>>>=?|<<=?|>>=?|\*\*=?|&&=?|\|\|=?|\?\?=?|\?\.(?!\d)|[-+*%&|^<>/]=|[-+*%&|^<>/!~?:=.,;@()\[\]{}]"
)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
# Words behind which an expression starts, so that a slash starts a regular expression.
_BEFORE_EXPRESSION = frozenset(
    ("return", "typeof", "instanceof", "in", "new", "delete", "void", "throw", "case", "do", "else")
)
# Names that are words only in some places.
_UNSURE = frozenset(("of", "yield", "await"))
_HEADS = frozenset(("if", "while", "for", "with"))
#: Of templates in templates. Python's own stack ends at about 1000 frames.
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is neither white space nor a comment.

    :param start: offset of its first character.
    :param end: offset behind its last character.
    :param partner: for a bracket, the index of the token that is the other one of the pair; else -1.
    """

    kind: Kind
    text: str
    start: int
    end: int
    partner: int = -1


def tokens(text: str) -> list[Token]:
    """All tokens. A template is one token, whatever is in it.

    :raises InputError: the text is no JavaScript, or has a part that cannot be understood for sure.
    """
    found = list(_scan(text, 0, depth=0))
    partners: dict[int, int] = {}
    open_ones: list[int] = []
    for index, token in enumerate(found):
        if token.kind != "mark":
            continue
        if token.text in _PAIRS:
            open_ones.append(index)
        elif token.text in _PAIRS.values():
            if not open_ones or _PAIRS[found[open_ones[-1]].text] != token.text:
                raise _refused(text, token.start, f"the {token.text} closes nothing")
            partners[index] = open_ones.pop()
            partners[partners[index]] = index
    if open_ones:
        last = found[open_ones[-1]]
        raise _refused(text, last.start, f"the {last.text} is never closed")
    return [
        Token(token.kind, token.text, token.start, token.end, partners.get(index, -1))
        for index, token in enumerate(found)
    ]


def _scan(text: str, at: int, *, depth: int) -> Iterator[Token]:
    """The tokens from an offset to the end, or to the bracket that ends a template's substitution.

    :param depth: in how many templates the offset is.
    """
    found: list[Token] = []
    # For each open bracket, whether it starts the head of a statement, as in if (...).
    heads: list[bool] = []
    after_head = False
    if at == 0 and (hashbang := _HASHBANG.match(text)):
        at = hashbang.end()
    while at < len(text):
        if skipped := _BLANK.match(text, at) or _COMMENT.match(text, at):
            at = skipped.end()
            continue
        if text.startswith("<!--", at) or (text.startswith("-->", at) and _starts_line(text, found, at)):
            raise _refused(text, at, "an HTML comment is not understood; use // instead")
        token = _token(text, at, found[-2:], after_head=after_head, depth=depth)
        after_head = False
        if token.text in _PAIRS:
            heads.append(_is_head(found))
        elif token.text in _PAIRS.values():
            if not heads and depth and token.text == "}":
                yield token
                return
            after_head = bool(heads) and heads.pop() and token.text == ")"
        found.append(token)
        yield token
        at = token.end


def _token(text: str, at: int, before: list[Token], *, after_head: bool, depth: int) -> Token:
    first = text[at]
    if first == "`":
        return Token("template", text[at : (end := _template_end(text, at, depth + 1))], at, end)
    kind: Kind = "mark"
    if first == "/" and not text.startswith("/*", at) and _starts_expression(text, at, before, after_head):
        kind, match = "regex", _REGEX.match(text, at)
    elif match := _NAME.match(text, at):
        kind = "name"
    elif match := _NUMBER.match(text, at):
        kind = "number"
    elif match := _STRING.match(text, at):
        kind = "string"
    elif not text.startswith("/*", at):
        match = _MARK.match(text, at)
    if match is None:
        raise _refused(text, at, f"{first!r} is not understood; perhaps something is not closed")
    return Token(kind, match.group(), at, match.end())


def _template_end(text: str, start: int, depth: int) -> int:
    if depth > _DEEPEST:
        raise _refused(text, start, "templates are nested too deeply")
    at = start + 1
    while at < len(text):
        if text[at] == "`":
            return at + 1
        if text.startswith("${", at):
            substitution = list(_scan(text, at + 2, depth=depth))
            if not substitution or substitution[-1].text != "}":
                break
            at = substitution[-1].end
        else:
            at += 2 if text[at] == "\\" else 1
    raise _refused(text, start, "the template is never closed")


def _starts_expression(text: str, at: int, before: list[Token], after_head: bool) -> bool:
    """Whether a slash starts a regular expression, and does not divide."""
    if not before:
        return True
    last = before[-1]
    if last.kind == "mark":
        if last.text == "}":
            raise _refused(text, at, "a / behind a } may divide or start a regular expression; put a ; between them")
        return last.text not in (")", "]", "++", "--") or (last.text == ")" and after_head)
    if last.kind == "name" and not (len(before) > 1 and before[-2].text in (".", "?.")):
        if last.text in _UNSURE:
            raise _refused(text, at, f"a / behind {last.text} may divide or start a regular expression")
        return last.text in _BEFORE_EXPRESSION
    return False


def _is_head(before: list[Token]) -> bool:
    names = [token.text for token in before[-3:]]
    if names and names[-1] == "await":
        names.pop()
    return bool(names) and names[-1] in _HEADS and names[-2:-1] not in (["."], ["?."])


def _starts_line(text: str, before: list[Token], at: int) -> bool:
    since = before[-1].end if before else 0
    return not before or any(character in LINE_ENDS for character in text[since:at])


def _refused(text: str, at: int, reason: str) -> InputError:
    return InputError(f"{place(text, at)}: {reason}.", remedy="Only plain JavaScript is edited; nothing was changed.")
