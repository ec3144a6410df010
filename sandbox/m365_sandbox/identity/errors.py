"""Entra's refusals: code, ``error``, text and status of every one that the sandbox can answer.

Texts are Microsoft's, as recorded in public; where no record names the ``error`` value, it follows the meaning of the
code in Microsoft's own list of codes.
"""

from __future__ import annotations

import uuid
from typing import Any

from m365_sandbox.state.clock import now

LOOKUP_PAGE = "https://login.microsoftonline.com/error?code="
CERTIFICATE_DOCUMENTATION = "https://learn.microsoft.com/entra/identity-platform/certificate-credentials"
FEDERATION_DOCUMENTATION = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"

# Scope errors come without an error_uri in public records; the others with one.
_WITHOUT_PAGE = frozenset({28000, 70011, 1002012})


class EntraError(Exception):
    """One refusal.

    :param code: the number after AADSTS.
    :param error: OAuth's error value, the only part that clients should branch on.
    :param text: the description without the ids and the time.
    :param suberror: what a client may look at besides, where only a person can help.
    """

    def __init__(self, code: int, error: str, text: str, *, status: int = 400, suberror: str | None = None) -> None:
        super().__init__(f"AADSTS{code}: {text}")
        self.code = code
        self.error = error
        self.text = text
        self.status = status
        self.suberror = suberror

    def body(self, trace_id: str, correlation_id: str) -> dict[str, Any]:
        """The JSON body of the answer."""
        moment = now().strftime("%Y-%m-%d %H:%M:%SZ")
        body = {
            "error": self.error,
            "error_description": (
                f"AADSTS{self.code}: {self.text} Trace ID: {trace_id} Correlation ID: {correlation_id} "
                f"Timestamp: {moment}"
            ),
            "error_codes": [self.code],
            "timestamp": moment,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
        }
        if self.code not in _WITHOUT_PAGE:
            body["error_uri"] = f"{LOOKUP_PAGE}{self.code}"
        if self.suberror is not None:
            body["suberror"] = self.suberror
        return body


def response_headers(code: int = 0, trace_id: str | None = None) -> dict[str, str]:
    """The headers that every answer of the token service carries.

    :param code: the AADSTS number, 0 for success; it goes into the telemetry header.
    """
    return {
        "Cache-Control": "no-store, no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "P3P": 'CP="DSP CUR OTPi IND OTRi ONL FIN"',
        "x-ms-request-id": trace_id or str(uuid.uuid4()),
        "x-ms-ests-server": "2.1.22400.5 - SANDBOX ProdSlices",
        "x-ms-clitelem": f"1,{code},0,,",
    }


# -- the request ------------------------------------------------------------------------------------------------


def missing_parameter(name: str) -> EntraError:
    """A parameter that every request needs; what a JSON body gives for grant_type."""
    return EntraError(
        900144, "invalid_request", f"The request body must contain the following parameter: '{name}'."
    )


def missing_field(name: str) -> EntraError:
    """A parameter that this grant needs."""
    return EntraError(
        90014, "invalid_request",
        f"The required field '{name}' is missing from the credential. Ensure that you have all the necessary "
        "parameters for the login request.",
    )


def malformed_request() -> EntraError:
    """A request that says something twice or contradicts itself."""
    return EntraError(9002313, "invalid_request", "Invalid request. Request is malformed or invalid.")


def only_post(method: str) -> EntraError:
    """Another method than POST on an endpoint that wants a form."""
    return EntraError(
        900561, "invalid_request", f"The endpoint only accepts POST requests. Received a {method} request."
    )


def resource_not_supported() -> EntraError:
    """v1's parameter on the v2 endpoint."""
    return EntraError(901002, "invalid_request", "The 'resource' request parameter is not supported.")


def unsupported_grant_type(grant_type: str) -> EntraError:
    """A grant type that does not exist, or that the sandbox does not offer."""
    return EntraError(
        70003, "unsupported_grant_type", f"The app requested an unsupported grant type '{grant_type}'."
    )


