# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a check tells about itself, as plain data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.delivery import Delivery
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe, headers_that_matter
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Refused
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.received import hops
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.services import Services
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import Settings, Side
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.taking import Taking
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import shown


@dataclass
class Report:
    """A check, as far as it came.

    :param probe: the mail; None if there is none. So is ``delivery``.
    :param found: the probe as it arrived.
    :param refusal: the refusal that was expected.
    """

    settings: Settings
    probe: Probe | None
    services: Services
    delivery: Delivery | Taking | None
    stopwatch: Stopwatch
    found: Found | None = None
    refusal: Refused | None = None

    def as_dict(self) -> dict[str, Any]:
        """The module's return value ``delivery``."""
        send, sender = self.settings.send, self.services.sender
        receive, mailbox = self.settings.receive, self.services.mailbox
        sent = send.describe() | {"encrypted": sender.is_encrypted} if send and sender else None
        received = receive.describe() | {"encrypted": mailbox.is_encrypted} if receive and mailbox else None
        return {
            "message_id": self.probe.message_id if self.probe else None,
            "sent_through": sent,
            "received_through": received,
            "seconds": self.stopwatch.report(),
            "polls": self.delivery.polls if self.delivery else 0,
            "folder": self.found.folder if self.found else None,
            "headers": shown(headers_that_matter(self.found.header)) if self.found else None,
            "path": shown(hops(self.found.header)) if self.found else [],
            "refusal": _refusal(self.refusal) if self.refusal else None,
            "cleaned_up": self.delivery.cleaned_up if self.delivery else {"received": None, "sent_items": None},
        }


def intention(options: Mapping[str, Any], settings: Settings) -> str:
    """What a check would do, in a sentence."""
    mailbox = _route(settings.receive) if settings.receive else ""
    if options["expect"] == "taken":
        return (
            f"Would put a mail into the inbox of {settings.recipients[0]} by {mailbox}, and wait for up to "
            f"{options['timeout']} seconds until somebody has taken it."
        )
    if settings.send is None:
        return f"Would open the mailbox by {mailbox} and expect that to be refused."
    mail, it = ("a mail", "it") if settings.messages == 1 else (f"{settings.messages} mails in one session", "them")
    send = f"Would send {mail} from {settings.sender} to {', '.join(settings.recipients)} by {_route(settings.send)}"
    if options["expect"] == "refused":
        return f"{send} and expect it to be refused."
    look = f", look for {it} by {mailbox}" if mailbox else ""
    end = f"delete {it}" if options["cleanup"] else f"leave {it} there"
    return f"{send}{look} for up to {options['timeout']} seconds and {end}."


def _route(side: Side) -> str:
    about = side.describe()
    where = f"{about['host']}:{about['port']}, tls {about['tls']}, " if about["host"] else ""
    user = f" as {about['user']}" if about["user"] else ""
    return f"{side.transport} ({where}authentication {about['authentication']}{user})"


def _refusal(refusal: Refused) -> dict[str, Any]:
    return {
        "step": refusal.step, "code": refusal.code, "text": shown(refusal.text), "remedy": refusal.remedy,
    }
