# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which certificate authorities are trusted: one answer for HTTPS, SMTP, IMAP and POP3.

``ca_path`` alone if it is given; else the public authorities of the system and of Python's certifi, or what the
environment names in their place: SSL_CERT_FILE, which OpenSSL reads, and REQUESTS_CA_BUNDLE, which requests reads.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import Literal

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

try:
    import certifi
except ImportError:
    # It comes with requests and httpx; who sends by SMTP with a password needs neither.
    certifi = None  # type: ignore[assignment]

#: Clients of HTTP write their protocol into the context, which a mail server must not be offered.
Purpose = Literal["web", "mail"]

_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def client_context(ca_path: str | None, purpose: Purpose) -> ssl.SSLContext:
    """A context that verifies certificates and host names and speaks TLS 1.2 or later.

    The same one for all who ask for the same: reading the authorities takes as long as a handshake, and a megabyte.

    :param ca_path: certificates in PEM form to trust in place of the public ones.
    :raises InputError: if a file cannot be read.
    """
    return _context(tuple((source, path, _version(source, path)) for source, path in _named(ca_path).items()), purpose)


def bundle(ca_path: str | None) -> str | bool:
    """The same for requests, which takes one file or folder; True for its own."""
    named = _named(ca_path)
    for source, path in named.items():
        _version(source, path)
    return [*named.values()][-1] if named else True


def _named(ca_path: str | None) -> dict[str, str]:
    if ca_path is not None:
        return {"ca_path": ca_path}
    return {name: os.environ[name] for name in _VARIABLES if os.environ.get(name)}


def _version(source: str, path: str) -> tuple[int, int, int]:
    """What changes if a file is replaced."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise _unusable(source, path, error.strerror or "it is not there") from error
    return found.st_mtime_ns, found.st_size, found.st_ino


@lru_cache
def _context(named: tuple[tuple[str, str, tuple[int, int, int]], ...], purpose: Purpose) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for source, path, _changed in named:
        try:
            context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})
        except OSError as error:
            raise _unusable(source, path, str(error)) from error
    if not named:
        context.load_default_certs()
        if certifi is not None:
            context.load_verify_locations(certifi.where())
    return context


def _unusable(source: str, path: str, reason: str) -> InputError:
    return InputError(
        f"{source}: {path} cannot be read as certificates in PEM form ({reason}).",
        remedy="Name a file with the authorities' certificates; that of a Windows host may stand in winrm.ca_path.",
    )
