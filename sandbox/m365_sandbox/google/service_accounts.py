"""Service accounts, their keys, and the delegation that lets them act for a domain's users. Over the tenant's state."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from cryptography.hazmat.primitives import serialization

from m365_sandbox.state.history import Entity
from m365_sandbox.state.keys import SigningKeys
from m365_sandbox.state.tenant import Tenant

PROJECT = "fabrikam-mail"
MAIL_SCOPE = "https://mail.google.com/"


def add_service_account(tenant: Tenant, name: str, scopes: Sequence[str]) -> Entity:
    """Create a service account: {client_email, client_id, project_id, disabled, scopes}. The caller saves.

    :param scopes: what the domain's administrator lets its client id ask for; empty without domain-wide delegation.
    """
    email = f"{name}@{PROJECT}.iam.gserviceaccount.com"
    number = uuid.uuid5(uuid.UUID(tenant.tenant_id), f"google/{email}").int
    account = {
        "client_email": email,
        # Google's are numbers of 21 digits that begin with 1.
        "client_id": str(10**20 + number % 10**20),
        "project_id": PROJECT, "disabled": False, "scopes": list(scopes),
    }
    tenant["google_service_accounts"].put(email, account)
    return account


def add_key(tenant: Tenant, client_email: str, key: SigningKeys) -> Entity:
    """Let an account sign with a key. Google keeps the public half only: {private_key_id, client_email, ...}."""
    public = key.private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    entity = {
        "private_key_id": key.thumbprint, "client_email": client_email, "public_key": public.decode("ascii"),
        "disabled": False,
    }
    tenant["google_keys"].put(key.thumbprint, entity)
    return entity
