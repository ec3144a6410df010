# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Access tokens, by name of the source.

``token_source`` takes the options of the doc fragment ``entra`` as a plain dictionary, so that the credentials of an
application under test can be tried in the same way as the caller's own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import (
    application,
    azure_cli,
    http,
    managed_identity,
    ready_token,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth.http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

MISSING: dict[str, str] = {**application.MISSING, **http.MISSING}


class TokenSource(Protocol):
    """Where access tokens come from. Several threads may ask at once."""

    def token(self, scope: str) -> str:
        """An access token for a scope such as "https://graph.microsoft.com/.default".

        :raises AuthenticationError: if it is refused; ``code`` is "AADSTS…" where the identity platform gave a number.
        :raises TransportError: if the identity platform cannot be reached.
        """

    def refresh(self) -> bool:
        """Forget tokens that an earlier process cached; False if the next token would be no fresher than the last."""


def _google(options: Mapping[str, Any], connections: Connections) -> TokenSource:
    # Its library is not everybody's: who signs in to Entra ID alone does not load it.
    from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import google

    return google.source(options, connections)


def missing(options: Mapping[str, Any]) -> dict[str, str]:
    """The tracebacks of the failed imports of what a token source needs, by pip's name of the library.

    :param options: as ``token_source`` takes them.
    """
    if options.get("auth_source") != "google":
        return MISSING
    from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import google

    return google.MISSING


_SOURCES: Mapping[str, Callable[[Mapping[str, Any], Connections], TokenSource]] = {
    "access_token": ready_token.source,
    "client_secret": application.with_secret,
    "client_certificate": application.with_certificate,
    "workload_identity": application.with_federated_token,
    "managed_identity": managed_identity.source,
    "azure_cli": azure_cli.source,
    "google": _google,
}
# Which option, if it is given, means which source.
_SIGNS = {
    "access_token": "access_token",
    "client_secret": "client_secret",
    "certificate_path": "client_certificate",
    "federated_token_file": "workload_identity",
    "managed_identity_client_id": "managed_identity",
}


def token_source(options: Mapping[str, Any], connections: Connections | None = None) -> TokenSource:
    """The token source that the connection options describe.

    ``auth_source: auto`` takes the first that is configured, in the order access token, client secret, certificate,
    federated token, managed identity (where its environment announces it, or managed_identity_client_id is given) and
    at last a signed-in Azure CLI.

    :param connections: what several sources share; each has its own if it is left out.
    :raises InputError: if what the source needs is missing or unusable; nothing was sent.
    """
    source = options.get("auth_source") or "auto"
    return _SOURCES[_detect(options) if source == "auto" else source](options, connections or Connections())


def _detect(options: Mapping[str, Any]) -> str:
    given = next((source for option, source in _SIGNS.items() if options.get(option)), None)
    if given:
        return given
    if managed_identity.is_announced():
        return "managed_identity"
    if shutil.which("az"):
        return "azure_cli"
    raise InputError(
        "No credential to sign in with: there is no access_token, client_secret, certificate_path or "
        "federated_token_file, no managed identity in the environment, and no Azure CLI.",
        remedy="Give one of them, or its environment variable (AZURE_CLIENT_SECRET …); "
        "on an Azure virtual machine say auth_source: managed_identity.",
    )
