# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Access tokens: one source a file, found by the file's name.

``token_source`` takes the options of the doc fragment ``entra`` as a plain dictionary, so that the credentials of an
application under test can be tried in the same way as the caller's own. What begins with an underscore is no source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from ansible_collections.mailops.modern_auth.plugins.module_utils import _registry as registry
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import (
    _application,
    _http,
    access_token,
    azure_cli,
    client_certificate,
    client_secret,
    managed_identity,
    workload_identity,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

MISSING: dict[str, str] = {**_application.MISSING, **_http.MISSING}


class TokenSource(Protocol):
    """Where access tokens come from. Several threads may ask at once."""

    def token(self, scope: str) -> str:
        """An access token for a scope such as "https://graph.microsoft.com/.default".

        :raises AuthenticationError: if it is refused; ``code`` is "AADSTS…" where the identity platform gave a number.
        :raises TransportError: if the identity platform cannot be reached.
        """

    def refresh(self) -> bool:
        """Forget tokens that an earlier process cached; False if the next token would be no fresher than the last."""


def missing(options: Mapping[str, Any]) -> dict[str, str]:
    """The tracebacks of the failed imports of what a token source needs, by pip's name of the library.

    :param options: as ``token_source`` takes them.
    """
    if options.get("auth_source") != "google":
        return MISSING
    # Its library is not everybody's: who signs in to Entra ID alone does not load it.
    from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import google

    return google.MISSING


class TokenSourceKind(Protocol):
    """What the file of a token source has."""

    def source(self, options: Mapping[str, Any], connections: Connections) -> TokenSource:
        """The source that the options describe.

        :raises InputError: if what it needs is missing or unusable; nothing was sent.
        """


class Automatic(TokenSourceKind, Protocol):
    """What that of a source has which ``auto`` may take."""

    def is_configured(self, options: Mapping[str, Any]) -> bool:
        """Whether the options or the machine say that this is the way to sign in."""


#: Tried in this order. Being imported, they are also sent along with the modules that run elsewhere.
_AUTOMATIC = cast(
    tuple[Automatic, ...],
    (access_token, client_secret, client_certificate, workload_identity, managed_identity, azure_cli),
)


def token_source(options: Mapping[str, Any], connections: Connections | None = None) -> TokenSource:
    """The token source that the connection options describe.

    :param options: ``auth_source`` is the source's name; ``auto`` takes the first that is configured, in the order
        access token, client secret, certificate, federated token, managed identity (where its environment announces
        it, or managed_identity_client_id is given) and at last a signed-in Azure CLI.
    :param connections: what several sources share; each has its own if it is left out.
    :raises InputError: if what the source needs is missing or unusable; nothing was sent.
    """
    name = options.get("auth_source") or "auto"
    kind = _configured(options) if name == "auto" else _named(name)
    return kind.source(options, connections or Connections())


def _named(name: str) -> TokenSourceKind:
    return cast(TokenSourceKind, registry.named(__name__, __path__, name, "token source"))


def _configured(options: Mapping[str, Any]) -> TokenSourceKind:
    for kind in _AUTOMATIC:
        if kind.is_configured(options):
            return kind
    raise InputError(
        "No credential to sign in with: there is no access_token, client_secret, certificate_path or "
        "federated_token_file, no managed identity in the environment, and no Azure CLI.",
        remedy="Give one of them, or its environment variable (AZURE_CLIENT_SECRET …); "
        "on an Azure virtual machine say auth_source: managed_identity.",
    )
