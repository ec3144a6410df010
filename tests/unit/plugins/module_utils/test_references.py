# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""References in a plan are replaced, and nothing else is."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import fill

PLAN = {"a": {"fact": "x"}, "b": [{"secret": "y"}, 1], "c": {"fact": "x", "more": 2}}


def test_references_are_replaced_at_any_depth() -> None:
    assert fill(PLAN, {"x": "X"}, {"y": "Y"}) == {"a": "X", "b": ["Y", 1], "c": {"fact": "x", "more": 2}}


@pytest.mark.parametrize("secrets", [{}, {"y": ""}, {"y": None}])
def test_what_is_missing_is_named(secrets: dict[str, str | None]) -> None:
    with pytest.raises(InputError, match="The secret 'y' is needed, but was not given"):
        fill(PLAN, {"x": "X"}, secrets)
