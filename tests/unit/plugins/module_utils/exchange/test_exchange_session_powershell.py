from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    LostAnswerError,
    PowerShellError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.powershell import (
    BrokenPipe,
    PowerShellSession,
    SignIn,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.script import SCRIPT
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.wire import parse_answer, request_line

Reply = Callable[[dict[str, Any]], "dict[str, Any] | bytes | BrokenPipe | None"]

UNAUTHORIZED = {
    "message": "UnAuthorized", "type": "System.UnauthorizedAccessException", "id": "UnAuthorized",
    "category": "OperationStopped", "reason": "UnauthorizedAccessException", "target": "",
}


class FakePipe:
    """Answers as told; each reading takes a second on its own clock."""

    where = "host.contoso.example"

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._output: list[bytes | BrokenPipe] = []
        self._nonce = b""
        self.requests: list[dict[str, Any]] = []
        self.now = 0.0
        self.is_closed = False

    async def start(self) -> None:
        pass

    async def write(self, data: bytes) -> None:
        for line in data.splitlines():
            if base64.b64decode(line).decode() == SCRIPT:
                continue
            request = parse_answer(line)
            self.requests.append(request)
            if request["op"] == "hello":
                self._nonce = request["nonce"].encode()
            reply = self._reply(request)
            if isinstance(reply, dict):
                full = {"id": request["id"], "ok": True, "warnings": [], **reply}
                reply = self._nonce + b" " + request_line(full)
            if reply is not None:
                self._output.append(reply)

    async def read(self, seconds: float) -> bytes | None:
        self.now += 1
        if not self._output:
            return None
        found = self._output.pop(0)
        if isinstance(found, BrokenPipe):
            raise found
        return found

    async def close(self) -> None:
        self.is_closed = True

    def complaint(self) -> str:
        return "an error on standard error"


def usual(request: dict[str, Any]) -> dict[str, Any]:
    match request["op"]:
        case "hello":
            return {"module": "3.9.2"}
        case "invoke":
            return {"value": [request["parameters"]], "warnings": ["careful"]}
        case _:
            return {}


def instead(op: str, reply: Any) -> Reply:
    return lambda request: reply if request["op"] == op else usual(request)


def session(pipe: FakePipe, sign_in: Callable[[], SignIn] | None = None) -> PowerShellSession:
    return PowerShellSession(
        pipe, sign_in or (lambda: SignIn({"AccessToken": "secret"}, {"CertificatePassword": "p"})),
        start_seconds=30, call_seconds=5, clock=lambda: pipe.now,
    )


def use(pipe: FakePipe, *cmdlets: str) -> list[Any]:
    async def ask() -> list[Any]:
        async with session(pipe) as opened:
            return [await opened.invoke(cmdlet, {"Identity": "x"}) for cmdlet in cmdlets]

    return asyncio.run(ask())


def test_one_connection_serves_every_cmdlet() -> None:
    pipe = FakePipe(usual)
    first, second = use(pipe, "Get-A", "Set-B")
    assert first == second == [{"Identity": "x"}]
    assert first.warnings == ("careful",)
    assert [request["op"] for request in pipe.requests] == ["hello", "connect", "invoke", "invoke", "bye"]
    assert pipe.requests[1]["parameters"] == {"AccessToken": "secret"}
    assert pipe.requests[1]["secure"] == {"CertificatePassword": "p"}
    assert pipe.is_closed


def test_numbers_and_nonces_are_new() -> None:
    pipes = [FakePipe(usual), FakePipe(usual)]
    for pipe in pipes:
        use(pipe, "Get-A")
        assert [request["id"] for request in pipe.requests] == [1, 2, 3, 4]
    assert pipes[0].requests[0]["nonce"] != pipes[1].requests[0]["nonce"]


def test_noise_is_passed_over() -> None:
    pipe = FakePipe(usual)
    pipe._output.append(b"Welcome\r\n")
    assert use(pipe, "Get-A") == [[{"Identity": "x"}]]


def test_no_token_is_fetched_for_a_machine_without_the_module() -> None:
    pipe = FakePipe(instead("hello", {"module": None}))

    def sign_in() -> SignIn:
        raise AssertionError("asked for a token")

    async def ask() -> None:
        async with session(pipe, sign_in):
            pass

    with pytest.raises(PowerShellError) as caught:
        asyncio.run(ask())
    assert caught.value.code == "module_missing"
    assert [request["op"] for request in pipe.requests] == ["hello", "bye"]
    assert pipe.is_closed


def test_a_refused_sign_in() -> None:
    pipe = FakePipe(instead("connect", {"ok": False, "error": UNAUTHORIZED}))
    with pytest.raises(AuthenticationError) as caught:
        use(pipe)
    assert "secret" not in json.dumps(caught.value.result())
    assert pipe.is_closed


@pytest.mark.parametrize("op", ["hello", "connect"])
def test_a_process_that_ends_before_any_cmdlet(op: str) -> None:
    pipe = FakePipe(instead(op, BrokenPipe("it ended with exit code 1")))
    with pytest.raises(PowerShellError) as caught:
        use(pipe)
    assert "exit code 1" in caught.value.message
    assert "an error on standard error" in caught.value.message
    assert pipe.is_closed


@pytest.mark.parametrize(
    ("cmdlet", "reply", "words"),
    [
        ("Set-A", BrokenPipe("its shell is gone"), "its shell is gone"),
        ("Set-A", None, "no answer within 5 seconds"),
        ("Set-A", {"id": 99}, "nobody had asked for"),
        ("Get-A", None, "no answer within 5 seconds"),
    ],
)
def test_a_lost_answer(cmdlet: str, reply: Any, words: str) -> None:
    pipe = FakePipe(instead("invoke", reply))
    with pytest.raises(LostAnswerError) as caught:
        use(pipe, cmdlet)
    assert words in caught.value.message
    assert ("may have taken effect" in caught.value.message) is (cmdlet == "Set-A")
    assert pipe.is_closed
    # What comes now could be the answer to the call that was given up.
    assert [request["op"] for request in pipe.requests] == ["hello", "connect", "invoke"]


def test_an_answer_that_cannot_be_read() -> None:
    pipe = FakePipe(usual)

    def reply(request: dict[str, Any]) -> Any:
        return pipe._nonce + b" %%%\n" if request["op"] == "invoke" else usual(request)

    pipe._reply = reply
    with pytest.raises(LostAnswerError):
        use(pipe, "Get-A")


def test_a_session_that_lost_an_answer_runs_nothing_more() -> None:
    pipe = FakePipe(instead("invoke", None))

    async def ask() -> None:
        async with session(pipe) as opened:
            for _attempt in range(2):
                with pytest.raises(LostAnswerError):
                    await opened.invoke("Set-A")

    asyncio.run(ask())
    assert [request["op"] for request in pipe.requests].count("invoke") == 1


def test_cmdlets_of_several_coroutines_take_turns() -> None:
    pipe = FakePipe(usual)

    async def ask() -> list[Any]:
        async with session(pipe) as opened:
            return await asyncio.gather(*(opened.invoke("Get-A", {"Identity": str(n)}) for n in range(10)))

    assert asyncio.run(ask()) == [[{"Identity": str(n)}] for n in range(10)]
