"""Refusals that have to do with a person: sign-in, consent, authorization codes, refresh tokens, device codes.

Sources as in ``identity.errors``; texts that no public record shows are marked.
"""

from __future__ import annotations

from m365_sandbox.identity.errors import EntraError

# -- the authorization request ------------------------------------------------------------------------------------


def wrong_redirect_uri(uri: str, app_id: str) -> EntraError:
    """A redirect URI that is not registered to the letter."""
    return EntraError(
        50011, "invalid_request",
        f"The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the "
        f"application '{app_id}'. Make sure the redirect URI sent in the request matches one added to your application "
        "in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to fix this.",
    )


def no_redirect_uri() -> EntraError:
    """An application without any."""
    return EntraError(500113, "invalid_request", "No reply address is registered for the application.")


def missing_redirect_uri() -> EntraError:
    """A request without one, of an application that has several."""
    return EntraError(900971, "invalid_request", "No reply address provided.")


def single_tenant(app_id: str, name: str) -> EntraError:
    """An application of one tenant at /common or /organizations."""
    return EntraError(
        50194, "invalid_request",
        f"Application '{app_id}'({name}) is not configured as a multi-tenant application. Usage of the /common "
        "endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or "
        "configure the application to be multi-tenant.",
    )


def disabled_response_type(name: str) -> EntraError:
    """``token`` or ``id_token`` for an application that does not allow it."""
    code = {"token": 700051, "id_token": 700054}[name]
    return EntraError(code, "unsupported_response_type", f"response_type '{name}' is not enabled for the application.")


def unsupported_response_type(response_type: str) -> EntraError:
    """Anything but ``code`` (the words are not on record)."""
    return EntraError(
        70005, "unsupported_response_type", f"The app returned an unsupported response type '{response_type}'."
    )


def unsupported_response_mode(mode: str) -> EntraError:
    """A response mode that does not exist (the words are not on record)."""
    return EntraError(70007, "invalid_request", f"'{mode}' is not a supported value of 'response_mode'.")


def invalid_prompt(prompt: str) -> EntraError:
    """A prompt that does not exist, or ``none`` beside another one (the words are not on record)."""
    return EntraError(90023, "invalid_request", f"'{prompt}' is not a valid value of the parameter 'prompt'.")


def bad_challenge_size() -> EntraError:
    """A code_challenge of another length than RFC 7636 allows."""
    return EntraError(50147, "invalid_request", "Invalid size of Code_Challenge parameter.")


def bad_challenge_method() -> EntraError:
    """A code_challenge_method that does not exist, or one without a challenge."""
    return EntraError(50149, "invalid_request", "Invalid Code_Challenge_method parameter.")


def challenge_required() -> EntraError:
    """A single-page application without PKCE."""
    return EntraError(
        9002325, "invalid_request",
        "Proof Key for Code Exchange is required for cross-origin authorization code redemption.",
    )


def foreign_form() -> EntraError:
    """A form that was not made for this browser, or not by this instance."""
    return EntraError(
        165000, "invalid_request",
        "Invalid Request: The request tokens do not match the user context. Do not copy the user context values "
        "(cookies; form fields; headers) between different requests or user sessions; always maintain the ALL of the "
        "supplied values across a complete single user flow. Failure Reasons:[Token values do not match;]",
    )


# -- the scope ----------------------------------------------------------------------------------------------------


def invalid_scope(scope: str) -> EntraError:
    """A word that cannot be a scope."""
    return EntraError(
        70011, "invalid_scope",
        f"The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.",
    )


def default_beside_names(scope: str) -> EntraError:
    """``.default`` together with permissions of the same resource."""
    return EntraError(
        70011, "invalid_scope",
        f"The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid. .default "
        "scope can't be combined with resource-specific scopes.",
    )


def unknown_permission(name: str, permission: str, resource: str) -> EntraError:
    """A delegated permission that the resource does not have."""
    return EntraError(
        650053, "invalid_client",
        f"The application '{name}' asked for scope '{permission}' that doesn't exist on the resource '{resource}'. "
        "Contact the app vendor.",
    )


