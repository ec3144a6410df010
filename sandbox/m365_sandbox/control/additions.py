"""What tests put into the tenant without going through Graph or Exchange: the seeds of their situations.

Each addition has its own table of properties and gives back what a test needs to go on.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from m365_sandbox.control.body import BodyError, Property, optional, read, required
from m365_sandbox.graph.body import is_moment, parse
from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.key_credentials import replaced_keys
from m365_sandbox.identity.sign_in.redirect_uris import PLATFORMS
from m365_sandbox.identity.tokens import issue_app_token
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.complex_types import KEY_CREDENTIAL
from m365_sandbox.state.credentials import client_secret
from m365_sandbox.state.directory_roles import DIRECTORY_ROLES, assign_role
from m365_sandbox.state.entities import new_application, new_id, new_service_principal
from m365_sandbox.state.history import Entity
from m365_sandbox.state.identity_policies import CONDITIONAL_ACCESS_POLICY
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.schema import merge
from m365_sandbox.state.seed import add_application, exchange_identity
from m365_sandbox.state.sign_in_log import ADDRESS, INTERACTIVE, KINDS, record
from m365_sandbox.state.sign_in_settings import change_sign_in_settings
from m365_sandbox.state.tenant import Tenant

Values = Mapping[str, Any]


SIGN_IN_PROPERTIES = {
    # The second factor that the sign-in asks for; null asks for none.
    "multiFactorCode": optional(str, type(None)),
    "blockedByConditionalAccess": optional(bool),
    # After how many seconds the password is asked for again; null is never.
    "signInFrequencySeconds": optional(int, type(None)),
    "passwordExpired": optional(bool),
}


class UnknownObject(LookupError):
    """The addition refers to something that the tenant does not have."""


class Conflict(ValueError):
    """The tenant has such an object already."""


@dataclass(frozen=True)
class Addition:
    """Something that can be added: its properties, and the function that adds it and says what was added."""

    properties: Mapping[str, Property]
    add: Callable[[Sandbox, Values], Entity]


def find_mailbox(tenant: Tenant, key: str) -> Entity:
    """A mailbox by address or object id of its user."""
    mailbox = tenant.find_mailbox(key)
    if mailbox is None:
        raise UnknownObject(f"there is no mailbox {key}")
    return mailbox


def find_user(tenant: Tenant, key: str) -> Entity:
    """A user by object id, user principal name or address."""
    user = tenant.find_user(key)
    if user is None:
        raise UnknownObject(f"there is no user {key}")
    return user


def _add_user(sandbox: Sandbox, values: Values) -> Entity:
    tenant, name, aliases = sandbox.tenant, values["userPrincipalName"], values.get("aliases", [])
    if tenant.find("users", userPrincipalName=name):
        raise Conflict(f"there is a user {name} already")
    if not all(isinstance(alias, str) for alias in aliases):
        raise BodyError("aliases must be a list of addresses")
    has_mailbox = values.get("licensed", True) or values.get("shared", False)
    if aliases and not has_mailbox:
        raise BodyError("aliases are addresses of a mailbox, which a user gets who is licensed or shared")
    for address in (values.get("mail", name), *aliases) if has_mailbox else ():
        if tenant.find_recipient(address) is not None:
            raise Conflict(f"there is a mailbox with the address {address} already")
    user = tenant.add_user(
        name, values.get("displayName", name), mail=values.get("mail"), aliases=aliases,
        password=values.get("password"), licensed=values.get("licensed", True), shared=values.get("shared", False),
    )
    settings = {key: value for key, value in values.items() if key in SIGN_IN_PROPERTIES}
    change_sign_in_settings(tenant, user["id"], **settings)
    return user


def _add_application(sandbox: Sandbox, values: Values) -> Entity:
    tenant = sandbox.tenant
    application = new_application(values["displayName"])
    service_principal = new_service_principal(application["appId"], values["displayName"], tenant.tenant_id)
    if "certificate" in values:
        application["keyCredentials"].append(_key_credential(values["certificate"]))
    secret = client_secret() if values.get("secret", False) else None
    roles = values.get("roles", {})
    scopes = values.get("scopes", {})
    for name, lists in (("roles", roles), ("scopes", scopes), ("redirectUris", values.get("redirectUris", {}))):
        if not all(isinstance(one, list) and all(isinstance(text, str) for text in one) for one in lists.values()):
            raise BodyError(f"{name} must be lists of texts")
    _let_persons_sign_in(application, values)
    try:
        add_application(tenant, application, service_principal, roles, secret, scopes=scopes)
    except KeyError as error:
        raise UnknownObject(f"there is no resource or permission {error.args[0]}") from error
    if "secretSeconds" in values and secret is not None:
        _shorten(application, values["secretSeconds"])
        tenant["applications"].put(application["id"], application)
    return {
        "id": application["id"], "appId": application["appId"], "servicePrincipalId": service_principal["id"],
        "secret": secret, "keyId": application["passwordCredentials"][0]["keyId"] if secret else None,
    }


def _let_persons_sign_in(application: Entity, values: Values) -> None:
    redirect_uris = values.get("redirectUris", {})
    if unknown := [name for name in redirect_uris if name not in PLATFORMS]:
        raise BodyError(f"unknown platform {', '.join(unknown)} in redirectUris; known are {', '.join(PLATFORMS)}")
    for platform, uris in redirect_uris.items():
        application[platform] = {**application[platform], "redirectUris": uris}
    application["isFallbackPublicClient"] = values.get("public", False)
    if values.get("multiTenant", False):
        application["signInAudience"] = "AzureADMultipleOrgs"


def _add_exchange_service_principal(sandbox: Sandbox, values: Values) -> Entity:
    pointer = {
        "AppId": values["AppId"], "ObjectId": values["ObjectId"], "DisplayName": values.get("DisplayName"),
        **exchange_identity(sandbox.tenant, values["ObjectId"]),
    }
    sandbox.tenant["exchange_service_principals"].put(values["AppId"], pointer)
    return pointer


def _add_directory_role(sandbox: Sandbox, values: Values) -> Entity:
    if ("appId" in values) is ("user" in values):
        raise BodyError("give either appId or user")
    if values["role"] not in DIRECTORY_ROLES:
        raise UnknownObject(f"there is no directory role {values['role']}; known are {', '.join(DIRECTORY_ROLES)}")
    if "user" in values:
        return assign_role(sandbox.tenant, find_user(sandbox.tenant, values["user"])["id"], values["role"])
    principals = sandbox.tenant.find("service_principals", appId=values["appId"])
    if not principals:
        raise UnknownObject(f"there is no service principal of {values['appId']}")
    return assign_role(sandbox.tenant, principals[0]["id"], values["role"])


def _add_mailbox_permission(sandbox: Sandbox, values: Values) -> Entity:
    entry = {"User": values["User"], "AccessRights": values.get("AccessRights", ["FullAccess"])}
    return _add_entry(sandbox.tenant, "mailbox_permissions", values["Identity"], entry)


def _add_recipient_permission(sandbox: Sandbox, values: Values) -> Entity:
    entry = {"Trustee": values["Trustee"], "AccessRights": values.get("AccessRights", ["SendAs"])}
    return _add_entry(sandbox.tenant, "recipient_permissions", values["Identity"], entry)


def _add_entry(tenant: Tenant, collection: str, mailbox_key: str, entry: Entity) -> Entity:
    identifier = find_mailbox(tenant, mailbox_key)["id"]
    entries = tenant[collection].get(identifier) or {"entries": []}
    entries["entries"].append(entry)
    tenant[collection].put(identifier, entries)
    return entries


def _issue_token(sandbox: Sandbox, values: Values) -> Entity:
    principals = sandbox.tenant.find("service_principals", appId=values["appId"])
    if not principals:
        raise UnknownObject(f"there is no service principal of {values['appId']}")
    return {
        "access_token": issue_app_token(
            sandbox.tenant, sandbox.keys, service_principal=principals[0], resource=values["resource"],
            auth_method="secret", lifetime=values.get("seconds"),
        )
    }


def _key_credential(pem: str) -> Entity:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise BodyError("certificate must be a certificate in PEM") from error
    key = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    sent = {**KEY_CREDENTIAL.defaults(), "key": key, "type": "AsymmetricX509Cert", "usage": "Verify"}
    return replaced_keys([], [sent])[0]


def _shorten(application: Entity, seconds: int) -> None:
    password = application["passwordCredentials"][0]
    password["startDateTime"] = timestamp(now() - timedelta(days=365))
    password["endDateTime"] = timestamp(now() + timedelta(seconds=seconds))


def _add_sign_ins(sandbox: Sandbox, values: Values) -> Entity:
    tenant, added = sandbox.tenant, []
    for entry in values["value"]:
        wanted = read(entry, SIGN_IN_ENTRY)
        kinds = wanted.get("signInEventTypes", [INTERACTIVE])
        if unknown := [str(one) for one in kinds if one not in KINDS]:
            raise BodyError(f"unknown signInEventTypes {', '.join(unknown)}; known are {', '.join(KINDS)}")
        added.append(record(
            tenant, find_user(tenant, wanted["user"])["id"], wanted["clientAppUsed"],
            error_code=wanted.get("errorCode", 0), address=wanted.get("ipAddress", ADDRESS),
            application=wanted.get("appDisplayName", "Office 365 Exchange Online"),
            moment=wanted.get("createdDateTime"), kinds=kinds,
        ))
    return {"added": len(added)}


def _add_credential_sign_in(sandbox: Sandbox, values: Values) -> Entity:
    key_id, moment = values["keyId"].lower(), values["lastSignInDateTime"]
    known = [
        credential["keyId"] for application in sandbox.tenant["applications"].values()
        for name in ("passwordCredentials", "keyCredentials") for credential in application[name]
    ]
    if key_id not in known:
        raise UnknownObject(f"no application has a credential {key_id}")
    if not is_moment(moment):
        raise BodyError("lastSignInDateTime must be a moment with its time zone, for example 2026-11-01T05:00:00Z")
    activity = {"lastSignInDateTime": moment, "lastSignInRequestId": new_id()}
    sandbox.tenant["credential_sign_ins"].put(key_id, activity)
    return activity


def _add_conditional_access_policy(sandbox: Sandbox, values: Values) -> Entity:
    kind = CONDITIONAL_ACCESS_POLICY
    try:
        policy = merge(kind, {}, parse(kind, {"state": "enabled", **values}, creating=True))
    except GraphError as error:
        raise BodyError(error.message) from error
    policy |= {"id": new_id(), "createdDateTime": timestamp(now())}
    sandbox.tenant["conditional_access_policies"].put(policy["id"], policy)
    return policy


#: What a past sign-in is told by; what is left out is as if it were made now, from here.
SIGN_IN_ENTRY = {
    "user": required(str), "clientAppUsed": required(str), "createdDateTime": optional(str),
    "errorCode": optional(int), "ipAddress": optional(str), "appDisplayName": optional(str),
    "signInEventTypes": optional(list),
}
ADDITIONS = {
    "users": Addition(
        {
            "userPrincipalName": required(str), "displayName": optional(str), "mail": optional(str),
            "aliases": optional(list), "password": optional(str), "licensed": optional(bool), "shared": optional(bool),
            **SIGN_IN_PROPERTIES,
        },
        _add_user,
    ),
    # ``secretSeconds`` is how long the secret is still valid; negative for one that is expired.
    "applications": Addition(
        {
            "displayName": required(str), "roles": optional(dict), "secret": optional(bool),
            "secretSeconds": optional(int), "certificate": optional(str),
            # Delegated permissions that are granted for everybody; where persons are sent back to, by platform.
            "scopes": optional(dict), "redirectUris": optional(dict), "public": optional(bool),
            "multiTenant": optional(bool),
        },
        _add_application,
    ),
    "exchange-service-principals": Addition(
        {"AppId": required(str), "ObjectId": required(str), "DisplayName": optional(str)},
        _add_exchange_service_principal,
    ),
    # ``role`` is a name such as Exchange Administrator; tokens issued from now on carry it.
    "directory-roles": Addition(
        {"appId": optional(str), "user": optional(str), "role": required(str)}, _add_directory_role
    ),
    "mailbox-permissions": Addition(
        {"Identity": required(str), "User": required(str), "AccessRights": optional(list)}, _add_mailbox_permission
    ),
    "recipient-permissions": Addition(
        {"Identity": required(str), "Trustee": required(str), "AccessRights": optional(list)},
        _add_recipient_permission,
    ),
    # ``seconds`` is how long the token is still valid; negative for one that is expired.
    "tokens": Addition(
        {"appId": required(str), "resource": required(str), "seconds": optional(int)}, _issue_token
    ),
    # ``value`` is a list of SIGN_IN_ENTRY.
    "sign-ins": Addition({"value": required(list)}, _add_sign_ins),
    # What Entra's report says of an application's credential.
    "credential-sign-ins": Addition(
        {"keyId": required(str), "lastSignInDateTime": required(str)}, _add_credential_sign_in
    ),
    # As Graph has them; ``state`` is enabled when left out.
    "conditional-access-policies": Addition(
        {
            "displayName": required(str), "state": optional(str), "conditions": required(dict),
            "grantControls": optional(dict),
        },
        _add_conditional_access_policy,
    ),
}
