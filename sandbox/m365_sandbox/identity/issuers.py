"""The keys of foreign issuers, by OpenID Connect discovery. Nothing is ever asked outside of this machine."""

from __future__ import annotations

import ipaddress
import ssl
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt

from m365_sandbox.state.certificates import CA_FILE
from m365_sandbox.state.json_text import parse_json

_SECONDS = 5.0
_LARGEST = 1 << 20


class IssuerUnreachable(Exception):
    """The issuer's documents could not be read."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any, **options: Any) -> None:
        """A redirect could lead off this machine, so it is an error like any other status."""


def issuer_keys(issuer: str, directory: Path) -> dict[str, jwt.PyJWK]:
    """The issuer's public RSA keys by ``kid``. It blocks: call it in a thread.

    :param issuer: an https address on the loopback interface.
    :param directory: the instance's folder, whose certification authority is trusted besides the machine's.
    :raises IssuerUnreachable: for any other address, and for documents that are not there or make no sense.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(directory / CA_FILE)
    try:
        metadata = _json(f"{issuer.removesuffix('/')}/.well-known/openid-configuration", context)
        keys = _json(str(metadata["jwks_uri"]), context)["keys"]
        return {str(key["kid"]): jwt.PyJWK(key, algorithm="RS256") for key in keys if key["kty"] == "RSA"}
    except (OSError, ValueError, LookupError, TypeError, jwt.PyJWTError) as error:
        raise IssuerUnreachable(issuer) from error


def _json(url: str, context: ssl.SSLContext) -> dict[str, Any]:
    if not _is_local(url):
        raise ValueError(f"{url} is no https address on the loopback interface")
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirect,
    )
    with opener.open(url, timeout=_SECONDS) as answer:
        content: dict[str, Any] = parse_json(answer.read(_LARGEST))
    return content


def _is_local(url: str) -> bool:
    address = urlsplit(url)
    if address.scheme != "https" or address.hostname is None:
        return False
    return address.hostname == "localhost" or ipaddress.ip_address(address.hostname).is_loopback
