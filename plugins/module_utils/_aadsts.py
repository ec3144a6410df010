# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From the identity platform's refusals to remedies. Pure.

Numbers: https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Microsoft asks programs to branch on
``error`` alone and keeps the numbers free to change, so they only choose the words for a person here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError

_TENANT = "Check tenant_id (a GUID or a verified domain) and that cloud or authority_host is that tenant's cloud."
_CERTIFICATE = "Upload the public certificate to this very application (client_id), and check that it is valid today."
_FEDERATED = (
    "Make the application's federated credential match the assertion exactly: issuer, subject and audience, letter "
    "case and a trailing slash included. A new one needs a minute or so to take effect."
)
_CLOCK = "Check this machine's clock; an assertion is valid for minutes only."
_AGAIN = "The person has to sign in again."
_MFA = (
    "The person has to sign in again, with the second factor that the tenant asks for; a job without a person is "
    "better served by an application that signs in by itself."
)
_WORKLOAD = (
    "A Conditional Access policy blocks the sign-in; meet it, or exempt this account or workload identity. The "
    "sign-in log names the policy; for an application that of service principals."
)
_DEVICE = (
    "A Conditional Access policy wants a device that complies: sign in on such a one, or change the policy; a server "
    "is better served by an application that signs in by itself."
)
_CLIENT = "The request was malformed, which is a fault of whoever sent it: update the client or the product."
_PASSWORD = "The person has to set a new password, and to sign in with it."

REMEDIES: Mapping[int, str] = {
    16000: "Sign in with one account alone, in a private window of the browser.",
    50011: "Add exactly this redirect URI to the application, for the platform web if it has a secret.",
    50020: "Sign in with an account of this tenant.",
    50034: "Check the user name and the tenant.",
    50053: "The account is locked after wrong passwords, or for the address that they came from: wait, or unlock it.",
    50055: _PASSWORD,
    50057: "The account is disabled: enable it, or use another one.",
    50058: _AGAIN,
    50072: _MFA, 50074: _MFA, 50076: _MFA, 50078: _MFA, 50079: _MFA,
    50105: "Assign the person, or a group of theirs, to the application, or let it do without (app role assignment).",
    50126: "The user name or the password is wrong.",
    50140: _AGAIN,
    50158: _MFA,
    50173: "The sign-in was revoked, or the password changed: the person has to sign in again.",
    50049: "Check authority_host: Microsoft does not know this host as a sign-in service.",
    50059: "Give tenant_id.",
    50128: _TENANT,
    50194: "Give the application's own tenant as tenant_id; it is a single-tenant application.",
    50196: "The client asks for tokens again and again: let it keep a token until it ends.",
    53000: _DEVICE, 53001: _DEVICE, 53002: _DEVICE,
    53003: _WORKLOAD,
    530032: "The tenant's policy blocks old ways to sign in: use OAuth.",
    54005: "Start the sign-in anew: its code was used already.",
    65001: "An administrator has to consent to the application's permissions.",
    650052: "Check that the tenant has a licence for the resource, and its service principal.",
    650056: "Compare the permissions that the application declares with those that are granted, and consent again.",
    650057: "Declare the permission on the application, then consent to it.",
    65004: "The person declined the permissions: sign in again and accept, or let an administrator consent.",
    70000: _AGAIN,
    70008: _AGAIN,
    70016: "Nobody has signed in yet.",
    70018: "Start the sign-in anew, and type the new code: this one is wrong, or has been used.",
    70019: "Start the sign-in anew: its code has expired.",
    70020: "Start the sign-in anew: its code has expired.",
    70043: (
        "The Conditional Access policy for the sign-in frequency wants the person to sign in again; to be asked less "
        "often, lengthen it for this account."
    ),
    70001: "Check client_id and tenant_id; the application may be disabled.",
    70021: _FEDERATED, 70025: _FEDERATED, 700211: _FEDERATED, 700213: _FEDERATED,
    70011: "Ask for one resource's /.default scope; check cloud.",
    28003: _CLIENT, 900144: _CLIENT,
    90002: _TENANT,
    90008: "Give the application the delegated permission User.Read of Microsoft Graph, with consent.",
    90019: "Give tenant_id.",
    90094: "An administrator has to consent to the application's permissions.",
    90095: "An administrator has to consent to the application's permissions.",
    90038: "The tenant belongs to another national cloud: set cloud.",
    90055: "The tenant is throttled: try again later.",
    50013: _CLOCK, 50027: _CLOCK, 500133: _CLOCK,
    500011: "Check cloud and tenant_id; this tenant does not have the resource, often for want of a licence.",
    500014: "An administrator has to enable the resource's enterprise application; its subscription may have lapsed.",
    700011: "Check client_id and tenant_id.",
    700016: "Check client_id and tenant_id: the tenant has no such application. One just created needs a minute.",
    530035: "The tenant's security defaults block the sign-in: sign in with a second factor.",
    501481: "Start the sign-in anew: what was sent belongs to another one.",
    700024: _CLOCK,
    700025: "Leave the client secret out: the application is a public one, that has none.",
    700027: _CERTIFICATE,
    700030: _CERTIFICATE,
    700082: "Nobody used the sign-in for 90 days: the person has to sign in again.",
    700084: _AGAIN,
    1000031: "An administrator has to enable the application's enterprise application (accountEnabled).",
    7000112: "An administrator has to enable the application's enterprise application (accountEnabled).",
    7000215: (
        "Give the secret's value, which the portal shows once, right after creation, and not the secret's ID; check "
        "that it belongs to this client_id. A secret that was just created needs up to a minute to take effect."
    ),
    7000218: (
        "Give a credential: client_secret, certificate_path or federated_token_file. For people who sign in without, "
        "allow the application public client flows (public_client)."
    ),
    7000222: "The client secret has expired: make a new one and give its value.",
    7000229: "Create the application's service principal in this tenant, for example with entra_admin_consent.",
    1002012: "Ask for one resource's /.default scope; check cloud.",
}

