# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The values that settings in JavaScript can have: texts, whole numbers, environment variables, and texts made of both.

See formats/commonjs.py for how they are written in settings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.javascript import LINE_ENDS, Token

_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_ESCAPE = re.compile(
    rf"\\(?:x(?P<two>[0-9a-fA-F]{{2}})|u(?P<four>[0-9a-fA-F]{{4}})|u\{{(?P<many>[0-9a-fA-F]{{1,6}})\}}"
    rf"|(?P<line>\r\n|[{LINE_ENDS}])|(?P<octal>0[0-9]|[1-9])|(?P<bad>[xu])|(?P<one>.))",
    re.DOTALL,
)
_TEMPLATE_PART = re.compile(r"(?P<text>(?:\\.|\$(?!\{)|[^\\$])+)|\$\{\s*process\.env\.(?P<name>\w+)\s*\}", re.DOTALL)


def is_object(value: Any) -> bool:
    """Whether a value of settings stands for an object, and not for an environment variable."""
    return isinstance(value, Mapping) and set(value) != {"environment"}


def same(value: Any, other: Any) -> bool:
    """Whether two values mean the same; a text is no number."""
    return type(value) is type(other) and bool(value == other)


def render(value: Any) -> str:
    """A value as JavaScript, in ASCII, which fits whatever encoding the file has."""
    if isinstance(value, str):
        return "'" + json.dumps(value)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
    if isinstance(value, Mapping) and is_object(value):
        return "{ " + ", ".join(f"{key(name)}: {render(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, Mapping):
        return f"process.env.{value['environment']}"
    if isinstance(value, Sequence):
        return "`" + "".join(map(_in_template, value)) + "`"
    return str(value)


def key(name: str) -> str:
    """A key of an object as JavaScript: quoted unless it is an identifier."""
    return name if re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", name) else render(name)


def _in_template(part: Any) -> str:
    if isinstance(part, str):
        return json.dumps(part)[1:-1].replace('\\"', '"').replace("`", "\\`").replace("${", "\\${")
    return f"${{process.env.{part['environment']}}}"


def meaning(tokens: Sequence[Token]) -> Any:
    """The value that an expression is; None for every expression that is not understood."""
    if len(tokens) == 1:
        return _meaning_of_one(tokens[0])
    text = "".join(token.text for token in tokens)
    if re.fullmatch(r"process\.env\.\w+", text):
        return {"environment": tokens[-1].text}
    if re.fullmatch(r"process\.env\[(['\"])\w+\1\]", text):
        return {"environment": tokens[-2].text[1:-1]}
    return None


def _meaning_of_one(token: Token) -> Any:
    if token.kind == "string":
        return text_of(token)
    if token.kind == "number" and re.fullmatch(r"0|[1-9][0-9]*", token.text):
        return int(token.text)
    if token.kind == "template":
        return _meaning_of_template(token.text[1:-1].replace("\r\n", "\n").replace("\r", "\n"))
    return None


def _meaning_of_template(text: str) -> Any:
    parts: list[Any] = []
    at = 0
    while at < len(text):
        found = _TEMPLATE_PART.match(text, at)
        part = None if found is None else {"environment": found["name"]} if found["name"] else _unescaped(found["text"])
        if found is None or part is None:
            return None
        parts.append(part)
        at = found.end()
    return parts if any(isinstance(part, dict) for part in parts) else "".join(parts)


def text_of(token: Token) -> str | None:
    """The characters that a string stands for; None if it has an escape that is not understood."""
    return _unescaped(token.text[1:-1])


def _unescaped(text: str) -> str | None:
    # Only the rare escapes are not understood: octal numbers, and those that are no JavaScript at all.
    if any(found["octal"] or found["bad"] for found in _ESCAPE.finditer(text)):
        return None
    try:
        plain = _ESCAPE.sub(_character, text)
        # A character beyond U+FFFF may be written as two escapes.
        return plain.encode("utf-16", "surrogatepass").decode("utf-16")
    except (ValueError, UnicodeDecodeError):
        return None


def _character(escape: re.Match[str]) -> str:
    number = escape["two"] or escape["four"] or escape["many"]
    if number:
        return chr(int(number, 16))
    if escape["line"]:
        return ""
    return _SIMPLE.get(escape["one"], escape["one"])
