# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a refusal means where a person has signed in."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.diagnosis import Protocol
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.people import is_persons, sign_for_person

GOOD = {"aud": "https://outlook.office365.com", "scp": "IMAP.AccessAsUser.All SMTP.Send", "upn": "who@contoso.example"}
#: Protocol, code, text, and words of the remedy; those of one's own protocol hold for a product's answer as well.
KNOWN: list[tuple[Protocol, str, str, str]] = [
    ("smtp", "535 5.7.3", "Authentication unsuccessful", "SMTP.Send of Office 365 Exchange Online is consented to"),
    ("smtp", "535 5.7.139", "SmtpClientAuthentication is disabled for the Tenant.", "enable it for this mailbox alone"),
    ("smtp", "554 5.2.252", "SendAsDenied; who@contoso.example", "the account that has signed in may not send as"),
    ("imap", "NO", "AUTHENTICATE failed.", "IMAP.AccessAsUser.All of Office 365 Exchange Online is consented to"),
    ("imap", "BAD", "User is authenticated but not connected.", "FullAccess (Add-MailboxPermission)"),
    ("graph", "ErrorAccessDenied", "Access is denied.", "delegated permission"),
]


@pytest.mark.parametrize(("protocol", "code", "text", "words"), KNOWN)
def test_it_is_the_persons_rights_that_are_looked_at(protocol: Protocol, code: str, text: str, words: str) -> None:
    for said in (sign_for_person(protocol, code, text, GOOD), sign_for_person("web", "HTTP 500", f"{code} {text}")):
        assert said is not None
        assert words in said.remedy
        assert "New-ServicePrincipal" not in said.remedy


@pytest.mark.parametrize(("text", "right"), [
    ("535 5.7.3 Authentication unsuccessful", "FullAccess"), ("554 5.2.252 SendAsDenied", "SendAs"),
    ("IMAP: User is authenticated but not connected.", "FullAccess"),
    ("535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox.", None),
])
def test_which_right_is_missing_is_told_in_a_word(text: str, right: str | None) -> None:
    said = sign_for_person("web", "HTTP 500", text)
    assert said is not None
    assert said.lacks == right


def test_a_token_for_something_else_is_told_first() -> None:
    said = sign_for_person("smtp", "535 5.7.3", "Authentication unsuccessful", {"aud": "x", "scp": "Mail.Send"})
    assert said is not None
    assert "is for x and holds Mail.Send, and not SMTP.Send of Office 365 Exchange Online" in said.remedy
    nothing = sign_for_person("pop3", "-ERR", "Authentication failure", {**GOOD, "scp": ""})
    assert nothing is not None
    assert "holds no permission, and not POP.AccessAsUser.All" in nothing.remedy


def test_what_the_identity_platform_said_has_its_own_remedy() -> None:
    said = sign_for_person("web", "HTTP 500", "AADSTS65001: The user or administrator has not consented")
    assert said is not None
    assert "consent" in said.remedy


def test_an_answer_that_nobody_knows_has_none() -> None:
    assert sign_for_person("web", "HTTP 500", "NullPointerException") is None
    assert sign_for_person("imap", "NO", "unheard of", GOOD) is None


def test_whose_a_token_is() -> None:
    assert is_persons(GOOD)
    assert not is_persons({"aud": "x", "roles": ["SMTP.SendAsApp"]})
    assert not is_persons({})
