# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The client of REST APIs over HTTPS."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._libraries import require
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import shown
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import (
    CONNECTION_ATTEMPTS,
    THROTTLED,
    UNAVAILABLE,
    Attempts,
    retry_after,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import client_context
from ansible_collections.mailops.modern_auth.plugins.module_utils._web import Access, Answer

MISSING: dict[str, str] = {}
try:
    import httpx
except ImportError:
    MISSING["httpx"] = traceback.format_exc()


class HttpsClient:
    """See _web.Web. A redirection is an answer like any other: a secret goes where it was meant to go."""

    def request(self, method: str, url: str, access: Access, body: Mapping[str, Any] | None = None) -> Answer:
        """See Web."""
        require(MISSING)
        headers, basic = _signed_in(access.authentication)
        verify = client_context(access.ca_path, "web")
        attempts = Attempts(urlsplit(url).netloc)
        with httpx.Client(verify=verify, timeout=access.timeout, headers=headers, auth=basic) as client:
            while True:
                is_last = attempts.made + 1 == CONNECTION_ATTEMPTS
                asked = None
                try:
                    response = client.request(method, url, json=body)
                except httpx.ConnectError as error:
                    if is_last or "CERTIFICATE" in str(error):
                        raise _unreachable(method, url, error) from error
                except httpx.HTTPError as error:
                    raise _unreachable(method, url, error) from error
                else:
                    again = response.status_code in THROTTLED or (
                        response.status_code in UNAVAILABLE and method != "POST"
                    )
                    if not again or is_last:
                        break
                    asked = retry_after(response.headers.get("Retry-After"))
                pause = attempts.pause(asked)
                if pause is None:
                    break
                time.sleep(pause)
        return Answer(response.status_code, _json(response), shown(response.text))


def _signed_in(authentication: Mapping[str, str]) -> tuple[dict[str, str], httpx.BasicAuth | None]:
    if "username" in authentication:
        return {}, httpx.BasicAuth(authentication["username"], authentication.get("password", ""))
    if "token" in authentication:
        return {"Authorization": f"Bearer {authentication['token']}"}, None
    return ({authentication["header"]: authentication["value"]} if authentication else {}), None


def _unreachable(method: str, url: str, error: Exception) -> TransportError:
    certificate = "CERTIFICATE" in str(error)
    return TransportError(
        f"{method} {url} got no answer: {str(error) or type(error).__name__}.",
        remedy="Name the authority's certificate in ca_path." if certificate else "Check the address and the network.",
    )


def _json(response: httpx.Response) -> Any:
    try:
        return response.json() if response.content else None
    except ValueError:
        return None
