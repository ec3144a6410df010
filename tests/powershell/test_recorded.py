"""Every request that was recorded with PowerShell 7.6.5 gets the recorded answer, word for word."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.script import arguments, first_line
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.wire import parse_answer, request_line
from engine_fixtures import Place, full
from m365_sandbox.powershell.engine import Engine

NONCE = "0123456789abcdef"
CASES = [json.loads(line) for line in Path(__file__).with_name("recorded.jsonl").read_text("utf-8").splitlines()]


def sessions() -> Iterator[list[dict[str, Any]]]:
    """The cases from one hello to the next bye: each list is one process."""
    session: list[dict[str, Any]] = []
    for case in CASES:
        session.append(case)
        if case["request"]["op"] == "bye":
            yield session
            session = []
    assert not session


SESSIONS = dict(zip(("none", "old", "good"), sessions(), strict=True))


class Process:
    """One PowerShell process, driven line by line."""

    def __init__(self, engine: Engine, place: Place, modules: str) -> None:
        self._process = subprocess.Popen(
            [*engine.command, *arguments()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=full(place.environment(modules)), cwd=place.folder,
        )
        self.write(first_line())

    def write(self, line: bytes) -> None:
        """Send a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next line that is one."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            nonce, blank, payload = line.partition(b" ")
            if blank and nonce == NONCE.encode():
                return parse_answer(payload)
        raise AssertionError("the process ended without an answer")

    def end(self) -> int:
        """Close the input; gives the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


def levelled(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from run to run: ids, process, PowerShell's version, the time stamp."""
    answer = {name: value for name, value in answer.items() if name != "id"}
    if "process" in answer:
        answer |= {"process": 4711, "powershell": "7.6.5"}
    if "error" in answer:
        identifier = re.sub(r"TimeStamp=[^\]]*", "TimeStamp=Sun, 22 Nov 2026 00:00:00 GMT", answer["error"]["id"])
        answer["error"] = {**answer["error"], "id": identifier}
    return answer


@pytest.mark.parametrize("modules", SESSIONS)
def test_answers_as_recorded(engine: Engine, place: Place, modules: str) -> None:
    process = Process(engine, place, modules)
    for number, case in enumerate(SESSIONS[modules]):
        request = case["request"]
        if request["op"] == "garbage":
            process.write(b"%garbage%\n")
        else:
            nonce = {"nonce": NONCE} if request["op"] == "hello" else {}
            process.write(request_line({"id": number, **request, **nonce}))
        answer = process.answer()
        assert answer["id"] == (None if request["op"] == "garbage" else number), case["case"]
        assert levelled(answer) == case["answer"], case["case"]
    assert process.end() == 0


def test_an_empty_line_is_no_request(engine: Engine, place: Place) -> None:
    process = Process(engine, place, "none")
    process.write(b"\n" + request_line({"id": 7, "op": "hello", "nonce": NONCE}))
    assert process.answer()["id"] == 7
    process.write(request_line({"id": 8, "op": "bye"}))
    assert process.answer()["id"] == 8
    assert process.end() == 0


def test_every_recorded_answer_is_read_and_written_unchanged() -> None:
    for case in CASES:
        line = request_line(case["answer"])
        assert parse_answer(line) == case["answer"]
        assert base64.b64decode(line).isascii()
