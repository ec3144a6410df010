# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The rules by which the tests of environment files read are those of the programs: systemd's parser and dotenv."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets import environment_readers
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.targets.test_environment_file import (
    FOREIGN,
    NAMES,
    files,
)
from hypothesis import HealthCheck, assume, given, settings

PACKAGE = Path(__file__).parent / "dotenv"
# It reads with the parser of EnvironmentFile, and expands variables after that.
SYSTEMD = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
# Answers each text, a line of JSON, with what dotenv reads.
READER = """
const dotenv = require('dotenv');
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  process.stdout.write(JSON.stringify(dotenv.parse(JSON.parse(line))) + '\\n');
});
"""
POOL = {*FOREIGN, *NAMES}


@pytest.fixture(scope="module")
def dotenv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    folder = tmp_path_factory.mktemp("dotenv")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGE / name, folder)
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
    process = subprocess.Popen(
        ["node", "-e", READER], cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    yield process
    process.communicate()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files())
def test_dotenv(dotenv: subprocess.Popen[str], text: str) -> None:
    assert dotenv.stdin
    assert dotenv.stdout
    dotenv.stdin.write(json.dumps(text) + "\n")
    dotenv.stdin.flush()
    assert environment_readers.dotenv(text) == json.loads(dotenv.stdout.readline())



@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(files())
def test_systemd(tmp_path: Path, text: str) -> None:
    """The package systemd of Debian brings the program; it need not run."""
    assume("$" not in text)
    place = tmp_path / "environment.d/test.conf"
    place.parent.mkdir(exist_ok=True)
    place.write_text(text, newline="")
    done = subprocess.run([SYSTEMD], capture_output=True, check=True, env={"XDG_CONFIG_HOME": str(tmp_path)}, text=True)
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    found = {name: plain(value) for name, value in told.items() if name in POOL}
    ours = environment_readers.systemd(text, version=version_of_systemd())
    wanted = {name: value for name, value in ours.items() if name in POOL}
    # It leaves out what is empty.
    assume(all(wanted.values()))
    assert wanted == found


@cache
def version_of_systemd() -> int:
    told = subprocess.run(["systemctl", "--version"], capture_output=True, check=True, text=True).stdout
    return int(told.split()[1])


def plain(value: str) -> str:
    """What the program has quoted for a shell."""
    if not value.startswith('"'):
        return value
    known = {"n": "\n", "r": "\r", "t": "\t"}
    return re.sub(r"\\(.)", lambda found: known.get(found[1], found[1]), value[1:-1])
