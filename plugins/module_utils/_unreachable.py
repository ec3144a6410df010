# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Why a web service cannot be reached, whichever library says so. Pure, but for the environment's proxies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import TransportError

# httpx raises its ProxyError with the proxy's status line; http.client has words before it.
_STATUS_LINE = re.compile(r"(?:Tunnel connection failed: |^)(4\d\d)\b ?([A-Za-z -]*)")


def is_untrusted(error: BaseException) -> bool:
    """Whether the service's certificate was not accepted."""
    return any("CERTIFICATE_VERIFY_FAILED" in str(one) for one in _chain(error))


def refused_by_proxy(error: BaseException) -> str | None:
    """The status by which a proxy refused the connection for good, for example "407 Proxy Authentication Required"."""
    if not any("ProxyError" in type(one).__name__ for one in _chain(error)):
        return None
    found = (_STATUS_LINE.search(str(one)) for one in _chain(error))
    return next((f"{match[1]} {match[2]}".strip() for match in found if match), None)


def unreachable(what: str, host: str, error: BaseException, option: str) -> TransportError:
    """The error to raise.

    :param what: what could not be done, without a final full stop.
    :param host: where it should have been done.
    :param option: the option that names another host.
    """
    if is_untrusted(error):
        return TransportError(
            f"{what}: the certificate of {host} is not trusted.",
            remedy="Give the certificate authority's file in ca_path (environment MAILOPS_CA_FILE).",
        )
    status = refused_by_proxy(error)
    if status:
        return TransportError(
            f"{what}: the proxy {_proxy()} refused the connection to {host} with {status}.", code=status[:3],
            remedy="Give the proxy's user and password in HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT)."
            if status.startswith("407") else "Have the proxy let it through, or name the host in NO_PROXY.",
        )
    return TransportError(
        f"{what}: {host} cannot be reached ({_reason(error)}).",
        remedy=f"Check {option}, cloud, name resolution, proxy (HTTPS_PROXY) and firewall.",
    )


def _reason(error: BaseException) -> str:
    """The operating system's words if there are any."""
    words = [one.strerror for one in _chain(error) if isinstance(one, OSError) and one.strerror]
    return words[-1] if words else type(error).__name__


def _proxy() -> str:
    """The proxy for HTTPS, without its user and password."""
    proxies = getproxies()
    return urlsplit(proxies.get("https") or proxies.get("all") or "").netloc.rpartition("@")[2]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
