"""Query options: reading them, running them on a list of objects, and the bodies of answers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from m365_sandbox.graph.errors import GraphError, bad_request, gateway_refusal, unsupported_query
from m365_sandbox.graph.filter_meaning import check, holds
from m365_sandbox.graph.filter_syntax import parse_filter
from m365_sandbox.graph.routing import Answer, Call
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import Complex, EntityType, render

LIST_OPTIONS = ("$filter", "$select", "$top", "$orderby", "$count", "$search", "$expand", "$skiptoken")
# $expand shows this many related objects and no more [GC:query-parameters].
EXPANDED_AT_MOST = 20

Related = Callable[[Call, Entity], list[Entity]]


@dataclass(frozen=True)
class Service:
    """What the services behind Graph differ in.

    :param page: how many objects a page has.
    :param largest_page: how many ``$top`` may ask for.
    :param advanced: whether queries beyond the basic ones need ConsistencyLevel and ``$count``.
    """

    page: int
    largest_page: int
    advanced: bool


DIRECTORY = Service(page=100, largest_page=999, advanced=True)


@dataclass(frozen=True)
class View:
    """How objects of a type are shown.

    :param expand: navigation properties that ``$expand`` takes; each gives the related objects, ready to be shown.
    :param annotate: further properties by object, for example ``@odata.type`` in a mixed collection.
    """

    type: EntityType
    expand: Mapping[str, Related] = field(default_factory=dict)
    annotate: Callable[[Entity], Entity] = lambda entity: {}


def require_known(query: Mapping[str, str], *allowed: str) -> None:
    """GraphError 400 for a query option (with its ``$``) that the resource does not know."""
    for name in query:
        if name not in allowed:
            raise bad_request(f"'{name}' is not supported by the service.")


def is_eventual(call: Call) -> bool:
    """Whether the request carries the header that advanced queries need."""
    return call.headers.get("consistencylevel", "").lower() == "eventual"


def answer_entity(call: Call, view: View, entity: Entity, *, context: str = "", status: int = 200) -> Answer:
    """One object, with ``$select`` and ``$expand``.

    :param context: the part of ``@odata.context`` after ``#`` and before ``/$entity``; the entity set by default.
    """
    require_known(call.query, "$select", "$expand")
    names = _selected(call, view.type)
    shown = _show(call, view, entity, names)
    where = f"{context or view.type.entity_set}{_context_list(names)}/$entity"
    return Answer(status, {"@odata.context": f"{call.base_url}/$metadata#{where}", **shown})


def answer_collection(
    call: Call, view: View, entities: Iterable[Entity], *, context: str = "", service: Service = DIRECTORY,
) -> Answer:
    """A page of a collection, with every query option that the directory has.

    :param context: the part of ``@odata.context`` after ``#``; the entity set by default.
    """
    require_known(call.query, *LIST_OPTIONS)
    names = _selected(call, view.type)
    found = _ordered(call, view.type, _filtered(call, view.type, entities, service))
    offset, size = _offset(call), _page_size(call, service)
    page = found[offset:offset + size]
    body: dict[str, Any] = {
        "@odata.context": f"{call.base_url}/$metadata#{context or view.type.entity_set}{_context_list(names)}"
    }
    if _counts(call) and is_eventual(call):
        body["@odata.count"] = len(found)
    if offset + size < len(found):
        body["@odata.nextLink"] = _next_link(call, offset + size)
    body["value"] = [_show(call, view, entity, names) for entity in page]
    return Answer(200, body)


def answer_count(call: Call, kind: Complex, entities: Iterable[Entity]) -> Answer:
    """The number of objects as text: what the path segment ``$count`` answers."""
    require_known(call.query, "$filter", "$search")
    if not is_eventual(call):
        raise bad_request("$count is not currently supported.")
    return Answer(200, str(len(_filtered(call, kind, entities, counting=True))))


def _counts(call: Call) -> bool:
    value = call.query.get("$count", "false").lower()
    if value not in ("true", "false"):
        raise gateway_refusal(f"Invalid value '{value}' for $count query option found. Valid values are 'true, false'.")
    return value == "true"


def _filtered(
    call: Call, kind: Complex, entities: Iterable[Entity], service: Service = DIRECTORY, *, counting: bool = False
) -> list[Entity]:
    if "$search" in call.query:
        if not is_eventual(call):
            raise unsupported_query(
                "Request with $search query parameter only works through MSGraph with a special request header: "
                "'ConsistencyLevel: eventual'"
            )
        raise unsupported_query()
    if "$filter" not in call.query:
        return list(entities)
    condition = parse_filter(call.query["$filter"])
    advanced = check(condition, kind) and service.advanced
    allowed = is_eventual(call) and (counting or _counts(call))
    if (advanced or "$orderby" in call.query) and not allowed:
        raise unsupported_query()
    return [entity for entity in entities if holds(condition, entity)]


def _ordered(call: Call, kind: Complex, entities: list[Entity]) -> list[Entity]:
    for clause in reversed([part.split() for part in call.query.get("$orderby", "").split(",") if part.strip()]):
        item = kind.find(clause[0])
        if item is None:
            raise gateway_refusal(
                f"Could not find a property named '{clause[0]}' on type 'microsoft.graph.{kind.name}'."
            )
        if not item.sortable:
            raise unsupported_query()
        if clause[1:] not in ([], ["asc"], ["desc"]):
            raise gateway_refusal(f"Syntax error at position {len(clause[0])} in '{call.query['$orderby']}'.")
        entities = sorted(
            entities, key=lambda entity: (entity.get(clause[0]) or "").casefold(), reverse=clause[1:] == ["desc"]
        )
    return entities


def _selected(call: Call, kind: Complex) -> list[str] | None:
    if "$select" not in call.query:
        return None
    names = [name.strip() for name in call.query["$select"].split(",")]
    for name in names:
        if kind.find(name) is None:
            raise _unknown_name(name, kind)
    return names


def _unknown_name(name: str, kind: Complex) -> GraphError:
    return gateway_refusal(
        "Parsing OData Select and Expand failed: "
        f"Could not find a property named '{name}' on type 'microsoft.graph.{kind.name}'."
    )


def _show(call: Call, view: View, entity: Entity, names: list[str] | None) -> Entity:
    shown = {**view.annotate(entity), **render(view.type, entity, names)}
    for name in [part.strip() for part in call.query.get("$expand", "").split(",") if part.strip()]:
        if name not in view.expand:
            raise _unknown_name(name, view.type)
        shown[name] = view.expand[name](call, entity)[:EXPANDED_AT_MOST]
    return shown


def _context_list(names: list[str] | None) -> str:
    return f"({','.join(names)})" if names else ""


def _page_size(call: Call, service: Service) -> int:
    text = call.query.get("$top", str(service.page))
    if not text.lstrip("-").isdecimal():
        raise gateway_refusal(
            f"Invalid value '{text}' for $top query option found. The $top query option requires a non-negative "
            "integer value."
        )
    if not 1 <= int(text) <= service.largest_page:
        raise unsupported_query(
            f"Invalid page size specified: '{text}'. Must be between 1 and {service.largest_page} inclusive."
        )
    return int(text)


def _offset(call: Call) -> int:
    token = call.query.get("$skiptoken")
    if token is None:
        return 0
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        text = ""
    offset = text.removeprefix("offset:")
    if not offset.isdecimal():
        raise GraphError(
            400, "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your request.",
        )
    return int(offset)


def _next_link(call: Call, offset: int) -> str:
    token = base64.urlsafe_b64encode(f"offset:{offset}".encode()).decode()
    options = {**call.query, "$skiptoken": token}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
    return f"{call.base_url}{call.path}?{query}"
