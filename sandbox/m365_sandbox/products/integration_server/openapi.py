"""The server's own description of its Administrator API, in OpenAPI 3.0."""

from __future__ import annotations

from typing import Any

from m365_sandbox.products.integration_server import fields
from m365_sandbox.products.integration_server.fields import Field, Fields
from m365_sandbox.products.integration_server.release import Release


def document(release: Release) -> dict[str, Any]:
    """What ``/admin/swagger/integrationServer`` answers; fields that the release lacks are not in it."""
    port, notification = {"$ref": "#/components/schemas/EmailPort"}, {"$ref": "#/components/schemas/Notification"}
    ports = {"type": "object", "properties": {"emailPorts": {"type": "array", "items": port}}}
    alias = {"name": "alias", "in": "path", "required": True, "schema": {"type": "string"}}
    action = {
        "name": "action", "in": "query", "required": True, "schema": {"type": "string", "enum": ["enable", "disable"]},
    }
    return {
        "openapi": "3.0.1",
        "info": {"title": "Integration Server Administrator API", "version": release.full_version},
        "paths": {
            "/admin/port/email": {"get": _call(200, ports), "post": _call(201, port, port)},
            "/admin/port/email/{alias}": {
                "parameters": [alias], "get": _call(200, port), "put": _call(200, port, port),
                "patch": _call(200, port, port), "delete": _call(204),
                "post": {**_call(201, port), "parameters": [action]},
            },
            "/admin/server/notification": {
                "get": _call(200, notification), "patch": _call(200, notification, notification),
            },
        },
        "components": {"schemas": {
            "EmailPort": _schema(fields.email_port(release)),
            "Notification": _schema(fields.notification(release)),
        }},
    }


def _call(status: int, answer: dict[str, Any] | None = None, body: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": answer}}} if answer else {}
    call: dict[str, Any] = {"responses": {str(status): {"description": "", **content}}}
    return {**call, "requestBody": {"content": {"application/json": {"schema": body}}}} if body else call


def _schema(known: Fields) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name, field in known.items() if field.required],
        "properties": {name: _property(field) for name, field in known.items()},
    }


def _property(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"type": field.type}
    if field.choices:
        found["enum"] = list(field.choices)
    if field.bounds:
        found["minimum"], found["maximum"] = field.bounds
    if field.default is not None:
        found["default"] = field.default
    if field.secret:
        found["writeOnly"] = True
    if field.read_only:
        found["readOnly"] = True
    return found
