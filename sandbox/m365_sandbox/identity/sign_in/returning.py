"""How an application gets its answer: by the person's browser, at its redirect URI."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from m365_sandbox.identity.errors import EntraError
from m365_sandbox.identity.sign_in import PAGES
from m365_sandbox.identity.sign_in.request import SignInRequest


def send_back(request: SignInRequest, parameters: Mapping[str, str]) -> Response:
    """Take the browser to the application, with the parameters and the request's ``state``."""
    whole = {**parameters, **({} if request.state is None else {"state": request.state})}
    uri = request.proof.redirect_uri
    if request.response_mode == "form_post":
        return PAGES.show("form_post.html", {"address": uri, "parameters": whole})
    parts = urlsplit(uri)
    if not parts.path and parts.netloc:
        # Documented for these two modes.
        parts = parts._replace(path="/")
    if request.response_mode == "fragment":
        address = parts._replace(fragment=urlencode(whole))
    else:
        address = parts._replace(query="&".join(filter(None, (parts.query, urlencode(whole)))))
    return RedirectResponse(address.geturl(), 302, {"Cache-Control": "no-store"})


def send_error_back(request: SignInRequest, error: EntraError, *, is_cancelled: bool = False) -> Response:
    """Take the browser to the application with a refusal."""
    body = error.body(str(uuid.uuid4()), str(uuid.uuid4()))
    names = [name for name in ("error", "error_description", "error_uri") if name in body]
    subcode = {"error_subcode": "cancel"} if is_cancelled else {}
    return send_back(request, {**{name: str(body[name]) for name in names}, **subcode})
