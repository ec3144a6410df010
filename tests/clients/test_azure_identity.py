"""azure-identity gets the tokens with which one signs in, and shows Entra's words when it may not."""

from __future__ import annotations

import imaplib
import json
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential, ClientSecretCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from office import EXCHANGE_APP_ID, GRAPH_APP_ID, HOST, OUTLOOK, PROBE, Office

GRAPH = "https://graph.microsoft.com/.default"


def by_secret(office: Office, secret: str | None = None, app_id: str | None = None) -> ClientSecretCredential:
    return ClientSecretCredential(
        office.tenant_id, app_id or office.app_id, secret or office.secret, authority=office.authority,
        disable_instance_discovery=True, connection_verify=office.sandbox.ca,
    )


def test_its_token_opens_the_mailbox(office: Office) -> None:
    office.put(PROBE, "For azure-identity")
    token = by_secret(office).get_token(OUTLOOK).token
    with imaplib.IMAP4_SSL(HOST, office.port("imap"), ssl_context=office.sandbox.tls) as client:
        client.authenticate("XOAUTH2", lambda _: f"user={PROBE}\x01auth=Bearer {token}\x01\x01".encode())
        assert client.select("INBOX") == ("OK", [b"1"])


def test_its_token_reads_the_directory(office: Office) -> None:
    token = by_secret(office).get_token(GRAPH).token
    request = urllib.request.Request(
        f"{office.sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/users/{PROBE}",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, context=office.sandbox.tls) as answer:
        assert json.load(answer)["userPrincipalName"] == PROBE


def test_a_certificate_will_do(office: Office) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1)).not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    added = office.sandbox.control("POST", "/tenant/applications", {
        "displayName": "By certificate", "roles": {EXCHANGE_APP_ID: ["IMAP.AccessAsApp"]}, "certificate": pem.decode(),
    })
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption(),
    )
    credential = CertificateCredential(
        office.tenant_id, added["appId"], certificate_data=private + pem, authority=office.authority,
        disable_instance_discovery=True, connection_verify=office.sandbox.ca,
    )
    assert credential.get_token(OUTLOOK).token.count(".") == 2


def test_refusals(office: Office) -> None:
    for credential, scope, code in (
        (by_secret(office, "wrong"), OUTLOOK, "AADSTS7000215"),
        (by_secret(office, app_id=GRAPH_APP_ID.replace("0", "1")), OUTLOOK, "AADSTS700016"),
        (by_secret(office), "https://nothing.example/.default", "AADSTS500011"),
        (by_secret(office), "https://graph.microsoft.com/Mail.Send", "AADSTS1002012"),
        (ClientAssertionCredential(
            office.tenant_id, office.app_id, lambda: "no.assertion.atall", authority=office.authority,
            disable_instance_discovery=True, connection_verify=office.sandbox.ca,
        ), OUTLOOK, "AADSTS50027"),
    ):
        with pytest.raises(ClientAuthenticationError, match=code):
            credential.get_token(scope)
