# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a mail service's refusal means, and what to do about it. Pure: one table.

The services' words: Microsoft's pages on SMTP client submission, on OAuth for IMAP, POP and SMTP, and on Graph's errors
(https://learn.microsoft.com/graph/errors), and answers recorded by public projects. Only the remedies are ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

#: In whose words a service answers; "web" is a product's own API.
Protocol = Literal["smtp", "imap", "pop3", "graph", "web"]
#: What somebody may do with a mailbox that is not their own.
Right = Literal["FullAccess", "SendAs"]

_SIGN_IN_BY_OAUTH = (
    "check, in this order: the token's audience is Exchange Online and not Microsoft Graph; the permission is an "
    "application permission of Office 365 Exchange Online, with admin consent; the application is known to Exchange "
    "(New-ServicePrincipal) with the object id of the enterprise application, not of the registration; it has "
    "FullAccess on the mailbox; the mailbox is spelt right. After a change allow up to an hour."
)

_GOOGLE = (
    "User name and password, or the token, are wrong. Google: the service account needs domain-wide delegation for "
    "https://mail.google.com/ and the mailbox as its subject, and the user must not be suspended; a password has to be "
    "an app password."
)


@dataclass(frozen=True)
class Sign:
    """One row: how a refusal is known, and its remedy.

    :param protocols: in which protocols it occurs.
    :param pattern: a regular expression, searched without regard to case in "code text".
    :param passing: whether it may pass by itself, if rights or settings were changed moments ago: Exchange takes up to
        two hours until they act.
    :param lacks: the right that is missing, or may be, if the mailbox is another's than the account's own.
    """

    protocols: tuple[Protocol, ...]
    pattern: str
    remedy: str
    passing: bool = False
    lacks: Right | None = None


# The first row that fits counts, so the special ones stand before the general ones.
SIGNS = (
    # -- SMTP: sign-in
    Sign(("smtp",), r"SmtpClientAuthentication is disabled for the Tenant",
         "SMTP AUTH is off, which stops OAuth as well: enable it for this mailbox alone (Set-CASMailbox "
         "-SmtpClientAuthenticationDisabled $false) and leave the organisation's default off.", passing=True),
    Sign(("smtp",), r"SmtpClientAuthentication is disabled for the Mailbox",
         "SMTP AUTH is switched off on the mailbox itself, which stops OAuth as well: Set-CASMailbox "
         "-SmtpClientAuthenticationDisabled $false.", passing=True),
    Sign(("smtp",), r"basic authentication is (disabled|not supported)",
         "Exchange Online takes no passwords here: use authentication oauth2."),
    Sign(("smtp",), r"security defaults policy",
         "The tenant's security defaults forbid signing in with a password: use authentication oauth2."),
    Sign(("smtp",), r"did not meet the criteria",
         "A Conditional Access policy stops this sign-in: exempt the application or the address that it comes from."),
    Sign(("smtp",), r"user credentials were incorrect",
         "The user name or the password is wrong."),
    Sign(("smtp",), r"5\.7\.3 Authentication unsuccessful|535 5\.7\.3\b",
         "The token was refused: " + _SIGN_IN_BY_OAUTH, passing=True),
    Sign(("smtp",), r"5\.7\.8\b.*(Username and Password not accepted|BadCredentials)", _GOOGLE),
    Sign(("smtp",), r"5\.7\.0\b.*WantAuthError",
         "Gmail takes no mail without a sign-in: set authentication to google_service_account."),
    Sign(("smtp",), r"Application-specific password required|InvalidSecondFactor",
         "The user has 2-step verification, so Gmail takes an app password alone: make one, or use authentication "
         "google_service_account."),
    Sign(("smtp",), r"too many login attempts",
         "Gmail asks for patience: run the check again later, with fewer sign-ins at once."),
    Sign(("smtp",), r"Daily (user )?sending (quota|limit)",
         "The mailbox reached Gmail's number of messages for the day: wait, or send by another mailbox."),
    Sign(("smtp",), r"5\.7\.57\b|not authenticated to send|5\.7\.0 Authentication required",
         "The server takes no mail without a sign-in: set authentication to oauth2 or basic."),
    Sign(("smtp",), r"5\.7\.0\b.*STARTTLS",
         "The server wants TLS before anything else: set tls to starttls."),
    # -- SMTP: the mail
    Sign(("smtp",), r"5\.2\.25[1-5]\b.*throttled",
         "The mailbox is throttled for errors that repeat, and support cannot lift that: mend what they were about, "
         "stop sending for a while, or send by another mailbox."),
    Sign(("smtp",), r"mailbox logon failure|MapiExceptionLogonFailed",
         "The sign-in was good, but the application cannot open the mailbox: give it FullAccess; check that its "
         "service principal in Exchange has the object id of the enterprise application; allow up to an hour.",
         passing=True),
    Sign(("smtp",), r"5\.7\.(705|708|750)\b",
         "Exchange does not take mail from this tenant, address or domain: register the domain, look for an account "
         "that was misused, and ask Microsoft's support."),
    Sign(("smtp",), r"SendAsDenied|5\.7\.60\b",
         "The sign-in was good, but this mailbox may not use that sender: send from the mailbox itself, or grant "
         "SendAs (Add-RecipientPermission).", passing=True),
    Sign(("smtp",), r"Concurrent connections limit|sender thread limit",
         "More than three submissions at once for one mailbox: send again later, with fewer connections."),
    Sign(("smtp",), r"SubmissionQuotaExceeded|5\.1\.90\b|submission quota",
         "The mailbox reached its number of recipients for the day: wait, or send by another service."),
    Sign(("smtp",), r"mailbox full|QuotaExceededException",
         "The sending mailbox is full, and copies of sent mail count: empty it."),
    Sign(("smtp",), r"OutboundSpam|5\.1\.8\b",
         "Microsoft blocked the sender for spam: secure the account, then lift it under Restricted entities in "
         "Microsoft Defender (Remove-BlockedSenderAddress)."),
    Sign(("smtp",), r"4\.4\.2\b.*rate", "The mailbox sends too fast: send again later."),
    Sign(("smtp",), r"5\.7\.54\b|unable to relay|relay(ing)? (access )?(denied|not (permitted|allowed))",
         "The server does not take mail for that recipient from here: have this machine's address allowed to relay, "
         "sign in, or use the server meant for it."),
    Sign(("smtp",), r"too many messages in (this|one) (connection|session)|messages per (connection|session)",
         "The server takes fewer messages over one connection: let the application send fewer in a session."),
    Sign(("smtp",), r"5\.1\.(1|10)\b|recipient (not found|unknown)|user unknown",
         "The recipient does not exist at that server: check the address."),
    Sign(("smtp",), r"\b4\d\d 4\.|\b421\b", "The server has a passing trouble: run the check again."),
    Sign(("smtp",), r"\b535\b|server response was: authentication failed",
         "The server took neither user name and password nor token: check them."),
    # -- IMAP and POP3
    Sign(("imap", "pop3"), r"authenticated but not connected",
         "The token is good, but the mailbox cannot be opened: check that the protocol is enabled on it "
         "(Set-CASMailbox -ImapEnabled or -PopEnabled $true), that the application has FullAccess on it, and "
         "that it has a licence.", passing=True),
    Sign(("imap",), r"throttled", "Exchange asks for patience: run the check again after the time that it names."),
    Sign(("imap",), r"not enabled for IMAP|IMAP access is disabled",
         "IMAP is off for that mailbox: in admin.google.com under Apps, Google Workspace, Gmail, End user access, "
         "allow IMAP, and switch it on in the mailbox's own settings (Forwarding and POP/IMAP)."),
    Sign(("imap",), r"Too many simultaneous connections",
         "Gmail allows 15 connections to a mailbox: close some, and run the check again."),
    Sign(("imap",), r"\bAUTHENTICATIONFAILED\b", _GOOGLE),
    Sign(("imap",), r"AUTHENTICATE failed",
         "The token was refused, or the mailbox: check that IMAP is enabled on it; then " + _SIGN_IN_BY_OAUTH,
         passing=True),
    Sign(("imap",), r"LOGIN failed|basic authentication is disabled|LOGINDISABLED",
         "The server takes no passwords by IMAP, or this one is wrong: with Exchange Online use oauth2."),
    Sign(("pop3",), r"not enabled for POP",
         "POP is off for that mailbox: in admin.google.com under Apps, Google Workspace, Gmail, End user access, "
         "allow POP, and switch it on in the mailbox's own settings (Forwarding and POP/IMAP)."),
    Sign(("pop3",), r"\[AUTH\]", _GOOGLE),
    Sign(("pop3",), r"Authentication failure",
         "The token was refused, or the mailbox: check that POP is enabled on it; then " + _SIGN_IN_BY_OAUTH,
         passing=True),
    Sign(("pop3",), r"Logon failure",
         "The server takes no passwords by POP3, or this one is wrong: with Exchange Online use oauth2."),
    # -- Microsoft Graph
    Sign(("graph",), r"\[RAOP\]",
         "An application access policy leaves this mailbox out: add the mailbox to the policy's group.", passing=True),
    Sign(("graph",), r"ErrorAccessDenied|Access is denied\. Check credentials",
         "Grant the application permission (Mail.Send to send, Mail.Read to read, Mail.ReadWrite to delete) with admin "
         "consent, or add the mailbox to the application's scope in Exchange. After a change allow up to two hours.",
         passing=True),
    Sign(("graph",), r"ErrorSendAsDenied|right to send mail on behalf of",
         "This mailbox may not use that sender: send from the mailbox itself, or grant SendAs "
         "(Add-RecipientPermission).", passing=True),
    Sign(("graph",), r"ErrorInvalidUser|Request_ResourceNotFound|requested user .*is invalid",
         "The tenant does not know that mailbox: check its spelling and the tenant."),
    Sign(("graph",), r"MailboxNotEnabledForRESTAPI|REST API is not yet supported|inactive, soft-deleted",
         "The user exists but has no mailbox in Exchange Online: assign a licence with Exchange Online to it, or use "
         "another mailbox."),
    Sign(("graph",), r"ErrorInvalidRecipients", "The recipient's address is malformed: check it."),
    Sign(("graph",), r"ErrorQuotaExceeded", "The mailbox is full: empty it."),
    Sign(("graph",), r"ApplicationThrottled|TooManyRequests",
         "Microsoft Graph asks for patience: run the check again later, with fewer checks at once."),
    Sign(("graph",), r"InvalidAuthenticationToken.*audience|Invalid audience",
         "The token is for another service: Graph needs one whose audience is Microsoft Graph."),
    Sign(("graph",), r"InvalidAuthenticationToken.*expired|Lifetime validation failed",
         "The access token has expired: get a new one."),
    Sign(("graph",), r"InvalidAuthenticationToken", "The access token is not one that Microsoft Graph accepts."),
    Sign(("graph",), r"401 UnknownError|^UnknownError",
         "The token has no permission at all for mail: grant Mail.Send or Mail.Read with admin consent.", passing=True),
)


def sign_of(protocol: Protocol, code: str, text: str) -> Sign | None:
    """The row that an answer fits.

    :param code: the answer's code, for example "535 5.7.139", "NO", "-ERR" or "ErrorAccessDenied".
    :param text: the service's own words.
    :returns: None for an answer that the table does not know.
    """
    answer = f"{code} {text}"
    return next((
        sign for sign in SIGNS
        if protocol in sign.protocols and re.search(sign.pattern, answer, re.IGNORECASE | re.DOTALL)
    ), None)


def suggested_backoff(text: str) -> float | None:
    """The seconds that Exchange's IMAP service asks to wait when it throttles; None if it does not."""
    match = re.search(r"Suggested Backoff Time: (\d+) milliseconds", text, re.IGNORECASE)
    return int(match.group(1)) / 1000 if match else None
