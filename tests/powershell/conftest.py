"""The conformance suite's fixtures."""

from __future__ import annotations

from engine_fixtures import engine, place
from session_fixtures import host, modules_environment, runner, transport

__all__ = ["engine", "host", "modules_environment", "place", "runner", "transport"]