def unregistered_resource(app_id: str, name: str, resource: str, resource_app_id: str) -> EntraError:
    """``.default`` of a resource that is not in requiredResourceAccess."""
    return EntraError(
        650057, "invalid_resource",
        "Invalid resource. The client has requested access to a resource which is not listed in the requested "
        f"permissions in the client's application registration. Client app ID: {app_id}({name}). Resource value from "
        f"request: {resource}. Resource app ID: {resource_app_id}.",
    )


def not_preauthorized(app_id: str, resource_app_id: str) -> EntraError:
    """One of Microsoft's own clients asks for a resource of Microsoft's that does not know it (recorded)."""
    return EntraError(
        65002, "invalid_request",
        f"Consent between first party application '{app_id}' and first party resource '{resource_app_id}' must be "
        "configured via preauthorization - applications owned and operated by Microsoft must get approval from the API "
        "owner before requesting tokens for that API.",
    )


# -- the person ---------------------------------------------------------------------------------------------------


def nobody_signed_in() -> EntraError:
    """``prompt=none`` without a session."""
    return EntraError(
        50058, "login_required", "A silent sign-in request was sent but no user is signed in."
    )


def several_accounts() -> EntraError:
    """``prompt=none`` with several sessions and no hint."""
    return EntraError(
        16000, "interaction_required",
        "Either multiple user identities are available for the current request or selected account is not supported "
        "for the scenario.",
    )


def unknown_user(directory: str) -> EntraError:
    """A user name that the tenant does not have."""
    return EntraError(
        50034, "invalid_grant",
        f"The user account {{EmailHidden}} does not exist in the {directory} directory. To sign into this application, "
        "the account must be added to the directory.",
    )


def wrong_account_type(domain: str) -> EntraError:
    """A work account at /consumers."""
    return EntraError(
        500208, "invalid_request", f"The domain '{domain}' is not a valid login domain for the account type."
    )


def wrong_password() -> EntraError:
    """A wrong password."""
    return EntraError(50126, "invalid_grant", "Error validating credentials due to invalid username or password.")


def locked() -> EntraError:
    """Too many wrong passwords."""
    return EntraError(
        50053, "invalid_grant",
        "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
    )


def disabled_user() -> EntraError:
    """accountEnabled is false."""
    return EntraError(50057, "invalid_grant", "The user account is disabled.")


def expired_password() -> EntraError:
    """A password that has to be changed first."""
    return EntraError(50055, "invalid_grant", "The password is expired.")


def multi_factor_required(resource: str, *, error: str = "interaction_required") -> EntraError:
    """Where nobody can be asked for the second factor; the token endpoint says ``invalid_grant``."""
    return EntraError(
        50076, error,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must "
        f"use multi-factor authentication to access '{resource}'.",
        suberror="basic_action",
    )


def wrong_factor() -> EntraError:
    """Another second factor than the expected one."""
    return EntraError(
        500121, "interaction_required", "Authentication failed during strong authentication request."
    )


def blocked_by_policy(*, error: str = "access_denied") -> EntraError:
    """Conditional Access lets the user have no token; the token endpoint says ``invalid_grant``."""
    return EntraError(
        53003, error,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        suberror="message_only",
    )


def not_assigned(app_id: str, name: str, user: str) -> EntraError:
    """An application that only assigned users may use."""
    return EntraError(
        50105, "access_denied",
        f"Your administrator has configured the application {name} ('{app_id}') to block users unless they are "
        f"specifically granted ('assigned') access to the application. The signed-in user '{user}' is blocked because "
        "they are not a direct member of a group with access, nor had access directly assigned by an administrator. "
        "Please contact your administrator to assign access to this application.",
    )


# -- consent ------------------------------------------------------------------------------------------------------


def consent_missing(app_id: str, name: str, *, error: str = "invalid_grant") -> EntraError:
    """Neither the user nor an administrator has consented."""
    return EntraError(
        65001, error,
        f"The user or administrator has not consented to use the application with ID '{app_id}' named '{name}'. Send "
        "an interactive authorization request for this user and resource.",
        suberror="consent_required",
    )


def consent_declined() -> EntraError:
    """The person said no."""
    return EntraError(65004, "access_denied", "User declined to consent to access the app.")


