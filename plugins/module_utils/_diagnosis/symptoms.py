# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table of symptoms: what the identity platform and mail services say, and clients that do not come as far as them;
why, and which checks decide. Pure.

How a symptom is known and what to do about it are the domain's, which say it to whoever meets the symptom: the numbers
and remedies of _aadsts.py, the patterns and remedies of _mail/diagnosis.py and _google/refusals.py. Here stand the
causes and the checks beside them. docs/troubleshooting.md is made of the table.

Sources: https://learn.microsoft.com/entra/identity-platform/reference-error-codes, and those of _mail/diagnosis.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import REMEDIES, quoted
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.connections import FAILURES, Failure
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    Finding,
    crosses,
    sentence,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import MAIL_SCOPE
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.refusals import remedy_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.diagnosis import Protocol, Sign, sign_of


@dataclass(frozen=True)
class Symptom:
    """One row.

    :param said: what is said, in the service's own words, or numbers of the identity platform.
    :param cause: why; with several, the checks decide.
    :param checks: those that decide, see findings.CHECKS; empty where only a person can look.
    """

    said: str
    cause: str
    checks: tuple[str, ...]
    remedy: str


_CALLER_OR_OWN = ("caller_sign_in", "token")
_PERSON = ("person",)
#: The numbers of the identity platform that mean the same, why it says them, and what decides.
_ENTRA: Sequence[tuple[tuple[int, ...], str, tuple[str, ...]]] = (
    ((7000215,), "the secret is wrong: its ID in place of its value, or another application's",
     ("caller_sign_in", "secret", "token")),
    ((7000222,), "the secret has expired", ("caller_sign_in", "secret", "token")),
    ((7000218,), "no credential was sent", _CALLER_OR_OWN),
    ((700025,), "a public client sent a secret", _PERSON),
    ((700027, 700030), "the certificate is not registered with the application, or not valid", _CALLER_OR_OWN),
    ((700016, 700011, 70001), "the tenant does not know the application", ("caller_sign_in", "registration")),
    ((7000229,), "the application has no service principal in the tenant", ("service_principal", "caller_sign_in")),
    ((7000112, 1000031), "the application's service principal is disabled", ("service_principal", "caller_sign_in")),
    ((90002, 50128), "the tenant is unknown", ("caller_sign_in",)),
    ((50194,), "a single-tenant application was asked for elsewhere", ("caller_sign_in", "settings")),
    ((50059, 90019), "no tenant was named", ("caller_sign_in",)),
    ((90038,), "the tenant belongs to another national cloud", ("caller_sign_in",)),
    ((50049,), "the host is no sign-in service", ("caller_sign_in",)),
    ((90055,), "the tenant is throttled", ()),
    ((500011,), "the tenant does not have the resource: another cloud, or no licence", _CALLER_OR_OWN),
    ((500014,), "the resource's service principal is disabled", _CALLER_OR_OWN),
    ((650052,), "the tenant has no licence for the resource", _CALLER_OR_OWN),
    ((650056,), "a permission was not declared, or not consented to", ("permissions",)),
    ((650057,), "the resource is not among those that the application declares", ("permissions",)),
    ((65001,), "nobody has consented to a permission", ("permissions",)),
    ((90094, 90095), "an administrator has to consent", ("permissions",)),
    ((90008,), "the application may not even sign people in", ("permissions",)),
    ((65004,), "the person declined to consent", _PERSON),
    ((70021, 70025, 700211, 700213), "no federated credential matches the token", ("caller_sign_in",)),
    ((50013, 50027, 500133, 700024), "a clock is wrong, or an assertion is too old", _CALLER_OR_OWN),
    ((70011, 1002012), "the scope is malformed", ("caller_sign_in", "settings")),
    ((28003, 900144), "the request is malformed", ()),
    ((50196,), "the client asks in a loop", ()),
    ((50173,), "the password was changed, or the sessions were revoked", _PERSON),
    ((70043,), "a policy limits how long a sign-in lasts", _PERSON),
    ((700082,), "nobody used the sign-in for 90 days", _PERSON),
    ((700084, 70000, 70008, 50058, 50140), "the sign-in has ended; that of a single-page application lasts a day",
     _PERSON),
    ((50072, 50074, 50076, 50078, 50079, 50158), "a second factor is asked for", _PERSON),
    ((53003,), "a Conditional Access policy blocks the sign-in", ("caller_sign_in", "token", "person")),
    ((53000, 53001, 53002), "a policy asks for a device or an application that complies", _PERSON),
    ((530032,), "the tenant's policy blocks old ways to sign in", _PERSON),
    ((530035,), "security defaults block the sign-in", _PERSON),
    ((50055,), "the password has expired", _PERSON),
    ((50057,), "the account is disabled", _PERSON),
    ((50053,), "the account is locked", _PERSON),
    ((50126,), "the user name or the password is wrong", _PERSON),
    ((50034,), "the tenant does not know the user", ("licence", "person")),
    ((50020,), "the account belongs to another tenant", _PERSON),
    ((50105,), "the application is only for people who are assigned to it", _PERSON),
    ((50011,), "the application does not know the redirect URI", ("registration", "person")),
    ((16000,), "the browser is signed in with several accounts", _PERSON),
    ((70016,), "nobody has signed in yet", _PERSON),
    ((70018,), "the code was mistyped", _PERSON),
    ((70019, 70020), "the code has expired", _PERSON),
    ((54005,), "the code was used already", _PERSON),
    ((501481,), "parts of two sign-ins were mixed", _PERSON),
)

