"""Faults planted all at once in the tenant, the store and on servers are all named, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

from estates import Estate, Run

HOSTS = "ici-prod-1,ici-test-1,tas-test-1"


def diagnosed(estate: Estate, *arguments: str) -> tuple[Run, dict[tuple[str, str], dict[str, Any]]]:
    """A run, and what it found that is wrong, by what it is about and the check."""
    file = estate.home / "diagnosis.json"
    run = estate.set_up("-e", f"mail_report_file={file}", *arguments, playbook="doctor")
    found = json.loads(file.read_text())["findings"]
    return run, {(one["about"], one["check"]): one for one in found if one["state"] == "cross"}


def test_all_is_well_after_the_main_job(estate: Estate) -> None:
    done = estate.set_up("--limit", HOSTS, "--skip-tags", "delivery")
    assert done.code == 0, done.output
    before = estate.footprint()
    run, wrong = diagnosed(estate, "--limit", HOSTS)
    print(run.output)
    assert wrong == {}
    assert run.code == 0, run.output
    assert estate.footprint().files == before.files
    assert 0
