"""The page of what goes wrong has the table of symptoms as the data are now; the page on the doctor has every check."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import CHECKS

DOCS = Path(__file__).parents[2] / "docs"
TOOL = runpy.run_path(str(DOCS / "site" / "troubleshooting.py"))


def test_the_tables_are_up_to_date() -> None:
    text = (DOCS / "troubleshooting.md").read_text("utf-8")
    assert text == TOOL["page"](text), "run make variables"


def test_every_check_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+)", (DOCS / "doctor.md").read_text("utf-8"), re.MULTILINE)
    assert rows == [(check, kind) for kind, checks in CHECKS.items() for check in checks]
