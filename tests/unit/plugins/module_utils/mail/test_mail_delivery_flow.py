# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The order of things: what is sent when, looked for how often, and cleaned up. With services that are objects."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    DeliveryError,
    ModernAuthError,
    TransportError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.delivery import (
    ATTEMPTS,
    Delivery,
    Patience,
    expect_closed,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe, new_probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import (
    Deferred,
    Interrupted,
    Refused,
    Unanswered,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch

PROBE = new_probe("a@b.example", ("c@d.example",), "Check", {})
HEADER = PROBE.render(datetime(2026, 11, 22, tzinfo=UTC))
HERE = Found("INBOX", "1", HEADER)
JUNK = Found("Junk Email", "2", HEADER, is_junk=True)
OTHER_COPY = Found("INBOX", "3", HEADER)
REFUSED = Refused("smtp", "sign_in", "mail.example:587", "535 5.7.3", "Authentication unsuccessful")
DEFERRED = Deferred("smtp", "end_of_data", "mail.example:587", "432 4.3.2", "Concurrent connections limit exceeded.")
CUT = Deferred("imap", "search", "imap.example:993", "BYE", "the connection was cut")
UNREACHABLE = TransportError("mail.example:587 could not be reached")


class World:
    """A clock that only moves when somebody sleeps, and a list of what happened."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events: list[str] = []
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


class FakeSender:
    """Answers each sending with the next of the given outcomes, the last one for ever."""

    where = "mail.example:587"
    is_encrypted: bool | None = True

    def __init__(self, world: World, *outcomes: ModernAuthError | None) -> None:
        self.world = world
        self.outcomes = list(outcomes)

    async def send(self, probe: Probe) -> None:
        self.world.events.append("send")
        following(self.outcomes)


def following(results: list[Any]) -> Any:
    """The next of some results, the last one for ever; an error is raised."""
    result = results.pop(0) if len(results) > 1 else results[0]
    if isinstance(result, Exception):
        raise result
    return result


class FakeMailbox:
    """Answers each look with the next of the given results, the last one for ever."""

    where = "imap.example:993"
    folders = "INBOX and Junk Email"
    is_encrypted: bool | None = True

    def __init__(self, world: World, *looks: Any, opening: Any = None, removing: Any = None, sent: Any = None) -> None:
        self.world = world
        self.looks = list(looks)
        self.opening = opening
        self.removing = list(removing or [None])
        self.sent = sent
        self.removed: list[Found] = []

    async def open(self) -> None:
        self.world.events.append("open")
        if self.opening:
            raise self.opening

    async def find(self, probe: Probe) -> list[Found]:
        self.world.events.append("find")
        return list(following(self.looks))

    async def remove(self, copies: Sequence[Found]) -> None:
        self.world.events.append("remove")
        following(self.removing)
        self.removed += copies

    async def remove_sent(self, probe: Probe, mailbox: str) -> int | None:
        self.world.events.append(f"remove sent of {mailbox}")
        if isinstance(self.sent, ModernAuthError):
            raise self.sent
        count: int | None = self.sent
        return count

    async def close(self) -> None:
        self.world.events.append("close")


def delivery(
    world: World, sender: FakeSender, *, timeout: float = 100, cleanup: bool = True,
    janitors: Sequence[FakeMailbox] = (), probe: Probe = PROBE,
) -> Delivery:
    return Delivery(
        probe, sender, Patience(timeout, 2), Stopwatch(lambda: world.now), cleanup=cleanup, sent_mail=janitors,
        sender_mailbox="a@b.example" if janitors else None, sleep=world.sleep,
    )


def prove(world: World, sender: FakeSender, mailbox: FakeMailbox, **options: Any) -> Found:
    return asyncio.run(delivery(world, sender, **options).prove(mailbox))


def test_the_mailbox_is_opened_before_anything_is_sent() -> None:
    world = World()
    mailbox = FakeMailbox(world, [HERE])
    assert prove(world, FakeSender(world, None), mailbox) == HERE
    assert world.events == ["open", "send", "find", "remove"]
    assert mailbox.removed == [HERE]


def test_nothing_is_sent_if_the_mailbox_cannot_be_opened() -> None:
    world = World()
    with pytest.raises(Refused):
        prove(world, FakeSender(world, None), FakeMailbox(world, [HERE], opening=REFUSED))
    assert world.events == ["open"]


def test_the_pauses_grow_by_half_up_to_half_a_minute() -> None:
    world = World()
    prove(world, FakeSender(world, None), FakeMailbox(world, *[[]] * 11, [HERE]), timeout=1000)
    assert world.pauses[:4] == [2, 3, 4.5, 6.75]
    assert world.pauses[-1] == 30


def test_it_looks_once_more_at_the_very_end_and_then_says_where_it_looked() -> None:
    world = World()
    checked = delivery(world, FakeSender(world, None), timeout=7)
    with pytest.raises(DeliveryError) as failed:
        asyncio.run(checked.prove(FakeMailbox(world, [])))
    assert world.now == 7
    assert world.pauses == [2, 3, 2]
    assert checked.polls == 4
    for words in (PROBE.message_id, "INBOX and Junk Email", "imap.example:993", "7 seconds", "4 looks"):
        assert words in failed.value.message
    assert "junk folder" in (failed.value.remedy or "")


def test_trouble_while_waiting_is_tried_again() -> None:
    world = World()
    assert prove(world, FakeSender(world, None), FakeMailbox(world, CUT, UNREACHABLE, [HERE])) == HERE


def test_the_last_trouble_is_told_in_the_end() -> None:
    world = World()
    with pytest.raises(DeliveryError, match="the connection was cut"):
        prove(world, FakeSender(world, None), FakeMailbox(world, [], CUT))


def test_a_service_that_names_a_time_is_given_it() -> None:
    world = World()
    throttled = Deferred("imap", "search", "imap.example:993", "BAD", "Request is throttled.", retry_after=42.5)
    prove(world, FakeSender(world, None), FakeMailbox(world, throttled, [HERE]))
    assert world.pauses == [42.5]


def test_a_mail_that_was_put_off_is_sent_again() -> None:
    world = World()
    prove(world, FakeSender(world, DEFERRED, DEFERRED, None), FakeMailbox(world, [HERE]))
    assert world.events.count("send") == 3
    assert world.pauses == [2, 3]


def test_a_mail_that_is_always_put_off_fails_in_the_end() -> None:
    world = World()
    with pytest.raises(Deferred, match="432"):
        prove(world, FakeSender(world, DEFERRED), FakeMailbox(world, [HERE]))
    assert world.events.count("send") == ATTEMPTS


def test_waiting_to_send_ends_with_the_patience() -> None:
    world = World()
    later = Deferred("graph", "submission", "graph", "TooManyRequests", "", retry_after=500)
    with pytest.raises(Deferred):
        prove(world, FakeSender(world, later), FakeMailbox(world, [HERE]))
    assert world.events == ["open", "send"]


def test_a_refused_mail_is_not_sent_again() -> None:
    world = World()
    with pytest.raises(Refused, match="535"):
        prove(world, FakeSender(world, REFUSED), FakeMailbox(world, [HERE]))
    assert world.events == ["open", "send"]


def test_a_mail_whose_answer_got_lost_is_looked_for_and_never_sent_again() -> None:
    world = World()
    lost = Unanswered("mail.example:587", "the connection was cut.")
    assert prove(world, FakeSender(world, lost), FakeMailbox(world, [], [], [HERE])) == HERE
    assert world.events.count("send") == 1
    world = World()
    with pytest.raises(DeliveryError, match="whether it took it is unknown"):
        prove(world, FakeSender(world, lost), FakeMailbox(world, []))
    assert world.events.count("send") == 1


def test_after_a_server_error_it_looks_for_a_quarter_of_the_time_before_it_sends_again() -> None:
    world = World()
    broken = Unanswered("graph", "HTTP 503", may_resend=True)
    mailbox = FakeMailbox(world, *[[]] * 6, [HERE, OTHER_COPY])
    prove(world, FakeSender(world, broken, None), mailbox)
    first, second = (number for number, event in enumerate(world.events) if event == "send")
    assert world.events[first + 1:second] == ["find"] * 6
    assert sum(world.pauses[:5]) == 25
    assert mailbox.removed == [HERE, OTHER_COPY]


def test_after_a_server_error_a_mail_that_is_there_is_not_sent_again() -> None:
    world = World()
    prove(world, FakeSender(world, Unanswered("graph", "HTTP 503", may_resend=True)), FakeMailbox(world, [], [HERE]))
    assert world.events.count("send") == 1


def test_a_mail_in_the_junk_folder_is_told_and_deleted() -> None:
    world = World()
    mailbox = FakeMailbox(world, [JUNK])
    with pytest.raises(DeliveryError, match="arrived, but in Junk Email"):
        prove(world, FakeSender(world, None), mailbox)
    assert mailbox.removed == [JUNK]


def test_without_cleanup_nothing_is_deleted() -> None:
    world = World()
    mailbox = FakeMailbox(world, [HERE])
    prove(world, FakeSender(world, None), mailbox, cleanup=False, janitors=[mailbox])
    assert world.events == ["open", "send", "find"]


def test_a_mail_that_cannot_be_deleted_is_an_error_with_its_remedy() -> None:
    world = World()
    forbidden = Refused("graph", "cleanup", "graph", "ErrorAccessDenied", "Access is denied.")
    with pytest.raises(DeliveryError, match="arrived, but could not be deleted") as failed:
        prove(world, FakeSender(world, None), FakeMailbox(world, [HERE], removing=[forbidden]))
    assert "Mail.ReadWrite" in (failed.value.remedy or "")
    assert world.events.count("remove") == 1


def test_a_cleanup_that_is_cut_off_is_done_again() -> None:
    world = World()
    mailbox = FakeMailbox(world, [HERE], removing=[CUT, None])
    prove(world, FakeSender(world, None), mailbox)
    assert world.events == ["open", "send", "find", "remove", "find", "remove"]
    assert mailbox.removed == [HERE]


@pytest.mark.parametrize(
    ("sent", "expected", "asked"),
    [
        ([1], "deleted", 1),
        ([0], "not found", 1),
        ([REFUSED, 1], "deleted", 2),
        ([None, None], "left there: none of the given rights opens the sending mailbox", 2),
        ([None, REFUSED], f"left there: {REFUSED.message}", 2),
    ],
)
def test_the_copy_in_sent_items_goes_as_far_as_the_rights_allow(sent: list[Any], expected: str, asked: int) -> None:
    world = World()
    janitors = [FakeMailbox(world, [], sent=result) for result in sent]
    checked = delivery(world, FakeSender(world, None), janitors=janitors)
    asyncio.run(checked.prove(FakeMailbox(world, [HERE])))
    assert checked.cleaned_up == {"received": 1, "sent_items": expected}
    assert world.events.count("remove sent of a@b.example") == asked


def refuse(world: World, sender: FakeSender, mailbox: FakeMailbox | None, **options: Any) -> Refused:
    return asyncio.run(delivery(world, sender, **options).expect_refusal(mailbox))


@pytest.mark.parametrize("step", ["sign_in", "submission", "end_of_data"])
def test_a_refusal_that_was_expected_is_given_back(step: Any) -> None:
    world = World()
    refusal = Refused("smtp", step, "mail.example:587", "550", "No.")
    assert refuse(world, FakeSender(world, refusal), None) is refusal
    assert world.events == ["send"]


@pytest.mark.parametrize(
    "outcome",
    [Refused("smtp", "connect", "mail.example:587", "554", "Go away."), UNREACHABLE, DEFERRED],
)
def test_trouble_is_no_refusal(outcome: ModernAuthError) -> None:
    world = World()
    with pytest.raises(type(outcome)):
        refuse(world, FakeSender(world, outcome), None)


def test_a_lost_answer_is_no_refusal_and_the_mail_is_looked_for() -> None:
    world = World()
    mailbox = FakeMailbox(world, [HERE])
    with pytest.raises(DeliveryError, match=r"this is none\. It was found and deleted\."):
        refuse(world, FakeSender(world, Unanswered("mail.example:587", "cut.")), mailbox)
    assert mailbox.removed == [HERE]


def test_a_server_error_is_neither_a_refusal_nor_the_end() -> None:
    world = World()
    broken = Unanswered("graph", "HTTP 503", may_resend=True)
    refusal = Refused("graph", "submission", "graph", "ErrorAccessDenied", "No.")
    assert refuse(world, FakeSender(world, broken, broken, refusal), None) is refusal
    assert world.events.count("send") == 3
    with pytest.raises(DeliveryError, match=r"this is none"):
        refuse(world, FakeSender(world, broken), None)


def test_a_mail_that_should_have_been_refused_is_taken_back() -> None:
    world = World()
    mailbox = FakeMailbox(world, [], [HERE])
    words = r"accepted the mail from a@b\.example, although .* found and deleted"
    with pytest.raises(DeliveryError, match=words) as failed:
        refuse(world, FakeSender(world, None), mailbox)
    assert mailbox.removed == [HERE]
    assert failed.value.details["step"] == "end_of_data"


@pytest.mark.parametrize(
    ("looks", "cleanup", "words"),
    [(None, True, "left where it is"), ([HERE], False, "left where it is"), ([], True, "not found in INBOX")],
)
def test_what_became_of_it_is_told(looks: Any, cleanup: bool, words: str) -> None:
    world = World()
    mailbox = None if looks is None else FakeMailbox(world, looks)
    with pytest.raises(DeliveryError, match=words):
        refuse(world, FakeSender(world, None), mailbox, cleanup=cleanup)


def test_a_step_inside_another_is_part_of_the_outer_one() -> None:
    moments = iter([0.0, 1.0, 4.0, 6.0])
    watch = Stopwatch(lambda: next(moments))
    with watch.step("wait"), watch.step("connect"):
        pass
    assert watch.report() == {"wait": 3.0, "total": 6.0}


# -- what may pass by itself ------------------------------------------------------------------------------------------

DENIED = Refused("graph", "cleanup", "graph.example", "ErrorAccessDenied", "Access is denied.")


def passes(work: Any) -> bool:
    with pytest.raises(DeliveryError) as failed:
        asyncio.run(work)
    return failed.value.passing


def test_a_right_that_was_just_taken_away_may_act_for_a_while() -> None:
    world = World()
    assert passes(delivery(world, FakeSender(world, None)).expect_refusal(FakeMailbox(world, [HERE])))
    assert passes(expect_closed(FakeMailbox(world)))


@pytest.mark.parametrize(("trouble", "passing"), [(DENIED, True), (CUT, False), (UNREACHABLE, False)])
def test_what_hindered_the_search_or_the_cleanup_decides(trouble: ModernAuthError, passing: bool) -> None:
    world = World()
    sender = FakeSender(world, None)
    assert passes(delivery(world, sender, timeout=5).prove(FakeMailbox(world, trouble))) is passing
    assert passes(delivery(world, sender).prove(FakeMailbox(world, [HERE], removing=[trouble]))) is passing


def test_a_mail_that_did_not_arrive_does_not_arrive_by_waiting_for_rights() -> None:
    world = World()
    assert not passes(delivery(world, FakeSender(world, None), timeout=5).prove(FakeMailbox(world, [])))


# -- several mails in a session ---------------------------------------------------------------------------------------

THREE = replace(PROBE, messages=3)


def copies(*keys: str) -> list[Found]:
    return [replace(HERE, key=key) for key in keys]


def test_it_is_looked_until_all_mails_of_a_session_are_there_and_all_are_deleted() -> None:
    world = World()
    mailbox = FakeMailbox(world, [], copies("1"), copies("1", "2"), copies("1", "2", "3"))
    prove(world, FakeSender(world, None), mailbox, probe=THREE)
    assert world.events == ["open", "send", "find", "find", "find", "find", "remove"]
    assert [found.key for found in mailbox.removed] == ["1", "2", "3"]


@pytest.mark.parametrize("cleanup", [True, False])
def test_if_some_of_them_do_not_arrive_the_number_is_told_and_the_others_are_deleted(cleanup: bool) -> None:
    world = World()
    mailbox = FakeMailbox(world, copies("1", "2"))
    with pytest.raises(DeliveryError, match="Only 2 of 3 mails that were sent in one session arrived"):
        prove(world, FakeSender(world, None), mailbox, probe=THREE, cleanup=cleanup)
    assert [found.key for found in mailbox.removed] == (["1", "2"] if cleanup else [])


def test_one_of_them_in_the_junk_folder_is_not_in_the_inbox() -> None:
    world = World()
    mailbox = FakeMailbox(world, [*copies("1", "2"), JUNK])
    with pytest.raises(DeliveryError, match="in Junk Email and not in the inbox"):
        prove(world, FakeSender(world, None), mailbox, probe=THREE)


@pytest.mark.parametrize(
    ("looks", "cleanup", "fate"),
    [
        ([copies("1"), copies("1", "2")], True, "It was found and deleted."),
        ([[]], True, "It was not found in INBOX"),
        ([copies("1", "2")], False, "was left where it is"),
    ],
)
def test_what_was_taken_before_a_session_was_ended_is_taken_back(
    looks: list[list[Found]], cleanup: bool, fate: str
) -> None:
    world = World()
    mailbox = FakeMailbox(world, *looks)
    sender = FakeSender(world, Interrupted(DEFERRED, 2, 3))
    with pytest.raises(Interrupted) as interrupted:
        prove(world, sender, mailbox, probe=THREE, cleanup=cleanup)
    assert "took 2 of the 3 mails of one session" in interrupted.value.message
    assert fate in interrupted.value.message
    assert world.events.count("send") == 1
    assert len(mailbox.removed) == (2 if cleanup and looks[-1] else 0)
