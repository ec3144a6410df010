# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens for an application with a credential of its own, whichever that is."""

from __future__ import annotations

import hashlib
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import authentication_error
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections, HttpClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._options import required
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._private_files import private_folder
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._token_cache import FileTokenCache
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import Cloud, cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

MISSING: dict[str, str] = {}
try:
    import msal
except ImportError:
    MISSING["msal>=1.35"] = traceback.format_exc()


class ApplicationTokens:
    """Tokens for an application with a credential of its own, by the client credentials grant.

    :param credential: what msal calls client_credential.
    """

    def __init__(
        self, cloud: Cloud, tenant_id: str, client_id: str, credential: str | Mapping[str, Any],
        http: HttpClient, cache: Path | None,
    ) -> None:
        self._cloud = cloud
        self._authority = f"{cloud.authority_host}/{tenant_id}"
        self._client_id = client_id
        self._credential = credential
        self._http = http
        self._cache = cache
        self._who = f"client {client_id} in tenant {tenant_id}"
        self._application: Any = None
        self._refusals: dict[str, Any] = {}
        self._came_from_cache = False
        self._one_at_a_time = threading.Lock()

    def token(self, scope: str) -> str:
        """An access token, from the cache while it is valid for five minutes more."""
        # Whoever comes second finds in the cache what the first has got.
        with self._one_at_a_time:
            if self._application is None:
                self._application = self._build()
            # msal would answer from memory for a minute after a refusal, and hide that a new secret has replicated.
            self._refusals.clear()
            answer = self._application.acquire_token_for_client([scope])
            if answer.get("token_source") == "identity_provider":
                self._came_from_cache = False
        if "access_token" not in answer:
            error = authentication_error(answer, self._who)
            error.client_id = self._client_id
            raise error
        return str(answer["access_token"])

    def refresh(self) -> bool:
        """Forget every token of the application that is cached on disk, unless this process acquired it itself."""
        with self._one_at_a_time:
            if not self._came_from_cache:
                return False
            self._application.remove_tokens_for_client()
            self._came_from_cache = False
            return True

    def _build(self) -> Any:
        tokens = None
        if self._cache is not None:
            self._came_from_cache = True
            tokens = FileTokenCache(self._cache)
        try:
            return msal.ConfidentialClientApplication(
                self._client_id, client_credential=self._credential, authority=self._authority, token_cache=tokens,
                instance_discovery=None if self._cloud.is_known_to_microsoft else False,
                http_client=self._http, http_cache=self._refusals,
            )
        except ValueError as error:
            # Raised for a certificate or key that cannot be used; the library's words hold no secret.
            raise InputError(f"The credential of {self._who} is unusable: {error}") from error


def application(
    options: Mapping[str, Any], connections: Connections, source: str, credential: str | Mapping[str, Any],
    fingerprint: str,
) -> ApplicationTokens:
    """The tokens of the application that the options name.

    :param source: the name of the token source.
    :param credential: what msal calls client_credential.
    :param fingerprint: differs where the credential does.
    :raises InputError: an option is missing, or the folder of ``token_cache`` cannot be used.
    """
    cloud = cloud_from(options)
    tenant_id = required(options, "tenant_id", source)
    client_id = required(options, "client_id", source)
    folder = private_folder(options.get("token_cache"))
    # The credential is part of the name, or a wrong one would go unnoticed as long as the right one's token is cached.
    name = hashlib.sha256("\n".join((cloud.authority_host, tenant_id, client_id, source, fingerprint)).encode())
    http = connections.http(options.get("ca_path"), options.get("timeout") or 30, folder)
    return ApplicationTokens(
        cloud, tenant_id, client_id, credential, http, folder and folder / f"tokens-{name.hexdigest()[:32]}.json"
    )
