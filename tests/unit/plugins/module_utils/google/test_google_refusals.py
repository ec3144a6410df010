# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Each refusal of Google's token endpoint has a remedy that names what is to be changed."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import parse
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.refusals import refused
from ansible_collections.mailops.modern_auth.tests.unit.google_keys import ACCOUNT, as_json, as_p12

USER = "orders@fabrikam.example"
SCOPE = "https://mail.google.com/"
UNAUTHORIZED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the "
    "scopes requested."
)


@pytest.mark.parametrize(("code", "description", "words"), [
    ("invalid_grant", "Invalid grant: account not found", "it is disabled: look for mail@project"),
    ("invalid_grant", "Invalid JWT Signature.", f"does not know the key {'ab' * 20} of {ACCOUNT}"),
    ("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
     "Check your iat and exp values in the JWT claim.", "clock is wrong: set it by NTP"),
    ("invalid_grant", "Invalid JWT: Failed audience check.", "check token_uri"),
    ("unauthorized_client", UNAUTHORIZED,
     "Manage domain-wide delegation, and add the client id 123456789012345678901 with the scope https://mail.google"),
    ("invalid_grant", "Invalid email or User ID", f"has no user {USER}"),
    ("access_denied", "Account restricted", f"The user {USER} is suspended"),
])
def test_remedies(code: str, description: str, words: str) -> None:
    error = refused({"error": code, "error_description": description}, parse(as_json(), "here"), USER, SCOPE)
    assert error.code == code
    assert error.message.startswith(f"Google gave the service account {ACCOUNT} no token for {USER}: {code}: ")
    assert words in (error.remedy or "")


def test_a_p12_files_account_is_named_where_its_number_is_not_known() -> None:
    key = parse(as_p12(), "here", service_account=ACCOUNT)
    error = refused({"error": "unauthorized_client", "error_description": UNAUTHORIZED}, key, USER, SCOPE)
    assert f"the client id of {ACCOUNT} (its unique id in Google Cloud's console)" in (error.remedy or "")


def test_what_nobody_knows_is_told_without_a_remedy() -> None:
    error = refused({"error": "internal_failure"}, parse(as_json(), "here"), None, SCOPE)
    assert error.message == f"Google gave the service account {ACCOUNT} no token: internal_failure."
    assert error.remedy is None
