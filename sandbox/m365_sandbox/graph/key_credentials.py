"""Certificates of an application or service principal: what a PATCH of keyCredentials does."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from m365_sandbox.graph.body import is_moment
from m365_sandbox.graph.errors import GraphError, bad_request, invalid_value
from m365_sandbox.state.clock import timestamp
from m365_sandbox.state.history import Entity

LONGEST_NAME = 90
_RESOURCE = "KeyCredential"


def replaced_keys(before: list[Entity], sent: list[Entity]) -> list[Entity]:
    """The certificates after a PATCH, which replaces the whole list.

    An entry with the keyId of a present one keeps that one; it needs no key [GR:keycredential]. Others are new.

    :raises GraphError: 400 for a changed present entry, or a new one without a usable certificate.
    """
    present = {credential["keyId"]: credential for credential in before}
    return [
        _kept(present[entry["keyId"]], entry) if entry["keyId"] in present else _new(entry) for entry in sent
    ]


def without_keys(entity: Entity) -> Entity:
    """An object as lists and plain reads show it: the keys themselves are left out [SDK keyCredential.key]."""
    return {**entity, "keyCredentials": [{**credential, "key": None} for credential in entity["keyCredentials"]]}


def _kept(credential: Entity, entry: Entity) -> Entity:
    if any(value is not None and not _same(value, credential[name]) for name, value in entry.items()):
        raise bad_request(f"Update to existing credential with KeyId '{entry['keyId']}' is not allowed.")
    return credential


def _same(sent: Any, kept: Any) -> bool:
    if is_moment(sent) and is_moment(kept):
        return datetime.fromisoformat(sent) == datetime.fromisoformat(kept)
    return bool(sent == kept)


def _new(entry: Entity) -> Entity:
    for name in ("type", "usage", "key"):
        if not entry[name]:
            raise invalid_value(name, _RESOURCE)
    if (entry["type"], entry["usage"]) != ("AsymmetricX509Cert", "Verify"):
        raise invalid_value("type", _RESOURCE)
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(entry["key"]))
    except ValueError as error:
        raise invalid_value("key", _RESOURCE) from error
    start = _moment(entry["startDateTime"]) or certificate.not_valid_before_utc
    end = _moment(entry["endDateTime"]) or certificate.not_valid_after_utc
    if not start < end <= certificate.not_valid_after_utc:
        raise GraphError(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid.")
    # Graph's default for the identifier is the certificate's thumbprint.
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()
    return {
        **entry,
        "customKeyIdentifier": entry["customKeyIdentifier"] or thumbprint,
        "displayName": (entry["displayName"] or certificate.subject.rfc4514_string())[:LONGEST_NAME],
        "endDateTime": timestamp(end),
        "keyId": entry["keyId"] or str(uuid.uuid4()),
        "startDateTime": timestamp(start),
    }


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
