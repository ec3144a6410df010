"""Pages for persons: templates, and headers that let a page have no script and no part from elsewhere.

Every room's templates extend ``base.html``, which is here. What a page shows is escaped.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

_ENVIRONMENT = Environment(
    loader=ChoiceLoader([PackageLoader(f"m365_sandbox.{room}", "templates") for room in ("http", "identity", "inbox")]),
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
)


def page(
    name: str, context: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page of a room's folder ``templates``; style and script have to carry the ``nonce`` of the answer."""
    nonce = secrets.token_urlsafe(12)
    text = _ENVIRONMENT.get_template(name).render({**context, "nonce": nonce})
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src 'self' data:; "
        "frame-src 'self'; base-uri 'none'; frame-ancestors 'self'"
    )
    return HTMLResponse(text, status, {
        "Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN", "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", **(headers or {}),
    })
