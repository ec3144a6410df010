"""The complex types of applications and service principals [CSDL of Graph v1.0; SDK models]."""

from __future__ import annotations

from m365_sandbox.state.schema import Complex, Property

APP_ROLE = Complex("appRole", (
    Property("allowedMemberTypes", collection=True),
    Property("description"),
    Property("displayName"),
    Property("id", "Guid"),
    Property("isEnabled", "Boolean", default=True),
    Property("origin"),
    Property("value"),
))

PERMISSION_SCOPE = Complex("permissionScope", (
    Property("adminConsentDescription"),
    Property("adminConsentDisplayName"),
    Property("id", "Guid"),
    Property("isEnabled", "Boolean", default=True),
    Property("origin"),
    Property("type", values=("User", "Admin"), default="User"),
    Property("userConsentDescription"),
    Property("userConsentDisplayName"),
    Property("value"),
))

KEY_CREDENTIAL = Complex("keyCredential", (
    Property("customKeyIdentifier"),
    # Longer names are cut, not refused [SDK keyCredential].
    Property("displayName"),
    Property("endDateTime", "DateTimeOffset"),
    Property("key", "Binary"),
    Property("keyId", "Guid"),
    Property("startDateTime", "DateTimeOffset"),
    Property("type"),
    Property("usage"),
))

PASSWORD_CREDENTIAL = Complex("passwordCredential", (
    Property("customKeyIdentifier", "Binary"),
    Property("displayName"),
    Property("endDateTime", "DateTimeOffset"),
    Property("hint", write="never"),
    Property("keyId", "Guid", write="never"),
    Property("secretText", write="never"),
    Property("startDateTime", "DateTimeOffset"),
))

PRE_AUTHORIZED_APPLICATION = Complex("preAuthorizedApplication", (
    Property("appId"),
    Property("delegatedPermissionIds", collection=True),
))

API_APPLICATION = Complex("apiApplication", (
    Property("requestedAccessTokenVersion", "Int32"),
    Property("acceptMappedClaims", "Boolean"),
    Property("knownClientApplications", "Guid", collection=True),
    Property("oauth2PermissionScopes", PERMISSION_SCOPE, collection=True),
    Property("preAuthorizedApplications", PRE_AUTHORIZED_APPLICATION, collection=True),
))

INFORMATIONAL_URL = Complex("informationalUrl", (
    Property("termsOfServiceUrl"),
    Property("supportUrl"),
    Property("privacyStatementUrl"),
    Property("marketingUrl"),
    Property("logoUrl", write="never"),
))

IMPLICIT_GRANT_SETTINGS = Complex("implicitGrantSettings", (
    Property("enableIdTokenIssuance", "Boolean", default=False),
    Property("enableAccessTokenIssuance", "Boolean", default=False),
))

REDIRECT_URI_SETTINGS = Complex("redirectUriSettings", (
    Property("uri"),
    Property("index", "Int32"),
))

WEB_APPLICATION = Complex("webApplication", (
    Property("homePageUrl"),
    Property("logoutUrl"),
    Property("redirectUris", collection=True),
    Property("implicitGrantSettings", IMPLICIT_GRANT_SETTINGS, nullable=False),
    Property("redirectUriSettings", REDIRECT_URI_SETTINGS, collection=True),
))

PUBLIC_CLIENT_APPLICATION = Complex("publicClientApplication", (Property("redirectUris", collection=True),))

SPA_APPLICATION = Complex("spaApplication", (Property("redirectUris", collection=True),))

RESOURCE_ACCESS = Complex("resourceAccess", (Property("id"), Property("type")))

REQUIRED_RESOURCE_ACCESS = Complex("requiredResourceAccess", (
    Property("resourceAppId"),
    Property("resourceAccess", RESOURCE_ACCESS, collection=True),
))

KEY_VALUE = Complex("keyValue", (Property("key"), Property("value")))

ADD_IN = Complex("addIn", (
    Property("id", "Guid"),
    Property("type"),
    Property("properties", KEY_VALUE, collection=True),
))

OPTIONAL_CLAIM = Complex("optionalClaim", (
    Property("name"),
    Property("source"),
    Property("essential", "Boolean", default=False),
    Property("additionalProperties", collection=True),
))

