# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From settings to services that are ready to be used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth, _graph, _https
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import (
    Bearer,
    Credentials,
    Password,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.delivery import Sender
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.graph import GraphMailbox, GraphSender
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.imap import ImapMailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Mailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.pop3 import Pop3Mailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import (
    GraphSide,
    OAuth2,
    Settings,
    Side,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.smtp import SmtpSender
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.token_sources import TokenSources
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.web import WebMailbox, WebSender
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.web_settings import WebSide
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import client_context


@dataclass(frozen=True)
class Services:
    """What a proof works with.

    :param sender: None if nothing is sent.
    :param mailbox: None if nobody looks for the mail.
    :param sent_mail: mailboxes by which the copy in the sender's Sent Items may be deleted, best first.
    :param sender_mailbox: the mailbox that keeps such a copy; None if there is none.
    :param bearers: everyone who signs in with a token.
    """

    sender: Sender | None
    mailbox: Mailbox | None
    sent_mail: tuple[Mailbox, ...]
    sender_mailbox: str | None
    bearers: tuple[Bearer, ...]

    async def get_tokens(self) -> None:
        """Get every token.

        :raises AuthenticationError: if the identity platform refuses one.
        :raises TransportError: if it cannot be reached.
        """
        for bearer in self.bearers:
            await asyncio.to_thread(bearer.token)


def missing_libraries(settings: Settings) -> dict[str, str]:
    """The tracebacks of the failed imports of what these settings need, by pip's name of the library."""
    sides = [side for side in (settings.send, settings.receive) if side]
    needed: dict[str, str] = {}
    for side in sides:
        if isinstance(side.credentials, OAuth2):
            needed |= _auth.missing(side.credentials.options)
    if any(side.transport == "graph" for side in sides):
        needed |= _graph.MISSING
    if any(side.transport == "web" for side in sides):
        needed |= _https.MISSING
    return needed


@asynccontextmanager
async def services(
    settings: Settings, options: Mapping[str, Any], stopwatch: Stopwatch, sources: TokenSources, since: float = 0.0
) -> AsyncIterator[Services]:
    """The services that settings describe, closed at the end. Nothing is sent yet.

    :param options: what the settings were made of; says which authorities to trust, and how long to wait.
    :param since: a moment by the clock of the sources, before which no token must have been asked for.
    :raises InputError: if a certificate, a key or the CA file cannot be used.
    """
    workshop = _Workshop(options, stopwatch, lambda credential: sources.source(credential, since))
    async with workshop.stack:
        sender, own = await workshop.sender(settings.send) if settings.send else (None, None)
        mailbox = await workshop.mailbox(settings.receive) if settings.receive else None
        credentials = settings.send.credentials if settings.send else None
        yield Services(
            sender, mailbox, tuple(janitor for janitor in (own, mailbox) if janitor),
            credentials.user if isinstance(credentials, OAuth2) else None, tuple(workshop.bearers),
        )


class _Workshop:
    """Makes the services, and keeps what they share."""

    def __init__(
        self, options: Mapping[str, Any], stopwatch: Stopwatch,
        token_source: Callable[[Mapping[str, Any]], _auth.TokenSource],
    ) -> None:
        self.stack = AsyncExitStack()
        self.bearers: list[Bearer] = []
        self._context = client_context(options["ca_path"], "mail")
        self._timeout = options["request_timeout"]
        self._stopwatch = stopwatch
        self._token_source = token_source

    async def sender(self, side: Side) -> tuple[Sender, Mailbox | None]:
        """What sends, and the sending mailbox if it can be looked into."""
        if isinstance(side, GraphSide):
            client = await self._graph("send", side)
            user = side.credentials.user
            return GraphSender(client, user, self._stopwatch), GraphMailbox(client, user, self._stopwatch)
        if isinstance(side, WebSide):
            request = side.request
            return WebSender(
                side.api, request["method"], request["body"], request["accepted"], _https.HttpsClient(), self._stopwatch
            ), None
        return SmtpSender(
            side.server, self._credentials("send", side.credentials), self._context, self._timeout, self._stopwatch
        ), None

    async def mailbox(self, side: Side) -> Mailbox:
        """What receives."""
        if isinstance(side, GraphSide):
            return GraphMailbox(await self._graph("receive", side), side.credentials.user, self._stopwatch)
        if isinstance(side, WebSide):
            return WebMailbox(side.api, side.request["rows"], side.request["subject"], _https.HttpsClient())
        credentials = self._credentials("receive", side.credentials)
        if credentials is None:
            raise InputError("receive.authentication: a mailbox is never read without a sign-in; use oauth2 or basic.")
        kind = ImapMailbox if side.transport == "imap" else Pop3Mailbox
        mailbox: Mailbox = kind(side.server, credentials, self._context, self._timeout, self._stopwatch)
        self.stack.push_async_callback(mailbox.close)
        return mailbox

    def _credentials(self, name: str, wanted: Password | OAuth2 | None) -> Credentials | None:
        return self._bearer(name, wanted) if isinstance(wanted, OAuth2) else wanted

    def _bearer(self, name: str, wanted: OAuth2) -> Bearer:
        try:
            source = self._token_source(wanted.options)
        except InputError as error:
            raise InputError(f"{name}: {error.message}", remedy=error.remedy) from error
        bearer = Bearer(wanted.user, wanted.scope, source)
        self.bearers.append(bearer)
        return bearer

    async def _graph(self, name: str, side: GraphSide) -> _graph.GraphClient:
        bearer = self._bearer(name, side.credentials)
        client = _graph.graph_client(side.credentials.options, bearer.tokens)
        return await self.stack.enter_async_context(client)