# -- the tenant and the instance ----------------------------------------------------------------------------------


def unknown_tenant(name: str) -> EntraError:
    """Neither the tenant's id nor one of its domains."""
    return EntraError(
        90002, "invalid_request",
        f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    )


def tenant_needed() -> EntraError:
    """Client credentials at /organizations."""
    return EntraError(
        50059, "invalid_request",
        "No tenant-identifying information found in either the request or implied by any provided credentials.",
    )


def grant_needs_tenant() -> EntraError:
    """Client credentials at /common or /consumers."""
    return EntraError(
        9001023, "invalid_request",
        "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or "
        "tenant-specific endpoint.",
    )


def invalid_instance() -> EntraError:
    """Instance discovery for a host that is no Microsoft cloud."""
    return EntraError(50049, "invalid_instance", "Unknown or invalid instance.")


# -- the client ---------------------------------------------------------------------------------------------------


def unknown_application(app_id: str, directory: str) -> EntraError:
    """A wrong client id, a wrong tenant, or an application that has not replicated yet."""
    return EntraError(
        700016, "unauthorized_client",
        f"Application with identifier '{app_id}' was not found in the directory '{directory}'. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You may have sent your authentication request to the wrong tenant.",
    )


def missing_service_principal(app_id: str, tenant_id: str) -> EntraError:
    """A registration without its enterprise application."""
    return EntraError(
        7000229, "invalid_client",
        f"The client application {app_id} is missing service principal in the tenant {tenant_id}. See instructions "
        "here: https://go.microsoft.com/fwlink/?linkid=2225119",
        status=401,
    )


def disabled_application(app_id: str, name: str) -> EntraError:
    """A client whose enterprise application is disabled."""
    return EntraError(7000112, "unauthorized_client", f"Application '{app_id}'({name}) is disabled.")


def missing_credential() -> EntraError:
    """Neither a secret nor an assertion."""
    return EntraError(
        7000218, "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        status=401,
    )


def wrong_secret(app_id: str) -> EntraError:
    """A secret that is none of the application's, its id in place of its value included."""
    return EntraError(
        7000215, "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        f"the client secret ID, for a secret added to app '{app_id}'.",
        status=401,
    )


def expired_secret(app_id: str) -> EntraError:
    """A secret past its end date."""
    return EntraError(
        7000222, "invalid_client",
        f"The provided client secret keys for app '{app_id}' are expired. Visit the Azure portal to create new keys "
        "for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
        status=401,
    )


def malformed_assertion(reason: str) -> EntraError:
    """A client assertion that is no JWT, or with wrong claims."""
    return EntraError(50027, "invalid_request", f"JWT token is invalid or malformed. {reason}")


def unregistered_certificate(app_id: str, thumbprint: str) -> EntraError:
    """An assertion signed with a key that the application does not have."""
    return EntraError(
        700027, "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - "
        f"The key was not found., Thumbprint of key used by client: '{thumbprint}', Please visit the Azure Portal, "
        "Graph Explorer or directly use MS Graph to see configured keys for app Id "
        f"'{app_id}'].",
        status=401,
    )


def expired_certificate(thumbprint: str, start: str, end: str) -> EntraError:
    """An assertion signed with a certificate outside its time."""
    return EntraError(
        700027, "invalid_client",
        "Client assertion contains an invalid signature. [Reason - The key used is expired., Thumbprint of key used by "
        f"client: '{thumbprint}', Found key 'Start={start}, End={end}, Thumbprint={thumbprint}'].",
        status=401,
    )


def bad_assertion_signature() -> EntraError:
    """An assertion whose signature does not fit the certificate that it names."""
    return EntraError(700027, "invalid_client", "Client assertion failed signature validation.", status=401)


def assertion_out_of_time(current: str, start: str, end: str) -> EntraError:
    """An assertion that is not valid yet or no longer."""
    return EntraError(
        700024, "invalid_client",
        f"Client assertion is not within its valid time range. Current time: {current}, assertion valid from {start}, "
        f"expiry time of assertion {end}. Review the documentation at {CERTIFICATE_DOCUMENTATION} .",
        status=401,
    )


