# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The mail that proves a delivery: how it is made, and how it is known again. Pure."""

from __future__ import annotations

import email
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import SMTP, compat32
from email.utils import format_datetime

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

# RFC 5322 section 2.2: printable ASCII without the colon.
_NAME = frozenset(chr(code) for code in range(33, 127)) - {":"}
OWN_HEADERS = (
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    "Auto-Submitted", "X-Auto-Response-Suppress",
)
_BODY = (
    "This mail was sent by the module mailops.modern_auth.mail_delivery to check that mail travels.\n"
    "It is removed by the check itself; if you can read it, you may delete it.\n"
)


@dataclass(frozen=True)
class Probe:
    """A mail that can be told from every other one, even if a service on its way renames it; or a few alike.

    Exchange Online's submission service replaces the Message-ID (https://git-scm.com/docs/git-send-email, option
    --outlook-id-fix), hence the token stands in the subject as well.

    :param token: random; part of the Message-ID and of the subject.
    :param sender: the address for From and for the envelope.
    :param recipients: the addresses for To and for the envelope.
    :param title: the subject without the token.
    :param headers: further headers.
    :param messages: how many mails, which differ in their Message-IDs alone.
    """

    token: str
    sender: str
    recipients: tuple[str, ...]
    title: str
    headers: Mapping[str, str] = field(default_factory=dict)
    messages: int = 1

    @property
    def message_id(self) -> str:
        """The Message-ID, of the first one, with its angle brackets."""
        return self._message_id(1)

    def _message_id(self, number: int) -> str:
        domain = self.sender.rpartition("@")[2].encode("idna").decode("ascii")
        return f"<mail-delivery.{self.token}{f'.{number}' if number > 1 else ''}@{domain}>"

    @property
    def subject(self) -> str:
        """The whole subject."""
        return f"{self.title} [{self.token}]"

    @property
    def text(self) -> str:
        """What it says."""
        return _BODY

    @property
    def is_international(self) -> bool:
        """Whether an address has characters beyond ASCII, which takes a server that knows SMTPUTF8 (RFC 6531)."""
        return not all(address.isascii() for address in (self.sender, *self.recipients))

    def render(self, moment: datetime, number: int = 1) -> bytes:
        """The message in RFC 5322's format: ASCII unless an address is not, lines end in CR LF.

        :param moment: an aware datetime, for the header Date.
        :param number: which of the messages, counted from 1.
        """
        message = EmailMessage(policy=SMTP.clone(cte_type="7bit", utf8=self.is_international))
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Subject"] = self.subject
        message["Date"] = format_datetime(moment)
        message["Message-ID"] = self._message_id(number)
        # RFC 3834, and Exchange's own header: nobody's out-of-office reply shall answer a check.
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        for name, value in self.headers.items():
            message[name] = value
        message.set_content(self.text)
        return message.as_bytes()

    def is_this(self, header: bytes) -> bool:
        """Whether a message is this probe.

        :param header: the message, or its header alone.
        """
        message = parse(header)
        return text_of(message, "Message-ID") == self.message_id or f"[{self.token}]" in text_of(message, "Subject")


def new_probe(
    sender: str, recipients: tuple[str, ...], title: str, headers: Mapping[str, str], messages: int = 1
) -> Probe:
    """A probe with a new token.

    :raises InputError: if the subject or a header cannot stand in a message.
    """
    if any(not character.isprintable() for character in title):
        raise InputError(f"subject: {title!r} holds a character that cannot stand in a subject.")
    taken = {name.casefold() for name in OWN_HEADERS}
    for name, value in headers.items():
        if not name or set(name) - _NAME:
            raise InputError(f"headers: {name!r} is not a header's name.")
        if name.casefold() in taken:
            raise InputError(f"headers: {name} is set by the check itself.")
        if any(not character.isprintable() for character in value):
            raise InputError(f"headers.{name}: the value holds a character that cannot stand in a header.")
    return Probe(secrets.token_hex(8), sender, recipients, title, dict(headers), messages)


def parse(source: bytes) -> Message:
    """A message, or a header alone, as it came. Never fails: what is malformed is kept as it is."""
    # compat32 does not interpret values, so that a malformed one on someone's mail cannot stop the check.
    return email.message_from_bytes(source, policy=compat32)


def text_of(message: Message, name: str) -> str:
    """A header's first value, unfolded, encoded words decoded; empty if there is none."""
    return _decoded(message.get(name))


def texts_of(message: Message, name: str) -> list[str]:
    """All values of a header, in the message's order."""
    return [_decoded(value) for value in message.get_all(name, [])]


def _decoded(value: str | Header | None) -> str:
    if value is None:
        return ""
    # Raw bytes beyond ASCII, as RFC 6532 allows and as Graph's decoded values become, are UTF-8.
    try:
        parts = [(part, "utf-8" if charset == "unknown-8bit" else charset) for part, charset in decode_header(value)]
        text = str(make_header(parts))
    except (HeaderParseError, LookupError, ValueError):
        text = str(value)
    return " ".join(text.split())


def headers_that_matter(source: bytes) -> dict[str, object]:
    """The headers that tell what became of a mail.

    :returns: message_id, date, from, to, subject as text; authentication_results as a list of texts.
    """
    message = parse(source)
    return {
        "message_id": text_of(message, "Message-ID"),
        "date": text_of(message, "Date"),
        "from": text_of(message, "From"),
        "to": text_of(message, "To"),
        "subject": text_of(message, "Subject"),
        "authentication_results": texts_of(message, "Authentication-Results"),
    }
