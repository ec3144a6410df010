"""Does the client prove that it is the application that it says it is?"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from m365_sandbox.identity import errors
from m365_sandbox.identity.clients import Client
from m365_sandbox.identity.discovery import is_this_tenant
from m365_sandbox.identity.federation import check_federated_claims, check_federated_signature
from m365_sandbox.identity.tokens import AuthMethod
from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Collection, Entity
from m365_sandbox.state.json_text import parse_json
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.tenant import Tenant, digest

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_PATHS = ("oauth2/v2.0/token", "oauth2/token")
_SKEW_SECONDS = 300


def basic_credentials(authorization: str) -> tuple[str, str] | None:
    """Client id and secret of an HTTP Basic header, both url-decoded (RFC 6749 section 2.3.1); None without one.

    :raises EntraError: 9002313 for a header that cannot be read.
    """
    scheme, _, value = authorization.partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise errors.malformed_request() from error
    if not colon:
        raise errors.malformed_request()
    return unquote_plus(client_id), unquote_plus(secret)


async def authenticate(
    sandbox: Sandbox, client: Client, form: Mapping[str, str], *, basic_secret: str | None, host: str
) -> AuthMethod:
    """Check the credential of a token request.

    :param form: the request's parameters.
    :param basic_secret: the secret of an HTTP Basic header, if there was one.
    :param host: host and port by which the client reached the sandbox; an assertion must be made for it.
    :raises EntraError: for a missing or bad credential.
    """
    if form.get("client_assertion"):
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise errors.malformed_request()
        await check_assertion(sandbox, client, form["client_assertion"], host)
        return "certificate"
    secret = form.get("client_secret") or basic_secret
    if not secret:
        raise errors.missing_credential()
    check_secret(sandbox.tenant["credential_digests"], client, secret)
    return "secret"


def check_secret(digests: Collection, client: Client, secret: str) -> None:
    """:raises EntraError: 7000215 when no credential has this value, 7000222 when the one that has it is expired."""
    given = digest(secret)
    for password in client.passwords:
        kept = digests.get(password["keyId"])
        if kept is not None and hmac.compare_digest(kept["digest"], given):
            if _moment(password["startDateTime"]) > now():
                raise errors.wrong_secret(client.app_id)
            if _moment(password["endDateTime"]) <= now():
                raise errors.expired_secret(client.app_id)
            return
    raise errors.wrong_secret(client.app_id)


async def check_assertion(sandbox: Sandbox, client: Client, assertion: str, host: str) -> None:
    """Check a JWT that the application signed with one of its certificates, or one of an issuer that it trusts.

    Clients write ``exp`` and ``iat`` as floats and thumbprints with padding (msal does both).

    :raises EntraError: for an assertion that does not prove anything.
    """
    header, claims = _read(assertion)
    if claims.get("iss") != client.app_id:
        check_federated_claims(client.app_id, client.name, client.federated, claims)
        _check_time(claims)
        await check_federated_signature(assertion, str(claims["iss"]), header.get("kid"), sandbox.directory)
        return
    if claims.get("sub") != client.app_id:
        raise errors.malformed_assertion("The claims 'iss' and 'sub' must both be the client id.")
    if not _is_token_endpoint(sandbox.tenant, str(claims.get("aud")), host):
        raise errors.malformed_assertion("The claim 'aud' must be the address of the token endpoint.")
    if not claims.get("jti"):
        raise errors.malformed_assertion("The claim 'jti' is missing.")
    _check_time(claims)
    _check_signature(client, assertion, header)


def _read(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        whole = jwt.api_jws.decode_complete(assertion, options={"verify_signature": False})
        claims = parse_json(whole["payload"])
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise errors.malformed_assertion("It is not a JWT.") from error
    if not isinstance(claims, dict):
        raise errors.malformed_assertion("It is not a JWT.")
    return whole["header"], claims


def _is_token_endpoint(tenant: Tenant, audience: str, host: str) -> bool:
    url = urlsplit(audience)
    name, _, path = url.path.lstrip("/").partition("/")
    return url.scheme == "https" and url.netloc == host and is_this_tenant(tenant, name) and path in TOKEN_PATHS


def _check_time(claims: Mapping[str, Any]) -> None:
    start, end = claims.get("nbf", 0), claims.get("exp")
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        raise errors.malformed_assertion("The claims 'nbf' and 'exp' must be numbers.")
    moment = now().timestamp()
    if moment > end + _SKEW_SECONDS or moment < start - _SKEW_SECONDS:
        raise errors.assertion_out_of_time(_long(moment), _long(start), _long(end))


def _check_signature(client: Client, assertion: str, header: Mapping[str, Any]) -> None:
    if header.get("alg") not in ("PS256", "RS256"):
        raise errors.malformed_assertion("The algorithm must be PS256 or RS256.")
    given = header.get("x5t#S256") or header.get("x5t")
    if not isinstance(given, str):
        raise errors.malformed_assertion("The header names no certificate ('x5t#S256' or 'x5t').")
    thumbprint = _thumbprint(given)
    credential = next((key for key in client.keys if thumbprint in _thumbprints(key)), None)
    if credential is None:
        raise errors.unregistered_certificate(client.app_id, thumbprint.hex().upper())
    if not _moment(credential["startDateTime"]) <= now() < _moment(credential["endDateTime"]):
        raise errors.expired_certificate(
            thumbprint.hex().upper(), credential["startDateTime"], credential["endDateTime"]
        )
    public_key = x509.load_der_x509_certificate(base64.b64decode(credential["key"])).public_key()
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise errors.bad_assertion_signature()
    try:
        jwt.api_jws.decode(assertion, public_key, algorithms=["PS256", "RS256"])
    except jwt.InvalidTokenError as error:
        raise errors.bad_assertion_signature() from error


def _thumbprint(text: str) -> bytes:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise errors.malformed_assertion("The certificate's thumbprint is not base64url.") from error


def _thumbprints(key: Entity) -> tuple[bytes, ...]:
    if not key.get("key"):
        return ()
    der = base64.b64decode(key["key"])
    return hashlib.sha256(der).digest(), hashlib.sha1(der).digest()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _long(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
