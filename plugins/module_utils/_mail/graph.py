# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Sends a mail, and looks for one, through Microsoft Graph."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn
from urllib.parse import quote

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import UnknownOutcomeError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import (
    Answer,
    Request,
    graph_error,
    quoted,
    segment,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import (
    Deferred,
    Refused,
    Step,
    Unanswered,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import retry_after

# Graph's well-known names, and how Outlook shows them: https://learn.microsoft.com/graph/api/resources/mailfolder
_FOLDERS = {"inbox": "Inbox", "junkemail": "Junk Email"}
_SENT_ITEMS = "sentitems"


class GraphSender:
    """Sends as MIME: in JSON a message cannot bring its own Message-ID along.

    With MIME there is no saveToSentItems either, so that a copy in Sent Items is always made
    (https://learn.microsoft.com/graph/api/user-sendmail).

    :param mailbox: the sending mailbox: its address, or its user's object id.
    """

    is_encrypted: bool | None = True

    def __init__(self, client: GraphClient, mailbox: str, stopwatch: Stopwatch) -> None:
        self.where = client.endpoint
        self._client = client
        self._mailbox = mailbox
        self._stopwatch = stopwatch

    async def send(self, probe: Probe) -> None:
        """Hand the probe over. Graph answers that it accepted it, which does not mean that it is delivered.

        :raises Refused, Deferred: if Graph says no.
        :raises Unanswered: if Graph's answer got lost or is a server error.
        :raises TransportError: if Graph cannot be reached.
        """
        request = Request(
            "POST", f"/users/{segment(self._mailbox)}/sendMail", "send the mail", "Mail.Send",
            base64.b64encode(probe.render(datetime.now(UTC))), {"Content-Type": "text/plain"},
        )
        with self._stopwatch.step("send"):
            try:
                answer = await self._client.send(request)
            except UnknownOutcomeError as error:
                raise Unanswered(self.where, error.message) from error
        if answer.status >= 500:
            raise Unanswered(self.where, graph_error(answer).message, may_resend=True)
        if answer.status >= 400:
            _refuse(self.where, "submission", self._mailbox, answer)


class GraphMailbox:
    """One mailbox.

    :param mailbox: its address, or its user's object id.
    """

    is_encrypted: bool | None = True

    def __init__(self, client: GraphClient, mailbox: str, stopwatch: Stopwatch) -> None:
        self.where = client.endpoint
        self.folders = " and ".join(_FOLDERS.values())
        self._client = client
        self._mailbox = mailbox
        self._stopwatch = stopwatch

    async def open(self) -> None:
        """See Mailbox."""
        path = f"/users/{segment(self._mailbox)}/mailFolders/inbox?$select=id"
        with self._stopwatch.step("sign_in"):
            self._checked("open_mailbox", self._mailbox, await self._client.send(
                Request("GET", path, "open the inbox", "Mail.Read")
            ))

    async def find(self, probe: Probe) -> list[Found]:
        """See Mailbox."""
        answers = await self._client.batch([self._search(self._mailbox, folder, probe) for folder in _FOLDERS])
        return [
            found
            for folder, answer in zip(_FOLDERS, answers, strict=True)
            for found in self._found(self._mailbox, folder, probe, answer)
        ]

    async def remove(self, copies: Sequence[Found]) -> None:
        """See Mailbox."""
        await self._delete(self._mailbox, copies)

    async def remove_sent(self, probe: Probe, mailbox: str) -> int | None:
        """See Mailbox. Whether another mailbox than its own is open to it is the tenant's decision."""
        answer = await self._client.send(self._search(mailbox, _SENT_ITEMS, probe))
        copies = self._found(mailbox, _SENT_ITEMS, probe, answer)
        await self._delete(mailbox, copies)
        return len(copies)

    async def close(self) -> None:
        """See Mailbox. The client belongs to who made it."""

    @staticmethod
    def _search(mailbox: str, folder: str, probe: Probe) -> Request:
        wanted = (
            f"internetMessageId%20eq%20{quoted(probe.message_id)}%20or%20subject%20eq%20{quoted(probe.subject)}"
        )
        return Request(
            "GET",
            f"/users/{segment(mailbox)}/mailFolders/{folder}/messages?$filter={wanted}"
            "&$select=id,subject,internetMessageId,internetMessageHeaders",
            "search for the mail", "Mail.Read",
        )

    def _found(self, mailbox: str, folder: str, probe: Probe, answer: Answer) -> list[Found]:
        self._checked("search", mailbox, answer)
        found = []
        for message in answer.body.get("value", []):
            fields = message.get("internetMessageHeaders") or []
            # Graph unfolds header values, so that each one is a line.
            header = "".join(f"{field['name']}: {field['value']}\r\n" for field in fields).encode("utf-8", "replace")
            if probe.is_this(header) or message.get("internetMessageId") == probe.message_id:
                found.append(Found(_FOLDERS.get(folder, "Sent Items"), message["id"], header, folder == "junkemail"))
        return found

    async def _delete(self, mailbox: str, copies: Sequence[Found]) -> None:
        for found in copies:
            path = f"/users/{segment(mailbox)}/messages/{quote(found.key, safe='')}/permanentDelete"
            # Deleting what is deleted does no harm, so that it may be repeated.
            request = Request("POST", path, "delete the mail", "Mail.ReadWrite", repeatable=True)
            answer = await self._client.send(request)
            if answer.status != 404:
                self._checked("cleanup", mailbox, answer)

    def _checked(self, step: Step, mailbox: str, answer: Answer) -> None:
        if answer.status >= 400:
            _refuse(self.where, step, mailbox, answer)


def _refuse(where: str, step: Step, mailbox: str, answer: Answer) -> NoReturn:
    error = graph_error(answer)
    code = error.code or f"HTTP {answer.status}"
    if answer.status == 429 or answer.status >= 500:
        raise Deferred(
            "graph", step, where, code, error.answer, subject=mailbox, request_id=error.request_id,
            retry_after=retry_after(answer.headers.get("retry-after")),
        )
    # 401 is about the token, whatever it was used for.
    judged: Step = "sign_in" if answer.status == 401 else step
    raise Refused("graph", judged, where, code, error.answer, subject=mailbox, request_id=error.request_id)
