"""The pages on which a person signs in and consents."""

from __future__ import annotations

from m365_sandbox.http.pages import Pages

PAGES = Pages(__name__)
