# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The script for monitoring: exit codes and one line, as Nagios wants them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.credentials.credentials_world import (
    credential,
    p12_key,
    read,
    report_of,
    report_of_google,
    slot,
)

SCRIPT = Path(__file__).parents[5] / "roles/mail_credentials/files/check_credentials.py"


def check(path: Path, *arguments: str) -> tuple[int, str]:
    # Isolated from what is installed: the machine that monitors has the standard library alone.
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), str(path), *arguments], capture_output=True, text=True, check=False,
    )
    return done.returncode, done.stdout + done.stderr


def written(folder: Path, told: Any) -> Path:
    path = folder / "credentials.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


@pytest.mark.parametrize(("days", "code", "line"), [
    (100, 0, "CREDENTIALS OK - 1 applications: 0 expired, 0 due, 1 ok | expired=0 due=0 ok=1\n"),
    (
        9, 1, "CREDENTIALS WARNING - 1 applications: 0 expired, 1 due, 0 ok | expired=0 due=1 ok=0\n"
        "Contracts ? mail (prod): The current secret ends in 9 days, on 2031-05-10.\n",
    ),
    (
        -9, 2, "CREDENTIALS CRITICAL - 1 applications: 1 expired, 0 due, 0 ok | expired=1 due=0 ok=0\n"
        "Contracts ? mail (prod): The current secret expired on 2031-04-22.\n",
    ),
])
def test_codes(tmp_path: Path, days: int, code: int, line: str) -> None:
    told = report_of({"current": slot("c", days)}, credential("c", days), name="Contracts | mail")
    assert check(written(tmp_path, told)) == (code, line)


@pytest.mark.parametrize("told", [
    [], {}, {"applications": [{"state": "fine"}]}, {"applications": []}, {"applications": 3},
])
def test_what_is_no_report_is_unknown(tmp_path: Path, told: Any) -> None:
    path = written(tmp_path, told)
    assert check(path) == (3, f"CREDENTIALS UNKNOWN - {path} is no credentials report\n")


def test_a_report_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    code, line = check(tmp_path / "credentials.json")
    assert (code, line.endswith("cannot be read: No such file or directory\n")) == (3, True)


def test_an_old_report_is_unknown(tmp_path: Path) -> None:
    path = written(tmp_path, report_of({"current": slot("c", 100)}, credential("c", 100)))
    old = time.time() - 40 * 3600
    os.utime(path, (old, old))
    assert check(path)[0] == 3
    assert check(path, "--max-age", "48")[0] == 0


def test_a_sign_in_that_is_missing_is_a_warning(tmp_path: Path) -> None:
    told = report_of({"current": slot("c", 100)}, credential("c", 100))
    for do, code in (("Click.", 1), (None, 0)):
        found = check(written(tmp_path, {**told, "sign_ins": [{"host": "web-1", "told": "web-1: Click.", "do": do}]}))
        assert (found[0], "web-1: Click.\n" in found[1]) == (code, bool(code))


@pytest.mark.parametrize(("days", "code", "line"), [
    (100, 0, ""), (9, 1, "made by hand ends in 9 days, on 2031-05-10."), (-1, 2, "made by hand expired on 2031-04-30."),
])
def test_the_end_of_a_p12_counts_as_a_secrets_does(tmp_path: Path, days: int, code: int, line: str) -> None:
    found, said = check(written(tmp_path, report_of_google(read(p12_key(days)))))
    assert (found, said.count("\n"), line in said) == (code, 2 if line else 1, True)
