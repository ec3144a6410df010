# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is asked of Microsoft Graph and how its answers are understood, with a client that is an object."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import UnknownOutcomeError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Request
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.graph import GraphMailbox, GraphSender
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Deferred, Refused, Unanswered
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch

PROBE = Probe("0123456789abcdef", "a@b.example", ("c@d.example",), "Check's")
HEADERS = [{"name": "Message-ID", "value": PROBE.message_id}, {"name": "Subject", "value": PROBE.subject}]


class FakeClient:
    """Answers each request with the next of the given answers: (status, body), or an exception."""

    endpoint = "https://graph.example/v1.0"

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Answer:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body, *headers = answer
        return Answer(request, status, headers[0] if headers else {}, body)

    async def batch(self, requests: Sequence[Request]) -> list[Answer]:
        return [await self.send(request) for request in requests]


def error(code: str, message: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "0f0e"}}}


def sender(client: Any) -> GraphSender:
    return GraphSender(client, "a@b.example", Stopwatch())


def mailbox(client: Any) -> GraphMailbox:
    return GraphMailbox(client, "c@d.example", Stopwatch())


def messages(*found: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return 200, {"value": list(found)}


def test_the_mail_goes_out_whole_in_base64() -> None:
    client = FakeClient((202, {}))
    asyncio.run(sender(client).send(PROBE))
    (request,) = client.requests
    assert (request.method, request.path) == ("POST", "/users/a@b.example/sendMail")
    assert request.headers == {"Content-Type": "text/plain"}
    assert isinstance(request.body, bytes)
    assert f"Message-ID: {PROBE.message_id}\r\n".encode() in base64.b64decode(request.body, validate=True)
    assert not request.is_repeatable


@pytest.mark.parametrize(
    ("status", "code", "step"),
    [
        (401, "InvalidAuthenticationToken", "sign_in"), (403, "ErrorAccessDenied", "submission"),
        (403, "ErrorSendAsDenied", "submission"), (404, "ErrorInvalidUser", "submission"),
        (404, "MailboxNotEnabledForRESTAPI", "submission"), (400, "ErrorInvalidRecipients", "submission"),
    ],
)
def test_a_refused_mail(status: int, code: str, step: str) -> None:
    with pytest.raises(Refused) as refused:
        asyncio.run(sender(FakeClient((status, error(code, "No.")))).send(PROBE))
    assert (refused.value.step, refused.value.code, refused.value.text) == (step, code, "No.")
    assert refused.value.request_id == "0f0e"
    assert "https://graph.example/v1.0" in refused.value.message


def test_a_throttled_mail_is_put_off() -> None:
    with pytest.raises(Deferred) as later:
        asyncio.run(sender(FakeClient((429, error("TooManyRequests"), {"retry-after": "2.128"}))).send(PROBE))
    assert later.value.retry_after == pytest.approx(2.128)


def test_a_server_error_may_be_followed_by_another_sending_and_a_cut_may_not() -> None:
    with pytest.raises(Unanswered) as unsure:
        asyncio.run(sender(FakeClient((503, error("ServiceUnavailable", "Later.")))).send(PROBE))
    assert unsure.value.may_resend
    with pytest.raises(Unanswered) as unsure:
        asyncio.run(sender(FakeClient(UnknownOutcomeError("Could not send the mail: cut.", status=0))).send(PROBE))
    assert not unsure.value.may_resend


def test_it_searches_the_inbox_and_the_junk_folder_by_message_id_and_by_subject() -> None:
    client = FakeClient(messages(), messages())
    assert asyncio.run(mailbox(client).find(PROBE)) == []
    paths = [unquote(request.path) for request in client.requests]
    assert [path.partition("?")[0] for path in paths] == [
        "/users/c@d.example/mailFolders/inbox/messages", "/users/c@d.example/mailFolders/junkemail/messages",
    ]
    assert (
        "$filter=internetMessageId eq '<mail-delivery.0123456789abcdef@b.example>' "
        "or subject eq 'Check''s [0123456789abcdef]'"
    ) in paths[0]


def test_what_is_found() -> None:
    client = FakeClient(
        messages({"id": "A=", "internetMessageHeaders": HEADERS}, {"id": "B=", "internetMessageHeaders": []}),
        messages({"id": "C=", "internetMessageHeaders": HEADERS[1:]}),
    )
    found = asyncio.run(mailbox(client).find(PROBE))
    assert [(one.folder, one.key, one.is_junk) for one in found] == [("Inbox", "A=", False), ("Junk Email", "C=", True)]
    assert PROBE.message_id.encode() in found[0].header


def test_the_inbox_is_opened_before_it_is_searched() -> None:
    client = FakeClient((200, {"id": "inbox"}))
    asyncio.run(mailbox(client).open())
    assert client.requests[0].path == "/users/c@d.example/mailFolders/inbox?$select=id"
    with pytest.raises(Refused) as refused:
        asyncio.run(mailbox(FakeClient((403, error("ErrorAccessDenied", "Access is denied.")))).open())
    assert refused.value.step == "open_mailbox"


def test_it_deletes_for_good_and_what_is_gone_is_gone() -> None:
    client = FakeClient((204, {}), (404, error("ErrorItemNotFound")))
    asyncio.run(mailbox(client).remove([Found("Inbox", "A/+=", b""), Found("Inbox", "B", b"")]))
    assert [request.path for request in client.requests] == [
        "/users/c@d.example/messages/A%2F%2B%3D/permanentDelete", "/users/c@d.example/messages/B/permanentDelete",
    ]
    assert all(request.is_repeatable for request in client.requests)
    with pytest.raises(Refused) as refused:
        asyncio.run(mailbox(FakeClient((403, error("ErrorAccessDenied")))).remove([Found("Inbox", "A", b"")]))
    assert refused.value.step == "cleanup"
    assert "Mail.ReadWrite" in (refused.value.remedy or "")


def test_the_copy_in_sent_items_is_deleted_in_the_senders_mailbox() -> None:
    client = FakeClient(messages({"id": "S", "internetMessageId": PROBE.message_id}), (204, {}))
    assert asyncio.run(mailbox(client).remove_sent(PROBE, "a@b.example")) == 1
    assert client.requests[0].path.startswith("/users/a@b.example/mailFolders/sentitems/messages?")
    assert client.requests[1].path == "/users/a@b.example/messages/S/permanentDelete"


def test_trouble_with_a_search_can_be_repeated() -> None:
    with pytest.raises(Deferred):
        asyncio.run(mailbox(FakeClient((503, error("ServiceUnavailable")), messages())).find(PROBE))
