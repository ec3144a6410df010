# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The way that a mail took, read from its Received headers (RFC 5321 section 4.4). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import parse, texts_of

CLAUSES = frozenset({"from", "by", "via", "with", "id", "for"})
_REPORTED = ("from", "by", "with")


def hops(source: bytes) -> list[dict[str, str | None]]:
    """The hops of a message, the first one first.

    :param source: the message, or its header alone.
    :returns: a list of {from, by, with, at}; ``at`` in UTC as ISO 8601; None for what a hop does not say.
    """
    return [hop(value) for value in reversed(texts_of(parse(source), "Received"))]


def hop(value: str) -> dict[str, str | None]:
    """One Received header. Never fails: what is malformed is None."""
    clauses, semicolon, date = value.rpartition(";")
    named = dict.fromkeys(_REPORTED) | dict(_clauses(clauses if semicolon else value))
    return {name: named[name] for name in _REPORTED} | {"at": _moment(date) if semicolon else None}


def _clauses(text: str) -> Iterator[tuple[str, str | None]]:
    name: str | None = None
    words: list[str] = []
    seen: set[str] = set()
    for word in [*_without_comments(text).split(), None]:
        # Exchange writes several words after "with": a clause lasts until the next one starts.
        starts = word is None or (word.casefold() in CLAUSES and word.casefold() not in seen)
        if not starts:
            words.append(str(word))
            continue
        if name and words:
            yield name, " ".join(words)
        name, words = (word.casefold() if word else None), []
        seen.add(name or "")


def _without_comments(text: str) -> str:
    # Comments nest (RFC 5322 section 3.2.2), so no regular expression finds their ends.
    kept: list[str] = []
    depth = 0
    for character in text:
        if character == "(":
            depth += 1
            kept.append(" ")
        elif character == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "".join(kept)


def _moment(date: str) -> str | None:
    try:
        moment = parsedate_to_datetime(date.strip())
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
