"""New directory objects with every property that Microsoft Graph shows, and the defaults that it gives them.

Property lists: the examples of Graph's reference (application, servicePrincipal, appRoleAssignment,
oAuth2PermissionGrant, passwordCredential) for v1.0.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from m365_sandbox.history import Entity
from m365_sandbox.tenant import now, timestamp


def new_id() -> str:
    """An object id, appId or keyId."""
    return str(uuid.uuid4())


def new_application(display_name: str, **properties: Any) -> Entity:
    """An application registration; ``properties`` replace defaults, ``id`` and ``appId`` among them."""
    return {
        "id": new_id(), "deletedDateTime": None, "isFallbackPublicClient": None, "appId": new_id(),
        "applicationTemplateId": None, "uniqueName": None, "identifierUris": [], "createdDateTime": timestamp(now()),
        "description": None, "disabledByMicrosoftStatus": None, "displayName": display_name,
        "isDeviceOnlyAuthSupported": None, "groupMembershipClaims": None, "notes": None, "optionalClaims": None,
        "addIns": [], "publisherDomain": "contoso.onmicrosoft.com", "samlMetadataUrl": None,
        "serviceManagementReference": None, "signInAudience": "AzureADMyOrg", "tags": [],
        "tokenEncryptionKeyId": None, "defaultRedirectUri": None, "certification": None,
        "requestSignatureVerification": None, "servicePrincipalLockConfiguration": None,
        "api": {
            "requestedAccessTokenVersion": None, "acceptMappedClaims": None, "knownClientApplications": [],
            "oauth2PermissionScopes": [], "preAuthorizedApplications": [],
        },
        "appRoles": [], "info": _info(), "keyCredentials": [],
        "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
        "passwordCredentials": [], "publicClient": {"redirectUris": []}, "requiredResourceAccess": [],
        "verifiedPublisher": _verified_publisher(),
        "web": {
            "homePageUrl": None, "logoutUrl": None, "redirectUris": [],
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
            "redirectUriSettings": [],
        },
        "spa": {"redirectUris": []},
        **properties,
    }


def new_service_principal(app_id: str, display_name: str, owner_tenant_id: str, **properties: Any) -> Entity:
    """The enterprise application of ``app_id``; ``properties`` replace defaults."""
    return {
        "id": new_id(), "deletedDateTime": None, "accountEnabled": True, "alternativeNames": [],
        "appDisplayName": display_name, "appDescription": None, "appId": app_id, "applicationTemplateId": None,
        "appOwnerOrganizationId": owner_tenant_id, "appRoleAssignmentRequired": False,
        "createdDateTime": timestamp(now()), "description": None, "disabledByMicrosoftStatus": None,
        "displayName": display_name, "homepage": None, "loginUrl": None, "logoutUrl": None, "notes": None,
        "notificationEmailAddresses": [], "preferredSingleSignOnMode": None,
        "preferredTokenSigningKeyThumbprint": None, "replyUrls": [], "servicePrincipalNames": [app_id],
        "servicePrincipalType": "Application", "signInAudience": "AzureADMyOrg", "tags": [],
        "tokenEncryptionKeyId": None, "samlSingleSignOnSettings": None, "addIns": [], "appRoles": [],
        "info": _info(), "keyCredentials": [], "oauth2PermissionScopes": [], "passwordCredentials": [],
        "resourceSpecificApplicationPermissions": [], "verifiedPublisher": _verified_publisher(),
        **properties,
    }


def new_app_role_assignment(principal: Entity, resource: Entity, role_id: str, **properties: Any) -> Entity:
    """The grant of an application permission of ``resource`` to the service principal ``principal``."""
    return {
        "id": secrets.token_urlsafe(32), "deletedDateTime": None, "appRoleId": role_id,
        "createdDateTime": timestamp(now()), "principalDisplayName": principal["displayName"],
        "principalId": principal["id"], "principalType": "ServicePrincipal",
        "resourceDisplayName": resource["displayName"], "resourceId": resource["id"],
        **properties,
    }


def new_password_credential(secret: str, **properties: Any) -> Entity:
    """A client secret as later reads show it: without its value, valid for two years."""
    return {
        "customKeyIdentifier": None, "displayName": None, "endDateTime": timestamp(now() + timedelta(days=730)),
        "hint": secret[:3], "keyId": new_id(), "secretText": None, "startDateTime": timestamp(now()),
        **properties,
    }


def role_ids(resource: Entity, names: Iterable[str]) -> list[str]:
    """The ids of a resource's application permissions; a KeyError names the one that does not exist."""
    known = {role["value"]: role["id"] for role in resource["appRoles"]}
    return [known[name] for name in names]


def _info() -> Entity:
    return {
        "logoUrl": None, "marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None,
        "termsOfServiceUrl": None,
    }


def _verified_publisher() -> Entity:
    return {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None}