#: What Google's token endpoint says to a service account, why, and what decides.
_GOOGLE: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("invalid_grant: Invalid grant: account not found", "the service account was deleted or disabled", ("token",)),
    ("invalid_grant: Invalid JWT Signature.", "the key was deleted or disabled, or is another account's",
     ("secret", "token")),
    ("invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
     "the machine's clock is wrong", ("token",)),
    ("invalid_grant: Invalid JWT: Failed audience check.",
     "the client takes something else for Google's token endpoint", ()),
    ("unauthorized_client: Client is unauthorized to retrieve access tokens using this method, or client not "
     "authorized for any of the scopes requested.", "the domain has not delegated the mailbox, or another scope",
     ("token",)),
    ("invalid_grant: Invalid email or User ID", "the domain has no such user", ("token",)),
    ("access_denied: Account restricted", "the user is suspended", ("token",)),
    ("invalid_scope: Invalid OAuth scope or ID token audience provided.", "the client asks for another scope", ()),
)
#: The remedies are about a certain account; here, where none is known, they are about any.
_ANY_ACCOUNT = {
    "service_account": "the service account", "key_id": "in use", "user": "of that name", "scope": MAIL_SCOPE,
    "client_id": "of the service account",
}
_TOKEN = ("permissions", "token", "exchange_principal", "mailbox_rights", "licence")
#: What mail services say: the protocol, an answer in the service's own words, why, and what decides. Graph's words come
#: first: some have those of SMTP in them.
_MAIL: Sequence[tuple[Protocol, str, str, tuple[str, ...]]] = (
    ("graph", "ErrorAccessDenied: Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly "
     "AccessPolicy settings.", "an application access policy leaves the mailbox out", ()),
    ("graph", "ErrorAccessDenied: Access is denied. Check credentials and try again.",
     "no consent, or the mailbox is outside of the application's scope", ("permissions", "token", "scope")),
    ("graph", "ErrorSendAsDenied", "the sender is another address than the mailbox", ("mailbox_rights", "settings")),
    ("graph", "ErrorInvalidUser: The requested user is invalid.", "the tenant has no such mailbox", ("licence",)),
    ("graph", "MailboxNotEnabledForRESTAPI", "the user has no licence, or the mailbox is on premises", ("licence",)),
    ("graph", "ErrorInvalidRecipients", "the recipient's address is malformed", ()),
    ("graph", "ErrorQuotaExceeded", "the mailbox is full", ()),
    ("graph", "ApplicationThrottled", "too many requests", ()),
    ("graph", "InvalidAuthenticationToken: Access token validation failure. Invalid audience.",
     "the token is for another service", ("settings", "token")),
    ("graph", "InvalidAuthenticationToken: Lifetime validation failed, the token is expired.",
     "the token has expired, and there was no new one", ("secret", "token")),
    ("graph", "InvalidAuthenticationToken", "the token is none of Graph's", ("settings", "token")),
    ("graph", "401 UnknownError", "the token has no permission for mail at all", ("permissions", "token")),
    ("smtp", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
     "SMTP AUTH is off in the organisation, and the mailbox follows it", ("smtp_auth",)),
    ("smtp", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
     "SMTP AUTH is switched off on the mailbox", ("smtp_auth",)),
    ("smtp", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled; 550 5.7.30 "
     "Basic authentication is not supported for Client Submission.",
     "the product still signs in with a password", ("settings",)),
    ("smtp", "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
     "security defaults forbid passwords, and the product still uses one", ("settings",)),
    ("smtp", "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated "
     "successfully.", "a Conditional Access policy or an authentication policy", ("token", "settings")),
    ("smtp", "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
     "the product signs in with a wrong password", ("settings",)),
    ("smtp", "535 5.7.3 Authentication unsuccessful",
     "the token is for something else or has no role, Exchange does not know the application or by a wrong object id, "
     "it has no FullAccess, or the mailbox is another one", _TOKEN),
    ("smtp", "535 5.7.8 Username and Password not accepted. (Gmail)",
     "the password or token is wrong, or the delegation is missing", ("settings",)),
    ("smtp", "530 5.7.0 Authentication Required. WantAuthError (Gmail)", "the product does not sign in", ("settings",)),
    ("smtp", "534 5.7.9 Application-specific password required (Gmail)", "the user has two-step verification",
     ("settings",)),
    ("smtp", "454 4.7.0 Too many login attempts (Gmail)", "too many sign-ins at once", ()),
    ("smtp", "550 5.4.5 Daily user sending quota exceeded (Gmail)", "the day's number of messages is reached", ()),
    ("smtp", "530 5.7.57 Client not authenticated to send mail",
     "the product does not sign in: a server that wants a sign-in was taken for a relay", ("settings",)),
    ("smtp", "530 5.7.0 Must issue a STARTTLS command first", "the product does not encrypt", ("settings",)),
    ("smtp", "550 5.2.251 Sender throttled due to continuous mailbox full errors.",
     "the same error was met again and again: another sender, no licence, a full mailbox, or recipients",
     ("mailbox_rights", "settings", "licence")),
    ("smtp", "430 4.2.0 STOREDRV; mailbox logon failure; MapiExceptionLogonFailed",
     "the application cannot open the mailbox: no FullAccess, not yet in force, or a wrong object id",
     ("exchange_principal", "mailbox_rights")),
    ("smtp", "550 5.7.705 Access denied, tenant has exceeded threshold",
     "the tenant, its domain or its address is not accepted", ()),
    ("smtp", "554 5.2.252 SendAsDenied", "the sender is another address than the mailbox",
     ("mailbox_rights", "settings")),
    ("smtp", "432 4.3.2 Concurrent connections limit exceeded", "more than three submissions at once", ()),
    ("smtp", "554 5.2.0 SubmissionQuotaExceeded", "the day's number of recipients is reached", ()),
    ("smtp", "554 5.2.2 mailbox full", "the sending mailbox is full", ()),
    ("smtp", "550 5.1.8 Access denied, bad outbound sender", "the sender is blocked for spam", ()),
    ("smtp", "421 4.4.2 Message submission rate for this client has exceeded the configured limit",
     "the mailbox sends too fast", ()),
    ("smtp", "550 5.7.54 Unable to relay", "the relay does not take mail for that recipient from here", ("settings",)),
    ("smtp", "421 4.7.0 too many messages in this connection",
     "the server takes fewer messages in a session than the application sends", ("settings",)),
    ("smtp", "550 5.1.10 Recipient not found", "the recipient does not exist", ("licence",)),
    ("imap", "User is authenticated but not connected.",
     "the token is good, and the mailbox cannot be opened: IMAP or POP is off, no FullAccess, or no mailbox",
     ("imap", "pop3", "mailbox_rights", "licence")),
    ("imap", "Request is throttled. Suggested Backoff Time: 299961 milliseconds", "too many requests", ()),
    ("imap", "Your account is not enabled for IMAP use. (Gmail)", "IMAP is off in Google Workspace", ()),
    ("imap", "Too many simultaneous connections. (Gmail)", "more than 15 connections", ()),
    ("imap", "[AUTHENTICATIONFAILED] Invalid credentials (Gmail)",
     "the password or token is wrong, or the delegation is missing", ("settings",)),
    ("imap", "NO AUTHENTICATE failed.", "as for 535 5.7.3, or IMAP is off for the mailbox", (*_TOKEN, "imap")),
    ("imap", "NO LOGIN failed.", "passwords are not accepted by IMAP", ("settings",)),
    ("pop3", "[SYS/PERM] Your account is not enabled for POP access. (Gmail)", "POP is off in Google Workspace", ()),
    ("pop3", "-ERR [AUTH] Username and password not accepted. (Gmail)",
     "the password or token is wrong, or the delegation is missing", ("settings",)),
    ("pop3", "-ERR Authentication failure: unknown user name or bad password.",
     "as for 535 5.7.3, or POP is off for the mailbox", (*_TOKEN, "pop3")),
    ("pop3", "-ERR Logon failure: unknown user name or bad password.", "passwords are not accepted by POP3",
     ("settings",)),
    # -- what is left, where nothing above fits
    ("smtp", "451 4.7.500 Server busy", "the server has a passing trouble", ()),
    ("smtp", "535 Authentication failed", "the server took neither password nor token", ("settings", *_TOKEN)),
)
#: A reply's code as clients log it: "535-5.7.3", "535: 5.7.3" (MailKit), "(535, b'5.7.3" (Python), or not (.NET).
_LOGGED_CODE = re.compile(r"\b([245]\d\d)(?:-|: |, b['\"])(?=\w)")
_LOGGED_WITHOUT = re.compile(r"(?<=server response was: )(?=([245])\.\d\.\d)")
_PROTOCOLS: Sequence[Protocol] = ("graph", "imap", "pop3", "smtp")