OPTIONAL_CLAIMS = Complex("optionalClaims", (
    Property("idToken", OPTIONAL_CLAIM, collection=True),
    Property("accessToken", OPTIONAL_CLAIM, collection=True),
    Property("saml2Token", OPTIONAL_CLAIM, collection=True),
))

PARENTAL_CONTROL_SETTINGS = Complex("parentalControlSettings", (
    Property("countriesBlockedForMinors", collection=True),
    Property("legalAgeGroupRule", default="Allow"),
))

VERIFIED_PUBLISHER = Complex("verifiedPublisher", (
    Property("displayName"),
    Property("verifiedPublisherId"),
    Property("addedDateTime", "DateTimeOffset"),
))

CERTIFICATION = Complex("certification", (
    Property("isPublisherAttested", "Boolean"),
    Property("isCertifiedByMicrosoft", "Boolean"),
    Property("lastCertificationDateTime", "DateTimeOffset"),
    Property("certificationExpirationDateTime", "DateTimeOffset"),
    Property("certificationDetailsUrl"),
))

REQUEST_SIGNATURE_VERIFICATION = Complex("requestSignatureVerification", (
    Property("isSignedRequestRequired", "Boolean"),
    Property("allowedWeakAlgorithms"),
))

SERVICE_PRINCIPAL_LOCK_CONFIGURATION = Complex("servicePrincipalLockConfiguration", (
    Property("isEnabled", "Boolean", default=False),
    Property("allProperties", "Boolean"),
    Property("credentialsWithUsageVerify", "Boolean"),
    Property("credentialsWithUsageSign", "Boolean"),
    Property("tokenEncryptionKeyId", "Boolean"),
))

AUTHENTICATION_BEHAVIORS = Complex("authenticationBehaviors", (
    Property("blockAzureADGraphAccess", "Boolean"),
    Property("removeUnverifiedEmailClaim", "Boolean"),
    Property("requireClientServicePrincipal", "Boolean"),
))

SAML_SINGLE_SIGN_ON_SETTINGS = Complex("samlSingleSignOnSettings", (Property("relayState"),))

RESOURCE_SPECIFIC_PERMISSION = Complex("resourceSpecificPermission", (
    Property("id", "Guid"),
    Property("displayName"),
    Property("value"),
    Property("description"),
    Property("isEnabled", "Boolean"),
))

ASSIGNED_LICENSE = Complex("assignedLicense", (
    Property("disabledPlans", "Guid", collection=True),
    Property("skuId", "Guid"),
))

VERIFIED_DOMAIN = Complex("verifiedDomain", (
    Property("capabilities"),
    Property("isDefault", "Boolean"),
    Property("isInitial", "Boolean"),
    Property("name"),
    Property("type"),
))


def _restriction(name: str, *kinds: str) -> Complex:
    return Complex(name, (
        Property("restrictionType", required=True, values=kinds),
        # Policies of earlier years name no state.
        Property("state", values=("enabled", "disabled"), default="enabled"),
        Property("restrictForAppsCreatedAfterDateTime", "DateTimeOffset"),
        Property("maxLifetime", "Duration"),
    ))


def _restrictions(name: str) -> Complex:
    return Complex(name, (
        Property("passwordCredentials", PASSWORD_CREDENTIAL_CONFIGURATION, collection=True),
        Property("keyCredentials", KEY_CREDENTIAL_CONFIGURATION, collection=True),
    ))


PASSWORD_CREDENTIAL_CONFIGURATION = _restriction(
    "passwordCredentialConfiguration", "passwordAddition", "passwordLifetime", "symmetricKeyAddition",
    "symmetricKeyLifetime", "customPasswordAddition",
)
KEY_CREDENTIAL_CONFIGURATION = _restriction("keyCredentialConfiguration", "asymmetricKeyLifetime")
APP_MANAGEMENT_APPLICATION_CONFIGURATION = _restrictions("appManagementApplicationConfiguration")
APP_MANAGEMENT_SERVICE_PRINCIPAL_CONFIGURATION = _restrictions("appManagementServicePrincipalConfiguration")
CUSTOM_APP_MANAGEMENT_CONFIGURATION = _restrictions("customAppManagementConfiguration")
