"""What cmdlets print: tables of properties, and their JSON with the annotations that carry the types.

The annotations are those of recorded answers: ``X@odata.type`` for collections, ``X@data.type`` and ``X@odata.type``
for GUIDs, ``X@data.type`` for dates and 32-bit integers; text and booleans have none, and neither has a null.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "flag", "guid", "date", "integer", "texts"]
Row = Mapping[str, Any]

_ANNOTATIONS: dict[Kind, tuple[tuple[str, str], ...]] = {
    "text": (),
    "flag": (),
    "guid": (("data.type", "System.Guid"), ("odata.type", "#Guid")),
    "date": (("data.type", "System.DateTime"),),
    "integer": (("data.type", "System.Int32"),),
    "texts": (("odata.type", "#Collection(String)"),),
}


@dataclass(frozen=True)
class Property:
    """A property of an output; ``default`` is what it has when the row does not say."""

    name: str
    kind: Kind = "text"
    default: Any = None


Output = tuple[Property, ...]


def text(*names: str, default: str | None = "") -> Output:
    """Properties with text."""
    return tuple(Property(name, "text", default) for name in names)


def flag(*names: str, default: bool | None = False) -> Output:
    """Properties with True or False."""
    return tuple(Property(name, "flag", default) for name in names)


def guid(*names: str) -> Output:
    """Properties with a GUID; null prints as nothing."""
    return tuple(Property(name, "guid") for name in names)


def texts(*names: str) -> Output:
    """Properties with a list of texts."""
    return tuple(Property(name, "texts", ()) for name in names)


# What every object of Exchange's directory ends with.
DIRECTORY_OBJECT: Output = (
    *text("AdminDisplayName"), *text("ExchangeVersion", default="0.20 (15.0.0.0)"),
    *text("Name", "DistinguishedName", "Identity", "ObjectCategory", default=None), *texts("ObjectClass"),
    Property("WhenChanged", "date"), Property("WhenCreated", "date"), Property("WhenChangedUTC", "date"),
    Property("WhenCreatedUTC", "date"), *guid("ExchangeObjectId"),
    *text("OrganizationalUnitRoot", "OrganizationId", "Id", default=None), *guid("Guid"),
    *text("OriginatingServer", default=None), *flag("IsValid", default=True), *text("ObjectState", default="Unchanged"),
)


def serialise(output: Output, row: Row, select: Collection[str] | None = None) -> dict[str, Any]:
    """One row as JSON.

    :param select: the properties that ``$select`` names; all when None. Unknown names select nothing, since the rows
        are open tables.
    """
    known = {one.name for one in output}
    assert set(row) <= known, f"{sorted(set(row) - known)} are not in the table of outputs"
    wanted = None if select is None else {name.casefold() for name in select}
    answer: dict[str, Any] = {}
    for one in output:
        if wanted is not None and one.name.casefold() not in wanted:
            continue
        value = row.get(one.name, one.default)
        if value is not None:
            for annotation, content in _ANNOTATIONS[one.kind]:
                answer[f"{one.name}@{annotation}"] = content
        answer[one.name] = list(value) if one.kind == "texts" and value is not None else value
    return answer
