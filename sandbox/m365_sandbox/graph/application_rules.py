"""What the directory checks about an application beyond the types of its properties."""

from __future__ import annotations

from m365_sandbox.graph.body import is_guid
from m365_sandbox.graph.errors import GraphError, bad_request, conflicting_objects
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

PERSONAL_AUDIENCES = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")


def check_application(tenant: Tenant, before: Entity | None, after: Entity) -> None:
    """GraphError 400 if an application cannot be as it would be after a write.

    :param before: the stored application, None while creating.
    """
    _check_required_resource_access(after)
    _check_entitlements("appRoles", after["appRoles"], ("id", "displayName"))
    _check_entitlements("api.oauth2PermissionScopes", after["api"]["oauth2PermissionScopes"], ("id",))
    if any(not role["allowedMemberTypes"] for role in after["appRoles"]):
        raise _missing("appRoles.allowedMemberTypes")
    if before is not None:
        _check_enabled_entitlements(before["appRoles"], after["appRoles"])
        _check_enabled_entitlements(
            before["api"]["oauth2PermissionScopes"], after["api"]["oauth2PermissionScopes"]
        )
    # Access tokens for personal accounts exist in format 2 only [SDK apiApplication].
    if after["signInAudience"] in PERSONAL_AUDIENCES and after["api"]["requestedAccessTokenVersion"] != 2:
        raise bad_request("Property api.requestedAccessTokenVersion is invalid.")
    _check_identifier_uris(tenant, after)


def check_unique_name(tenant: Tenant, unique_name: str) -> None:
    """GraphError 400 if a soft-deleted application still holds the uniqueName of a new one.

    The facts leave open whether it blocks. This is the stricter reading: the deleted application keeps its alternate
    key, or restoring it would make two applications of one name. The caller restores or purges it first.
    """
    if tenant.find("deleted_items", uniqueName=unique_name):
        raise conflicting_objects("uniqueName")


def _check_required_resource_access(application: Entity) -> None:
    for entry in application["requiredResourceAccess"]:
        if not is_guid(entry["resourceAppId"]):
            raise bad_request("Property requiredResourceAccess.resourceAppId is invalid.")
        if not entry["resourceAccess"]:
            raise _missing("requiredResourceAccess.resourceAccess")
        if any(not is_guid(one["id"]) or one["type"] not in ("Role", "Scope") for one in entry["resourceAccess"]):
            raise bad_request("Property requiredResourceAccess.resourceAccess is invalid.")


def _check_entitlements(path: str, entitlements: list[Entity], required: tuple[str, ...]) -> None:
    for name in required:
        if any(not entitlement[name] for entitlement in entitlements):
            raise _missing(f"{path}.{name}")
    for name in ("id", "value"):
        values = [entitlement[name] for entitlement in entitlements if entitlement[name]]
        if len(set(values)) < len(values):
            raise GraphError(400, "DuplicateValue", "Request contains a property with duplicate values.")


def _check_enabled_entitlements(before: list[Entity], after: list[Entity]) -> None:
    kept = {entitlement["id"]: entitlement for entitlement in after}
    for entitlement in before:
        changed = {**kept.get(entitlement["id"], {}), "isEnabled": True}
        if entitlement["isEnabled"] and changed != entitlement:
            raise GraphError(
                400, "CannotDeleteOrUpdateEnabledEntitlement",
                "Permission (scope or role) cannot be deleted or updated unless disabled first.",
            )


def _check_identifier_uris(tenant: Tenant, application: Entity) -> None:
    wanted = {uri.casefold() for uri in application["identifierUris"]}
    others = [*tenant["applications"].values(), *tenant["deleted_items"].values()]
    for other in others:
        taken = {uri.casefold() for uri in other.get("identifierUris", [])}
        if other["id"] != application["id"] and wanted & taken:
            raise conflicting_objects("identifierUris")


def _missing(path: str) -> GraphError:
    return bad_request(f"Property {path} value is required but is empty or missing.")
