"""Redirect URIs: registered to the letter, but for the port of those on the loopback interface.

Rules: Microsoft's page on reply URLs, and RFC 8252 section 7.3.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from m365_sandbox.identity import person_errors
from m365_sandbox.identity.clients import Client
from m365_sandbox.identity.delegation import Platform

_LOOPBACK = ("localhost", "127.0.0.1")
PLATFORMS: tuple[Platform, ...] = ("web", "spa", "publicClient")


def choose_redirect_uri(client: Client, wanted: str | None) -> tuple[str, Platform]:
    """The redirect URI of a request, and which kind of application it belongs to.

    :param wanted: None takes the only registered one.
    :raises EntraError: 500113 without any, 900971 for None and several, 50011 for one that is not registered.
    """
    registered = _registered(client)
    if not registered:
        raise person_errors.no_redirect_uri()
    if wanted is None:
        if len(registered) > 1:
            raise person_errors.missing_redirect_uri()
        return registered[0]
    for uri, platform in registered:
        if uri == wanted:
            return wanted, platform
    for uri, platform in registered:
        if _is_same_but_for_the_port(uri, wanted):
            return wanted, platform
    raise person_errors.wrong_redirect_uri(wanted, client.app_id)


def is_registered(client: Client, uri: str) -> bool:
    """Whether a redirect URI is one of the application's."""
    return any(uri == known or _is_same_but_for_the_port(known, uri) for known, _ in _registered(client))


def _registered(client: Client) -> list[tuple[str, Platform]]:
    if client.application is None:
        assert client.principal is not None
        return [(uri, "web") for uri in client.principal["replyUrls"]]
    return [
        (uri, platform) for platform in PLATFORMS
        for uri in (client.application[platform] or {}).get("redirectUris") or ()
    ]


def _is_same_but_for_the_port(registered: str, wanted: str) -> bool:
    try:
        left, right = urlsplit(registered), urlsplit(wanted)
        return left.hostname in _LOOPBACK and _without_port(left) == _without_port(right)
    except ValueError:
        return False


def _without_port(uri: SplitResult) -> tuple[str, str | None, str, str, str]:
    return uri.scheme, uri.hostname, uri.path or "/", uri.query, uri.fragment
