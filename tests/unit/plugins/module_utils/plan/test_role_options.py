# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The role's documentation and the plan know the same variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.mailops.modern_auth.plugins.module_utils import _keys
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import TABLE

SPEC = Path(__file__).parents[5] / "roles/mail_plan/meta/argument_specs.yml"


def documented(options: dict[str, Any]) -> dict[str, Any]:
    return {
        name: (
            option.get("required", False), option.get("no_log", False), option.get("elements") == "dict",
            documented(option["options"]) if "options" in option else None,
        )
        for name, option in options.items()
    }


def known(table: _keys.Table) -> dict[str, Any]:
    return {
        name: (key.required, key.secret, key.several, None if key.keys is None else known(key.keys))
        for name, key in table.items()
    }


def test_the_roles_options_are_the_plans() -> None:
    spec = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    assert documented(spec["argument_specs"]["main"]["options"]) == known(TABLE)
