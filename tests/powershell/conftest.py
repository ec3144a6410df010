"""The conformance suite's fixtures, and the line that says which engine it ran on."""

from __future__ import annotations

import pytest
from engine_fixtures import ENGINES, engine, place
from session_fixtures import host, modules_environment, runner, transport

__all__ = ["engine", "host", "modules_environment", "place", "runner", "transport"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it even when everything passed."""
    names = " and ".join(engine.name for engine in ENGINES)
    hint = "" if any(engine.name == "pwsh" for engine in ENGINES) else " (no pwsh in $PWSH or PATH)"
    terminalreporter.write_line(f"PowerShell conformance suite ran on: {names}{hint}")
