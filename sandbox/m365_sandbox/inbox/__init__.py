"""A page to look at what arrived in the sandbox's mailboxes, and at what left for elsewhere."""

from __future__ import annotations

from m365_sandbox.http.pages import Pages

PAGES = Pages(__name__)
