"""What the tests with others' clients may ask for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from office import Office
from sandbox_fixture import RunningSandbox

REPOSITORY = Path(__file__).parents[2]
NODE_MODULES = REPOSITORY / ".build" / "clients" / "node_modules"


@pytest.fixture
def office(clean: RunningSandbox) -> Office:
    """A tenant of one's own."""
    return Office(clean)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with the clients of npm, as the Makefile installs them."""
    subprocess.run(["make", "-s", str(NODE_MODULES)], cwd=REPOSITORY, check=True)
    return NODE_MODULES
