"""How large a message a mailbox may send. Pure."""

from __future__ import annotations

import re

from m365_sandbox.state.history import Entity

DEFAULT_MAX_SEND_SIZE = 36_700_160
"""Bytes; 35 MB (Exchange Online limits)."""


def max_send_size(mailbox: Entity) -> float:
    """The mailbox's MaxSendSize in bytes; infinite if it is ``Unlimited``.

    A mailbox keeps it as Get-Mailbox shows it, as in ``10 MB (10,485,760 bytes)``, and has none of its own at first.
    """
    text = mailbox.get("MaxSendSize")
    return DEFAULT_MAX_SEND_SIZE if text is None else size_in_bytes(text)


def size_in_bytes(text: str) -> float:
    """A size as Exchange shows it, in bytes; infinite if it is ``Unlimited``."""
    size = re.search(r"\(([\d,]+) bytes\)", text)
    return int(size[1].replace(",", "")) if size else float("inf")
