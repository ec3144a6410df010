"""The entity types: every property of the CSDL, in the order in which Graph's samples show them.

``filters`` follow the notes "Supports $filter (...)" of Graph's reference pages.
"""

from __future__ import annotations

from m365_sandbox.state.complex_types import (
    ADD_IN,
    API_APPLICATION,
    APP_MANAGEMENT_APPLICATION_CONFIGURATION,
    APP_MANAGEMENT_SERVICE_PRINCIPAL_CONFIGURATION,
    APP_ROLE,
    ASSIGNED_LICENSE,
    AUTHENTICATION_BEHAVIORS,
    CERTIFICATION,
    CUSTOM_APP_MANAGEMENT_CONFIGURATION,
    INFORMATIONAL_URL,
    KEY_CREDENTIAL,
    OPTIONAL_CLAIMS,
    PARENTAL_CONTROL_SETTINGS,
    PASSWORD_CREDENTIAL,
    PERMISSION_SCOPE,
    PUBLIC_CLIENT_APPLICATION,
    REQUEST_SIGNATURE_VERIFICATION,
    REQUIRED_RESOURCE_ACCESS,
    RESOURCE_SPECIFIC_PERMISSION,
    SAML_SINGLE_SIGN_ON_SETTINGS,
    SERVICE_PRINCIPAL_LOCK_CONFIGURATION,
    SPA_APPLICATION,
    VERIFIED_DOMAIN,
    VERIFIED_PUBLISHER,
    WEB_APPLICATION,
)
from m365_sandbox.state.schema import EntityType, Property

NAMES = "eq ne not ge le in startswith"
SIGN_IN_AUDIENCES = (
    "AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount",
)
SECRETS_BY_ACTION = "New password credentials must be generated using service actions."

APPLICATION = EntityType("application", (
    Property("id", "Guid", write="never", filters="eq ne not in"),
    Property("deletedDateTime", "DateTimeOffset", write="never"),
    Property("isFallbackPublicClient", "Boolean"),
    Property("appId", write="never", filters="eq ne not in startswith"),
    Property("applicationTemplateId", write="never", filters="eq ne not"),
    Property("identifierUris", collection=True, filters="eq ne ge le in startswith"),
    Property("createdDateTime", "DateTimeOffset", write="never", filters="eq ne not ge le in", sortable=True),
    Property("description", maximum=1024, filters="eq ne not ge le startswith"),
    Property("displayName", required=True, maximum=256, filters=NAMES, sortable=True),
    Property("isDeviceOnlyAuthSupported", "Boolean"),
    Property("groupMembershipClaims"),
    Property("optionalClaims", OPTIONAL_CLAIMS),
    Property("addIns", ADD_IN, collection=True),
    Property("publisherDomain", write="never", filters="eq ne ge le startswith"),
    Property("samlMetadataUrl"),
    Property("signInAudience", values=SIGN_IN_AUDIENCES, default="AzureADMyOrg", filters="eq ne not"),
    Property("tags", collection=True, filters="eq not ge le in startswith"),
    Property("tokenEncryptionKeyId", "Guid"),
    Property("api", API_APPLICATION, nullable=False),
    Property("appRoles", APP_ROLE, collection=True),
    Property("info", INFORMATIONAL_URL, nullable=False),
    Property("keyCredentials", KEY_CREDENTIAL, collection=True),
    Property("parentalControlSettings", PARENTAL_CONTROL_SETTINGS, nullable=False),
    Property("passwordCredentials", PASSWORD_CREDENTIAL, collection=True, write="never", refusal=SECRETS_BY_ACTION),
    Property("publicClient", PUBLIC_CLIENT_APPLICATION, nullable=False),
    Property("requiredResourceAccess", REQUIRED_RESOURCE_ACCESS, collection=True),
    Property("verifiedPublisher", VERIFIED_PUBLISHER, nullable=False, write="never"),
    Property("web", WEB_APPLICATION, nullable=False),
    Property("spa", SPA_APPLICATION, nullable=False),
    Property("certification", CERTIFICATION, write="never"),
    Property("createdByAppId", write="never"),
    Property("defaultRedirectUri"),
    Property("disabledByMicrosoftStatus", write="never", filters="eq ne not"),
    Property("isDisabled", "Boolean"),
    Property("managerApplications", "Guid", collection=True),
    Property("nativeAuthenticationApisEnabled", values=("none", "all")),
    Property("notes", maximum=1024),
    Property("oauth2RequirePostResponse", "Boolean", default=False),
    Property("requestSignatureVerification", REQUEST_SIGNATURE_VERIFICATION),
    Property("serviceManagementReference"),
    Property("servicePrincipalLockConfiguration", SERVICE_PRINCIPAL_LOCK_CONFIGURATION),
    # Only the upsert's address sets it [application-upsert].
    Property("uniqueName", write="never"),
    Property("authenticationBehaviors", AUTHENTICATION_BEHAVIORS, on_request=True),
    Property("logo", "Binary", on_request=True),
), "applications")

