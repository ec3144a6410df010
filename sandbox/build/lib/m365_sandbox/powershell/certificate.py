"""Signing in with a certificate file, as ``New-ClientAssertion`` of the stand-in module does."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from m365_sandbox.powershell.records import RecordError, method_failed, thrown

_CONNECT = "Connect-ExchangeOnline"


def client_assertion(path: str, password: str, app_id: str, audience: str) -> str:
    """A signed JWT that proves the possession of a PFX file's key.

    :param path: relative to the folder that the process was started in.
    :raises RecordError: as .NET refuses a file that is not there or a password that is wrong.
    """
    file = Path(path)
    if not file.is_file():
        raise _unreadable("error:10000080:BIO routines::no such file", "OpenSslCryptographicException")
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(file.read_bytes(), password.encode())
    except ValueError as error:
        raise _unreadable(
            "The certificate data cannot be read with the provided password, the password may be incorrect.",
            "CryptographicException",
        ) from error
    if certificate is None or not isinstance(key, rsa.RSAPrivateKey):
        raise thrown("System.Security.Cryptography.CryptographicException", "The certificate has no RSA private key.")
    digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
    now = int(time.time())
    claims = {
        "aud": audience, "iss": app_id, "sub": app_id, "jti": str(uuid.uuid4()),
        "nbf": now, "iat": now, "exp": now + 600,
    }
    thumbprint = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return jwt.encode(claims, key, algorithm="PS256", headers={"x5t#S256": thumbprint})


def _unreadable(message: str, kind: str) -> RecordError:
    return method_failed(".ctor", 3, message, kind, _CONNECT)
