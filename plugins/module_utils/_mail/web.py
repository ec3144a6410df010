# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Sends and looks for a mail through a product's own REST API, so that the product itself is what is proven.

A product makes a mail of its own out of what it is told: only the subject is sure to arrive as it was given.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import is_for_a_person, quoted
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._leaves import value_at
from ansible_collections.mailops.modern_auth.plugins.module_utils._listed import Listed, all_rows, row_of, rows_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Refused, Step
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._web import Access, Answer, Web, masked

# How much of an answer is repeated.
_LENGTH = 600
#: Fields of a request that hold what no message may repeat, wherever the request's description got it from.
_SECRET = re.compile(r"pass|secret|token", re.IGNORECASE)
#: What a value of a request's body may say of the mail.
MAIL: Mapping[str, Callable[[Probe], str]] = {
    "sender": lambda probe: probe.sender,
    "recipient": lambda probe: ", ".join(probe.recipients),
    "subject": lambda probe: probe.subject,
    "text": lambda probe: probe.text,
    "message_id": lambda probe: probe.message_id,
}


@dataclass(frozen=True)
class Api:
    """A product's API, for one kind of request.

    :param url: https alone.
    :param list_url: where the row is whose id the address needs, as ``{id}``; None if it has none in it.
    :param listed: how that row is found.
    """

    url: str
    access: Access = field(repr=False)
    list_url: str | None = None
    listed: Listed | None = None

    @property
    def where(self) -> str:
        """As messages name it."""
        return urlsplit(self.url).netloc


class WebSender:
    """Has a product send the probe.

    :param body: the request's; ``{"mail": NAME}`` in it stands for what MAIL gives.
    :param accepted: what has to be found in the answer's fields, as regular expressions.
    """

    is_encrypted: bool | None = True

    def __init__(
        self, api: Api, method: str, body: Mapping[str, Any], accepted: Mapping[str, str], web: Web,
        stopwatch: Stopwatch,
    ) -> None:
        self.where = api.where
        self._body = body
        self._method = method
        self._accepted = accepted
        self._client = _Client(api, web, [value for name, value in _texts(body) if _SECRET.search(name)])
        self._stopwatch = stopwatch

    async def send(self, probe: Probe) -> None:
        """Have the probe sent.

        :raises Refused: if the API does not do so, with the product's own words.
        :raises TransportError: if it gives no answer; whether the product has sent the mail is unknown then.
        """
        with self._stopwatch.step("send"):
            answer = await self._client.ask("submission", self._method, about(self._body, probe))
        for name, pattern in self._accepted.items():
            said = value_at(answer.content, name)
            text = "" if said is None else str(said)
            if not re.search(pattern, text):
                raise self._client.refused("submission", f"HTTP {answer.status}", f"{name}: {text or '(nothing)'}")


class WebMailbox:
    """The mails that a product shows in a list. Nothing is deleted there: what a product does with a mail is its own.

    :param rows: the answer's field that is the list; None if the answer is.
    :param subject: the row's field with the subject.
    """

    is_encrypted: bool | None = True

    def __init__(self, api: Api, rows: str | None, subject: str, web: Web) -> None:
        self.where = api.where
        self.folders = f"the list {urlsplit(api.url).path}"
        self._rows = rows
        self._subject = subject
        self._client = _Client(api, web)

    async def open(self) -> None:
        """See Mailbox."""
        await self._list("open_mailbox")

    async def find(self, probe: Probe) -> list[Found]:
        """See Mailbox."""
        shown = [str(value_at(row, self._subject)) for row in await self._list("search")]
        headers = [b"Subject: " + " ".join(subject.split()).encode("utf-8", "replace") for subject in shown]
        return [Found(self.folders, "", header) for header in headers if probe.is_this(header)]

    async def remove(self, copies: Sequence[Found]) -> None:
        """See Mailbox: they stay."""

    async def remove_sent(self, probe: Probe, mailbox: str) -> int | None:
        """See Mailbox: no product keeps another's mails."""
        return None

    async def close(self) -> None:
        """See Mailbox."""

    async def _list(self, step: Step) -> list[Any]:
        return rows_of((await self._client.ask(step, "GET")).content, self._rows, self.where)


class _Client:
    """One kind of request to an API.

    :param secrets: what no message may repeat, beside what the API lets in by.
    """

    def __init__(self, api: Api, web: Web, secrets: Sequence[str] = ()) -> None:
        self._api = api
        self._web = web
        self._url: str | None = None
        ways_in = api.access.authentication.items()
        self._secrets = [*secrets, *(value for name, value in ways_in if name not in ("username", "header"))]

    async def ask(self, step: Step, method: str, body: Mapping[str, Any] | None = None) -> Answer:
        """The answer, if it is no refusal.

        :raises Refused: it is one.
        """
        if self._url is None:
            self._url = await asyncio.to_thread(self._with_id, step)
        return await self._request(step, method, self._url, body)

    def refused(self, step: Step, code: str, said: str) -> Refused:
        """A refusal in the product's own words, without secrets."""
        said = masked(said, self._secrets)
        refused = Refused("web", step, self._api.where, code, said[:_LENGTH].strip())
        if is_for_a_person(quoted(said)):
            refused.details["needs_person"] = True
        return refused

    def _with_id(self, step: Step) -> str:
        """The address; the row is looked for where it needs one's id."""
        url, listed = self._api.list_url, self._api.listed
        if url is None or listed is None:
            return self._api.url
        row = row_of(listed, url, all_rows(listed, url, lambda at: self._answer(step, "GET", at).content))
        if row is None:
            wanted = ", ".join(f"{name} {value}" for name, value in listed["by"].items())
            raise InputError(
                f"{url} shows no object with {wanted}.",
                remedy="Configure the product first (the step provider), or check web.listed.",
            )
        return self._api.url.replace("{id}", quote(str(row[listed["id"]]), safe=""))

    async def _request(self, step: Step, method: str, url: str, body: Mapping[str, Any] | None) -> Answer:
        return await asyncio.to_thread(self._answer, step, method, url, body)

    def _answer(self, step: Step, method: str, url: str, body: Mapping[str, Any] | None = None) -> Answer:
        answer = self._web.request(method, url, self._api.access, body)
        if answer.status >= 300:
            closed: Step = "sign_in" if answer.status == 401 else step
            raise self.refused(closed, f"HTTP {answer.status}", answer.told(self._secrets))
        return answer


def about(value: Any, probe: Probe) -> Any:
    """A copy of a request's body in which each ``{"mail": NAME}`` is what the probe says. Pure."""
    if isinstance(value, Mapping):
        if set(value) == {"mail"} and value["mail"] in MAIL:
            return MAIL[value["mail"]](probe)
        return {name: about(item, probe) for name, item in value.items()}
    return [about(item, probe) for item in value] if isinstance(value, list) else value


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The texts of a body, each with the name of its field."""
    if isinstance(value, Mapping):
        for below, item in value.items():
            yield from _texts(item, str(below))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, name)
    elif isinstance(value, str):
        yield name, value
