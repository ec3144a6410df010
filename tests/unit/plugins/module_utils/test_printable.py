# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""No name and no service's text commands a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import has_control, shown
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import done, failure
from hypothesis import given
from hypothesis import strategies as st

NASTY = "\x1b]0;title\x07\x9b31mred\x7f\r\u202eback\u2028"
SPELT = "\\x1b]0;title\\x07\\x9b31mred\\x7f\\r\\u202eback\\u2028"


def test_commands_are_spelt_out_wherever_they_stand() -> None:
    assert shown({NASTY: [NASTY, (NASTY, 1)], "none": None}) == {SPELT: [SPELT, [SPELT, 1]], "none": None}


@pytest.mark.parametrize("text", ["", "Prüfung äöü", "日本語", "a\nb\tc", "👩‍💻", "o\u0308"])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert shown(text) == text


@given(st.text())
def test_nothing_else_is_lost(text: str) -> None:
    printed = shown(text)
    assert not [one for one in printed if unicodedata.category(one) in ("Cc", "Zl", "Zp") and one not in "\n\t"]
    if not {unicodedata.category(one) for one in text} & {"Cc", "Cf", "Zl", "Zp"}:
        assert printed == text


@pytest.mark.parametrize(("text", "has"), [
    ("a b", False), ("a\tb", True), ("a\nb", True), ("\x00", True), ("\x85", True),
])
def test_what_a_control_character_is(text: str, has: bool) -> None:
    assert has_control(text) is has


def test_results_hold_none() -> None:
    error = ModernAuthError(f"No {NASTY}.", code=NASTY, remedy=NASTY, details={"delivery": {"headers": [NASTY]}})
    for result in (error.result(), failure(error), done(NASTY)):
        assert "\x1b" not in str(result.values())
        assert "\\x1b]0;title" in result["msg"]
