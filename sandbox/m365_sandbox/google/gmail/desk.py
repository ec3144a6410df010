"""The rules of Gmail's submission: nobody may pass for another, but nobody is refused for trying either."""

from __future__ import annotations

from aiosmtpd.smtp import Envelope

from m365_sandbox.google.gmail import wording
from m365_sandbox.google.gmail.provider import SMTP
from m365_sandbox.google.gmail.sign_in import judged
from m365_sandbox.mail import message as mime
from m365_sandbox.mail.desk import Connection, Desk
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.sign_in import Outcome, Refused, SignedIn
from m365_sandbox.state.clock import now
from m365_sandbox.state.sandbox import Sandbox


class GmailDesk(Desk):
    """What the connections to smtp.gmail.com share."""

    def __init__(self, sandbox: Sandbox, post_office: PostOffice) -> None:
        super().__init__(SMTP, sandbox.faults, "gmail_smtp")
        self._sandbox = sandbox
        self._post_office = post_office

    def judge_token(self, mechanism: str, response: bytes) -> Outcome:
        return self.logged(judged(self._sandbox, "smtp", mechanism, response))

    def judge_password(self, user: str, password: str) -> Outcome:
        return self.logged(Refused("wrong_password", "no mailbox here has an app password"))

    async def take(self, connection: Connection, signed_in: SignedIn, envelope: Envelope) -> str:
        content = own_sender(mime.canonical(bytes(envelope.original_content or b"")), signed_in)
        await self._post_office.submit(signed_in.mailbox, content, envelope.rcpt_tos, hop=connection.hop())
        return wording.smtp_queued(now())


def own_sender(content: bytes, signed_in: SignedIn) -> bytes:
    """The message with the mailbox's own address as From, where it claims another; Gmail keeps the claim beside it."""
    own = {address.casefold() for address in signed_in.mailbox["addresses"]}
    claimed = mime.addresses(content, "From")
    if not claimed or {address.casefold() for address in claimed} <= own:
        return content
    lines = [f"From: {signed_in.mailbox['address']}", f"X-Google-Original-From: {mime.header(content, 'From')}"]
    return mime.prepend(mime.without(content, {"from"}), lines)
