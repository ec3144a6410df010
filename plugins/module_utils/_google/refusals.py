# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the refusals of Google's token endpoint mean, and what to do about them. Pure: one table.

The codes: https://developers.google.com/identity/protocols/oauth2/service-account#error-codes; the sentences are those
that public threads quote. Only the remedies are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import ServiceAccountKey

#: Where a domain's administrator lets a service account act for users.
DELEGATION = (
    "In admin.google.com, as a super administrator of the mailbox's domain, open Security, Access and data control, "
    "API controls, Manage domain-wide delegation, and add the client id {client_id} with the scope {scope}. It acts "
    "within minutes, sometimes after a day."
)
#: By a pattern that is searched for in "code: description"; the first one counts.
REMEDIES: tuple[tuple[str, str], ...] = (
    (r"account not found",
     "There is no such service account any more, or it is disabled: look for {service_account} in Google Cloud's "
     "console under IAM & Admin, Service Accounts."),
    (r"Invalid JWT Signature|Invalid signature",
     "Google does not know the key {key_id} of {service_account}: it was deleted, disabled, or belongs to another "
     "account. Make a new one in Google Cloud's console under IAM & Admin, Service Accounts, Keys, and give its file."),
    (r"short-lived token|iat and exp", "This machine's clock is wrong: set it by NTP."),
    (r"audience check", "The token endpoint is another than Google's: check token_uri."),
    (r"unauthorized_client", DELEGATION),
    (r"Invalid email or User ID|Not a valid email",
     "The domain has no user {user}: it has to be a user's own mailbox, not a group's."),
    (r"Account restricted|access_denied",
     "The user {user} is suspended, or may not use Gmail: look in admin.google.com under Directory, Users."),
    (r"invalid_scope", "Google does not know the scope that was asked for; for mail it is https://mail.google.com/."),
)


def remedy_of(said: str) -> str | None:
    """The remedy for an answer, with names in braces for what is known of the account; None if there is none.

    :param said: "code: description".
    """
    return next((words for pattern, words in REMEDIES if re.search(pattern, said, re.IGNORECASE)), None)


def refused(answer: Mapping[str, Any], key: ServiceAccountKey, user: str | None, scope: str) -> AuthenticationError:
    """The error for an answer of the token endpoint.

    :param answer: its JSON, ``error`` and ``error_description``.
    :param user: for whom a token was asked for; None for the account itself.
    """
    code, description = str(answer.get("error", "")), str(answer.get("error_description", ""))
    said = f"{code}: {description}" if description else code
    remedy = remedy_of(said)
    whom = f" for {user}" if user else ""
    known = {
        "service_account": key.service_account, "key_id": key.key_id, "user": user or key.service_account,
        "scope": scope,
        "client_id": key.client_id or f"of {key.service_account} (its unique id in Google Cloud's console)",
    }
    return AuthenticationError(
        f"Google gave the service account {key.service_account} no token{whom}: {said.removesuffix('.')}.", code=code,
        remedy=remedy.format(**known) if remedy else None,
    )
