# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a mail service's refusal means where a person has signed in, and not an application by itself. Pure.

The services' words are the same as for applications, see diagnosis.py; what to look at is not. A product repeats them
in an answer of its own, and the identity platform's as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import REMEDIES, quoted
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.diagnosis import SIGNS, Protocol, Right, Sign

_OPENS = (
    "the account that has signed in must be able to open the mailbox in Outlook: its own, or one on which it has "
    "FullAccess (Add-MailboxPermission)"
)
_REFUSED = (
    "check, in this order: {permission} of Office 365 Exchange Online is consented to as a delegated permission; "
    "{switch}; " f"{_OPENS}; the mailbox is spelt right. After a change allow up to an hour."
)
#: What a person's token needs for each protocol.
PERMISSIONS: Mapping[str, str] = {
    "smtp": "SMTP.Send", "imap": "IMAP.AccessAsUser.All", "pop3": "POP.AccessAsUser.All",
}
_CMDLETS: Mapping[Right, str] = {
    "FullAccess": "Add-MailboxPermission {} -User {} -AccessRights FullAccess",
    "SendAs": "Add-RecipientPermission {} -Trustee {} -AccessRights SendAs",
}
_SWITCHES: Mapping[str, str] = {
    "smtp": "SMTP AUTH is on for the mailbox (Set-CASMailbox -SmtpClientAuthenticationDisabled $false)",
    "imap": "IMAP is on for the mailbox (Set-CASMailbox -ImapEnabled $true)",
    "pop3": "POP is on for the mailbox (Set-CASMailbox -PopEnabled $true)",
}


def _refused(protocol: str) -> str:
    return "The person's token was refused: " + _REFUSED.format(
        permission=PERMISSIONS[protocol], switch=_SWITCHES[protocol]
    )


# What stands here is other than for an application; every other row of diagnosis.py counts as it is.
_SIGNS = (
    Sign(("smtp",), r"535 5\.7\.3\b", _refused("smtp"), passing=True, lacks="FullAccess"),
    Sign(("smtp",), r"SendAsDenied|5\.7\.60\b",
         "The sign-in was good, but the account that has signed in may not send as that sender: send from its own "
         "mailbox, or grant SendAs to it (Add-RecipientPermission).", passing=True, lacks="SendAs"),
    Sign(("imap", "pop3"), r"authenticated but not connected",
         f"The sign-in is good, but the mailbox cannot be opened: {_OPENS}, and somebody may have taken that away; and "
         "the protocol must be on for the mailbox (Set-CASMailbox -ImapEnabled or -PopEnabled $true).", passing=True,
         lacks="FullAccess"),
    Sign(("imap",), r"AUTHENTICATE failed", _refused("imap"), passing=True, lacks="FullAccess"),
    Sign(("pop3",), r"Authentication failure", _refused("pop3"), passing=True, lacks="FullAccess"),
    Sign(("graph",), r"ErrorAccessDenied",
         "Consent to the delegated permission (Mail.Send to send, Mail.Read to read, Mail.ReadWrite to delete; for "
         "another's mailbox those that end in .Shared as well), and give the account that has signed in the right to "
         "open the mailbox.", passing=True),
)


def sign_for_person(
    protocol: Protocol, code: str, text: str, claims: Mapping[str, Any] | None = None
) -> Sign | None:
    """The row that an answer fits.

    :param protocol: "web" for a product's own answer, that repeats one of whatever protocol.
    :param claims: those of the person's token, if it is known.
    :returns: None for an answer that no table knows.
    """
    if claims is not None and (wrong := _wrong_token(protocol, claims)):
        return Sign((protocol,), "", wrong)
    answer = f"{code} {text}"
    number = quoted(answer)
    if number is not None and number in REMEDIES:
        return Sign((protocol,), "", REMEDIES[number])
    return next((
        sign for sign in (*_SIGNS, *SIGNS)
        if (protocol == "web" or protocol in sign.protocols)
        and re.search(sign.pattern, answer, re.IGNORECASE | re.DOTALL)
    ), None)


def delegate_lacks(right: Right, account: str, mailbox: str, where: str) -> str:
    """What to do where it seems to be a right on somebody else's mailbox that is missing.

    :param account: who has signed in.
    :param where: to what, as in _sign_ins.SignIn.
    """
    return (
        f"It seems that the delegate {account}, who signs in for {where}, has no {right} on {mailbox}, which no new "
        f"sign-in brings back: grant it (exchange_mailbox_permission, or {_CMDLETS[right].format(mailbox, account)}), "
        "or name another delegate and run setup_mail, which tells where that one signs in."
    )


def is_persons(claims: Mapping[str, Any]) -> bool:
    """Whether a token is a person's: it has scopes then, where an application's has roles."""
    return "scp" in claims


def _wrong_token(protocol: Protocol, claims: Mapping[str, Any]) -> str | None:
    permission = PERMISSIONS.get(protocol)
    if permission is None:
        return None
    scopes = str(claims.get("scp", "")).split()
    if permission in scopes:
        return None
    return (
        f"The person's token is for {claims.get('aud')} and holds {' '.join(scopes) or 'no permission'}, and not "
        f"{permission} of Office 365 Exchange Online: give the application that delegated permission with consent, and "
        "sign in again."
    )
