# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the modules integration_server_* share: their options, and what these mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import spec_of, table
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, number, read
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._integration_server import (
    KINDS,
    PROCESSING,
    RECIPIENTS,
    REDIRECT_PAGE,
    TLS,
    OAuth,
    Server,
    alias,
    fields,
    misfits,
    redirect_url,
    server_url,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject

_OAUTH = {
    "auth_url": {"required": True}, "access_token_url": {"required": True, "no_log": False},
    "client_id": {"required": True}, "client_secret": {"required": True, "no_log": True}, "scope": {"required": True},
    "redirect_url": {}, "account": {},
}
_MAIL_SERVER: Mapping[str, Mapping[str, Any]] = {
    "host": {}, "port": {"type": "int"}, "tls": {"choices": list(TLS)}, "user": {}, "password": {"no_log": True},
    "oauth": {"type": "dict", "options": _OAUTH},
}
#: The options beside those of the API.
EMAIL_PORT: Mapping[str, Mapping[str, Any]] = {
    "alias": {"required": True}, "transport": {"choices": list(KINDS)}, **_MAIL_SERVER, **spec_of(PROCESSING),
}
NOTIFICATION: Mapping[str, Mapping[str, Any]] = {**_MAIL_SERVER, **spec_of(RECIPIENTS)}
#: What is known of their values beside the types.
_VALUES: Table = {"url": Key(server_url), "port": Key(number(1, 65535))}


def email_port(params: Mapping[str, Any], access: Mapping[str, Any]) -> ApiObject:
    """The e-mail port that a module's parameters describe.

    :raises InputError: they make no sense.
    """
    given = _checked({**_VALUES, "alias": Key(alias), **table(PROCESSING)}, params)
    kind, oauth = KINDS.get(params["transport"]), _oauth(params, given["url"])
    problems = [f"{name}: {words}" for name, words in misfits(kind, given)]
    if kind == "POP3" and oauth is not None:
        problems.append("oauth: is not possible with pop3; OAuth needs transport imap")
    _refuse(problems)
    return Server(given["url"], access).email_port(given["alias"], _without_none({
        "type": kind, "host": params["host"], "serverPort": given.get("port"), "user": params["user"],
        "tlsSettings": TLS[params["tls"]].capitalize() if params["tls"] else None,
        **({"authentication": "Basic", "password": params["password"]} if params["password"] else {}),
        **fields(PROCESSING, given),
    }), oauth)


def notification(params: Mapping[str, Any], access: Mapping[str, Any]) -> ApiObject:
    """The notification settings that a module's parameters describe.

    :raises InputError: they make no sense.
    """
    given = _checked({**_VALUES, **table(RECIPIENTS)}, params)
    return Server(given["url"], access).notification(_without_none({
        "smtpServer": params["host"], "smtpPort": given.get("port"),
        "transportSecurity": TLS[params["tls"]] if params["tls"] else None,
        "userName": params["user"], "password": params["password"], **fields(RECIPIENTS, given),
    }), _oauth(params, given["url"]))


def _checked(known: Table, params: Mapping[str, Any]) -> dict[str, Any]:
    problems: list[str] = []
    found = read(known, {name: params[name] for name in known}, "", problems)
    _refuse(problems)
    return found


def _oauth(params: Mapping[str, Any], url: str) -> OAuth | None:
    given = params["oauth"]
    if given is None:
        return None
    try:
        redirect = redirect_url(given["redirect_url"] or f"{url}{REDIRECT_PAGE}")
    except ValueError as error:
        raise InputError(f"oauth.redirect_url: {error}") from None
    account = given["account"] or params["user"]
    if account is None:
        raise InputError("oauth.account: is required without user; it is who signs in")
    return OAuth(**{**given, "redirect_url": redirect, "account": account})


def _refuse(problems: list[str]) -> None:
    if problems:
        raise InputError("\n".join(problems))


def _without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
