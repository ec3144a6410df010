# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a check itself says of its failure."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.action.mail_deliveries import in_words_of

SIGN_IN = {"what": "the port", "where": "https://is", "account": "who@contoso.example", "do": "Open https://is."}
FAILED: dict[str, Any] = {"changed": False, "failed": True, "msg": "AADSTS70043: over."}


def test_a_success_is_left_alone() -> None:
    good = {"changed": False, "failed": False, "msg": "The mail was delivered."}
    assert in_words_of({"sign_in": SIGN_IN, "remedy": "Its log."}, good) == good


def test_where_a_person_has_to_sign_in_again_nothing_has_failed() -> None:
    verdict = in_words_of({"sign_in": SIGN_IN}, {**FAILED, "needs_person": True})
    assert (verdict["failed"], verdict["left_out"]) == (False, True)
    [required] = verdict["authorization_required"]
    assert required == {**SIGN_IN, "do": "AADSTS70043: over. Open https://is.", "since": None}


def test_without_a_sign_in_to_name_it_is_a_failure() -> None:
    assert in_words_of({}, {**FAILED, "needs_person": True})["failed"]


DELEGATE = {"account": "who@contoso.example", "mailbox": "shared@contoso.example"}


@pytest.mark.parametrize(("right", "cmdlet"), [
    ("FullAccess", "Add-MailboxPermission shared@contoso.example -User who@contoso.example -AccessRights FullAccess"),
    ("SendAs", "Add-RecipientPermission shared@contoso.example -Trustee who@contoso.example -AccessRights SendAs"),
])
def test_a_delegate_without_a_right_is_named_with_what_grants_it(right: str, cmdlet: str) -> None:
    said = in_words_of({"sign_in": SIGN_IN, "delegate": DELEGATE}, {**FAILED, "lacks": right})
    assert said["failed"]
    assert "the delegate who@contoso.example, who signs in for https://is," in said["msg"]
    assert f"has no {right} on shared@contoso.example" in said["msg"]
    assert cmdlet in said["msg"]


@pytest.mark.parametrize(("check", "verdict"), [
    ({"delegate": DELEGATE, "sign_in": SIGN_IN}, FAILED), ({"sign_in": SIGN_IN}, {**FAILED, "lacks": "SendAs"}),
])
def test_nobody_else_is_blamed(check: dict[str, Any], verdict: dict[str, Any]) -> None:
    assert in_words_of(check, verdict)["msg"] == FAILED["msg"]


def test_where_to_look() -> None:
    assert in_words_of({"remedy": "Its log."}, FAILED)["msg"] == "AADSTS70043: over. Its log."
    assert in_words_of({"sign_in": SIGN_IN}, FAILED)["msg"] == "AADSTS70043: over."
    taken = in_words_of({"sign_in": SIGN_IN, "expect": "taken", "remedy": "Its log."}, FAILED)
    assert taken["msg"] == "AADSTS70043: over. Its log. If its sign-in has ended: Open https://is."
