# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What servers say of the fields that they know."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.described import DescribedAt, unknown
from hypothesis import given
from hypothesis import strategies as st

URL = "https://api.example/description"
PORT = {
    "allOf": [{"$ref": "#/components/schemas/Base"}],
    "properties": {"tls": {"properties": {"mode": {}}}, "free": {"type": "object"}, "next": {"$ref": "#/x/Port"}},
}
BASE = {"properties": {"alias": {"type": "string"}}}
OPENAPI = {"components": {"schemas": {"Port": PORT, "Base": BASE}}, "x": {"Port": PORT}}
SWAGGER_PORT = {**PORT, "allOf": [{"$ref": "#/definitions/Base"}]}
SWAGGER = {"swagger": "2.0", "definitions": {"Port": SWAGGER_PORT, "Base": BASE}, "x": {"Port": SWAGGER_PORT}}
LOOP = {"components": {"schemas": {"Port": {"$ref": "#/components/schemas/Port"}}}}
APIDOC = [
    {"type": "post", "url": "/api/accounts", "parameter": {"fields": {"Parameter": [
        {"type": "String", "field": "alias"}, {"field": "tls"}, {"field": "tls.mode"}, {"field": "free"},
    ]}}},
    {"type": "put", "url": "/api/accounts/:id", "body": [{"field": "next[].alias"}, {"field": "next[].next[].alias"}]},
    {"type": "get", "url": "/api/accounts", "parameter": {"fields": {"Parameter": [{"field": "limit"}]}}},
    {"type": "put", "url": "/api/accounts/:id/other", "body": [{"field": "other"}]},
]
JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["components", "schemas", "definitions", "Port", "properties", "$ref", "allOf", "type", "url"]),
        inner,
    ),
)


def at(format: Any, name: str) -> DescribedAt:
    return {"url": URL, "format": format, "object": name}


@pytest.mark.parametrize(("where", "description"), [
    (at("openapi", "Port"), OPENAPI), (at("openapi", "Port"), SWAGGER), (at("apidoc", "/api/accounts"), APIDOC),
])
def test_fields_are_looked_up(where: DescribedAt, description: Any) -> None:
    known = [("alias",), ("tls", "mode"), ("tls",), ("free", "any", "thing"), ("next", "next", "alias")]
    wrong = [("limit",), ("tls", "version"), ("other",), ("aliass",)]
    assert unknown([*known, *wrong], where, description) == ["limit", "tls.version", "other", "aliass"]


@pytest.mark.parametrize(("where", "description"), [
    (at("openapi", "Other"), OPENAPI), (at("openapi", "Port"), "text"), (at("apidoc", "/api/other"), APIDOC),
    (at("apidoc", "/api/accounts"), {"no": "list"}), (at("apidoc", "/api/accounts"), None),
])
def test_an_object_that_is_not_described(where: DescribedAt, description: Any) -> None:
    with pytest.raises(InputError, match=f"of itself at {URL} knows no {where['object']}"):
        unknown([("alias",)], where, description)


def test_a_schema_that_refers_to_itself_knows_nothing() -> None:
    assert unknown([("alias",)], at("openapi", "Port"), LOOP) == ["alias"]


def test_a_format_that_nobody_knows() -> None:
    with pytest.raises(InputError, match="'raml' is no format of descriptions; known: openapi, apidoc"):
        unknown([], at("raml", "Port"), {})


@given(st.sampled_from(["openapi", "apidoc"]), JSON)
def test_whatever_a_server_says_is_no_defect(format: Any, description: Any) -> None:
    try:
        found = unknown([("alias", "b")], at(format, "Port"), description)
    except InputError:
        found = []
    assert set(found) <= {"alias.b"}
