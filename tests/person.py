"""A person in front of the sandbox's pages: reads them, fills in their forms and presses their buttons.

No script runs here, as the pages have to work without; what only a browser shows is in ``test_pages_in_chromium.py``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from bs4 import BeautifulSoup, Tag

SECONDS = 30


class Person:
    """One browser, with its own cookies.

    ``response`` is the page that is shown; ``arrived`` the address outside of the sandbox to which the person was taken
    at last, None while they are still inside; ``posted`` what a form brought there.

    :param ca: path of the sandbox's certification authority.
    """

    def __init__(self, ca: str) -> None:
        self.session = requests.Session()
        # An environment's own authority would win over the session's.
        self.session.trust_env = False
        self.session.verify = ca
        self.response = requests.Response()
        self.arrived: str | None = None
        self.posted: dict[str, str] = {}

    def open(self, address: str) -> Person:
        """Type an address."""
        return self._take(self.session.get(address, allow_redirects=False, timeout=SECONDS))

    def press(self, label: str, **values: str) -> Person:
        """Press the button with that label (or the start of it), with fields by name filled in."""
        form = self._form()
        fields = {str(field["name"]): str(field.get("value", "")) for field in form.find_all("input")
                  if field.get("type") != "checkbox"}
        unknown = set(values) - {str(field.get("name")) for field in form.find_all("input")}
        assert not unknown, f"no such field: {unknown} on {self.text}"
        (button,) = (one for one in form.find_all("button") if one.get_text(" ", strip=True).startswith(label))
        pressed = {str(button["name"]): str(button["value"])} if button.get("name") else {}
        address = urljoin(self.response.url, str(form["action"]))
        return self._take(self.session.post(
            address, data={**fields, **values, **pressed}, allow_redirects=False, timeout=SECONDS,
        ))

    def follow(self, label: str) -> Person:
        """Follow the link with that label."""
        (link,) = (one for one in self._page().find_all("a") if one.get_text(" ", strip=True) == label)
        return self.open(urljoin(self.response.url, str(link["href"])))

    def sign_in(self, name: str, password: str) -> Person:
        """Give name and password."""
        return self.press("Next", name=name).press("Sign in", password=password)

    def leave(self) -> requests.Response:
        """Follow where the browser was sent: to an application on this machine."""
        assert self.arrived is not None, self.text
        if self.posted:
            return requests.post(self.arrived, data=self.posted, timeout=SECONDS)
        return requests.get(self.arrived, timeout=SECONDS)

    @property
    def text(self) -> str:
        """What the page says, in one line."""
        return self._page().get_text(" ", strip=True)

    @property
    def heading(self) -> str:
        """The page's heading."""
        heading = self._page().find("h1")
        assert heading is not None, self.response.text
        return heading.get_text(" ", strip=True)

    @property
    def error(self) -> str:
        """What the page complains about."""
        alert = self._page().find(role="alert")
        assert alert is not None, self.text
        return alert.get_text(" ", strip=True)

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of the form."""
        return {str(one["name"]): str(one["value"]) for one in self._form().find_all("input", type="hidden")}

    @property
    def answer(self) -> dict[str, str]:
        """What the application was told in its redirect URI."""
        assert self.arrived is not None, self.text
        if self.posted:
            return self.posted
        parts = urlsplit(self.arrived)
        return dict(parse_qsl(parts.fragment or parts.query))

    def _take(self, response: requests.Response) -> Person:
        self.response, self.arrived, self.posted = response, None, {}
        if response.is_redirect:
            address = urljoin(response.url, response.headers["Location"])
            if urlsplit(address).netloc == urlsplit(response.url).netloc:
                return self.open(address)
            self.arrived = address
        elif (form := self._page().find("form")) is not None and "//" in str(form["action"]):
            # A browser would send it off at once, by the page's script or its button.
            self.arrived, self.posted = str(form["action"]), self.hidden
        return self

    def _page(self) -> BeautifulSoup:
        return BeautifulSoup(self.response.text, "html.parser")

    def _form(self) -> Tag:
        form: Any = self._page().find("form")
        assert isinstance(form, Tag), self.text
        return form
