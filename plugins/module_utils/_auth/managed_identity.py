# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens for the identity of the Azure resource on which the process runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import authentication_error
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections, HttpClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError, TransportError

with suppress(ImportError):
    import msal

#: The instance metadata service answers within milliseconds, or is not there at all.
SECONDS = 5


class ManagedIdentityTokens:
    """Tokens for the identity of the Azure resource on which the module runs."""

    def __init__(self, client_id: str | None, http: HttpClient) -> None:
        identity = (
            msal.UserAssignedManagedIdentity(client_id=client_id) if client_id else msal.SystemAssignedManagedIdentity()
        )
        self._client = msal.ManagedIdentityClient(identity, http_client=http)
        self._who = f"the managed identity {client_id}" if client_id else "the system-assigned managed identity"

    def token(self, scope: str) -> str:
        """An access token from the instance metadata service or its like."""
        try:
            answer = self._client.acquire_token_for_client(resource=scope.removesuffix("/.default"))
        except (msal.ManagedIdentityError, TransportError) as error:
            raise AuthenticationError(
                f"Could not get a token for {self._who}: {error}",
                remedy="Run on an Azure resource with a managed identity, or choose another auth_source.",
            ) from error
        if "access_token" not in answer:
            error_ = authentication_error(answer, self._who)
            error_.remedy = error_.remedy or "Check that the identity is assigned to this Azure resource."
            raise error_
        return str(answer["access_token"])

    def refresh(self) -> bool:
        """The metadata service keeps tokens itself and cannot be asked for fresher ones."""
        return False


def source(options: Mapping[str, Any], connections: Connections) -> ManagedIdentityTokens:
    """The identity of the option ``managed_identity_client_id``, or the one that the system has assigned."""
    return ManagedIdentityTokens(options.get("managed_identity_client_id"), connections.http(None, SECONDS))


def is_configured(options: Mapping[str, Any]) -> bool:
    """See Automatic: the environment says that there is one, which it does not on a virtual machine."""
    if options.get("managed_identity_client_id"):
        return True
    return msal.managed_identity.get_managed_identity_source() is not msal.managed_identity.DEFAULT_TO_VM