def entra() -> list[Symptom]:
    """What the identity platform says."""
    return [
        Symptom("AADSTS" + ", ".join(map(str, numbers)), cause, checks, REMEDIES[numbers[0]])
        for numbers, cause, checks in _ENTRA
    ]


def mail() -> list[Symptom]:
    """What mail services say."""
    return [Symptom(said, cause, checks, _sign(protocol, said).remedy) for protocol, said, cause, checks in _MAIL]


def google() -> list[Symptom]:
    """What Google's token endpoint says."""
    return [
        Symptom(said, cause, checks, _at_google(said).format(**_ANY_ACCOUNT)) for said, cause, checks in _GOOGLE
    ]


def connections() -> list[Symptom]:
    """What clients say that do not come as far as a service."""
    return [_connection(one) for one in FAILURES]


def signs() -> list[Sign]:
    """The domain's row for each row of the table on mail services."""
    return [_sign(protocol, said) for protocol, said, _cause, _checks in _MAIL]


def numbers() -> list[int]:
    """The numbers of the table on the identity platform."""
    return [number for several, _cause, _checks in _ENTRA for number in several]


def find(text: str) -> Symptom:
    """The row that a service's answer, or a line of a product's log, fits.

    :raises InputError: none does.
    """
    answer = _as_answered(text)
    for look_up in (_entra_row, _mail_row, _google_row, _connection_row):
        if (symptom := look_up(answer)) is not None:
            return symptom
    raise InputError(
        f"mail_symptom: nothing is known of {text!r}.",
        remedy="Give the service's answer with its code, for example '535 5.7.139 Authentication unsuccessful, ...' or "
        "'AADSTS7000222: ...'; without mail_symptom everything is looked at.",
    )


