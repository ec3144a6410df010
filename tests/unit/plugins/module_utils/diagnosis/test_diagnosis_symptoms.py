# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table of symptoms has a row for whatever the domain knows, and finds it by what services say."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import REMEDIES
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import symptoms
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    CHECKS,
    CONTROLLER,
    Finding,
    Subject,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.refusals import REMEDIES as REMEDIES_AT_GOOGLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.refusals import remedy_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.diagnosis import SIGNS

ROWS = [*symptoms.entra(), *symptoms.google(), *symptoms.mail(), *symptoms.connections()]


def test_everything_that_the_domain_knows_is_one_row() -> None:
    assert sorted(symptoms.numbers()) == sorted(REMEDIES)
    patterns = [sign.pattern for sign in symptoms.signs()]
    assert sorted(patterns) == sorted(sign.pattern for sign in SIGNS)
    remedies = [remedy_of(one.said) or "" for one in symptoms.google()]
    assert sorted(remedies) == sorted(words for _pattern, words in REMEDIES_AT_GOOGLE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.said[:40])
def test_each_row_is_found_by_what_is_said(row: symptoms.Symptom) -> None:
    assert set(row.checks) <= {check for checks in CHECKS.values() for check in checks}
    assert symptoms.find(f"2026-11-29 04:00:00 ERROR mail: {row.said}").cause == row.cause


def test_numbers_that_mean_the_same_have_the_same_remedy_or_their_own() -> None:
    assert symptoms.find("AADSTS700082: expired").remedy == REMEDIES[700082]
    assert symptoms.find("AADSTS70008: expired").remedy == REMEDIES[70008]


def test_what_nobody_knows_is_refused_with_an_example() -> None:
    with pytest.raises(InputError, match="nothing is known of 'it does not work'") as raised:
        symptoms.find("it does not work")
    assert "5.7.139" in (raised.value.remedy or "")


def test_which_cause_it_is_is_told_or_that_no_check_can_tell() -> None:
    row = symptoms.find("AADSTS7000222")
    [wrong] = CONTROLLER.cross("caller_sign_in", "It was refused.", "Mend it.")
    assert "It is: controller: caller_sign_in: It was refused. Mend it." in symptoms.told(row, [wrong])
    assert any("None of the checks" in line for line in symptoms.told(row, []))
    unclear = Finding("mailbox", "a@b.example", "licence", "unknown", "it may be an alias")
    assert "It may be: a@b.example: licence: it may be an alias." in symptoms.told(symptoms.find("5.1.10"), [unclear])
    [before] = Subject("host", "h").cross("plan", "mail_send: is required", "Correct it.")
    assert any("It cannot be told, since: h: plan:" in line for line in symptoms.told(row, [before]))
    assert any("No check can tell" in line for line in symptoms.told(symptoms.find("5.1.8"), []))


def test_a_word_of_graph_with_one_of_smtp_in_it_is_graphs() -> None:
    assert symptoms.find("403 ErrorSendAsDenied: The user account").said == "ErrorSendAsDenied"
