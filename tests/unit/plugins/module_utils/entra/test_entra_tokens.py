"""How long a refusal is waited out, and that no cache proves anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.tokens import Proof, prove
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError

SCOPE = "https://graph.microsoft.com/.default"


class Source:
    """Answers in turn; the last one again and again."""

    def __init__(self, *answers: str, cached: bool = False) -> None:
        self.answers = list(answers)
        self.cached = cached

    def token(self, scope: str) -> str:
        assert scope == SCOPE
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.startswith("AADSTS"):
            raise AuthenticationError("refused", code=answer)
        return answer

    def refresh(self) -> bool:
        cached, self.cached = self.cached, False
        return cached


def run(source: Source, patience: float = 60) -> tuple[Proof, Sequence[float]]:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    return asyncio.run(prove(source, SCOPE, patience, sleep)), pauses


def test_a_token_at_once_needs_no_pause() -> None:
    assert run(Source("token")) == (Proof("token", 1), [])


@pytest.mark.parametrize("code", ["AADSTS7000215", "AADSTS700016", "AADSTS700027", "AADSTS700213", "AADSTS7000229"])
def test_what_replication_refuses_is_asked_for_again(code: str) -> None:
    proof, pauses = run(Source(code, code, "token"))
    assert proof == Proof("token", 3)
    assert len(pauses) == 2


@pytest.mark.parametrize("code", ["AADSTS7000222", "AADSTS90002", "AADSTS53003"])
def test_any_other_refusal_is_final(code: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        run(Source(code, "token"))
    assert caught.value.details == {"attempts": 1}


def test_waiting_ends() -> None:
    with pytest.raises(AuthenticationError) as caught:
        run(Source("AADSTS7000215"), patience=20)
    assert caught.value.result()["code"] == "AADSTS7000215"
    assert caught.value.details["attempts"] > 3
    with pytest.raises(AuthenticationError) as caught:
        run(Source("AADSTS7000215"), patience=0)
    assert caught.value.details == {"attempts": 1}


def test_a_cached_token_is_replaced() -> None:
    assert run(Source("cached", "new", cached=True))[0].token == "new"
    with pytest.raises(AuthenticationError):
        run(Source("cached", "AADSTS7000222", cached=True))
