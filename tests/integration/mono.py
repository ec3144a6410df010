# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Mono's System.Configuration, as a reader of web.config that is not ours."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playbook_runner import REPOSITORY

PROGRAM = REPOSITORY / ".build" / "cmo" / "cmo.exe"


class Mono:
    """A program on System.Configuration that reads files.

    :param folder: where it finds them.
    """

    def __init__(self, folder: Path) -> None:
        subprocess.run(["make", "-s", str(PROGRAM)], cwd=REPOSITORY, check=True)
        self._file = folder / "web.config"
        self._process = subprocess.Popen(
            ["mono", PROGRAM, "read"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )

    def read(self, content: bytes) -> dict[str, str]:
        """All appSettings, by their keys in capitals."""
        assert self._process.stdin
        assert self._process.stdout
        self._file.write_bytes(content)
        self._process.stdin.write(f"{self._file}\n")
        self._process.stdin.flush()
        answer: dict[str, str] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, (answer["error"], content)
        return {key.upper(): value for key, value in answer.items()}

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@pytest.fixture(scope="module")
def mono(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mono]:
    program = Mono(tmp_path_factory.mktemp("mono"))
    yield program
    program.close()
