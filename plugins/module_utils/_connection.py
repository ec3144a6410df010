# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options by which anything signs in to Entra and finds the services: one table for all.

Modules take them as arguments, ``mail_entra`` holds the same keys, and Azure's own tools have set the environment
variables' names. The documentation fragments ``endpoints`` and ``entra`` describe them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import CLOUD_NAMES
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import (
    Key,
    Kind,
    Table,
    choice,
    client_secret,
    number,
    secret,
    text,
)

AUTH_SOURCES = (
    "auto", "client_secret", "client_certificate", "managed_identity", "azure_cli", "workload_identity", "access_token",
)


@dataclass(frozen=True)
class Option:
    """One option.

    :param kind: how its value is read from the inventory.
    :param spec: its argument spec; a ``choice`` is in both.
    :param environment: the environment variable that stands for it where it is not given.
    :param is_secret: whether its value is a secret.
    """

    kind: Kind = text
    spec: Mapping[str, Any] | None = None
    environment: str | None = None
    is_secret: bool = False


_PATH = {"type": "path"}
#: Where the services are, and how to talk to them.
ENDPOINTS: Mapping[str, Option] = {
    "cloud": Option(choice(*CLOUD_NAMES), {"choices": list(CLOUD_NAMES), "default": "global"}, "MAILOPS_CLOUD"),
    "authority_host": Option(environment="AZURE_AUTHORITY_HOST"),
    "graph_endpoint": Option(environment="MAILOPS_GRAPH_ENDPOINT"),
    "ca_path": Option(spec=_PATH, environment="MAILOPS_CA_FILE"),
    "timeout": Option(number(1, 3600), {"type": "int", "default": 30}),
    "token_cache": Option(spec={**_PATH, "no_log": False}, environment="MAILOPS_TOKEN_CACHE"),
}
#: Who signs in, and how.
SIGN_IN: Mapping[str, Option] = {
    "auth_source": Option(
        choice(*AUTH_SOURCES), {"choices": list(AUTH_SOURCES), "default": "auto"}, "MAILOPS_AUTH_SOURCE"
    ),
    "tenant_id": Option(environment="AZURE_TENANT_ID"),
    "client_id": Option(environment="AZURE_CLIENT_ID"),
    "client_secret": Option(client_secret, environment="AZURE_CLIENT_SECRET", is_secret=True),
    "certificate_path": Option(spec=_PATH, environment="AZURE_CLIENT_CERTIFICATE_PATH"),
    "certificate_password": Option(secret, environment="AZURE_CLIENT_CERTIFICATE_PASSWORD", is_secret=True),
    "federated_token_file": Option(spec={**_PATH, "no_log": False}, environment="AZURE_FEDERATED_TOKEN_FILE"),
    "access_token": Option(secret, environment="MAILOPS_ACCESS_TOKEN", is_secret=True),
    "managed_identity_client_id": Option(),
}
CONNECTION: Mapping[str, Option] = {**SIGN_IN, **ENDPOINTS}
_WHO = frozenset(SIGN_IN) - {"auth_source", "tenant_id"}


def endpoint_spec() -> dict[str, dict[str, Any]]:
    """The argument spec of the options that say where the services are; documented in the fragment ``endpoints``."""
    return spec_of(ENDPOINTS)


def connection_spec() -> dict[str, dict[str, Any]]:
    """The argument spec of all options; documented in the fragments ``entra`` and ``endpoints``."""
    return spec_of(CONNECTION)


def table(options: Mapping[str, Option]) -> Table:
    """The options as keys of a variable."""
    return {
        name: Key(option.kind, secret=option.is_secret, beside_secret=name in _WHO) for name, option in options.items()
    }


def said_by(environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment says of the options that are no secrets."""
    said = {
        name: environment.get(option.environment or "", "") for name, option in CONNECTION.items()
        if not option.is_secret
    }
    return {name: value for name, value in said.items() if value}


def spec_of(options: Mapping[str, Option]) -> dict[str, dict[str, Any]]:
    """The options as an argument spec."""
    spec: dict[str, dict[str, Any]] = {}
    for name, option in options.items():
        spec[name] = dict(option.spec or {})
        if option.is_secret:
            spec[name]["no_log"] = True
        if option.environment:
            spec[name]["fallback"] = (env_fallback, [option.environment])
    return spec


def complete(
    spec: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any], environment: Mapping[str, str], path: str
) -> dict[str, Any]:
    """All options of an argument spec, with what the environment says and the defaults, as a module would have them.

    :param path: of the variable that gives them, for the message.
    :raises InputError: they make no sense.
    """
    said = {
        name: environment[variable] for name, rules in spec.items() for variable in rules.get("fallback", (None, ()))[1]
        if environment.get(variable)
    }
    # The environment was asked already, so nothing is left for a fallback of its own.
    plain = {name: {key: rule for key, rule in rules.items() if key != "fallback"} for name, rules in spec.items()}
    result = ArgumentSpecValidator(plain).validate({**said, **given})
    if result.errors.messages:
        raise InputError(f"{path}: {'; '.join(result.errors.messages)}.")
    return dict(result.validated_parameters)
