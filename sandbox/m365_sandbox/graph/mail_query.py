"""Query options of message lists: which messages, in which order, which page, which properties.

Mail follows rules of its own: pages of 10, ``$skip`` in the next link, and a rule on ``$orderby`` beside ``$filter``
[GD:user-list-messages].
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from m365_sandbox.graph.errors import GraphError, gateway_refusal
from m365_sandbox.graph.filter_meaning import holds
from m365_sandbox.graph.filter_syntax import Both, Comparison, Condition, parse_filter, paths
from m365_sandbox.graph.mail_expanding import EXTENDED, Expansion, read_expand
from m365_sandbox.graph.query import require_known
from m365_sandbox.mail.mailbox import quoted
from m365_sandbox.state.history import Entity

OPTIONS = ("$filter", "$select", "$expand", "$top", "$skip", "$orderby", "$count", "$search")
DEFAULT_PAGE, LARGEST_PAGE = 10, 1000
ALWAYS_SHOWN = ("@odata.etag", "id")
ON_REQUEST = ("internetMessageHeaders", *EXTENDED)
# What a message can be searched by; only these are worth a look at the header alone.
_FILTERABLE = (
    "internetMessageId", "subject", "isRead", "isDraft", "importance", "receivedDateTime", "sentDateTime",
    "createdDateTime", "lastModifiedDateTime", "conversationId", "hasAttachments", "from/emailAddress/address",
    "from/emailAddress/name", "sender/emailAddress/address", "sender/emailAddress/name", "flag/flagStatus",
)
_SORTABLE = ("receivedDateTime", "sentDateTime", "createdDateTime", "lastModifiedDateTime", "subject", "importance",
             "isRead", "hasAttachments", "from/emailAddress/address", "from/emailAddress/name")
# What else KQL has is not understood here: operators between terms, and comparisons.
_KQL = re.compile(r"\b(?:AND|OR|NOT|NEAR)\b|\w(?:[<>]=?|=)|:.*\w:|[()*]", re.DOTALL)
_SEARCH_KEYS = {"subject": "SUBJECT", "from": "FROM", "to": "TO", "cc": "CC", "bcc": "BCC", "body": "BODY"}


@dataclass(frozen=True)
class MessageQuery:
    """The query options of one request, read and checked.

    ``order`` is [(path, descending)]; without one, the newest message comes first.
    """

    condition: Condition | None
    search: str | None
    order: tuple[tuple[str, bool], ...]
    skip: int
    top: int
    count: bool
    select: tuple[str, ...] | None
    expand: tuple[Expansion, ...]

    @property
    def needs_body(self) -> bool:
        """Whether the filter looks at more than the header."""
        return self.condition is not None and "hasAttachments" in paths(self.condition)

    def imap_criteria(self) -> tuple[str, ...]:
        """IMAP search criteria that let through at least what the query does."""
        if self.search is not None:
            return _search_criteria(self.search)
        return tuple(_criteria(self.condition)) if self.condition is not None else ()

    def arrange(self, entities: Sequence[Entity]) -> list[Entity]:
        """Filter and sort messages."""
        found = [entity for entity in entities if self.condition is None or holds(self.condition, entity)]
        for path, descending in reversed(self.order or (("receivedDateTime", True),)):
            found.sort(key=partial(_sort_key, path), reverse=descending)
        return found


def read_query(query: Mapping[str, str], properties: Sequence[str]) -> MessageQuery:
    """Read and check the query options of a message list; GraphError 400 for bad ones.

    :param properties: the names that ``$select`` may use.
    """
    require_known(query, *OPTIONS)
    condition = parse_filter(query["$filter"]) if "$filter" in query else None
    order = tuple(_read_order(query.get("$orderby", "")))
    if condition is not None:
        filtered = paths(condition)
        if unknown := [path for path in filtered if path not in _FILTERABLE]:
            raise gateway_refusal(f"Invalid filter clause: the property '{unknown[0]}' cannot be filtered by.")
        if order and filtered[:len(order)] != [path for path, _ in order]:
            raise GraphError(
                400, "InefficientFilter", "The restriction or sort order is too complex for this operation."
            )
    search = query.get("$search")
    if search is not None:
        for other in ("$filter", "$orderby"):
            if other in query:
                raise gateway_refusal(f"The query parameter '{other}' is not supported with '$search'.")
        _search_criteria(search)
    count = query.get("$count", "false").lower()
    if count not in ("true", "false"):
        raise gateway_refusal(f"Invalid value '{count}' for $count query option found. Valid values are 'true, false'.")
    return MessageQuery(
        condition, search, order, skip=_number(query, "$skip", 0, 0, None),
        top=_number(query, "$top", DEFAULT_PAGE, 1, LARGEST_PAGE), count=count == "true",
        select=read_select(query, properties), expand=read_expand(query),
    )


def read_select(query: Mapping[str, str], properties: Sequence[str]) -> tuple[str, ...] | None:
    """The names in ``$select`` as the resource spells them; None without one, GraphError 400 for an unknown name."""
    if "$select" not in query:
        return None
    spelled = {name.lower(): name for name in properties}
    names = [name.strip() for name in query["$select"].split(",") if name.strip()]
    for name in names:
        if name.lower() not in spelled:
            raise gateway_refusal(f"Could not find a property named '{name}' on type 'microsoft.graph.message'.")
    return tuple(spelled[name.lower()] for name in names)


def project(entity: Entity, select: tuple[str, ...] | None) -> Entity:
    """The chosen properties; the mailbox adds id and etag to any choice."""
    if select is None:
        return {name: value for name, value in entity.items() if name not in ON_REQUEST}
    return {name: value for name, value in entity.items() if name in select or name in ALWAYS_SHOWN}


def next_link(base_url: str, path: str, query: Mapping[str, str], skip: int) -> str:
    """The URL of the page that begins at ``skip``."""
    options = {**query, "$skip": str(skip)}
    text = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
    return f"{base_url}{path}?{text}"


def _criteria(condition: Condition) -> Iterator[str]:
    match condition:
        case Both(left, right):
            yield from _criteria(left)
            yield from _criteria(right)
        case Comparison(("internetMessageId",), "eq", str(value)):
            yield from ("HEADER", "Message-ID", quoted(value))
        case Comparison(("isRead",), "eq", bool(value)):
            yield "SEEN" if value else "UNSEEN"


def _search_criteria(search: str) -> tuple[str, ...]:
    text = search.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"')
    matched = re.fullmatch(r"(\w+):(.+)", text, re.DOTALL)
    if not text or (matched and matched[1].lower() not in _SEARCH_KEYS) or _KQL.search(text):
        raise gateway_refusal(f"Syntax error: character '{text[:1]}' is not valid at position 0 in '{search}'.")
    if matched:
        return _SEARCH_KEYS[matched[1].lower()], quoted(matched[2].strip('"'))
    # Words are looked for, and quotes around them are none.
    words = quoted(text.strip("'"))
    return "OR", "FROM", words, "OR", "SUBJECT", words, "BODY", words


def _read_order(text: str) -> Iterator[tuple[str, bool]]:
    for clause in (part.split() for part in text.split(",") if part.strip()):
        path, direction = clause[0], (clause[1].lower() if len(clause) == 2 else "asc")
        if path not in _SORTABLE or len(clause) > 2 or direction not in ("asc", "desc"):
            raise gateway_refusal(f"Invalid orderby clause: '{' '.join(clause)}'.")
        yield path, direction == "desc"


def _sort_key(path: str, entity: Entity) -> tuple[bool, Any]:
    value: Any = entity
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value is not None, value.casefold() if isinstance(value, str) else value


def _number(query: Mapping[str, str], name: str, default: int, least: int, most: int | None) -> int:
    if name not in query:
        return default
    text = query[name]
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least or (most is not None and int(text) > most):
        raise gateway_refusal(f"Invalid value '{text}' for {name} query option found.")
    return int(text)
