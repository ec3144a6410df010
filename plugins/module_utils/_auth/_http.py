# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""HTTP for msal."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import authentication_error
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._discovery import Discovery
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import (
    CONNECTION_ATTEMPTS,
    THROTTLED,
    UNAVAILABLE,
    Attempts,
    retry_after,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import bundle
from ansible_collections.mailops.modern_auth.plugins.module_utils._unreachable import (
    is_untrusted,
    refused_by_proxy,
    unreachable,
)

MISSING: dict[str, str] = {}
try:
    import requests
except ImportError:
    MISSING["requests"] = traceback.format_exc()


class HttpClient:
    """The client that msal is handed: trusts the given CA, retries, turns failures into errors of this collection.

    Several threads may use it at once.

    :param ca_path: a PEM file to trust in place of the public authorities.
    :param timeout: seconds for a connection, and for each part of an answer.
    :param discovery: keeps the tenants' metadata.
    :param option: the option that names another service.
    """

    def __init__(
        self, ca_path: str | None, timeout: float, discovery: Discovery,
        sleep: Callable[[float], None] = time.sleep, option: str = "authority_host",
    ) -> None:
        self._session = requests.Session()
        # What one application is sent is none of another's business.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._verify = bundle(ca_path)
        self._timeout = timeout
        self._discovery = discovery
        self._asking = threading.Lock()
        self._sleep = sleep
        self._option = option

    def get(
        self, url: str, params: Any = None, headers: Mapping[str, str] | None = None, **ignored: Any
    ) -> requests.Response:
        """GET; a tenant's metadata is asked for once."""
        if not url.endswith("/.well-known/openid-configuration"):
            return self._send("GET", url, params=params, headers=headers)
        with self._asking:
            kept = self._discovery.get(url)
            if kept is not None:
                known = requests.Response()
                known.status_code, known._content = 200, kept
                return known
            response = self._send("GET", url, params=params, headers=headers)
            if response.status_code >= 400:
                # msal would only say that the document is unavailable, and lose the reason: mostly an unknown tenant.
                raise authentication_error(_json(response), f"the sign-in at {urlsplit(url).netloc}")
            self._discovery.keep(url, response.content)
            return response

    def post(
        self, url: str, params: Any = None, data: Any = None, headers: Mapping[str, str] | None = None, **ignored: Any
    ) -> requests.Response:
        """POST. A token request changes nothing, so it is repeated like any other."""
        return self._send("POST", url, params=params, data=data, headers=headers)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _send(self, method: str, url: str, **arguments: Any) -> requests.Response:
        host = urlsplit(url).netloc
        attempts = Attempts(f"The identity platform ({host})")
        while True:
            asked: float | None = None
            failure: OSError | None = None
            try:
                response = self._session.request(
                    method, url, timeout=self._timeout, verify=self._verify, allow_redirects=False, **arguments
                )
            except OSError as error:
                # requests derives its own errors from OSError; a CA file that is not there is a plain one.
                if not isinstance(error, requests.exceptions.RequestException):
                    raise InputError(f"ca_path: {self._verify} cannot be used ({error}).") from error
                is_final = is_untrusted(error) or refused_by_proxy(error)
                if is_final or (_never_connected(error) and attempts.made + 1 == CONNECTION_ATTEMPTS):
                    raise unreachable("Could not get a token", host, error, self._option) from error
                failure = error
            else:
                if response.status_code not in THROTTLED | UNAVAILABLE:
                    return response
                asked = retry_after(response.headers.get("Retry-After"))
            pause = attempts.pause(asked)
            if pause is None:
                if failure:
                    raise unreachable("Could not get a token", host, failure, self._option) from failure
                return response
            self._sleep(pause)


class Connections:
    """What the token sources of one run share: connections, and what is known of tenants."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str | None, float, Path | None, str], HttpClient] = {}

    def http(
        self, ca_path: str | None, timeout: float, folder: Path | None = None, option: str = "authority_host"
    ) -> HttpClient:
        """A client, the same for the same options.

        :param folder: keeps the tenants' metadata for a day.
        :param option: the option that names another service, for messages.
        """
        key = (ca_path, timeout, folder, option)
        if key not in self._clients:
            self._clients[key] = HttpClient(ca_path, timeout, Discovery(folder), option=option)
        return self._clients[key]


def _never_connected(error: Exception) -> bool:
    if isinstance(error, (requests.exceptions.SSLError, requests.exceptions.ConnectTimeout)):
        return True
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)


def _json(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"error": f"HTTP {response.status_code}"}
