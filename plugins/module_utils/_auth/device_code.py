# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens of a person who signs in in a browser with a code, wherever that browser is.

Nobody has registered an application yet when the first one is to be made, so that it is Microsoft's own that ask:
Microsoft Graph Command Line Tools, which ask for what they name, and Exchange PowerShell, which is allowed in Exchange.
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import authentication_error
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections, HttpClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._options import required
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import Cloud, cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import watcher

with suppress(ImportError):
    # What is missing, _application tells.
    import msal

GRAPH_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
EXCHANGE_POWERSHELL = "fb78d390-0c51-40cd-8e17-fdbfab77341b"
#: What an administrator's work on applications takes.
PERMISSIONS = (
    "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
)


class DeviceCodeTokens:
    """One sign-in for each service, kept in memory."""

    def __init__(self, cloud: Cloud, tenant_id: str, http: HttpClient) -> None:
        self._cloud = cloud
        self._authority = f"{cloud.authority_host}/{tenant_id}"
        self._http = http
        self._clients: dict[str, Any] = {}
        self._one_at_a_time = threading.Lock()

    def token(self, scope: str) -> str:
        """An access token; whoever watches is told the code as long as nobody has signed in."""
        client_id, scopes = EXCHANGE_POWERSHELL, [scope]
        if scope == self._cloud.graph_scope:
            client_id, scopes = GRAPH_TOOLS, [f"{self._cloud.graph_resource}/{name}" for name in PERMISSIONS]
        with self._one_at_a_time:
            client = self._clients.get(client_id) or self._clients.setdefault(client_id, self._client(client_id))
            accounts = client.get_accounts()
            answer = client.acquire_token_silent(scopes, accounts[0]) if accounts else None
            if not answer:
                answer = self._ask(client, scopes)
        if "access_token" not in answer:
            raise authentication_error(answer, "the person who was asked to sign in")
        return str(answer["access_token"])

    def refresh(self) -> bool:
        """No earlier process has left anything."""
        return False

    def _client(self, client_id: str) -> Any:
        return msal.PublicClientApplication(
            client_id, authority=self._authority, http_client=self._http,
            instance_discovery=None if self._cloud.is_known_to_microsoft else False,
        )

    def _ask(self, client: Any, scopes: list[str]) -> Any:
        say = watcher()
        if say is None:
            raise InputError("A code has to be shown to a person, and nobody is there to see it.")
        flow = client.initiate_device_flow(scopes)
        if "user_code" not in flow:
            return flow
        say(flow["message"])
        return client.acquire_token_by_device_flow(flow)


def source(options: Mapping[str, Any], connections: Connections) -> DeviceCodeTokens:
    """Whoever signs in, in the tenant of the option ``tenant_id``."""
    tenant_id = required(options, "tenant_id", "device_code")
    http = connections.http(options.get("ca_path"), options.get("timeout") or 30, None)
    return DeviceCodeTokens(cloud_from(options), tenant_id, http)
