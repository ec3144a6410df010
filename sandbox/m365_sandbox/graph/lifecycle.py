"""Deleting applications and service principals, bringing them back, and removing them for good."""

from __future__ import annotations

from m365_sandbox.graph.errors import GraphError
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

TYPES = {"applications": "#microsoft.graph.application", "service_principals": "#microsoft.graph.servicePrincipal"}
COLLECTIONS = {kind: collection for collection, kind in TYPES.items()}


def delete_application(tenant: Tenant, application: Entity) -> None:
    """Soft-delete an application and, with it, its service principal in this tenant."""
    for principal in tenant.find("service_principals", appId=application["appId"]):
        delete_service_principal(tenant, principal)
    _delete(tenant, "applications", application)


def delete_service_principal(tenant: Tenant, principal: Entity) -> None:
    """Soft-delete a service principal; what it was granted, and what others were granted on it, ends for good."""
    for collection, names in (
        ("app_role_assignments", ("principalId", "resourceId")),
        ("oauth2_permission_grants", ("clientId", "resourceId")),
    ):
        for grant in tenant[collection].values():
            if principal["id"] in (grant[name] for name in names):
                tenant[collection].delete(grant["id"])
    _delete(tenant, "service_principals", principal)


def restore(tenant: Tenant, deleted: Entity) -> Entity:
    """Bring an object back; an application comes without its service principal [directory-deleteditems-restore].

    :raises GraphError: 409 for a service principal whose appId has another one by now, 400 for one whose application
        is gone.
    """
    collection = COLLECTIONS[deleted["@odata.type"]]
    if collection == "service_principals":
        check_service_principal_name(tenant, deleted["appId"])
        if not tenant.find("applications", appId=deleted["appId"]):
            raise no_backing_application(deleted["appId"])
    entity = {name: value for name, value in deleted.items() if name != "@odata.type"} | {"deletedDateTime": None}
    tenant["deleted_items"].delete(deleted["id"])
    tenant[collection].put(entity["id"], entity)
    return entity


def purge(tenant: Tenant, deleted: Entity) -> None:
    """Remove a soft-deleted object and everything that belongs to it for good."""
    tenant["deleted_items"].delete(deleted["id"])
    for belonging in ("owners", "app_management_policy_assignments"):
        if deleted["id"] in tenant[belonging]:
            tenant[belonging].delete(deleted["id"])
    for federated in tenant.find("federated_identity_credentials", application=deleted["id"]):
        tenant["federated_identity_credentials"].delete(federated["id"])
    for credential in deleted["passwordCredentials"]:
        if credential["keyId"] in tenant["credential_digests"]:
            tenant["credential_digests"].delete(credential["keyId"])


def check_service_principal_name(tenant: Tenant, app_id: str) -> None:
    """GraphError 409 if there is a service principal for the appId already."""
    if tenant.find("service_principals", appId=app_id):
        message = (
            "The service principal cannot be created, updated, or restored because the service principal name "
            f"{app_id} is already in use."
        )
        raise GraphError(
            409, "Request_MultipleObjectsWithSameKeyValue", message,
            details=({"code": "ObjectConflict", "target": "servicePrincipalNames", "message": message},),
        )


def no_backing_application(app_id: str) -> GraphError:
    """The refusal of a service principal for an application that is not there, or not yet on this replica."""
    message = f"The appId '{app_id}' of the service principal does not reference a valid application object."
    return GraphError(
        400, "Request_BadRequest", message,
        details=({"code": "NoBackingApplicationObject", "target": "appId", "message": message},),
    )


def _delete(tenant: Tenant, collection: str, entity: Entity) -> None:
    tenant[collection].delete(entity["id"])
    tenant["deleted_items"].put(
        entity["id"], {"@odata.type": TYPES[collection], **entity, "deletedDateTime": timestamp(now())}
    )
