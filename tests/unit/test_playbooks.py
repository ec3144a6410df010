# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every play of the playbooks says by itself, lest an ansible.cfg say something else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "playbooks"
PLAYS = [
    pytest.param(play, id=f"{file.stem}: {play['name']}")
    for file in sorted([*FOLDER.glob("*.yml"), *(FOLDER / "rounds").glob("*.yml")])
    for play in yaml.safe_load(file.read_text(encoding="utf-8")) if "hosts" in play
]


@pytest.mark.parametrize("play", PLAYS)
def test_a_play_does_not_leave_it_to_ansible_cfg(play: dict[str, object]) -> None:
    said = {name: play.get(name) for name in ("gather_facts", "strategy", "any_errors_fatal")}
    assert said == {"gather_facts": False, "strategy": "ansible.builtin.linear", "any_errors_fatal": False}
