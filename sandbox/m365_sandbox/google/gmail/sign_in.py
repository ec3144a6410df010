"""Who may sign in to which mailbox of Gmail. Pure over the tenant's state."""

from __future__ import annotations

from m365_sandbox.google.service_accounts import MAIL_SCOPE
from m365_sandbox.google.tokens import grant_of
from m365_sandbox.google.workspace import Workspace
from m365_sandbox.mail import xoauth2
from m365_sandbox.mail.sign_in import Outcome, Protocol, Refused, SignedIn
from m365_sandbox.state.sandbox import Sandbox

# https://developers.google.com/workspace/gmail/imap/xoauth2-protocol: this one is for IMAP alone.
IMAP_SCOPE = "https://www.googleapis.com/auth/gmail.imap_admin"
_SWITCHES = {"imap": "imap", "pop3": "pop"}
_PARSERS = {"XOAUTH2": xoauth2.parse, "OAUTHBEARER": xoauth2.parse_oauthbearer}


def judged(sandbox: Sandbox, protocol: Protocol, mechanism: str, response: bytes) -> Outcome:
    """Judge a SASL response.

    :param response: in base64.
    """
    if mechanism not in _PARSERS:
        return Refused("wrong_password", "no mailbox here has an app password")
    given = _PARSERS[mechanism](response)
    if given is None:
        return Refused("credentials", f"the SASL response is no {mechanism} string")
    grant = grant_of(sandbox.credentials.google_token_secret, given.token)
    if grant is None:
        return Refused("credentials", "the access token is none of Google's, or has expired")
    wanted = {MAIL_SCOPE, IMAP_SCOPE} if protocol == "imap" else {MAIL_SCOPE}
    if not wanted & set(grant.scopes):
        return Refused("credentials", f"the token's scopes are {' '.join(grant.scopes)}")
    user = Workspace(sandbox.tenant).find_recipient(given.user)
    if user is None or user["suspended"]:
        return Refused("credentials", f"there is no user {given.user!r}, or he is suspended")
    if grant.subject.casefold() not in (one.casefold() for one in user["addresses"]):
        return Refused("credentials", f"the token is {grant.subject}'s, not {given.user}'s")
    switch = _SWITCHES.get(protocol)
    if switch is not None and not user[switch]:
        return Refused("protocol_off", f"{protocol} is off in the settings of {given.user!r}")
    return SignedIn(user["id"], user)