def plain(symptom: Symptom) -> dict[str, Any]:
    """A row for a task's result."""
    return {
        "said": symptom.said, "cause": symptom.cause, "checks": list(symptom.checks), "remedy": symptom.remedy,
    }


def told(symptom: Symptom, findings: Sequence[Finding]) -> list[str]:
    """What a symptom means, and which of its causes it is, as sentences.

    :param findings: those of the checks that decide, and what is wrong with what they need.
    """
    wrong = crosses(findings)
    if own := [one for one in wrong if one.check in symptom.checks]:
        decided = [f"It is: {one.about}: {sentence(one)}" for one in own]
    elif wrong:
        decided = [f"It cannot be told, since: {one.about}: {sentence(one)}" for one in wrong]
    elif unclear := [one for one in findings if one.state == "unknown"]:
        decided = [f"It may be: {one.about}: {sentence(one)}." for one in unclear]
    elif symptom.checks:
        decided = ["None of the checks that decide has found the cause; it may have passed, or lie elsewhere."]
    else:
        decided = ["No check can tell; it is for a person to look."]
    return [
        f"{symptom.said.rstrip('.')}: {symptom.cause}.", f"Decided by: {', '.join(symptom.checks) or 'nobody'}.",
        f"Remedy: {symptom.remedy}", *decided,
    ]


