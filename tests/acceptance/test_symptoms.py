# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Each symptom is said by the sandbox for each of its causes, and the diagnosis finds that cause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import symptoms
from doctor_on_call import Doctor
from estates import Estate
from sandbox_fixture import RunningSandbox, run_cli
from symptom_cases import CASES
from symptom_voices import TICKETS
from symptom_world import World


def row_of(text: str) -> str:
    """How the row of the table begins that a text fits."""
    found = symptoms.find(text)
    return next((one.said for one in symptoms.entra() if one.cause == found.cause), found.said)


def is_row(row: str, begins: str) -> bool:
    """Whether a row begins so; a number of Entra's is whole."""
    return row.split(", ")[0] == begins if begins.startswith("AADSTS") else row.startswith(begins)


@dataclass(frozen=True)
class Company:
    """The world, and who is asked about it."""

    world: World
    doctor: Doctor


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Company]:
    directory = tmp_path_factory.mktemp("symptoms") / "instance"
    started = run_cli("start", directory)
    assert started.returncode == 0, started.stdout + started.stderr
    estate = Estate(RunningSandbox(directory), home)
    estate.empty()
    with estate.administrator() as graph, Doctor(estate.environment(), home) as doctor:
        yield Company(World(estate, graph), doctor)
    run_cli("stop", directory)


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_found_of_what_the_sandbox_says(company: Company, name: str) -> None:
    case = CASES[name]
    with case.plant(company.world):
        said = case.say(company.world)
        assert is_row(row_of(said), case.row), said
        told = company.doctor.ask(company.world.sources(case.host), [case.host], said)
    assert "findings" in told, told
    wrong = {(one["about"], one["check"]): one for one in told["findings"] if one["state"] == "cross"}
    told_of = wrong or {(one["about"], one["check"]): one for one in told["findings"] if one["state"] == "unknown"}
    assert {key: one["state"] for key, one in told_of.items()} == ({case.found: case.state} if case.found else {}), told
    assert all(one["remedy"] for one in wrong.values()), told


def test_a_library_that_is_missing_is_told_with_the_command_that_installs_it(company: Company, tmp_path: Path) -> None:
    (tmp_path / "msal.py").write_text("raise ImportError('hidden')")
    estate, world = company.world.estate, company.world
    environment = {**estate.environment(), "PYTHONPATH": str(tmp_path)}
    with Doctor(environment, estate.home) as doctor:
        told = doctor.ask(world.sources(TICKETS), [TICKETS], "AADSTS7000215")
    [wrong] = [one for one in told["findings"] if one["state"] == "cross"]
    assert (wrong["about"], wrong["check"]) == ("controller", "libraries")
    assert "-m pip install 'msal" in wrong["remedy"]


def test_each_row_is_said() -> None:
    rows = [one.said for one in (*symptoms.entra(), *symptoms.google(), *symptoms.mail(), *symptoms.connections())]
    assert [row for row in rows if not any(is_row(row, case.row) for case in CASES.values())] == []
