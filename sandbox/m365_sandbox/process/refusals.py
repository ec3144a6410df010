"""What each face can be made to refuse with, by faults of the kind ``refuse``."""

from __future__ import annotations

from collections.abc import Mapping

from m365_sandbox.google.gmail import provider as gmail
from m365_sandbox.graph import errors as graph
from m365_sandbox.identity import refusals as identity
from m365_sandbox.mail import exchange_online

#: Face -> code -> what is said then, in the face's own form.
REFUSALS: Mapping[str, Mapping[str, object]] = {
    "identity": identity.REFUSALS,
    "graph": graph.REFUSALS,
    "smtp": exchange_online.SMTP.refusals,
    "imap": exchange_online.IMAP.refusals,
    "gmail_smtp": gmail.SMTP.refusals,
}
