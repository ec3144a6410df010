"""The folders that an Exchange mailbox has from the start, beside its inbox."""

from __future__ import annotations

FOLDERS = {
    "Sent Items": "\\Sent", "Drafts": "\\Drafts", "Deleted Items": "\\Trash", "Junk Email": "\\Junk",
    "Archive": "\\Archive", "Outbox": None,
}
"""Name -> special use."""
