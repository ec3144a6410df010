# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who may do what with a file of a Windows server, by the algorithm of its access control lists."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.windows import READ_DATA, allows, may_read
from hypothesis import given
from hypothesis import strategies as st

POOL, ACCOUNT, GROUP = "S-1-5-82-1-2-3-4-5", "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-512"
SIDS = st.sampled_from([POOL, ACCOUNT, GROUP, "S-1-1-0"])
#: The rights that a file can have.
RIGHTS = st.integers(0, 0x1F01FF).map(lambda rights: rights & 0x1F01FF)
RULES = st.lists(st.fixed_dictionaries({
    "sid": SIDS, "allow": st.booleans(), "rights": RIGHTS,
}))


def rule(sid: str, rights: int, *, allow: bool = True) -> dict[str, Any]:
    return {"sid": sid, "allow": allow, "rights": rights}


@given(RULES, st.sets(SIDS), RIGHTS.filter(bool))
def test_for_each_right_the_first_entry_that_names_it_decides(
    rules: list[dict[str, Any]], sids: set[str], rights: int
) -> None:
    def granted(bit: int) -> bool:
        return next((one["allow"] for one in rules if one["sid"] in sids and one["rights"] & bit), False)

    bits = [1 << place for place in range(21) if rights & 1 << place]
    # A list is gone through until everything is granted or something is denied, so that all bits together are granted
    # just when each of them is by itself.
    assert allows(rules, sids, rights) is all(granted(bit) for bit in bits)


@pytest.mark.parametrize(("generic", "covered"), [
    (0x10000000, True), (-0x80000000, True), (0x40000000, False), (0x20000000, False),
])
def test_generic_rights_stand_for_others(generic: int, covered: bool) -> None:
    assert allows([rule(POOL, generic)], {POOL}, READ_DATA) is covered


@pytest.mark.parametrize(("sid", "rules", "told"), [
    (POOL, [rule(POOL, READ_DATA)], True),
    (POOL, [rule("S-1-5-32-568", READ_DATA)], True),
    (POOL, [rule("S-1-5-32-545", READ_DATA)], True),
    (POOL, [rule(POOL, READ_DATA, allow=False), rule("S-1-1-0", READ_DATA)], False),
    (POOL, [rule(GROUP, READ_DATA)], False),
    ("S-1-5-18", [rule("S-1-5-32-544", READ_DATA)], True),
    ("S-1-5-20", [rule("S-1-5-32-544", READ_DATA)], False),
    # It may be in that group or not.
    (ACCOUNT, [rule(GROUP, READ_DATA)], None),
    (ACCOUNT, [rule(ACCOUNT, READ_DATA)], True),
])
def test_whether_an_account_may_read(sid: str, rules: list[dict[str, Any]], told: bool | None) -> None:
    assert may_read(rules, sid) is told
