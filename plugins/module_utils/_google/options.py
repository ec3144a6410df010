# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options that say which service account of Google's signs in, and with which key: one table for all. Pure.

``mail_google`` has these keys, and the module mail_delivery takes those of KEY as an option of each side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import (
    Key,
    Table,
    address,
    many,
    secret,
    text,
)

#: What Gmail's IMAP, POP3 and SMTP ask for: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
MAIL_SCOPE = "https://mail.google.com/"
#: The authentication, as operators call it.
GOOGLE_SERVICE_ACCOUNT = "google_service_account"
TOKEN_URI = "https://oauth2.googleapis.com/token"
#: The environment variable that names another token endpoint.
TOKEN_URI_VARIABLE = "MAILOPS_GOOGLE_TOKEN_URI"

#: The key, and whose it is.
KEY: Table = {
    "key_file": Key(text),
    "key": Key(secret, secret=True),
    "key_password": Key(secret, secret=True),
    "service_account": Key(address),
    "token_uri": Key(text),
}
#: The variable mail_google.
MAIL_GOOGLE: Table = {
    "unique_name": Key(text, required=True),
    "name": Key(text),
    **KEY,
    "users": Key(many(address)),
    "server_path": Key(text),
    "mode": Key(text),
    "owner": Key(text),
    "group": Key(text),
}


def google_said_by(environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment says of the options."""
    token_uri = environment.get(TOKEN_URI_VARIABLE)
    return {"token_uri": token_uri} if token_uri else {}


def key_spec() -> dict[str, Any]:
    """The argument spec of the options KEY."""
    return {
        "type": "dict",
        "options": {
            "key_file": {"type": "path", "no_log": False},
            "key": {"no_log": True},
            "key_password": {"no_log": True},
            "service_account": {},
            "token_uri": {"no_log": False},
        },
    }


def key_of(google: Mapping[str, Any]) -> dict[str, Any]:
    """What is given of the key, and whose it is."""
    return {name: google[name] for name in KEY if google.get(name) is not None}


def token_options(google: Mapping[str, Any], user: str | None) -> dict[str, Any]:
    """The options of the token source google.

    :param google: those of KEY.
    :param user: for whom; None for the account itself.
    """
    return {"auth_source": "google", "user": user, **{f"google_{name}": google.get(name) for name in KEY}}
