# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Every combination that the vendor allows writes exactly its keys, and every other one is refused with a remedy."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.plan import examine
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._cmo_keys import read
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import fill
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.products.cmo_combinations import (
    RECEIVES,
    SENDS,
    WEB_CONFIG,
    Combination,
    allowed,
    kind_of,
    refused,
    value_of,
)

#: What a problem says that helps: what to do about it.
_REMEDY = re.compile(r"\b(use|remove|is required|cmo knows|set)\b")


def written(combination: Combination) -> dict[str, Any]:
    """The settings that the plan has for web.config."""
    plan, problems = examine(combination.variables())
    assert problems == [], combination
    [settings] = [target["settings"] for target in plan["targets"] if target.get("path") == WEB_CONFIG]
    filled: dict[str, Any] = fill(settings, value_of)
    return filled


def test_what_is_allowed_writes_its_keys_removes_all_others_and_is_read_back() -> None:
    seen = set()
    for combination in allowed():
        settings = written(combination)
        assert settings == combination.written(), combination
        stands = {key.upper(): value for key, value in settings.items() if value is not None}
        assert read(stands) == combination.effective(), combination
        seen.add(tuple(combination.kinds().values()))
    # 5 ways to send; 6 to receive with 3 of their own for each further mailbox, but for MAPI, which inherits only; and
    # IMAP and POP3 sign in alike.
    assert len(seen) == 5 * (2 * 2 * 2 + 2 * 2 * 2 + 1)


def test_what_is_not_allowed_is_refused_with_its_place_and_what_would_be_right() -> None:
    for combination in refused():
        problems = examine(combination.variables())[1]
        assert problems, combination
        for variable in combination.wrong():
            places = (f"{variable}.", f"{variable}:", "mail_cmo.integration_type:")
            assert any(one.startswith(places) for one in problems), (variable, problems, combination)
        assert all(_REMEDY.search(one) for one in problems), problems


def test_no_combination_is_missing() -> None:
    """Whatever can be said of the mailbox that sends, with whatever can be said of the one that receives."""
    pairs = {(send, receive) for send in SENDS for receive in RECEIVES}
    bare = {(one.send, one.receive) for one in allowed() if one.new_action is one.document_import is None}
    wrong = {(one.send, one.receive) for one in refused() if one.new_action is one.document_import is None}
    assert bare | wrong >= pairs
    assert not bare & {pair for pair in wrong if all(map(kind_of, pair))}
