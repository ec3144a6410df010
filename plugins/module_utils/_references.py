# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""References that stand in a plan for values which are known only later, so that a plan holds no secret. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def fill(plan: Any, facts: Mapping[str, Any], secrets: Mapping[str, Any]) -> Any:
    """A copy of a plan, or of a part of it, in which each ``{"fact": NAME}`` and ``{"secret": NAME}`` is its value.

    :raises InputError: a value that is referred to was not given, or is empty.
    """
    if isinstance(plan, Mapping):
        for kind, known in (("fact", facts), ("secret", secrets)):
            if set(plan) == {kind}:
                if not known.get(plan[kind]):
                    raise InputError(f"The {kind} {plan[kind]!r} is needed, but was not given.")
                return known[plan[kind]]
        return {name: fill(value, facts, secrets) for name, value in plan.items()}
    if isinstance(plan, list):
        return [fill(item, facts, secrets) for item in plan]
    return plan
