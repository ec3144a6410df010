# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tags that no step has, and the steps of the playbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.mailops.modern_auth.plugins.module_utils import _plan
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.tags import STEPS, unknown

PLAYBOOKS = Path(_plan.__path__[0]).parents[2] / "playbooks"


def tags_in(part: Any) -> set[str]:
    """All tags anywhere in a playbook."""
    if isinstance(part, list):
        return {tag for one in part for tag in tags_in(one)}
    if not isinstance(part, dict):
        return set()
    own = part.get("tags", [])
    return {*([own] if isinstance(own, str) else own), *(tag for one in part.values() for tag in tags_in(one))}


def test_what_no_step_has_is_told_with_the_nearest() -> None:
    steps = "The steps are plan, preflight, identity, access, provider, delivery."
    assert unknown({"--tags": ["idenity", "plan"], "--skip-tags": ["nginx"]}, []) == [
        f"--tags idenity: no step has this tag; did you mean identity? {steps}",
        f"--skip-tags nginx: no step has this tag. {steps}",
    ]


def test_ansibles_own_and_those_of_somebodys_playbook_are_known() -> None:
    assert unknown({"--tags": ["all", "mail"], "--skip-tags": ["never", *STEPS]}, ["always", "mail"]) == []


def test_the_steps_are_those_of_the_playbooks() -> None:
    found = {tag for file in PLAYBOOKS.glob("*.yml") for tag in tags_in(yaml.safe_load(file.read_text()))}
    assert found == {*STEPS, "always"}
