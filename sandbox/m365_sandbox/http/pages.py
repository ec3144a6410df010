"""Pages for persons: templates, and headers that let a page have no script and no part from elsewhere.

A room's templates extend ``base.html``, which is here. What a page shows is escaped.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse


class Pages:
    """The pages of a room.

    :param package: whose folder ``templates`` has them.
    """

    def __init__(self, package: str) -> None:
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader(package), PackageLoader("m365_sandbox.http")]),
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        )

    def show(
        self, name: str, context: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """The page with that template; its style and script have to carry the ``nonce`` of the answer."""
        nonce = secrets.token_urlsafe(12)
        text = self._environment.get_template(name).render({**context, "nonce": nonce})
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src 'self' data:; "
            "frame-src 'self'; base-uri 'none'; frame-ancestors 'self'"
        )
        return HTMLResponse(text, status, {
            "Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN", "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", **(headers or {}),
        })
