"""What Gmail tells a sender whose recipients do not exist. The sentences are from memory. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from m365_sandbox.mail.message import header


def non_delivery_report(original: bytes, recipient: str, unknown: Sequence[str], moment: datetime) -> bytes:
    """The report as it lands in the sender's inbox."""
    report = EmailMessage(policy=policy.SMTP)
    report["From"] = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"
    report["To"] = recipient
    report["Subject"] = "Delivery Status Notification (Failure)"
    report["Date"] = format_datetime(moment)
    report["Message-ID"] = f"<{uuid.uuid4()}@mx.google.com>"
    report["Auto-Submitted"] = "auto-replied"
    if message_id := header(original, "Message-ID"):
        report["In-Reply-To"] = message_id
    report.set_content("".join(
        f"** Address not found **\n\nYour message wasn't delivered to {address} because the address couldn't be found, "
        "or is unable to receive mail.\n\n550 5.1.1 The email account that you tried to reach does not exist.\n\n"
        for address in unknown
    ))
    return bytes(report)
