"""What a new sandbox, and one that was reset, contains: Contoso, its people and the two applications that tests start
from.

Object ids follow from the tenant's id and the object's name, so a reset gives back the same ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from m365_sandbox.state.catalog import Catalog
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.credentials import Credentials
from m365_sandbox.state.directory_roles import assign_role
from m365_sandbox.state.entities import (
    DEFAULT_LIFETIME,
    new_app_role_assignment,
    new_application,
    new_password_credential,
    new_service_principal,
    role_ids,
    scope_ids,
)
from m365_sandbox.state.history import Entity
from m365_sandbox.state.resources import EXCHANGE_APP_ID, GRAPH_APP_ID, MICROSOFT_TENANT_ID, find_resource
from m365_sandbox.state.sign_in_settings import revoke_sessions
from m365_sandbox.state.tenant import Tenant, digest

SEEDED_LIFETIME = timedelta(days=3650)

OPERATOR = "Mail operations"
READER = "Mail reader"
PROBE_ADDRESS = "probe@contoso.example"
ADMIN_ADDRESS = "admin@contoso.example"
DIRECTOR_ADDRESS = "director@contoso.example"
# A shared mailbox, and who works with it.
SUPPORT_ADDRESS, AGENT_ADDRESS = "support@contoso.example", "agent@contoso.example"

# The least that the collection's modules need; see the collection's README.
OPERATOR_ROLES = {
    GRAPH_APP_ID: [
        "Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All", "Directory.Read.All", "User.Read.All", "Organization.Read.All",
        "Policy.Read.All",
    ],
    EXCHANGE_APP_ID: ["Exchange.ManageAsApp"],
}
READER_ROLES = {GRAPH_APP_ID: ["Mail.ReadWrite"], EXCHANGE_APP_ID: ["IMAP.AccessAsApp", "POP.AccessAsApp"]}

Roles = dict[str, list[str]]
"""Names of permissions by the resource's appId or URI."""


def seeded_id(tenant: Tenant, kind: str, name: str) -> str:
    """The id of a seeded object."""
    return str(uuid.uuid5(uuid.UUID(tenant.tenant_id), f"{kind}/{name}"))


def seeded_app_id(tenant: Tenant, display_name: str) -> str:
    """The client id of a seeded application."""
    return seeded_id(tenant, "appId", display_name)


def sow(tenant: Tenant, catalog: Catalog, credentials: Credentials) -> None:
    """Bring the tenant back to its beginning, and save it."""
    tenant.clear()
    for resource in catalog.values():
        identifier = seeded_id(tenant, "servicePrincipal", resource.app_id)
        tenant["service_principals"].put(identifier, new_service_principal(
            resource.app_id, resource.display_name, MICROSOFT_TENANT_ID, id=identifier,
            appRoles=list(resource.app_roles), oauth2PermissionScopes=list(resource.oauth2_permission_scopes),
            servicePrincipalNames=list(resource.service_principal_names), signInAudience="AzureADMultipleOrgs",
        ))
    _people(tenant, credentials)
    _let_work_with(tenant, SUPPORT_ADDRESS, AGENT_ADDRESS)
    operator = _seeded_application(tenant, OPERATOR, OPERATOR_ROLES, credentials.operator_secret)
    assign_role(tenant, operator["id"], "Exchange Administrator")
    reader = _seeded_application(tenant, READER, READER_ROLES, credentials.reader_secret)
    _let_read(tenant, reader, PROBE_ADDRESS)
    tenant.settle()
    tenant.save()


def add_application(
    tenant: Tenant, application: Entity, service_principal: Entity, roles: Roles, secret: str | None = None, *,
    scopes: Roles | None = None, lifetime: timedelta = DEFAULT_LIFETIME,
) -> None:
    """Put an application with its service principal, its granted permissions and a secret into the tenant.

    :param application: a new application; the permissions are declared in it and the secret is listed in it here.
    :param scopes: delegated permissions that are granted for everybody.
    :raises KeyError: for a resource or a permission that does not exist; nothing was put then.
    """
    grants, delegated = [], []
    for name, values in roles.items():
        resource = _resource(tenant, name)
        ids = role_ids(resource, values)
        _declare(application, resource, "Role", ids)
        for one in ids:
            identifier = seeded_id(tenant, "appRoleAssignment", f"{service_principal['id']}/{resource['id']}/{one}")
            grants.append(new_app_role_assignment(service_principal, resource, one, id=identifier))
    for name, values in (scopes or {}).items():
        resource = _resource(tenant, name)
        _declare(application, resource, "Scope", scope_ids(resource, values))
        delegated.append({
            "id": seeded_id(tenant, "oauth2PermissionGrant", f"{service_principal['id']}/{resource['id']}"),
            "clientId": service_principal["id"], "consentType": "AllPrincipals", "principalId": None,
            "resourceId": resource["id"], "scope": " ".join(values),
        })
    if secret is not None:
        key_id = seeded_id(tenant, "keyId", application["id"])
        application["passwordCredentials"].append(new_password_credential(
            secret, keyId=key_id, displayName="seed", endDateTime=timestamp(now() + lifetime),
        ))
        tenant["credential_digests"].put(key_id, {"digest": digest(secret)})
    tenant["applications"].put(application["id"], application)
    tenant["service_principals"].put(service_principal["id"], service_principal)
    for grant in grants:
        tenant["app_role_assignments"].put(grant["id"], grant)
    for consent in delegated:
        tenant["oauth2_permission_grants"].put(consent["id"], consent)


