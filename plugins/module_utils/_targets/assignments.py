# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A file of environment variables taken apart, as far as its readers agree about it. Pure.

Such a file is a program for a shell, which sources it; a list for systemd's EnvironmentFile
(https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html) and for dotenv and its kin
(https://github.com/motdotla/dotenv#rules). They agree where a line ends unless it holds one of a few things:

    a quote that is opened within a value and closed in another line     a shell reads on, the others do not
    a backslash before a closing quote                                   dotenv takes the quote for escaped
    a backslash at the end of a comment                                  systemd reads on
    brackets and backticks over several lines                            a shell reads on
    a statement that is neither an assignment nor about exporting        could set anything
    a byte order mark                                                    dotenv passes it over, the others do not

These are refused with their place, since after them nothing is sure. So is whatever else stands in a line with a wanted
variable and would mean another thing to another reader, but for what only a shell takes for anything: X=1; export X.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.encoding import MARK
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.place import place

_LINE_END = re.compile(r"\r?\n")
_BLANK_LINE = re.compile(r"[ \t]*(?=\r?\n|\Z)")
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_NOTHING = re.compile(r"[ \t]*(?:[#;](?P<comment>[^\r\n]*))?(?=\r?\n|\Z)")
_ASSIGNMENT = re.compile(
    rf"[ \t]*(?P<export>export[ \t]+)?(?P<name>{_NAME})(?P<more>(?:\[[^\]\r\n]*\])?\+?)[ \t]*=[ \t]*"
)
_COMMAND = re.compile(r"[ \t]*(?P<command>export|set|unset|readonly|declare|typeset)(?=[ \t;\r\n]|\Z)[ \t]*")
_ALLEXPORT = re.compile(r"(?P<sign>[-+])(?:[a-zA-Z]*a[a-zA-Z]*|o[ \t]+allexport)(?![\w-])")
# What a shell does beside the assignment of the line, and nobody else.
_EXPORTS = re.compile(rf"(?:[ \t]*;[ \t]*export(?:[ \t]+{_NAME})+)+[ \t]*;?[ \t]*(?:[ \t]#[^\r\n]*)?")
_COMMENT = re.compile(r"[ \t]*(?:[ \t]#[^\r\n]*)?")
_OTHER = re.compile(rf"[ \t;&|](?:export[ \t]+)?{_NAME}(?:\[[^\]\r\n]*\])?\+?=|[;&|]")
_TOKEN = re.compile(
    r"(?P<ansi>\$')|(?P<quoted>'[^']*'|\"(?:[^\"\\]|\\.)*\")|(?P<ticks>`[^`\r\n]*`)|(?P<continued>\\(?:\r?\n|\Z))|(?P<escaped>\\.)"
    r"|(?P<end>\r?\n|\Z)|(?P<blank>[ \t]+)|(?P<comment>#)|(?P<separator>[;&|]+)|(?P<opening>\$\{|\(|<<)"
    r"|(?P<closing>[)}])|(?P<odd>['\"`\r])|(?P<plain>[^'\"`\\\r\n \t#;&|$(){}<]+|.)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A wanted variable.

    :param sign: where the name ends.
    :param start: where the value starts, quotes included.
    :param end: where it ends for whoever takes all of the line for it, but for what only a shell understands.
    """

    name: str
    sign: int
    start: int
    end: int


@dataclass(slots=True)
class Parsed:
    """What was found.

    :param wanted: the wanted variables, by their names.
    :param exports: something is exported, so that the file is for a shell.
    :param allexport: at the end of the file a shell exports what is assigned.
    :param continued: what would come behind the end would still belong to the last line.
    """

    wanted: dict[str, Assignment] = field(default_factory=dict)
    exports: bool = False
    allexport: bool = False
    continued: bool = False


@dataclass(frozen=True, slots=True)
class _Rest:
    """A line from some place on: where its first word, what stands in it and the line's end are."""

    word: int
    end: int
    next: int
    continued: bool


def parse(text: str, wanted: Collection[str]) -> Parsed:
    """The wanted variables in the file, and what has to be known to add others.

    :raises InputError: something that readers take for different things, or a wanted variable is there twice.
    """
    return _Parser(text, wanted).parsed


class _Parser:
    def __init__(self, text: str, wanted: Collection[str]) -> None:
        self._text = text
        self._wanted = wanted
        self._mention = re.compile(
            rf"(?<![\w.$\-{{])(?:{'|'.join(map(re.escape, wanted))})(?![\w.\-])" if wanted else r"(?!)"
        )
        self.parsed = Parsed()
        at = 0
        if text.startswith(MARK):
            if not _BLANK_LINE.match(text, len(MARK)):
                raise self._refused(0, "to bash and systemd, its byte order mark is part of the line: save it without")
            at = self._behind(len(text.splitlines()[0]))
        while at < len(text):
            at = self._line(at)

    def _line(self, at: int) -> int:
        """Read what starts at a place; gives where the next line starts."""
        parsed = self.parsed
        if nothing := _NOTHING.match(self._text, at):
            # Before version 254, systemd took the next line for more of the comment.
            after_comment = bool(nothing["comment"]) and nothing["comment"].endswith("\\")
            if after_comment and not _NOTHING.match(self._text, self._behind(nothing.end())):
                raise self._refused(at, "the backslash at the end of this comment hides the next line from systemd")
            parsed.continued = after_comment
            return self._behind(nothing.end())
        if head := _ASSIGNMENT.match(self._text, at):
            rest = self._rest(head.end(), value=True)
            parsed.exports |= bool(head["export"])
            name = head["name"]
            if name in self._wanted:
                self._keep(head, rest)
            elif self._mention.search(self._text, rest.word, rest.end) and not self._exports_only(rest):
                raise self._refused(rest.word, "what else stands in this line is about a variable that is to be set")
        elif head := _COMMAND.match(self._text, at):
            rest = self._rest(head.end(), value=False)
            self._command(head, self._text[head.end() : rest.end])
        else:
            raise self._refused(at, "this is neither an assignment (NAME=value) nor a comment, export or set -a")
        parsed.exports |= bool(re.search(r";[ \t]*export[ \t]", self._text[rest.word : rest.end]))
        parsed.continued = rest.continued
        return rest.next

    def _command(self, head: re.Match[str], words: str) -> None:
        for statement in words.split(";")[1:]:
            if not any(known.match(statement) for known in (_NOTHING, _COMMAND, _ASSIGNMENT)):
                raise self._refused(head.start(), "one of the statements in this line is not understood")
        if head["command"] == "set":
            for option in _ALLEXPORT.finditer(words):
                self.parsed.allexport = option["sign"] == "-"
                self.parsed.exports = True
        elif head["command"] == "export" and not re.search(r"=|(?:^|[ \t])-n|;", words):
            self.parsed.exports = True
        elif not self._mention.search(words):
            self.parsed.exports |= head["command"] in ("export", "declare", "typeset")
        else:
            raise self._refused(head.start(), f"{head['command']} is done here to a variable that is to be set")

    def _keep(self, head: re.Match[str], rest: _Rest) -> None:
        name, start = head["name"], head.end()
        if head["more"]:
            raise self._refused(head.start(), f"{name} is not set here but added to")
        if name in self.parsed.wanted:
            places = " and ".join(place(self._text, one) for one in (self.parsed.wanted[name].start, start))
            raise InputError(f"{name} is there twice ({places}).", remedy="Remove one of the two.")
        beside = self._text[rest.word : rest.end]
        end = rest.end
        if self._exports_only(rest):
            end = rest.word
        elif not _COMMENT.fullmatch(beside) and (head["export"] or _OTHER.search(beside)):
            raise self._refused(
                rest.word, f"more than {name} stands in this line, which readers take for different things"
            )
        for line in _LINE_END.finditer(self._text, start, end):
            if self._text[line.start() - 1] == "\\" and self._assigned(line.end()):
                raise self._refused(line.end(), f"for dotenv, what goes on here of {name} is a variable of its own")
        end = start + len(self._text[start:end].rstrip())
        self.parsed.wanted[name] = Assignment(name, head.end("more"), start, end)

    def _exports_only(self, rest: _Rest) -> bool:
        return bool(_EXPORTS.fullmatch(self._text, rest.word, rest.end))

    def _assigned(self, at: int) -> str | None:
        """The variable that a line which starts at a place assigns to."""
        found = _ASSIGNMENT.match(self._text, at)
        return found["name"] if found else None

    def _behind(self, end_of_line: int) -> int:
        found = _LINE_END.match(self._text, end_of_line)
        return found.end() if found else len(self._text)

    def _rest(self, start: int, *, value: bool) -> _Rest:
        """What a shell takes for the rest of the line.

        :param value: it starts with a value, whose quotes all readers know, over several lines as well.
        """
        at, word, depth = start, -1, 0
        several_lines, before = False, ""
        while found := _TOKEN.match(self._text, at):
            kind, piece = found.lastgroup, found.group()
            leading = value and at == start
            if several_lines and kind not in ("blank", "comment", "end"):
                raise self._refused(at, "something follows a quote that goes over several lines")
            if kind == "quoted" and leading and piece[-2] == "\\" and len(piece) > 2:
                raise self._refused(at, "a backslash stands before the closing quote, which dotenv takes for escaped")
            if kind == "quoted" and "\n" in piece:
                if not leading:
                    raise self._refused(at, "a quote is opened within the line and not closed in it")
                several_lines = True
            if kind == "ansi":
                raise self._refused(at, "only bash understands this quote")
            if kind == "odd":
                what = "a carriage return stands in the line" if piece == "\r" else "the quote is never closed"
                raise self._refused(at, what)
            if kind == "comment" and self._text[at - 1] in " \t":
                at += len(self._text[at:].splitlines()[0])
                if self._text[at - 1] == "\\":
                    raise self._refused(at - 1, "the backslash at the end of the comment is one more line for systemd")
                continue
            if kind in ("blank", "separator") and word < 0:
                word = at
            depth += 1 if kind == "opening" else -1 if kind == "closing" and depth else 0
            if piece == "\\":
                raise self._refused(at, "the file ends with a backslash, which takes in whatever is added")
            if kind == "continued" and self._assigned(found.end()) in self._wanted:
                raise self._refused(at, "the backslash takes the next line in, which dotenv reads for itself")
            if kind == "end":
                break
            at, before = found.end(), str(kind)
        if depth:
            raise self._refused(start, "a bracket is opened in the line and not closed in it")
        return _Rest(at if word < 0 else word, at, self._behind(at), before == "continued")

    def _refused(self, at: int, reason: str) -> InputError:
        at += len(self._text[at:]) - len(self._text[at:].lstrip(" \t"))
        return InputError(
            f"{place(self._text, at)}: {reason}.",
            remedy="Give each variable a line of its own, NAME=value, with the value in one pair of quotes where it "
            "needs any; nothing was changed.",
        )
