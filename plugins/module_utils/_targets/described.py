# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which fields an API knows, by the description that the server gives of itself. Pure.

Two formats: ``openapi`` (https://spec.openapis.org/oas/v3.0.3, and 2.0, where schemas stand in ``definitions``), and
``apidoc``, the ``api_data.json`` of apiDoc (https://apidocjs.com), which is a list of requests and their parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypedDict

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._leaves import Path

# The requests that write.
_WRITING = ("post", "put", "patch")


class DescribedAt(TypedDict):
    """Where an object is described.

    ``object`` is the name of its schema in ``openapi``; in ``apidoc`` the address at which it is made, as it stands
    there, to which those with a parameter at the end belong as well ("/api/mail/accounts", "/api/mail/accounts/:id").
    """

    url: str
    format: Literal["openapi", "apidoc"]
    object: str


def unknown(paths: Sequence[Path], at: DescribedAt, description: Any) -> list[str]:
    """Those of our fields that the description does not know, with dots.

    :raises InputError: the description does not know the object, or is none.
    """
    if at["format"] not in _KNOWN:
        raise InputError(f"{at['format']!r} is no format of descriptions; known: {', '.join(_KNOWN)}.")
    return [".".join(path) for path in paths if not _KNOWN[at["format"]](path, at, description)]


def _in_openapi(path: Path, at: DescribedAt, description: Any) -> bool:
    whole = _mapping(description)
    schemas = _mapping(_mapping(whole.get("components")).get("schemas")) or _mapping(whole.get("definitions"))
    if at["object"] not in schemas:
        raise _undescribed(at)
    return _has(schemas[at["object"]], path, whole)


def _has(schema: Any, path: Path, whole: Mapping[str, Any]) -> bool:
    inners = [
        properties[path[0]] for part in _parts(schema, whole, set())
        if path[0] in (properties := _mapping(part.get("properties")))
    ]
    return any(len(path) == 1 or _is_free(inner, whole) or _has(inner, path[1:], whole) for inner in inners)


def _is_free(schema: Any, whole: Mapping[str, Any]) -> bool:
    """Whether it says nothing of what is in an object."""
    return not any("properties" in part for part in _parts(schema, whole, set()))


def _parts(schema: Any, whole: Mapping[str, Any], seen: set[str]) -> Iterator[Mapping[str, Any]]:
    """The schema itself, and those that it refers to and consists of."""
    one = _mapping(schema)
    yield one
    address = one.get("$ref")
    if isinstance(address, str) and address not in seen:
        seen.add(address)
        found: Any = whole
        for name in address.removeprefix("#/").split("/"):
            found = _mapping(found).get(name)
        yield from _parts(found, whole, seen)
    for name in ("allOf", "anyOf", "oneOf"):
        inners = one.get(name)
        for inner in inners if isinstance(inners, list) else ():
            yield from _parts(inner, whole, seen)


def _in_apidoc(path: Path, at: DescribedAt, description: Any) -> bool:
    entries = [
        entry for entry in (description if isinstance(description, list) else [])
        if isinstance(entry, Mapping) and str(entry.get("type")).lower() in _WRITING
        and re.fullmatch(re.escape(at["object"]) + r"(/:[^/]+)?", str(entry.get("url")))
    ]
    if not entries:
        raise _undescribed(at)
    known = {field for entry in entries for field in _parameters(entry)}
    name = ".".join(path)
    return name in known or (path[0] in known and not any(one.startswith(f"{path[0]}.") for one in known))


def _parameters(entry: Mapping[str, Any]) -> Iterator[str]:
    """The names of a request's parameters, in the body as of apiDoc 0.50 (@apiBody), and before."""
    groups = [entry.get("body"), *_mapping(_mapping(entry.get("parameter")).get("fields")).values()]
    for group in groups:
        for one in group if isinstance(group, list) else ():
            if isinstance(one, Mapping) and isinstance(one.get("field"), str):
                yield one["field"].replace("[]", "")


_KNOWN = {"openapi": _in_openapi, "apidoc": _in_apidoc}


def _undescribed(at: DescribedAt) -> InputError:
    return InputError(
        f"the server's description of itself at {at['url']} knows no {at['object']}.",
        remedy="Check the address and the version of the product.",
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
