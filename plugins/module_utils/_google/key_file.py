# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A service account's key as Google hands it out: a JSON file, or one of the older P12 format.

Formats: https://cloud.google.com/iam/docs/keys-create-delete#creating and
https://developers.google.com/identity/protocols/oauth2/service-account
"""

from __future__ import annotations

import base64
import binascii
import json
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

MISSING: dict[str, str] = {}
try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import pkcs12
except ImportError:
    MISSING["cryptography>=42"] = traceback.format_exc()

#: The password that Google gives every P12 file.
P12_PASSWORD = "notasecret"
#: What other JSON files of Google's are, by what tells them.
_OTHERS = {
    "installed": "the client of a desktop application", "web": "the client of a web application",
    "authorized_user": "a person's sign-in", "external_account": "a workload identity",
}
_REMEDY = (
    "Give the file that Google Cloud's console makes under IAM & Admin, Service Accounts, Keys, Add key."
)


@dataclass(frozen=True)
class ServiceAccountKey:
    """A key.

    :param service_account: whose it is, an address.
    :param key_id: the private key's id in Google's console. A P12 file does not say it; it is taken to be the SHA-1
        thumbprint of its certificate.
    :param private_key: in PEM.
    :param client_id: the account's number, which a domain's administrator delegates to; None if it is not known.
    :param issued: the start of the P12 file's certificate, in UTC; None for a JSON file, which does not tell its age.
    :param expires: the end of that certificate; None for a JSON file, which does not say when its key ends.
    """

    service_account: str
    key_id: str
    private_key: str = field(repr=False)
    client_id: str | None
    token_uri: str | None
    format: str
    issued: datetime | None
    expires: datetime | None


def content_of(options: Mapping[str, Any], variable: str) -> tuple[bytes, str]:
    """The content of a key file, and the path of the option that gave it.

    :param options: ``key_file``, a path on this machine, or ``key``, the content: JSON, or a P12 file in base64.
    :param variable: whose keys these options are, for messages.
    :raises InputError: there is none.
    """
    path, given = options.get("key_file"), options.get("key")
    if bool(path) == bool(given):
        raise InputError(
            f"{variable}.key_file: is needed, or {variable}.key, and not both: the service account's key.",
            remedy=_REMEDY,
        )
    if given:
        text = str(given)
        if text.lstrip().startswith("{"):
            return text.encode(), f"{variable}.key"
        try:
            return base64.b64decode("".join(text.split()), validate=True), f"{variable}.key"
        except (binascii.Error, ValueError):
            raise InputError(
                f"{variable}.key: is neither JSON nor a P12 file in base64.", remedy=_REMEDY
            ) from None
    file = Path(str(path)).expanduser()
    try:
        return file.read_bytes(), f"{variable}.key_file"
    except OSError as error:
        raise InputError(f"{variable}.key_file: {file} cannot be read ({error.strerror}).", remedy=_REMEDY) from error


def load(options: Mapping[str, Any], variable: str) -> ServiceAccountKey:
    """The key that options name.

    :param options: those of KEY in options.py.
    :raises InputError: it is none, or not that account's.
    """
    content, place = content_of(options, variable)
    return parse(content, place, options.get("key_password"), options.get("service_account"), variable)


def parse(
    content: bytes, place: str, password: str | None = None, service_account: str | None = None,
    variable: str = "mail_google",
) -> ServiceAccountKey:
    """Read a key file.

    :param place: what gave it, for messages.
    :param password: of a P12 file; Google's own if it is None.
    :param service_account: whose it has to be; a P12 file does not say it.
    :raises InputError: it is none, or another account's. The message holds nothing of it.
    """
    if content.lstrip().startswith(b"{"):
        key = _from_json(content, place)
        if service_account is not None and service_account.casefold() != key.service_account.casefold():
            raise InputError(
                f"{place}: is a key of {key.service_account}, not of {service_account}.",
                remedy=f"Give that account's key, or remove {variable}.service_account.",
            )
        return key
    if service_account is None:
        raise InputError(f"{variable}.service_account: is needed with a P12 file, which does not name its account.")
    return _from_p12(content, place, P12_PASSWORD if password is None else password, service_account)


def _from_json(content: bytes, place: str) -> ServiceAccountKey:
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        raise InputError(f"{place}: begins as JSON, but is none.", remedy=_REMEDY) from None
    kind = whole.get("type")
    if kind != "service_account":
        other = next((words for name, words in _OTHERS.items() if name in (kind, *whole)), "something else")
        raise InputError(f"{place}: is no key of a service account, but {other}.", remedy=_REMEDY)
    missing = [name for name in ("client_email", "private_key_id", "private_key") if not _text(whole.get(name))]
    if missing:
        raise InputError(f"{place}: lacks {', '.join(missing)}, so it is no whole key file.", remedy=_REMEDY)
    private_key = str(whole["private_key"])
    _rsa(_loaded_pem(private_key.encode(), place), place)
    return ServiceAccountKey(
        whole["client_email"], whole["private_key_id"], private_key, _text(whole.get("client_id")),
        _text(whole.get("token_uri")), "json", None, None,
    )


def _loaded_pem(pem: bytes, place: str) -> Any:
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise InputError(f"{place}: its private_key is damaged.", remedy=_REMEDY) from None


def _from_p12(content: bytes, place: str, password: str, service_account: str) -> ServiceAccountKey:
    try:
        key, certificate, _more = pkcs12.load_key_and_certificates(content, password.encode())
    except ValueError:
        raise InputError(
            f"{place}: is no P12 file, or its password is another than key_password (Google's own is {P12_PASSWORD}).",
            remedy=_REMEDY,
        ) from None
    if certificate is None:
        raise InputError(f"{place}: holds no certificate beside its key.", remedy=_REMEDY)
    pem = _rsa(key, place).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return ServiceAccountKey(
        service_account, certificate.fingerprint(hashes.SHA1()).hex(), pem.decode("ascii"), None, None, "p12",
        certificate.not_valid_before_utc, certificate.not_valid_after_utc,
    )


def _rsa(key: Any, place: str) -> rsa.RSAPrivateKey:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InputError(f"{place}: its private key is no RSA key, which Google's are.", remedy=_REMEDY)
    return key


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
