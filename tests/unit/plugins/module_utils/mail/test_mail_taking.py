# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A mail in a product's mailbox is taken, or it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import DeliveryError, TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.delivery import Patience
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe, new_probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.taking import Taking

WHO = "integration@contoso.example"


class Inbox:
    """What each look finds: True for the unread mail, False for none, or what is raised; the last for ever."""

    where, folders, is_encrypted = "imap.example:993", "INBOX and Junk Email", True

    def __init__(self, *looks: bool | Exception, left: int = 0) -> None:
        self.looks, self.left, self.log = list(looks), left, list[str]()

    async def open(self) -> None:
        self.log.append("open")

    async def put(self, probe: Probe) -> None:
        self.log.append("put")

    async def unread(self, probe: Probe) -> list[Found]:
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(found, Exception):
            raise found
        return [Found("INBOX", "1", b"")] if found else []

    async def find(self, probe: Probe) -> list[Found]:
        return [Found("INBOX", str(number), b"") for number in range(self.left)]

    async def remove(self, copies: Sequence[Found]) -> None:
        self.log.append(f"remove {len(copies)}")

    async def remove_sent(self, probe: Probe, mailbox: str) -> int | None:
        raise AssertionError

    async def close(self) -> None:
        raise AssertionError


def prove(inbox: Inbox, *, cleanup: bool = True) -> tuple[Taking, list[float]]:
    """A proof with 100 seconds of patience, of which each pause takes as long as it says."""
    now, pauses = [0.0], list[float]()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    taking = Taking(
        new_probe(WHO, (WHO,), "A check", {}), Patience(100, 2), Stopwatch(lambda: now[0]), cleanup=cleanup, sleep=sleep
    )
    asyncio.run(taking.prove(inbox))
    return taking, pauses


def test_it_is_put_there_and_looked_for_until_it_is_taken() -> None:
    inbox = Inbox(True, True, False, left=1)
    taking, pauses = prove(inbox)
    assert (taking.polls, pauses, inbox.log) == (3, [2, 3], ["open", "put", "remove 1"])
    assert taking.cleaned_up == {"received": 1, "sent_items": None}


def test_what_is_left_may_be_kept() -> None:
    inbox = Inbox(False, left=1)
    taking, _pauses = prove(inbox, cleanup=False)
    assert (inbox.log, taking.cleaned_up["received"]) == (["open", "put"], None)


def test_a_look_that_fails_is_made_again() -> None:
    taking, _pauses = prove(Inbox(TransportError("cut"), True, False))
    assert taking.polls == 3


@pytest.mark.parametrize(("look", "words"), [(True, ""), (TransportError("The line is cut."), "The line is cut.")])
def test_nobody_takes_it_and_it_is_deleted(look: bool | Exception, words: str) -> None:
    inbox = Inbox(look, left=1)
    with pytest.raises(DeliveryError) as left:
        prove(inbox)
    assert left.value.message.startswith("Nobody has taken the mail 'A check [")
    assert f"out of the inbox of {WHO} at imap.example:993 within 100 seconds" in left.value.message
    assert left.value.message.endswith(words)
    assert inbox.log[-1] == "remove 1"