#: Refusals that end when a person signs in, and not before.
_FOR_A_PERSON = frozenset({
    16000, 50055, 50058, 50072, 50074, 50076, 50078, 50079, 50140, 50158, 50173, 65001, 70000, 70008, 70043, 700082,
    700084,
})
#: The same in OAuth's own words.
_OAUTH_FOR_A_PERSON = frozenset({"interaction_required", "login_required", "consent_required", "invalid_grant"})

#: Refusals that an application, a credential or a grant meets until every replica has heard of it.
_REPLICATING = frozenset({
    70021, 70025, 500011, 700016, 700027, 700211, 700213, 7000215, 7000229,
})


def is_replicating(error: AuthenticationError) -> bool:
    """Whether the refusal may pass by itself, if what it is about was made moments ago."""
    return error.code in {f"AADSTS{number}" for number in _REPLICATING}


def authentication_error(answer: Mapping[str, Any], what: str) -> AuthenticationError:
    """The error for an OAuth error answer.

    :param answer: {error, error_description, error_codes?, trace_id?, correlation_id?}, as the token endpoint sent it.
    :param what: who could not sign in, for example "client 1234… in tenant contoso.example".
    """
    # What is no sign-in service may answer in any shape.
    error = answer["error"] if isinstance(answer.get("error"), str) else None
    description = str(answer.get("error_description") or error or "no explanation")
    number = _number(answer, description)
    # The description repeats the identifiers and the time; they have places of their own.
    text = re.split(r"\s*(?:Trace ID|Correlation ID|Timestamp):", description, maxsplit=1)[0].strip()
    identifiers = {
        "trace": answer.get("trace_id") or _after("Trace ID", description),
        "correlation": answer.get("correlation_id") or _after("Correlation ID", description),
    }
    refused = AuthenticationError(
        f"The identity platform refused {what}: {text}",
        code=f"AADSTS{number}" if number else error,
        request_id=", ".join(f"{name} {value}" for name, value in identifiers.items() if value) or None,
        remedy=REMEDIES.get(number or 0),
    )
    refused.needs_person = error in _OAUTH_FOR_A_PERSON
    return refused


def quoted(text: str) -> int | None:
    """The number of a refusal that somebody else repeats, for example a product in its own answer; None if none."""
    match = re.search(r"AADSTS(\d+)", text)
    return int(match[1]) if match else None


def is_for_a_person(number: int | None) -> bool:
    """Whether a refusal ends when a person signs in."""
    return number in _FOR_A_PERSON


def _number(answer: Mapping[str, Any], description: str) -> int | None:
    codes = answer.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    return quoted(description)


def _after(label: str, description: str) -> str | None:
    match = re.search(rf"{label}: (\S+)", description)
    return match[1] if match else None
