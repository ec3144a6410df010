"""Types of Graph's model: one table drives what a body may say, what a new object holds and what an answer shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from m365_sandbox.state.history import Entity

Primitive = Literal["String", "Boolean", "Guid", "DateTimeOffset", "Duration", "Int32", "Binary"]


@dataclass(frozen=True)
class Property:
    """One property of a type.

    :param kind: the type of its value, or of its elements if it is a collection.
    :param collection: collections are never null and are replaced in full.
    :param nullable: of a complex property; one that is not null by default holds its type's defaults.
    :param default: of a primitive property.
    :param write: ``always``, ``create`` (in the object's first body only) or ``never``.
    :param refusal: what a body with a property that is not writable hears, where that is not the usual sentence.
    :param required: in a new object.
    :param maximum: characters of a string.
    :param values: the only strings allowed.
    :param filters: operators that ``$filter`` takes, separated by spaces, for example ``eq ne not in startswith``.
    :param sortable: ``$orderby`` takes it.
    :param on_request: it comes only with ``$select``.
    """

    name: str
    kind: Primitive | Complex = "String"
    collection: bool = False
    nullable: bool = True
    default: Any = None
    write: Literal["always", "create", "never"] = "always"
    refusal: str = ""
    required: bool = False
    maximum: int | None = None
    values: tuple[str, ...] = ()
    filters: str = ""
    sortable: bool = False
    on_request: bool = False

    def initial(self) -> Any:
        """The value that a new object holds unless told otherwise."""
        if self.collection:
            return []
        if isinstance(self.kind, Complex) and not self.nullable:
            return self.kind.defaults()
        return self.default


@dataclass(frozen=True)
class Complex:
    """A type with named properties; ``name`` as in ``microsoft.graph.name``."""

    name: str
    properties: tuple[Property, ...]

    @property
    def title(self) -> str:
        """The name as the directory's refusals write it."""
        return self.name[0].upper() + self.name[1:]

    def find(self, name: str) -> Property | None:
        """The property of that name."""
        return next((item for item in self.properties if item.name == name), None)

    def defaults(self) -> Entity:
        """A new object's properties, in the order of the table."""
        return {item.name: item.initial() for item in self.properties}


@dataclass(frozen=True)
class EntityType(Complex):
    """A type whose objects have an address: ``entity_set`` is the collection's name in paths and contexts."""

    entity_set: str


def merge(kind: Complex, before: Mapping[str, Any], changes: Mapping[str, Any]) -> Entity:
    """An object after a PATCH: complex values are merged, everything else is replaced."""
    after = {**kind.defaults(), **before}
    for name, value in changes.items():
        item = kind.find(name)
        if item is not None and isinstance(item.kind, Complex) and isinstance(value, dict):
            value = merge(item.kind, after[name] or {}, value)
        after[name] = value
    return after


def render(kind: Complex, entity: Mapping[str, Any], select: Collection[str] | None = None) -> Entity:
    """An object as an answer shows it: every property of the table, or the selected ones only."""
    return {
        item.name: entity.get(item.name, item.initial()) for item in kind.properties
        if (item.name in select if select else not item.on_request)
    }
