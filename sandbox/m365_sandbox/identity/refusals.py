"""What Entra can be made to refuse with by a fault: what the sandbox has no cause for.

The texts are those of public records, named above each; where none names the ``error`` value or the status, they follow
the meaning of the code, as in ``identity.errors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from m365_sandbox.identity.clients import find_client
from m365_sandbox.identity.errors import EntraError
from m365_sandbox.state.sandbox import Sandbox


@dataclass(frozen=True)
class Refusal:
    """One of Entra's errors.

    :param text: in it ``client_id`` and ``client`` stand for the application, ``asked`` for the tenant as the request
        names it, ``tenant_id`` and ``directory`` for what it is.
    """

    error: str
    text: str
    status: int = 400


REFUSALS: Mapping[str, Refusal] = {
    # tieto/sipe 182; the error value in microsoftgraph/msgraph-cli 396
    "AADSTS90038": Refusal(
        "invalid_request", "Tenant '{asked}' request is being redirected to the National Cloud 'microsoftonline.us'."
    ),
    # PostHog/posthog 43486, microsoft/GraphNotificationBroker 5; the status is unconfirmed
    "AADSTS650052": Refusal(
        "invalid_client",
        "The app is trying to access a service '00000002-0000-0ff1-ce00-000000000000'(Office 365 Exchange Online) that "
        "your organization '{tenant_id}' lacks a service principal for. Contact your IT Admin to review the "
        "configuration of your service subscriptions or consent to the application in order to create the required "
        "service principal.",
        status=401,
    ),
    # edgardmessias/glpi-singlesignon 13, Azure-Samples/active-directory-dotnet-deviceprofile 8; error and status are
    # unconfirmed
    "AADSTS650056": Refusal(
        "invalid_client",
        "Misconfigured application. This could be due to one of the following: the client has not listed any "
        "permissions for 'Microsoft Graph' in the requested permissions in the client's application registration. Or, "
        "the admin has not consented in the tenant. Or, check the application identifier in the request to ensure it "
        "matches the configured client application identifier. Or, check the certificate in the request to ensure it's "
        "valid. Please contact your admin to fix the configuration or consent on behalf of the tenant. Client app ID: "
        "{client_id}.",
        status=401,
    ),
    # Azure-Samples/active-directory-angularjs-singlepageapp-dotnet-webapi 31
    "AADSTS90008": Refusal(
        "invalid_request",
        "The user or administrator has not consented to use the application with ID '{client_id}'({client}). This "
        "happened because application is misconfigured: it must require access to Microsoft Graph by specifying at "
        "least 'Sign in and read user profile' permission.",
    ),
    # pnp/powershell 2995, Azure/azure-sdk-for-net 23324; the error value in Microsoft's page on MSAL's throttling
    "AADSTS50196": Refusal(
        "invalid_grant",
        "The server terminated an operation because it encountered a client request loop. Please contact your app "
        "vendor.",
    ),
    # AzureAD/microsoft-authentication-library-for-dotnet 2821; the error value in wkh237/react-native-azure-ad 43
    "AADSTS53000": Refusal(
        "interaction_required",
        "Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and "
        "the device is not compliant. The user must enroll their device with an approved MDM provider like Intune.",
    ),
    # Microsoft's list of error codes; the wording of the answer itself is unconfirmed, and so is the error value
    "AADSTS530032": Refusal(
        "invalid_grant",
        "The tenant admin has configured a security policy that blocks this request. Check the security policies that "
        "are defined on the tenant level to determine if your request meets the policy requirements.",
    ),
    # Microsoft's list of error codes, and logs of az login in public repositories; the error value is unconfirmed
    "AADSTS530035": Refusal("invalid_grant", "Access has been blocked by security defaults."),
    # MicrosoftDocs/azure-docs 118443, json-schema-org/json-schema-org.github.io 404; the error value is unconfirmed
    "AADSTS50020": Refusal(
        "invalid_grant",
        "User account '{{EmailHidden}}' from identity provider 'live.com' does not exist in tenant '{directory}' and "
        "cannot access the application '{client_id}'({client}) in that tenant. The account needs to be added as an "
        "external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user "
        "account.",
    ),
}


def refuse(sandbox: Sandbox, request: Request, client_id: str) -> None:
    """Refuse a request if a fault says so.

    :param client_id: the application that asks, or on whose behalf a person is asked.
    :raises EntraError: as the fault says; 700016 for an application that the tenant does not know.
    """
    path = request.url.path
    code = sandbox.faults.refusal("identity", REFUSALS, request.method, path)
    if code is None:
        return
    tenant, refusal = sandbox.tenant, REFUSALS[code]
    client = find_client(tenant, client_id)
    raise EntraError(int(code.removeprefix("AADSTS")), refusal.error, refusal.text.format(
        client_id=client.app_id, client=client.name, asked=path.split("/")[1], tenant_id=tenant.tenant_id,
        directory=tenant.display_name,
    ), status=refusal.status)
