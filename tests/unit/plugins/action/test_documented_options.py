# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An action and the module that documents it know the same options; so do the steps and the documented applications."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.modern_auth.plugins.doc_fragments.applications import ModuleDocFragment
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.options import APPLICATION, DELIVERY
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Choice, Table

PLUGINS = "ansible_collections.mailops.modern_auth.plugins"
ACTIONS = sorted(
    file.stem for file in (Path(__file__).parents[4] / "plugins/action").glob("*.py") if "OPTIONS" in file.read_text()
)
FRAGMENT: dict[str, Any] = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


def documentation(name: str) -> dict[str, Any]:
    """The options that a module documents."""
    found: dict[str, Any] = yaml.safe_load(import_module(f"{PLUGINS}.modules.{name}").DOCUMENTATION)
    shared = FRAGMENT if "mailops.modern_auth.applications" in found["extends_documentation_fragment"] else {}
    return {**shared, **found.get("options", {})}


def shape(option: dict[str, Any]) -> dict[str, Any]:
    """What both have to say of an option."""
    facts = {"type": "str", "required": False, **option}
    return {name: facts.get(name) for name in ("type", "elements", "choices", "default", "required")}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_actions_options_are_documented(name: str) -> None:
    options = import_module(f"{PLUGINS}.action.{name}").ActionModule.OPTIONS
    said = {option: shape(dict(facts)) for option, facts in options.items()}
    assert {option: shape(facts) for option, facts in documentation(name).items()} == said


def known(table: Table) -> dict[str, Any]:
    """What a table and its documentation have to agree about."""
    return {
        name: (key.required, list(key.kind.known) if isinstance(key.kind, Choice) else None)
        for name, key in table.items()
    }


def documented(options: dict[str, Any]) -> dict[str, Any]:
    return {name: (option.get("required", False), option.get("choices")) for name, option in options.items()}


def test_the_options_of_an_application_are_documented() -> None:
    suboptions = FRAGMENT["applications"]["suboptions"]
    assert documented(suboptions) == known(APPLICATION)
    rights = APPLICATION["exchange"].keys
    assert rights is not None
    assert documented(suboptions["exchange"]["suboptions"]) == known(rights)


def test_the_options_of_a_delivery_are_documented() -> None:
    assert documented(documentation("mail_deliveries")["deliveries"]["suboptions"]) == known(DELIVERY)
