"""What the server refuses, as its API and the scripts of its pages do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from m365_sandbox.products.integration_server.errors import ApiError
from m365_sandbox.products.integration_server.fields import NOTIFICATION_OAUTH, PORT_OAUTH, Fields

Values = dict[str, Any]


def merged(fields: Fields, before: Values, sent: Any) -> Values:
    """An object with the fields of a body; null takes one away.

    :raises ApiError: 400 for what is no object, an unknown field, or a value that its field cannot have.
    """
    if not isinstance(sent, dict):
        raise ApiError(400, "The request body must be a JSON object")
    after = dict(before)
    for name, value in sent.items():
        field = fields.get(name)
        if field is None:
            raise ApiError(400, f"Unknown field {name}")
        if field.read_only:
            if value != before.get(name, field.default):
                raise ApiError(400, f"{name} cannot be set")
        elif value is None:
            after.pop(name, None)
        elif problem := field.problem(value):
            raise ApiError(400, f"Invalid {name}: {problem}")
        else:
            after[name] = value
    return after


def without_old_password(port: Values, sent: Mapping[str, Any]) -> Values:
    """A port that has turned to OAuth has no use for its password any more, unless the body itself names both."""
    if port.get("authentication") != "OAuth" or "password" in sent:
        return port
    return {name: value for name, value in port.items() if name != "password"}


def check_port(fields: Fields, port: Values) -> None:
    """Whether the fields of a port go together.

    :raises ApiError: 400.
    """
    _check_required(fields, port)
    whole = {name: port.get(name, field.default) for name, field in fields.items()}
    is_pop3, uses_oauth = whole["type"] == "POP3", whole.get("authentication") == "OAuth"
    if uses_oauth:
        _check_oauth(port, PORT_OAUTH)
    for wrong, message in (
        (uses_oauth and is_pop3, "Cannot use OAuth for POP3 servers"),
        (uses_oauth and "password" in port, "password is for Basic authentication only"),
        (is_pop3 and whole["multiThreaded"], "Cannot use multithreading for POP3 servers"),
        (is_pop3 and not (whole["remove"] and whole["deleteInvalid"]), "Messages from POP3 servers are always deleted"),
        (not is_pop3 and whole["logout"], "Log out only supported for POP3 servers"),
        (whole["numThreads"] and not whole["multiThreaded"],
         "Number of threads must be zero if multithreading is turned off"),
        (whole["authenticateWithMessage"] and not whole["urlEncodedBody"], "Must first enable URL encoded email body"),
        (not whole["authenticateWithMessage"] and not whole["runAsUser"],
         "runAsUser required if authenticateWithMessage is false"),
    ):
        if wrong:
            raise ApiError(400, message)


def check_notification(fields: Fields, notification: Values) -> None:
    """Whether the fields of the notifications' SMTP server go together.

    :raises ApiError: 400.
    """
    _check_required(fields, notification)
    if notification.get("authType") == "OAuth":
        _check_oauth(notification, NOTIFICATION_OAUTH)


def voids_sign_in(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether somebody has to sign in anew after a change."""
    names = ("authURL", "clientID", "clientId", "scope", "accessTokenURL", "redirectURL", "user", "userName")
    return any(before.get(name) != after.get(name) for name in names)


def _check_required(fields: Fields, values: Values) -> None:
    for name, field in fields.items():
        if field.required and not values.get(name):
            raise ApiError(400, f"{name} required")


def _check_oauth(values: Values, names: tuple[str, ...]) -> None:
    for name in names:
        if not values.get(name):
            raise ApiError(400, f"{name} required for OAuth")
