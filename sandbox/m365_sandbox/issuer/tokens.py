"""The provider's tokens: what a CI hands to a job that is to sign in without a secret."""

from __future__ import annotations

import uuid

import jwt

from m365_sandbox.state.clock import now
from m365_sandbox.state.keys import SigningKeys

# What the portal and every CI's documentation use [GR:federatedidentitycredential].
AUDIENCE = "api://AzureADTokenExchange"
LIFETIME_SECONDS = 300


def identity_token(
    keys: SigningKeys, *, issuer: str, subject: str, audience: str = AUDIENCE, seconds: int = LIFETIME_SECONDS
) -> str:
    """A signed token. Its time is the tenant's, so that callers without a secret sign in whatever its clock shows.

    :param seconds: how long it is still valid; negative for one that is expired.
    """
    moment = int(now().timestamp())
    claims = {
        "iss": issuer, "sub": subject, "aud": audience, "jti": str(uuid.uuid4()), "iat": moment, "nbf": moment - 300,
        "exp": moment + seconds,
    }
    return jwt.encode(claims, keys.private_key, algorithm="RS256", headers={"kid": keys.kid})
