# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Every refusal that is known gets its own remedy."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.diagnosis import (
    SIGNS,
    Protocol,
    sign_of,
    suggested_backoff,
)
from hypothesis import given
from hypothesis import strategies as st

SWITCH = (
    "Authentication unsuccessful, SmtpClientAuthentication is disabled for the {}. Visit "
    "https://aka.ms/smtp_auth_disabled for more information. [AM0P190CA0001 2026-11-22T05:00:00.000Z 08DC000000000000]"
)
# protocol, code, the service's words, what the remedy has to say
KNOWN: list[tuple[Protocol, str, str, str]] = [
    ("smtp", "535 5.7.139", SWITCH.format("Tenant"), "leave the organisation's default off"),
    ("smtp", "535 5.7.139", SWITCH.format("Mailbox"), "on the mailbox itself"),
    ("smtp", "535 5.7.139", "Authentication unsuccessful, basic authentication is disabled.", "authentication oauth2"),
    ("smtp", "550 5.7.30", "Basic authentication is not supported for Client Submission.", "authentication oauth2"),
    ("smtp", "535 5.7.139",
     "Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your "
     "administrator.", "security defaults"),
    ("smtp", "535 5.7.139",
     "Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact "
     "your administrator. [HOST]", "Conditional Access"),
    ("smtp", "535 5.7.139", "Authentication unsuccessful, the user credentials were incorrect.", "password is wrong"),
    ("smtp", "535 5.7.3", "Authentication unsuccessful [SN6PR01.namprd00.prod.outlook.com]", "New-ServicePrincipal"),
    ("smtp", "535 5.7.8", "Username and Password not accepted.", "domain-wide delegation"),
    ("smtp", "535 5.7.8", "Error: authentication failed: (reason unavailable)", "took neither user name and password"),
    ("smtp", "530 5.7.0", "Authentication Required. For more information, go to https://support.google.com/mail/?p="
     "WantAuthError x - gsmtp", "google_service_account"),
    ("smtp", "534 5.7.9", "Application-specific password required. Learn more at https://support.google.com/mail/?p="
     "InvalidSecondFactor x - gsmtp", "app password"),
    ("smtp", "454 4.7.0", "Too many login attempts, please try again later. x - gsmtp", "patience"),
    ("smtp", "550 5.4.5", "Daily user sending limit exceeded. x - gsmtp", "for the day"),
    ("smtp", "530 5.7.57", "Client not authenticated to send mail.", "without a sign-in"),
    ("smtp", "530 5.7.0", "Must issue a STARTTLS command first.", "set tls to starttls"),
    ("smtp", "554 5.2.252", "SendAsDenied; a@x.example not allowed to send as b@x.example; STOREDRV…", "grant SendAs"),
    ("smtp", "550 5.7.60", "SMTP; Client does not have permissions to send as this sender [HOST]", "grant SendAs"),
    ("smtp", "432 4.3.2", "Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending", "three"),
    ("smtp", "432 4.3.2", "STOREDRV.ClientSubmit; sender thread limit exceeded", "three"),
    ("smtp", "554 5.2.0", "STOREDRV.Submission.Exception:SubmissionQuotaExceededException …", "for the day"),
    ("smtp", "554 5.2.2", "mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.…", "empty it"),
    ("smtp", "554 5.2.0", "STOREDRV.Submission.Exception:OutboundSpamException", "Restricted entities"),
    ("smtp", "421 4.4.2", "Message submission rate for this client has exceeded the configured limit", "too fast"),
    ("smtp", "550 5.1.8", "Access denied, bad outbound sender", "Restricted entities"),
    ("smtp", "550 5.2.255", "Sender throttled due to continuous invalid recipients errors.", "stop sending"),
    ("smtp", "430 4.2.0", "STOREDRV; mailbox logon failure; MapiExceptionLogonFailed", "give it FullAccess"),
    ("smtp", "550 5.7.708", "Service unavailable. Access denied, traffic not accepted from this IP.", "support"),
    ("smtp", "550 5.7.54", "SMTP; Unable to relay recipient in non-accepted domain", "meant for it"),
    ("smtp", "554 5.7.1", "<x@y.example>: Relay access denied", "allowed to relay"),
    ("smtp", "421", "too many messages in this connection", "fewer in a session"),
    ("smtp", "550 5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient x not found by SMTP address lookup", "recipient"),
    ("smtp", "451 4.7.0", "Temporary server error. Please try again later.", "passing trouble"),
    ("smtp", "421 4.3.2", "Service not available", "passing trouble"),
    ("smtp", "535", "authentication failed", "neither"),
    ("imap", "BAD", "User is authenticated but not connected.", "FullAccess"),
    ("pop3", "-ERR", "User is authenticated but not connected.", "PopEnabled"),
    ("imap", "BAD", "Request is throttled. Suggested Backoff Time: 92415 milliseconds", "patience"),
    ("imap", "NO", "[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "domain-wide delegation"),
    ("imap", "NO", "[ALERT] Your account is not enabled for IMAP use. (Failure)", "End user access"),
    ("imap", "NO", "[ALERT] Too many simultaneous connections. (Failure)", "15 connections"),
    ("imap", "NO", "AUTHENTICATE failed.", "IMAP is enabled"),
    ("imap", "NO", "LOGIN failed.", "no passwords"),
    ("imap", "NO", "Basic authentication is disabled.", "no passwords"),
    ("pop3", "-ERR", "[SYS/PERM] Your account is not enabled for POP access.", "End user access"),
    ("pop3", "-ERR", "[AUTH] Username and password not accepted.", "domain-wide delegation"),
    ("pop3", "-ERR", "Authentication failure: unknown user name or bad password.", "POP is enabled"),
    ("pop3", "-ERR", "Logon failure: unknown user name or bad password.", "no passwords"),
    ("graph", "ErrorAccessDenied", "Access is denied. Check credentials and try again.", "Mail.Send"),
    ("graph", "ErrorAccessDenied",
     "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
     "policy's group"),
    ("graph", "ErrorSendAsDenied", "The user account … does not have the right to send mail of …", "grant SendAs"),
    ("graph", "ErrorInvalidUser", "The requested user 'x' is invalid.", "spelling"),
    ("graph", "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
     "licence"),
    ("graph", "ErrorInvalidRecipients", "At least one recipient is not valid.", "malformed"),
    ("graph", "ErrorQuotaExceeded", "", "full"),
    ("graph", "ApplicationThrottled", "Application is over its MailboxConcurrency limit.", "patience"),
    ("graph", "TooManyRequests", "Please retry again later.", "patience"),
    ("graph", "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.", "audience"),
    ("graph", "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.", "expired"),
    ("graph", "InvalidAuthenticationToken", "Access token is empty.", "not one that"),
    ("graph", "UnknownError", "", "no permission at all"),
]


@pytest.mark.parametrize(("protocol", "code", "text", "words"), KNOWN)
def test_a_known_refusal_has_its_remedy(protocol: Protocol, code: str, text: str, words: str) -> None:
    sign = sign_of(protocol, code, text)
    assert sign is not None
    assert words in sign.remedy


def test_every_row_of_the_table_is_reached() -> None:
    assert set(SIGNS) == {sign_of(protocol, code, text) for protocol, code, text, _words in KNOWN}


@pytest.mark.parametrize("protocol", ["smtp", "imap", "pop3", "graph"])
def test_an_unknown_answer_has_none(protocol: Protocol) -> None:
    assert sign_of(protocol, "999", "The cat sat on the server.") is None


def test_the_words_of_one_protocol_mean_nothing_in_another() -> None:
    assert sign_of("pop3", "NO", "AUTHENTICATE failed.") is None


def test_a_remedy_is_made_of_sentences() -> None:
    for sign in SIGNS:
        assert re.match(r"[A-Z].*\.$", sign.remedy), sign.remedy


#: What a right or a setting that was changed moments ago looks like until Exchange acts by it.
PASSING = (
    "SmtpClientAuthentication is disabled", "535 5.7.3 ", "SendAsDenied", "5.7.60", "authenticated but not connected",
    "AUTHENTICATE failed", "Authentication failure", "ErrorAccessDenied", "UnknownError",
    "mailbox logon failure",
)


@pytest.mark.parametrize(("protocol", "code", "text", "words"), KNOWN)
def test_what_may_pass_by_itself_is_told_from_what_is_wrong(
    protocol: Protocol, code: str, text: str, words: str
) -> None:
    sign = sign_of(protocol, code, text)
    assert sign is not None
    assert sign.passing is any(passing in f"{code} {text}" for passing in PASSING)


@given(st.integers(min_value=0, max_value=10**9))
def test_the_suggested_backoff_is_read_in_seconds(milliseconds: int) -> None:
    text = f"Request is throttled. Suggested Backoff Time: {milliseconds} milliseconds"
    assert suggested_backoff(text) == milliseconds / 1000


def test_no_backoff_without_a_suggestion() -> None:
    assert suggested_backoff("User is authenticated but not connected.") is None
