# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The XOAUTH2 string."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail import xoauth2
from hypothesis import given
from hypothesis import strategies as st

texts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


def test_it_is_what_microsoft_documents() -> None:
    assert xoauth2.initial_response("test@contoso.onmicrosoft.com", "EwBAAl3BAAUFFpUA") == (
        b"user=test@contoso.onmicrosoft.com\x01auth=Bearer EwBAAl3BAAUFFpUA\x01\x01"
    )


@given(mailbox=texts, token=texts)
def test_its_fields_can_be_told_apart(mailbox: str, token: str) -> None:
    user, authorization, *rest = xoauth2.initial_response(mailbox, token).decode().split("\x01")
    assert (user.partition("=")[2], authorization.removeprefix("auth=Bearer "), rest) == (mailbox, token, ["", ""])


@given(before=texts, character=st.sampled_from("\x00\x01\r\n\x7f\t"), after=texts)
def test_a_control_character_is_refused(before: str, character: str, after: str) -> None:
    with pytest.raises(InputError, match="mailbox"):
        xoauth2.initial_response(before + character + after, "token")
    with pytest.raises(InputError, match="access token"):
        xoauth2.initial_response("a@b.example", before + character + after)


def test_the_refusal_does_not_repeat_the_token() -> None:
    with pytest.raises(InputError) as refused:
        xoauth2.initial_response("a@b.example", "eyJsecret\n")
    assert "eyJsecret" not in str(refused.value)


def test_empty_values_are_refused() -> None:
    with pytest.raises(InputError, match="access token"):
        xoauth2.initial_response("a@b.example", "")


def test_an_empty_challenge_is_answered_with_the_string_and_any_other_with_nothing() -> None:
    assert xoauth2.answer("a@b.example", "t", b"") == xoauth2.initial_response("a@b.example", "t")
    assert xoauth2.answer("a@b.example", "t", b'{"status":"401","schemes":"bearer mac"}') == b""