SERVICE_PRINCIPAL = EntityType("servicePrincipal", (
    Property("id", "Guid", write="never", filters="eq ne not in"),
    Property("deletedDateTime", "DateTimeOffset", write="never"),
    Property("accountEnabled", "Boolean", default=True, filters="eq ne not in"),
    Property("addIns", ADD_IN, collection=True),
    Property("alternativeNames", collection=True, filters="eq not ge le startswith"),
    Property("appDescription", write="never"),
    Property("appDisplayName", write="never"),
    Property("appId", required=True, write="create", filters="eq ne not in startswith"),
    Property("applicationTemplateId", write="never", filters="eq ne not"),
    Property("appOwnerOrganizationId", "Guid", write="never", filters="eq ne not ge le"),
    Property("appRoleAssignmentRequired", "Boolean", default=False, filters="eq ne not"),
    Property("appRoles", APP_ROLE, collection=True, write="never"),
    Property("createdByAppId", write="never"),
    Property("description", maximum=1024, filters="eq ne not ge le startswith"),
    Property("disabledByMicrosoftStatus", write="never", filters="eq ne not"),
    Property("displayName", maximum=256, filters=NAMES, sortable=True),
    Property("homepage"),
    Property("info", INFORMATIONAL_URL, nullable=False, write="never"),
    Property("isDisabled", "Boolean"),
    Property("keyCredentials", KEY_CREDENTIAL, collection=True),
    Property("loginUrl"),
    Property("logoutUrl"),
    Property("notes", maximum=1024),
    Property("notificationEmailAddresses", collection=True),
    Property("oauth2PermissionScopes", PERMISSION_SCOPE, collection=True, write="never"),
    Property("passwordCredentials", PASSWORD_CREDENTIAL, collection=True, write="never", refusal=SECRETS_BY_ACTION),
    Property("preferredSingleSignOnMode", values=("password", "saml", "notSupported", "oidc")),
    Property("preferredTokenSigningKeyThumbprint"),
    Property("replyUrls", collection=True),
    Property("resourceSpecificApplicationPermissions", RESOURCE_SPECIFIC_PERMISSION, collection=True, write="never"),
    Property("samlSingleSignOnSettings", SAML_SINGLE_SIGN_ON_SETTINGS),
    Property("servicePrincipalNames", collection=True, filters="eq not ge le startswith"),
    # Others than Application are made by Entra itself; their creation is refused.
    Property(
        "servicePrincipalType", write="create", values=("Application", "application"), default="Application",
        filters="eq ne not in",
    ),
    Property("signInAudience", write="never"),
    Property("tags", collection=True, filters="eq not ge le in startswith"),
    Property("tokenEncryptionKeyId", "Guid"),
    Property("verifiedPublisher", VERIFIED_PUBLISHER, nullable=False, write="never"),
    Property("customSecurityAttributes", write="never", on_request=True),
), "servicePrincipals")

FEDERATED_IDENTITY_CREDENTIAL = EntityType("federatedIdentityCredential", (
    Property("id", write="never"),
    Property("name", write="create", required=True, maximum=120, filters="eq"),
    Property("issuer", required=True, maximum=600),
    Property("subject", required=True, maximum=600, filters="eq"),
    Property("description", maximum=600),
    Property("audiences", collection=True, required=True),
), "federatedIdentityCredentials")

