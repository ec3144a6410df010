"""What tests of every folder may ask for. Being here also makes ``sandbox_fixture`` importable from all of them."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.tests.unit import hypothesis_profile
from m365_sandbox.powershell.engine import STAND_IN, find_engine
from sandbox_fixture import clean, sandbox

__all__ = ["clean", "hypothesis_profile", "sandbox"]


# Begun last, it would be waited for when all others have ended.
LONGEST = "test_team_assistant.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the file that takes longest."""
    items.sort(key=lambda item: item.path.name != LONGEST)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured and recorded as ``record_property("measured", text)``, and what PowerShell was."""
    engine = find_engine()
    hint = " (no pwsh in $PWSH or PATH)" if engine == STAND_IN else ""
    terminalreporter.write_line(f"PowerShell engine of the tests: {engine.name}{hint}")
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, text in report.user_properties:
            if name == "measured" and report.when == "call":
                terminalreporter.write_line(text)
