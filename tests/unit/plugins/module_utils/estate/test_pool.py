"""The same work for many objects."""

from __future__ import annotations

import asyncio

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.pool import each
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done

SECRET = "s3cret-value"


class Told:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def advance(self, name: str) -> None:
        self.names.append(name)

    def say(self, text: str) -> None:
        raise AssertionError(text)


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_no_more_are_worked_on_at_once_and_all_are_in_order(at_once: int) -> None:
    working, most = 0, 0

    async def work(number: int) -> Verdict:
        nonlocal working, most
        working += 1
        most = max(most, working)
        # Later ones end sooner.
        for _turn in range(20 - number):
            await asyncio.sleep(0)
        working -= 1
        return done("done", number=number)

    told = Told()
    verdicts = asyncio.run(each({f"app-{n}": n for n in range(20)}, work, at_once=at_once, progress=told))
    assert most == min(at_once, 20)
    assert [(name, verdict["number"]) for name, verdict in verdicts.items()] == [(f"app-{n}", n) for n in range(20)]
    assert sorted(told.names) == sorted(verdicts)


def test_one_that_fails_stops_no_other_halfway() -> None:
    steps: list[str] = []

    async def work(name: str) -> Verdict:
        steps.append(f"{name} made")
        if name == "refused":
            raise StoreError("The store is full.", code="full", remedy="Make room.", details={"changed": True})
        if name == "defect":
            raise KeyError(SECRET)
        await asyncio.sleep(0)
        steps.append(f"{name} kept")
        return done("kept", changed=True)

    names = ["first", "refused", "defect", "last"]
    verdicts = asyncio.run(each(dict(zip(names, names, strict=True)), work, at_once=4, progress=Told()))
    assert {"first kept", "last kept"} <= set(steps)
    assert verdicts["refused"] == {
        "changed": True, "failed": True, "msg": "The store is full. Make room.", "code": "full", "remedy": "Make room.",
    }
    assert verdicts["defect"]["failed"]
    assert "KeyError" in verdicts["defect"]["msg"]
    assert "test_pool.py" in verdicts["defect"]["exception"]
    assert SECRET not in str(verdicts)
    assert verdicts["last"] == {"changed": True, "failed": False, "msg": "kept"}
