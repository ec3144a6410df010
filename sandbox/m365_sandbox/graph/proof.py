"""The proof of possession that addKey and removeKey ask for [GC:application-rollkey-prooftoken]."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from m365_sandbox.graph.errors import GraphError
from m365_sandbox.identity.tokens import WITHOUT_MACHINE_TIME
from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Entity

AUDIENCE = "00000002-0000-0000-c000-000000000000"
LONGEST_SECONDS = 600
_SKEW_SECONDS = 300


def check_proof(entity: Entity, proof: Any) -> None:
    """Check a JWT that a valid certificate of the application or service principal has signed for its object id.

    :raises GraphError: 401 for everything else; Graph says no more than this (microsoft-graph-docs#10686, #22076).
    """
    if not isinstance(proof, str) or not any(_proves(key, entity["id"], proof) for key in _valid_keys(entity)):
        raise GraphError(401, "Authentication_MissingOrMalformed", "Access Token missing or malformed.")


def _valid_keys(entity: Entity) -> list[rsa.RSAPublicKey]:
    moment = now()
    keys = [
        x509.load_der_x509_certificate(base64.b64decode(credential["key"])).public_key()
        for credential in entity["keyCredentials"]
        if datetime.fromisoformat(credential["startDateTime"]) <= moment
        < datetime.fromisoformat(credential["endDateTime"])
    ]
    return [key for key in keys if isinstance(key, rsa.RSAPublicKey)]


def _proves(key: rsa.RSAPublicKey, identifier: str, proof: str) -> bool:
    try:
        claims = jwt.decode(
            proof, key, algorithms=["RS256", "PS256"], audience=AUDIENCE, issuer=identifier,
            options={"require": ["aud", "exp", "iss", "nbf"], **WITHOUT_MACHINE_TIME},
        )
    except (jwt.InvalidTokenError, RecursionError):
        return False
    start, end = claims["nbf"], claims["exp"]
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        return False
    moment = now().timestamp()
    return end - start <= LONGEST_SECONDS and start - _SKEW_SECONDS <= moment <= end + _SKEW_SECONDS
