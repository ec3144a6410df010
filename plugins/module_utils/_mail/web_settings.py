# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the options say of an end of the way that is a product's own API. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._listed import Listed
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.web import Api
from ansible_collections.mailops.modern_auth.plugins.module_utils._web import Access

#: The options of a side that have a meaning here, or defaults of which nothing can be told.
_KNOWN = ("transport", "mailbox", "web", "authentication", "auth_source", "messages_per_session")


@dataclass(frozen=True)
class WebSide:
    """One end of the way.

    :param address: the mailbox's e-mail address, if it is known.
    :param request: the option ``web``.
    """

    api: Api
    address: str | None
    request: Mapping[str, Any] = field(repr=False)
    credentials: None = None
    transport: Literal["web"] = "web"

    def describe(self) -> dict[str, Any]:
        """What a result says about it."""
        place = urlsplit(self.api.url)
        return {
            "transport": self.transport, "authentication": "none", "host": place.hostname, "port": place.port or 443,
            "tls": "implicit", "user": None,
        }


def web_side(name: str, side: Mapping[str, Any], options: Mapping[str, Any], address: str | None) -> WebSide:
    """The side that options describe.

    :param name: "send" or "receive".
    :param options: those of the whole check.
    :raises InputError: naming the option, and what would be right.
    """
    for option, value in side.items():
        if option not in _KNOWN and value is not None:
            raise InputError(
                f"{name}.{option}: has no meaning with transport web; {name}.web says where the API is and how it lets "
                "one in."
            )
    web = side["web"]
    if web is None:
        raise InputError(f"{name}.web: is needed with transport web, to say what the product's API is asked.")
    found = dict(web["listed"] or {})
    list_url = found.pop("url", None)
    for option, url in (("url", web["url"]), ("listed.url", list_url)):
        if url is not None and (urlsplit(url).scheme != "https" or not urlsplit(url).hostname):
            raise InputError(f"{name}.web.{option}: {url!r} is no address that starts with https://; secrets need TLS.")
    if ("{id}" in web["url"]) != (list_url is not None):
        raise InputError(f"{name}.web.listed: says whose {{id}} is meant in {name}.web.url; give both, or neither.")
    for place, pattern in web.get("accepted", {}).items():
        try:
            re.compile(str(pattern))
        except re.error as error:
            raise InputError(f"{name}.web.accepted.{place}: is no regular expression ({error}).") from error
    access = Access(web["authentication"], web["ca_path"] or options["ca_path"], options["request_timeout"])
    listed = cast(Listed, found) if found else None
    return WebSide(Api(web["url"], access, list_url, listed), address, web)
