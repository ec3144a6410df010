"""Does a token of a foreign issuer fit one of the application's federated identity credentials?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jwt

from m365_sandbox.identity import errors
from m365_sandbox.identity.issuers import IssuerUnreachable, issuer_keys
from m365_sandbox.state.history import Entity


def check_federated_claims(app_id: str, name: str, credentials: Sequence[Entity], claims: Mapping[str, Any]) -> None:
    """Look for the credential that has the token's issuer, subject and audience, letter by letter.

    :param app_id: the application's client id.
    :param name: its display name.
    :raises EntraError: 70025, 700211, 700213, 7002138 or 700212, for the first of the three that none has.
    """
    if not credentials:
        raise errors.no_federated_credentials(app_id, name)
    issuer, subject = str(claims.get("iss")), str(claims.get("sub"))
    of_issuer = [one for one in credentials if one["issuer"] == issuer]
    if not of_issuer:
        raise errors.no_federated_match("issuer", issuer)
    of_subject = [one for one in of_issuer if one["subject"] == subject]
    if not of_subject:
        if any(one["subject"].casefold() == subject.casefold() for one in of_issuer):
            raise errors.federated_subject_in_other_case(subject)
        raise errors.no_federated_match("subject", subject)
    audience = claims.get("aud")
    if not any(audience in (*one["audiences"], one["audiences"]) for one in of_subject):
        raise errors.no_federated_match("audience", str(audience))


async def check_federated_signature(assertion: str, issuer: str, key_id: Any, directory: Path) -> None:
    """Check the signature with the keys that the issuer publishes.

    :param key_id: the ``kid`` of the token's header.
    :param directory: the instance's folder.
    :raises EntraError: 501661 if the issuer cannot be asked, 7000272 for a key that it does not publish, 700027 for a
        signature that is not that key's.
    """
    try:
        keys = await asyncio.to_thread(issuer_keys, issuer, directory)
    except IssuerUnreachable as error:
        raise errors.issuer_unreachable() from error
    key = keys.get(str(key_id))
    if key is None:
        raise errors.unpublished_key(str(key_id), issuer)
    try:
        jwt.api_jws.decode(assertion, key.key, algorithms=["RS256"])
    except jwt.InvalidTokenError as error:
        raise errors.bad_assertion_signature() from error
