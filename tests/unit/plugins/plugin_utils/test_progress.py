# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How far a long step is, as people read it."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._progress import Progress


@pytest.mark.parametrize(("total", "lines"), [
    (10, []),
    (11, ["identity: 10 of 11 applications", "identity: 11 of 11 applications"]),
    (20, ["identity: 10 of 20 applications", "identity: 20 of 20 applications"]),
    (400, [f"identity: {done} of 400 applications" for done in range(40, 401, 40)]),
])
def test_a_long_step_is_told_to_its_end(total: int, lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("identity", "applications", total) as progress:
        for number in range(total):
            progress.advance(f"application {number}")
    assert capsys.readouterr().out.splitlines() == lines
