# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The role's documentation and the plan know the same variables."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import yaml
from ansible_collections.mailops.modern_auth.plugins.module_utils import _keys
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import FOR_ROLES, TABLE
from ansible_collections.mailops.modern_auth.plugins.plugin_utils import _stores as stores

SPEC = Path(__file__).parents[5] / "roles/mail_plan/meta/argument_specs.yml"


def documented(options: dict[str, Any]) -> dict[str, Any]:
    return {
        name: (
            option.get("required", False), option.get("no_log", False), shape(option),
            documented(option["options"]) if "options" in option else None,
        )
        for name, option in options.items()
    }


def shape(option: dict[str, Any]) -> dict[str, Any]:
    """Of which type a value is, and which are possible."""
    # The plan takes paths as texts: on which machine they are is not for it to say.
    told = {"type": option["type"].replace("path", "str")}
    return told | {name: option[name] for name in ("elements", "choices") if name in option}


def known(table: _keys.Table) -> dict[str, Any]:
    return {
        name: (key.required, key.secret, shape_of(key), None if key.keys is None else known(key.keys))
        for name, key in table.items()
    }


def shape_of(key: _keys.Key) -> dict[str, Any]:
    if key.keys is not None:
        return {"type": "list", "elements": "dict"} if key.several else {"type": "dict"}
    if isinstance(key.kind, _keys.Many):
        return {"type": "list", "elements": shape_of(_keys.Key(key.kind.kind))["type"]}
    if isinstance(key.kind, _keys.Choice):
        return {"type": "str", "choices": list(key.kind.known)}
    given = get_type_hints(key.kind)["return"] if inspect.isfunction(key.kind) else key.kind
    if get_origin(given) is list:
        return {"type": "list", "elements": get_args(given)[0].__name__}
    return {"type": (get_origin(given) or given).__name__}


def test_the_roles_options_are_the_plans() -> None:
    spec = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    assert documented({name: option for name, option in options.items() if name not in FOR_ROLES}) == known(TABLE)


def test_the_roles_options_are_those_of_the_stores() -> None:
    spec = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    assert set(options) - set(TABLE) == {name for name in FOR_ROLES if name.startswith("mail_store_")}
    assert options["mail_store_kind"]["choices"] == stores.kinds()
    assert options["mail_store_kind"]["default"] == stores.DEFAULT