APP_ROLE_ASSIGNMENT = EntityType("appRoleAssignment", (
    Property("id", write="never"),
    Property("deletedDateTime", "DateTimeOffset", write="never"),
    Property("appRoleId", "Guid", required=True),
    Property("createdDateTime", "DateTimeOffset", write="never"),
    Property("principalDisplayName", write="never", filters="eq startswith"),
    Property("principalId", "Guid", required=True),
    Property("principalType", write="never"),
    Property("resourceDisplayName", write="never"),
    Property("resourceId", "Guid", required=True, filters="eq"),
), "appRoleAssignments")

UNIFIED_ROLE_ASSIGNMENT = EntityType("unifiedRoleAssignment", (
    Property("id", write="never"),
    Property("principalId", "Guid", write="create", required=True, filters="eq in"),
    Property("directoryScopeId", write="create", required=True, filters="eq in"),
    Property("roleDefinitionId", "Guid", write="create", required=True, filters="eq in"),
), "roleManagement/directory/roleAssignments")

OAUTH2_PERMISSION_GRANT = EntityType("oAuth2PermissionGrant", (
    Property("clientId", write="create", required=True, filters="eq"),
    Property("consentType", write="create", required=True, values=("AllPrincipals", "Principal"), filters="eq"),
    Property("id", write="never"),
    Property("principalId", write="create", filters="eq"),
    Property("resourceId", write="create", required=True, filters="eq"),
    Property("scope"),
), "oauth2PermissionGrants")

USER = EntityType("user", (
    Property("businessPhones", collection=True, filters="eq not ge le startswith"),
    Property("displayName", filters=NAMES, sortable=True),
    Property("givenName", filters=NAMES),
    Property("jobTitle", filters=NAMES),
    Property("mail", filters=f"{NAMES} endswith"),
    Property("mobilePhone", filters=NAMES),
    Property("officeLocation", filters=NAMES),
    Property("preferredLanguage", filters=NAMES),
    Property("surname", filters=NAMES),
    Property("userPrincipalName", filters=f"{NAMES} endswith", sortable=True),
    Property("id", "Guid", filters="eq ne not in"),
    Property("accountEnabled", "Boolean", filters="eq ne not in", on_request=True),
    Property("assignedLicenses", ASSIGNED_LICENSE, collection=True, on_request=True),
    Property("mailNickname", filters=NAMES, on_request=True),
    Property("proxyAddresses", collection=True, filters="eq not ge le startswith endswith", on_request=True),
    Property("userType", default="Member", filters="eq ne not in", on_request=True),
), "users")

ORGANIZATION = EntityType("organization", (
    Property("id"),
    Property("deletedDateTime", "DateTimeOffset"),
    Property("createdDateTime", "DateTimeOffset"),
    Property("displayName"),
    Property("technicalNotificationMails", collection=True),
    Property("tenantType", default="AAD"),
    Property("verifiedDomains", VERIFIED_DOMAIN, collection=True),
), "organization")

# Of the restrictions those of credentials only; others, and exempted actors, are unknown properties here.
TENANT_APP_MANAGEMENT_POLICY = EntityType("tenantAppManagementPolicy", (
    Property("id", write="never"),
    Property("displayName"),
    Property("description"),
    Property("isEnabled", "Boolean", default=False),
    Property("applicationRestrictions", APP_MANAGEMENT_APPLICATION_CONFIGURATION, nullable=False),
    Property("servicePrincipalRestrictions", APP_MANAGEMENT_SERVICE_PRINCIPAL_CONFIGURATION, nullable=False),
), "policies/defaultAppManagementPolicy")

APP_MANAGEMENT_POLICY = EntityType("appManagementPolicy", (
    Property("id", write="never"),
    Property("displayName", required=True),
    Property("description", required=True),
    Property("isEnabled", "Boolean", default=False),
    Property("restrictions", CUSTOM_APP_MANAGEMENT_CONFIGURATION, nullable=False),
), "policies/appManagementPolicies")