def admin_consent_required(name: str) -> EntraError:
    """Permissions that only an administrator can grant."""
    return EntraError(
        90094, "access_denied",
        f"{name} needs permission to access resources in your organization that only an admin can grant. Request an "
        "admin to grant permission to this app before you can use it.",
    )


def admin_consent_declined() -> EntraError:
    """The administrator said no (the code is the user's)."""
    return EntraError(65004, "permission_denied", "The admin canceled the request.")


# -- the grants ---------------------------------------------------------------------------------------------------


def secret_of_public_client() -> EntraError:
    """A credential where none belongs."""
    return EntraError(
        700025, "invalid_client",
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.", status=401,
    )


def cross_origin_only() -> EntraError:
    """A single-page application's code, redeemed by something else than a browser."""
    return EntraError(
        9002327, "invalid_request",
        "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
    )


def malformed_grant() -> EntraError:
    """A code or a refresh token that this client was never given."""
    return EntraError(
        70000, "invalid_grant", "Provided grant is invalid or malformed.", suberror="bad_token"
    )


def expired_code() -> EntraError:
    """An authorization code after its ten minutes."""
    return EntraError(
        70008, "invalid_grant",
        "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive "
        "authorization request for this user and resource.",
    )


def redeemed_code() -> EntraError:
    """An authorization code for the second time."""
    return EntraError(
        54005, "invalid_grant",
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing "
        "refresh token.",
    )


def other_redirect_uri(given: str, expected: str) -> EntraError:
    """A code with another redirect URI than it was asked for with."""
    return EntraError(
        500112, "invalid_client",
        f"The reply address '{given}' does not match the reply address '{expected}' provided when requesting "
        "Authorization code.",
    )


def wrong_verifier() -> EntraError:
    """A code_verifier that does not belong to the challenge, or none."""
    return EntraError(
        501481, "invalid_grant",
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    )


def inactive_refresh_token(issued: str, days: str) -> EntraError:
    """A refresh token that nobody has used for too long."""
    return EntraError(
        700082, "invalid_grant",
        f"The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive for "
        f"{days}.",
        suberror="bad_token",
    )


def expired_spa_token(issued: str) -> EntraError:
    """A refresh token of a single-page application after its day."""
    return EntraError(
        700084, "invalid_grant",
        "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of "
        f"1.00:00:00, which can't be extended. It is now expired and a new sign in request must be sent by the SPA to "
        f"the sign in page. The token was issued on {issued}.",
        suberror="bad_token",
    )


def revoked(issued: str, valid_from: str) -> EntraError:
    """A grant from before a change of the password or a revocation."""
    return EntraError(
        50173, "invalid_grant",
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have "
        f"changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before "
        f"which tokens are not valid) for this user is '{valid_from}'.",
        suberror="bad_token",
    )


def sign_in_frequency(issued: str, seconds: int) -> EntraError:
    """A sign-in that is older than Conditional Access allows."""
    return EntraError(
        70043, "invalid_grant",
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token "
        f"was issued on {issued} and the maximum allowed lifetime for this request is {seconds}.",
        suberror="token_expired",
    )


# -- device codes -------------------------------------------------------------------------------------------------


def authorization_pending() -> EntraError:
    """Nobody has entered the code yet."""
    return EntraError(
        70016, "authorization_pending",
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    )


def slow_down() -> EntraError:
    """Asked again before the interval was over (RFC 8628; no record shows that Entra says it, nor a code)."""
    return EntraError(70016, "slow_down", "OAuth 2.0 device flow error. Polling too often. Slow down.")


def device_code_declined() -> EntraError:
    """The person said no (the code is the consent page's)."""
    return EntraError(65004, "authorization_declined", "User declined to consent to access the app.")


def device_code_expired() -> EntraError:
    """Nobody has entered the code in time."""
    return EntraError(
        70020, "expired_token",
        "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
    )


def unknown_device_code() -> EntraError:
    """A device code that was never given out."""
    return EntraError(
        70000, "bad_verification_code",
        "The provided value for the input parameter 'device_code' is not valid.",
    )


def wrong_user_code() -> EntraError:
    """A user code that leads nowhere."""
    return EntraError(
        70018, "bad_verification_code",
        "Invalid verification code due to User typing in wrong user code for device code flow.",
    )
