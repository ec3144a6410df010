# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product that signs in with a service account of Google's contributes to a plan because of that. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import key_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Application
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.key_file import KeyFile

#: The secrets among the options of a key.
_SECRETS = ("key", "key_password")


def google_application(google: Mapping[str, Any], mailboxes: Sequence[str]) -> Application:
    """The identity of kind google as which the product signs in.

    :param google: what was read of ``mail_google``.
    :param mailboxes: the users of Google Workspace whose mailboxes it opens; the operator may name others.
    """
    users = list(dict.fromkeys([*mailboxes, *google.get("users", [])]))
    return Application(
        unique_name=google.get("unique_name"), identity="google",
        registration={"credential": "none", "users": users},
    )


def google_sign_in(google: Mapping[str, Any]) -> dict[str, Any]:
    """The option ``google`` of a side of the module mail_delivery, with references in place of secrets."""
    return _referred(google)


def key_target(google: Mapping[str, Any]) -> dict[str, Any] | None:
    """The target that brings the key file to the server, for the product to read; None if that is not asked for."""
    if "server_path" not in google:
        return None
    rights = {name: google[name] for name in ("mode", "owner", "group") if name in google}
    key = {name: value for name, value in _referred(google).items() if name != "token_uri"}
    return KeyFile(google["server_path"], **rights, **key).plan()


def _referred(google: Mapping[str, Any]) -> dict[str, Any]:
    given = key_of(google)
    return {**given, **{name: {"secret": f"mail_google.{name}"} for name in _SECRETS if name in given}}