def rows(symptoms: Sequence[Symptom]) -> Iterator[Mapping[str, str]]:
    """The rows of a page."""
    for one in symptoms:
        yield {
            "what is said": one.said, "why": one.cause,
            "checks that decide": ", ".join(f"`{check}`" for check in one.checks), "what to do": one.remedy,
        }


def _as_answered(text: str) -> str:
    """A line of a client's log, with the code of a reply as the service writes it; where it was left out, its class."""
    return _LOGGED_WITHOUT.sub(r"\g<1>50 ", _LOGGED_CODE.sub(r"\1 ", text))


def _entra_row(answer: str) -> Symptom | None:
    number = quoted(answer)
    return next((
        Symptom(f"AADSTS{number}", cause, checks, REMEDIES[number])
        for numbers, cause, checks in _ENTRA if number is not None and number in numbers
    ), None)


def _mail_row(answer: str) -> Symptom | None:
    fitting = {id(sign) for protocol in _PROTOCOLS if (sign := sign_of(protocol, "", answer)) is not None}
    return next((symptom for symptom, sign in zip(mail(), signs(), strict=True) if id(sign) in fitting), None)


def _google_row(answer: str) -> Symptom | None:
    remedy = remedy_of(answer)
    return next((one for one in google() if remedy is not None and _at_google(one.said) == remedy), None)


def _connection_row(answer: str) -> Symptom | None:
    return next((_connection(one) for one in FAILURES if re.search(one.pattern, answer, re.IGNORECASE)), None)


def _connection(one: Failure) -> Symptom:
    return Symptom(one.said, one.cause, one.checks, one.remedy)


def _at_google(said: str) -> str:
    remedy = remedy_of(said)
    if remedy is None:
        raise LookupError(f"_google/refusals.py does not know {said!r}")
    return remedy


def _sign(protocol: Protocol, said: str) -> Sign:
    sign = sign_of(protocol, "", said)
    if sign is None:
        raise LookupError(f"_mail/diagnosis.py does not know {said!r}")
    return sign
