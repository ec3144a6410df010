"""The page of all variables, which a tool makes, is as the specifications are now."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import FOR_ROLES, TABLE

REPOSITORY = Path(__file__).parents[2]
TOOL = runpy.run_path(str(REPOSITORY / "docs" / "site" / "variables.py"))


def test_the_page_is_up_to_date() -> None:
    assert (REPOSITORY / "docs" / "variables.md").read_text("utf-8") == TOOL["page"](), "run make variables"


def test_every_variable_that_is_known_is_on_the_page() -> None:
    page = TOOL["page"]()
    told = set(re.findall(r"`(mail_\w+)[`.\[]", page))
    assert {*TABLE, *FOR_ROLES} <= told


def test_what_is_said_of_an_option() -> None:
    rows = [line for line in TOOL["page"]().splitlines() if line.startswith("| `mail_cmo.integration_type` |")]
    [(name, kind, default, product, _text, example)] = [
        [cell.strip() for cell in row.strip("|").split(" | ")] for row in rows
    ]
    assert (name, kind, default, product) == ("`mail_cmo.integration_type`", "str: Confidential, Public", "", "cmo")
    assert example == "`Confidential` ([cmo](examples/cmo.yml))"
