# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options of a check, as a task of its own gives them and as a plan does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import AUTH_SOURCES, endpoint_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import (
    GOOGLE_SERVICE_ACCOUNT,
    key_spec,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import TLS_MODES
from ansible_collections.mailops.modern_auth.plugins.module_utils._texts import require_texts

_SIGN_INS = ("oauth2", "basic", GOOGLE_SERVICE_ACCOUNT)


def side_spec(transports: list[str], authentications: list[str]) -> dict[str, Any]:
    """The options of one end of the way."""
    return {
        "transport": {"choices": transports, "required": True},
        "authentication": {"choices": authentications, "default": "oauth2"},
        "host": {},
        "port": {"type": "int"},
        "tls": {"choices": list(TLS_MODES)},
        "mailbox": {},
        "username": {},
        "password": {"no_log": True},
        "auth_source": {"choices": list(AUTH_SOURCES), "default": "auto"},
        "tenant_id": {},
        "client_id": {},
        "client_secret": {"no_log": True},
        "certificate_path": {"type": "path"},
        "certificate_password": {"no_log": True},
        "federated_token_file": {"type": "path", "no_log": False},
        "access_token": {"no_log": True},
        "managed_identity_client_id": {},
        "google": key_spec(),
    }


def _api_spec(**own: Any) -> dict[str, Any]:
    """The options of a product's API."""
    return {"type": "dict", "options": {
        "url": {"required": True},
        **own,
        "listed": {"type": "dict", "options": {
            "url": {"required": True}, "rows": {}, "id": {"default": "id"}, "by": {"type": "dict", "required": True},
        }},
        "authentication": {"type": "dict", "default": {}, "no_log": True},
        "ca_path": {"type": "path"},
    }}


def argument_spec() -> dict[str, Any]:
    """All options."""
    return {
        **endpoint_spec(),
        "send": {"type": "dict", "options": {
            **side_spec(["graph", "smtp", "web"], [*_SIGN_INS, "none"]), "messages_per_session": {"type": "int"},
            "web": _api_spec(
                method={"choices": ["POST", "PUT"], "default": "POST"}, body={"type": "dict", "required": True},
                accepted={"type": "dict", "default": {}},
            ),
        }},
        "receive": {"type": "dict", "options": {
            **side_spec(["graph", "imap", "pop3", "web"], [*_SIGN_INS]),
            "web": _api_spec(rows={}, subject={"default": "subject"}),
        }},
        "from": {},
        "to": {},
        "override": {"type": "list", "elements": "str"},
        "subject": {"default": "Mail delivery check"},
        "headers": {"type": "dict", "default": {}},
        "expect": {"choices": ["delivered", "refused", "taken"], "default": "delivered"},
        "timeout": {"type": "int", "default": 180},
        "poll_interval": {"type": "float", "default": 2},
        "request_timeout": {"type": "int", "default": 30},
        "cleanup": {"type": "bool", "default": True},
    }


def complete(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the defaults of those that are not given. The environment is not asked: a plan has been.

    :raises InputError: naming every option that does not fit.
    """
    spec = {
        name: {word: value for word, value in rule.items() if word != "fallback"}
        for name, rule in argument_spec().items()
    }
    require_texts(spec, options)
    result = ArgumentSpecValidator(spec).validate(dict(options))
    if result.error_messages:
        raise InputError("; ".join(result.error_messages))
    return dict(result.validated_parameters)