def no_federated_credentials(app_id: str, name: str) -> EntraError:
    """An assertion of a foreign issuer at an application that trusts none."""
    return EntraError(
        70025, "invalid_client", f"The client '{app_id}'({name}) has no configured federated identity credentials.",
        status=401,
    )


def no_federated_match(claim: str, value: str) -> EntraError:
    """A token whose ``claim`` (issuer, subject or audience) none of the federated credentials has.

    Until 2023 all three were 70021.
    """
    return EntraError(
        {"issuer": 700211, "audience": 700212, "subject": 700213}[claim], "invalid_client",
        f"No matching federated identity record found for presented assertion {claim} '{value}'. Check your federated "
        f"identity credential Subject, Audience and Issuer against the presented assertion. {FEDERATION_DOCUMENTATION}",
        status=401,
    )


def federated_subject_in_other_case(subject: str) -> EntraError:
    """A subject that differs from a credential's in upper and lower case only (recorded in Azure/login#515)."""
    return EntraError(
        7002138, "invalid_client",
        f"No matching federated identity record found for presented assertion subject '{subject}'. The subject matches "
        "with case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity "
        "credential Subject, Audience and Issuer against the presented assertion. See documentation at: "
        f"{FEDERATION_DOCUMENTATION}. See breaking change notification and remediation at: "
        "https://learn.microsoft.com/en-us/entra/identity-platform/reference-breaking-changes#august-2024.",
        status=401,
    )


def issuer_unreachable() -> EntraError:
    """An issuer whose discovery document or keys cannot be read (recorded in Azure/login#283)."""
    return EntraError(501661, "invalid_request", "Request to External OIDC endpoint failed.")


def unpublished_key(key_id: str, issuer: str) -> EntraError:
    """A token signed with a key that its issuer does not show (recorded in Azure/azure-workload-identity#1232)."""
    return EntraError(
        7000272, "invalid_client",
        f"The certificate with identifier {key_id} used to sign the federated credential could not be found in the "
        f"metadata of identity provider {issuer}. Please validate that your Identity Provider's metadata exposes the "
        "key used to sign the incoming token.",
        status=401,
    )


# -- the resource -------------------------------------------------------------------------------------------------


def scope_without_default(scope: str) -> EntraError:
    """A named scope where only ``/.default`` can stand."""
    return EntraError(
        1002012, "invalid_scope",
        f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
        "/.default suffixed to the resource identifier (application ID URI).",
    )


def several_resources(scope: str) -> EntraError:
    """Scopes of more than one resource in one request."""
    return EntraError(
        28000, "invalid_request",
        "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope "
        f"{scope} is not valid.",
    )


def unknown_resource(resource: str, directory: str) -> EntraError:
    """A resource without a service principal in the tenant."""
    return EntraError(
        500011, "invalid_resource",
        f"The resource principal named {resource} was not found in the tenant named {directory}. This can happen if "
        "the application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You might have sent your authentication request to the wrong tenant.",
    )


def disabled_resource(resource: str) -> EntraError:
    """A resource whose service principal is disabled."""
    return EntraError(
        500014, "invalid_resource",
        f"The service principal for resource '{resource}' is disabled. This indicate that a subscription within the "
        "tenant has lapsed, or that the administrator for this tenant has disabled the application, preventing tokens "
        "from being issued for it.",
    )


# -- the service --------------------------------------------------------------------------------------------------


def throttled() -> EntraError:
    """More requests than the tenant may send."""
    return EntraError(
        90055, "temporarily_unavailable", "The server has terminated the request because of too many requests.",
        status=429,
    )


def unavailable(status: int) -> EntraError:
    """An outage on Entra's side."""
    return EntraError(
        90033, "temporarily_unavailable", "A transient error has occurred. Please try again.", status=status
    )
