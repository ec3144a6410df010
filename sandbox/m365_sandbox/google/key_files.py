"""The files in which Google hands out the private half of a service account's key: JSON, and the older P12. Pure.

Formats: https://cloud.google.com/iam/docs/keys-create-delete. That a P12 file's key id is the SHA-1 thumbprint of its
certificate is an assumption; no token depends on it, since clients with a P12 file send no key id.
"""

from __future__ import annotations

import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from m365_sandbox.state.history import Entity
from m365_sandbox.state.keys import SigningKeys

P12_PASSWORD = b"notasecret"
P12_NAME = b"privatekey"
JSON_FILE, P12_FILE = "google-service-account.json", "google-service-account.p12"


def as_json(account: Entity, key: SigningKeys, token_uri: str) -> bytes:
    """The JSON key file.

    :param token_uri: where its client finds the token endpoint.
    """
    private_key = key.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps({
        "type": "service_account",
        "project_id": account["project_id"],
        "private_key_id": key.thumbprint,
        "private_key": private_key.decode("ascii"),
        "client_email": account["client_email"],
        "client_id": account["client_id"],
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{account['client_email']}",
        "universe_domain": "googleapis.com",
    }, indent=2).encode()


def as_p12(key: SigningKeys) -> bytes:
    """The P12 key file, with the one password that Google gives all of them and the ciphers of its age."""
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048).key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
        .build(P12_PASSWORD)
    )
    return pkcs12.serialize_key_and_certificates(P12_NAME, key.private_key, key.certificate, None, encryption)
