"""What Google's token endpoint refuses with, word for word.

Sources: https://developers.google.com/identity/protocols/oauth2/service-account#error-codes for the codes and their
meaning; for the sentences, answers in public threads, named behind each. The status of unauthorized_client is 401
(hlavki/g-suite-identity-sync 7, googleapis/google-api-php-client 950), that of all others 400.
"""

from __future__ import annotations


class GoogleError(Exception):
    """A token request that is refused."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(f"{code}: {description}")
        self.status = status
        self.body = {"error": code, "error_description": description}


def missing_parameter(name: str) -> GoogleError:
    """The wording is unconfirmed."""
    return GoogleError("invalid_request", f"Required parameter is missing: {name}")


def unknown_grant(grant_type: str) -> GoogleError:
    """The wording is unconfirmed."""
    return GoogleError("unsupported_grant_type", f"Invalid grant_type: {grant_type}")


def malformed() -> GoogleError:
    """An assertion that is no JWT (GAM-team/GAM lists the sentence among what the endpoint gives)."""
    return GoogleError("invalid_grant", "Bad Request")


def account_not_found() -> GoogleError:
    """No such account, or one that is disabled or deleted (googleapis/google-cloud-php 3622)."""
    return GoogleError("invalid_grant", "Invalid grant: account not found")


def wrong_signature() -> GoogleError:
    """Signed with another key, or with one that was deleted or disabled (googleapis/google-cloud-python 10004)."""
    return GoogleError("invalid_grant", "Invalid JWT Signature.")


def wrong_audience() -> GoogleError:
    """``aud`` is not the token endpoint (nithinmurali/pygsheets 500, googleapis/google-cloud-python 15228)."""
    return GoogleError("invalid_grant", "Invalid JWT: Failed audience check.")


def wrong_times() -> GoogleError:
    """``iat`` and ``exp`` are not now, or more than an hour apart (a-marenkov/gsheets 96)."""
    return GoogleError(
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and "
        "exp values in the JWT claim.",
    )


def wrong_scope() -> GoogleError:
    """No scope at all, or none that Google knows (from memory)."""
    return GoogleError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")


def no_address() -> GoogleError:
    """``sub`` is no address (googleapis/google-api-php-client 783)."""
    return GoogleError("invalid_grant", "Not a valid email.")


def unknown_user() -> GoogleError:
    """The domain has no such user (SCRT-HQ/PSGSuite 267, googleapis/google-api-php-client 1207)."""
    return GoogleError("invalid_grant", "Invalid email or User ID")


def suspended_user() -> GoogleError:
    """GAM-team/GAM lists the sentence among what the endpoint gives; when it does is an assumption."""
    return GoogleError("access_denied", "Account restricted")


def not_delegated() -> GoogleError:
    """No domain-wide delegation for the account's client id, or not for that scope (google-api-python-client 792)."""
    return GoogleError(
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the "
        "scopes requested.", 401,
    )


def busy(status: int) -> GoogleError:
    """An outage (GAM-team/GAM lists the sentence)."""
    return GoogleError("internal_failure", "Backend Error", status)
