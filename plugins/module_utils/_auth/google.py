# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tokens for a service account of Google's, for itself or for a user of a domain that has delegated that to it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import _http
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections, HttpClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google import key_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import ServiceAccountKey, load
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import KEY, TOKEN_URI
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.refusals import refused

MISSING: dict[str, str] = {**key_file.MISSING, **_http.MISSING}
try:
    from google.auth import crypt
    from google.auth.exceptions import GoogleAuthError
    from google.oauth2 import service_account
except ImportError:
    MISSING["google-auth>=2.23"] = traceback.format_exc()


class GoogleTokens:
    """Tokens of one service account for one user, kept in memory.

    :param user: an address; None for the account itself.
    """

    def __init__(self, key: ServiceAccountKey, token_uri: str, user: str | None, client: HttpClient) -> None:
        self._key = key
        self._token_uri = token_uri
        self._user = user
        self._transport = _Transport(client)
        self._credentials: dict[str, Any] = {}
        self._one_at_a_time = threading.Lock()

    def token(self, scope: str) -> str:
        """An access token, which is asked for anew shortly before its end."""
        with self._one_at_a_time:
            if scope not in self._credentials:
                self._credentials[scope] = self._new(scope)
            credentials = self._credentials[scope]
            if not credentials.valid:
                try:
                    credentials.refresh(self._transport)
                except GoogleAuthError as error:
                    raise self._refused(error, scope) from error
            return str(credentials.token)

    def refresh(self) -> bool:
        """Nothing is kept on disk."""
        return False

    def _new(self, scope: str) -> Any:
        # A P12 file does not say its key's id, and without one Google tries all keys of the account.
        key_id = self._key.key_id if self._key.format == "json" else None
        return service_account.Credentials(
            crypt.RSASigner.from_string(self._key.private_key, key_id), self._key.service_account, self._token_uri,
            scopes=[scope], subject=self._user,
        )

    def _refused(self, error: GoogleAuthError, scope: str) -> AuthenticationError:
        answers = [one for one in error.args if isinstance(one, Mapping)]
        # An answer that is no JSON, such as a proxy's page, is not repeated.
        answer = answers[0] if answers and "error" in answers[0] else {"error": "an answer that is not Google's"}
        return refused(answer, self._key, self._user, scope)


@dataclass(frozen=True)
class _Response:
    """What google-auth knows of an answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _Transport:
    """google-auth's way to the network: ours, which trusts our authorities, keeps our time limits and retries."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def __call__(
        self, url: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None,
        timeout: float | None = None, **ignored: Any,
    ) -> _Response:
        """A token is all that is ever asked for, by POST."""
        answer = self._client.post(url, data=body, headers=headers)
        return _Response(answer.status_code, answer.headers, answer.content)


def source(options: Mapping[str, Any], connections: Connections) -> GoogleTokens:
    """The service account whose key the options ``google_...`` give, for the option ``user``."""
    google = {name: options.get(f"google_{name}") for name in KEY}
    key = load(google, "google")
    client = connections.http(options.get("ca_path"), options.get("timeout") or 30, option="token_uri")
    token_uri = google["token_uri"] or key.token_uri or TOKEN_URI
    return GoogleTokens(key, str(token_uri), options.get("user"), client)