def _resource(tenant: Tenant, name: str) -> Entity:
    resource = find_resource(tenant, name)
    if resource is None:
        raise KeyError(name)
    return resource


def _declare(application: Entity, resource: Entity, kind: str, ids: Sequence[str]) -> None:
    access = [{"id": one, "type": kind} for one in ids]
    for required in application["requiredResourceAccess"]:
        if required["resourceAppId"] == resource["appId"]:
            required["resourceAccess"] += access
            return
    application["requiredResourceAccess"].append({"resourceAppId": resource["appId"], "resourceAccess": access})


def _seeded_application(tenant: Tenant, display_name: str, roles: Roles, secret: str) -> Entity:
    """An application whose secret outlives every turn of the clock that a test makes: nobody renews it."""
    application = new_application(
        display_name, id=seeded_id(tenant, "application", display_name), appId=seeded_app_id(tenant, display_name),
        createdDateTime=tenant.created, publisherDomain=tenant.initial_domain,
    )
    service_principal = new_service_principal(
        application["appId"], display_name, tenant.tenant_id,
        id=seeded_id(tenant, "servicePrincipal", application["appId"]),
    )
    add_application(tenant, application, service_principal, roles, secret, lifetime=SEEDED_LIFETIME)
    return service_principal


def _people(tenant: Tenant, credentials: Credentials) -> None:
    def add(
        address: str, display_name: str, *, password: str | None = credentials.user_password, licensed: bool = True,
        shared: bool = False,
    ) -> None:
        user = tenant.add_user(
            address, display_name, password=password, licensed=licensed, shared=shared,
            identifier=seeded_id(tenant, "user", address),
        )
        # What browsers and clients keep of an earlier life of the tenant does not count.
        revoke_sessions(tenant, user["id"])

    add("contracts@contoso.example", "Contracts")
    add("contracts-test@contoso.example", "Contracts (test)")
    add("tickets@contoso.example", "Tickets")
    add("tickets-test@contoso.example", "Tickets (test)")
    for name, display_name in (("cmo", "CMO"), ("cmo-actions", "CMO actions"), ("cmo-documents", "CMO documents")):
        add(f"{name}@contoso.example", display_name)
        add(f"{name}-test@contoso.example", f"{display_name} (test)")
    add(DIRECTOR_ADDRESS, "Director")
    # So that whoever is refused there is refused for a right that he lacks, not for a switch.
    director = tenant.find_mailbox(DIRECTOR_ADDRESS)
    assert director is not None
    tenant["mailboxes"].put(director["id"], {**director, "SmtpClientAuthenticationDisabled": False})
    add(PROBE_ADDRESS, "Mail probe", password=credentials.probe_password)
    add("unlicensed@contoso.example", "Unlicensed", licensed=False)
    add(ADMIN_ADDRESS, "Administrator")
    assign_role(tenant, seeded_id(tenant, "user", ADMIN_ADDRESS), "Global Administrator")
    add("shared@contoso.example", "Shared", password=None, licensed=False, shared=True)
    add("integration-prod@contoso.example", "Integration")
    add("integration-test@contoso.example", "Integration (test)")
    add("support-test@contoso.example", "Support (test)")
    add(SUPPORT_ADDRESS, "Support", password=None, licensed=False, shared=True)
    add(AGENT_ADDRESS, "Support agent")


def _let_read(tenant: Tenant, service_principal: Entity, address: str) -> None:
    tenant["exchange_service_principals"].put(service_principal["appId"], {
        "AppId": service_principal["appId"], "ObjectId": service_principal["id"],
        "DisplayName": service_principal["displayName"],
        **exchange_identity(tenant, service_principal["id"]),
    })
    _grant(tenant, "mailbox_permissions", address, User=service_principal["id"], AccessRights=["FullAccess"])


def _let_work_with(tenant: Tenant, address: str, person: str) -> None:
    identifier = seeded_id(tenant, "user", person)
    _grant(tenant, "mailbox_permissions", address, User=identifier, AccessRights=["FullAccess"])
    _grant(tenant, "recipient_permissions", address, Trustee=identifier, AccessRights=["SendAs"])


def _grant(tenant: Tenant, collection: str, address: str, **entry: Any) -> None:
    mailbox = tenant.find_mailbox(address)
    assert mailbox is not None
    tenant[collection].put(mailbox["id"], {"entries": [entry]})


def exchange_identity(tenant: Tenant, object_id: str) -> Entity:
    """The Sid and Guid that Exchange gives its pointer to a service principal."""
    guid = uuid.uuid5(uuid.UUID(tenant.tenant_id), f"exchange/{object_id}")
    numbers = [int.from_bytes(guid.bytes[start:start + 4], "big") for start in range(0, 16, 4)]
    return {"Sid": "S-1-5-21-" + "-".join(str(number) for number in numbers), "Guid": str(guid)}
