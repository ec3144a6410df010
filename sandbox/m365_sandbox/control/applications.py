"""Applications with their consent and credentials, as bodies of the control face describe them."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from m365_sandbox.control.body import BodyError, optional, required
from m365_sandbox.control.objects import Conflict, UnknownObject, find_principal
from m365_sandbox.graph.key_credentials import replaced_keys
from m365_sandbox.identity.sign_in.redirect_uris import PLATFORMS
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.complex_types import KEY_CREDENTIAL
from m365_sandbox.state.credentials import client_secret
from m365_sandbox.state.entities import new_application, new_service_principal
from m365_sandbox.state.history import Entity
from m365_sandbox.state.seed import add_application, seeded_id
from m365_sandbox.state.tenant import Tenant, digest

Values = Mapping[str, Any]

APPLICATION_PROPERTIES = {
    "displayName": required(str),
    # Those of one's own choice, a GUID and a text.
    "appId": optional(str), "uniqueName": optional(str),
    # Users and applications, by any name.
    "owners": optional(list),
    # Application permissions, declared and consented to, by resource.
    "roles": optional(dict),
    # True makes one up, a text is one; ``secretSeconds`` is how long it is valid, negative for one that is expired.
    "secret": optional(bool, str), "secretSeconds": optional(int),
    # In PEM.
    "certificate": optional(str),
    # Delegated permissions that are granted for everybody; where persons are sent back to, by platform.
    "scopes": optional(dict), "redirectUris": optional(dict), "public": optional(bool),
    "multiTenant": optional(bool),
}


def register(tenant: Tenant, values: Values) -> Entity:
    """A new application with its service principal.

    :param values: of APPLICATION_PROPERTIES, here and below.
    :returns: its ids, and its secret if one was made.
    :raises UnknownObject: a resource, a permission or an owner does not exist.
    :raises Conflict: the appId or uniqueName is taken.
    """
    for name in ("appId", "uniqueName"):
        if name in values and tenant.find("applications", **{name: values[name]}):
            raise Conflict(f"there is an application with the {name} {values[name]} already")
    given = {name: values[name] for name in ("uniqueName",) if name in values}
    if "appId" in values:
        given["appId"] = _guid(values["appId"])
    application = new_application(values["displayName"], publisherDomain=tenant.initial_domain, **given)
    return _configure(tenant, application, _service_principal(tenant, application), values)


def bring_application(tenant: Tenant, values: Values) -> Entity:
    """An application as the values say: a new one, or the one of that name with what differs changed.

    It is found by its appId, else its uniqueName, else its display name.

    :raises Conflict: several have that display name, or the uniqueName is another one's.
    """
    name = next(one for one in ("appId", "uniqueName", "displayName") if one in values)
    found = tenant.find("applications", **{name: values[name]})
    if len(found) > 1:
        raise Conflict(f"several applications have the {name} {values[name]}; name one by its appId or uniqueName")
    if not found:
        return register(tenant, values)
    application = {**found[0], "displayName": values["displayName"]}
    if "uniqueName" in values:
        if any(one["id"] != application["id"] for one in tenant.find("applications", uniqueName=values["uniqueName"])):
            raise Conflict(f"there is an application with the uniqueName {values['uniqueName']} already")
        application["uniqueName"] = values["uniqueName"]
    principals = tenant.find("service_principals", appId=application["appId"])
    principal = {**principals[0], "displayName": values["displayName"]} if principals else _service_principal(
        tenant, application
    )
    for name, kind in (("roles", "Role"), ("scopes", "Scope")):
        if name in values:
            _revoke(tenant, application, principal, kind)
    return _configure(tenant, application, principal, values)


def _service_principal(tenant: Tenant, application: Entity) -> Entity:
    return new_service_principal(application["appId"], application["displayName"], tenant.tenant_id)


def _revoke(tenant: Tenant, application: Entity, principal: Entity, kind: str) -> None:
    """Take away all declared and granted permissions of a kind, Role or Scope."""
    for resource in application["requiredResourceAccess"]:
        resource["resourceAccess"] = [one for one in resource["resourceAccess"] if one["type"] != kind]
    application["requiredResourceAccess"] = [
        one for one in application["requiredResourceAccess"] if one["resourceAccess"]
    ]
    granted = {
        "Role": ("app_role_assignments", {"principalId": principal["id"]}),
        "Scope": ("oauth2_permission_grants", {"clientId": principal["id"], "consentType": "AllPrincipals"}),
    }
    collection, whose = granted[kind]
    for grant in tenant.find(collection, **whose):
        tenant[collection].delete(grant["id"])


def _configure(tenant: Tenant, application: Entity, principal: Entity, values: Values) -> Entity:
    roles, scopes, redirect_uris = (values.get(name, {}) for name in ("roles", "scopes", "redirectUris"))
    for name, lists in (("roles", roles), ("scopes", scopes), ("redirectUris", redirect_uris)):
        if not all(isinstance(one, list) and all(isinstance(text, str) for text in one) for one in lists.values()):
            raise BodyError("must be lists of texts", name)
    owners = [find_principal(tenant, str(name))["id"] for name in values.get("owners", ())]
    if "certificate" in values:
        application["keyCredentials"] = _with_certificate(application["keyCredentials"], values["certificate"])
    _let_persons_sign_in(application, values)
    secret = _new_secret(tenant, application, values.get("secret", False))
    try:
        add_application(tenant, application, principal, roles, secret, scopes=scopes)
    except KeyError as error:
        raise UnknownObject(f"there is no resource or permission {error.args[0]}") from error
    if secret is not None and "secretSeconds" in values:
        _shorten(application["passwordCredentials"][-1], values["secretSeconds"])
        tenant["applications"].put(application["id"], application)
    if "owners" in values:
        for owned in (application, principal):
            tenant["owners"].put(owned["id"], {"ids": owners})
    return {
        "id": application["id"], "appId": application["appId"], "servicePrincipalId": principal["id"],
        "secret": secret, "keyId": application["passwordCredentials"][-1]["keyId"] if secret else None,
    }


def _let_persons_sign_in(application: Entity, values: Values) -> None:
    redirect_uris = values.get("redirectUris", {})
    if unknown := [name for name in redirect_uris if name not in PLATFORMS]:
        raise BodyError(f"unknown platform {', '.join(unknown)} in redirectUris; known are {', '.join(PLATFORMS)}")
    for platform, uris in redirect_uris.items():
        application[platform] = {**application[platform], "redirectUris": uris}
    application["isFallbackPublicClient"] = values.get("public", bool(application["isFallbackPublicClient"]))
    if "multiTenant" in values:
        application["signInAudience"] = "AzureADMultipleOrgs" if values["multiTenant"] else "AzureADMyOrg"


def _new_secret(tenant: Tenant, application: Entity, wanted: bool | str) -> str | None:
    """The secret that has to be made; what is there of an earlier one in its place is taken away.

    One that was made up is known to whoever has it, and so is kept.
    """
    key_id = seeded_id(tenant, "keyId", application["id"])
    others = [one for one in application["passwordCredentials"] if one["keyId"] != key_id]
    is_there = len(others) < len(application["passwordCredentials"])
    if not isinstance(wanted, str):
        return client_secret() if wanted and not is_there else None
    if is_there and tenant["credential_digests"].get(key_id) == {"digest": digest(wanted)}:
        return None
    application["passwordCredentials"] = others
    return wanted


def _with_certificate(held: list[Entity], pem: str) -> list[Entity]:
    """The certificates with that one; it replaces all others, unless it is there."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise BodyError("must be a certificate in PEM", "certificate") from error
    key = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    sent = {**KEY_CREDENTIAL.defaults(), "key": key, "type": "AsymmetricX509Cert", "usage": "Verify"}
    [made] = replaced_keys([], [sent])
    is_there = any(one["customKeyIdentifier"] == made["customKeyIdentifier"] for one in held)
    return held if is_there else [made]


def _shorten(password: Entity, seconds: int) -> None:
    password["startDateTime"] = timestamp(now() - timedelta(days=365))
    password["endDateTime"] = timestamp(now() + timedelta(seconds=seconds))


def _guid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise BodyError("must be a GUID", "appId") from error
